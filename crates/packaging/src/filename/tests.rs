use super::*;
use crate::Profile;

fn filename(text: &str) -> Filename {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_a_filename_says() {
    for (given, kind, project, version) in [
        (
            "sampleproject-4.0.0.tar.gz",
            FileKind::Sdist,
            "sampleproject",
            "4.0.0",
        ),
        (
            "Some-Thing-1.0.tar.gz",
            FileKind::Sdist,
            "some-thing",
            "1.0",
        ),
        (
            "zope.interface-1.0.0.zip",
            FileKind::Sdist,
            "zope-interface",
            "1.0.0",
        ),
        ("a-1!2.0+cu121.tar.gz", FileKind::Sdist, "a", "1!2.0+cu121"),
        (
            "sampleproject-4.0.0-py3-none-any.whl",
            FileKind::Wheel,
            "sampleproject",
            "4.0.0",
        ),
        (
            "Foo.Bar_baz-1.0-1-py2.py3-none-any.whl",
            FileKind::Wheel,
            "foo-bar-baz",
            "1.0",
        ),
        (
            "torch-2.0+cu121-cp311-cp311-linux_x86_64.whl",
            FileKind::Wheel,
            "torch",
            "2.0+cu121",
        ),
    ] {
        let parsed = filename(given);
        assert_eq!(parsed.as_str(), given);
        assert_eq!(parsed.to_string(), given);
        assert_eq!(
            (parsed.kind(), parsed.project().as_str()),
            (kind, project),
            "{given}"
        );
        assert_eq!(parsed.version().to_string(), version, "{given}");
        let json = serde_json::to_string(&parsed).unwrap();
        assert_eq!(json, format!("\"{given}\""));
        assert_eq!(serde_json::from_str::<Filename>(&json).unwrap(), parsed);
    }
}

/// The variant's name, so that a table can hold it.
fn variant(given: &str) -> String {
    let error = format!("{:?}", Filename::from_str(given).unwrap_err());
    error.split([' ', '(']).next().unwrap().to_owned()
}

#[test]
fn each_rule_has_its_own_refusal() {
    let long = format!("{}-1.0.tar.gz", "a".repeat(255));
    let many = format!(
        "a-1-{}.py3-{}-any.whl",
        ["c"; 30].join("."),
        ["n"; 30].join(".")
    );
    for (given, expected) in [
        (&*long, "TooLong"),
        ("foo-1.0\n.tar.gz", "ControlCharacter"),
        ("foo-1.0\x7f.tar.gz", "ControlCharacter"),
        ("foo\0-1.0.tar.gz", "ControlCharacter"),
        ("../foo-1.0.tar.gz", "Separator"),
        ("dist/foo-1.0.tar.gz", "Separator"),
        ("dist\\foo-1.0.tar.gz", "Separator"),
        ("fооo-1.0.tar.gz", "NotAscii"),
        ("foo-1.0-py3-none-any.whl\u{200b}", "NotAscii"),
        ("", "Extension"),
        ("foo-1.0.egg", "Extension"),
        ("foo-1.0.tar.bz2", "Extension"),
        ("foo-1.0.tgz", "Extension"),
        ("foo-1.0.TAR.GZ", "Extension"),
        ("foo-1.0-py3-none-any.WHL", "Extension"),
        ("foo-1.0.tar.gz.asc", "Extension"),
        ("foo.tar.gz", "SdistParts"),
        (".tar.gz", "SdistParts"),
        ("-1.0.tar.gz", "Name"),
        (" foo-1.0.tar.gz", "Name"),
        ("_foo-1.0.tar.gz", "Name"),
        ("foo--1.0.tar.gz", "Name"),
        ("foo-.tar.gz", "Version"),
        ("foo-dog.tar.gz", "Version"),
        ("foo-1.0 .tar.gz", "Version"),
        ("foo- 1.0.tar.gz", "Version"),
        ("foo-1.0.whl", "WheelParts"),
        ("foo-1.0-py3-none.whl", "WheelParts"),
        ("foo-1.0-1-2-py3-none-any.whl", "WheelParts"),
        (".whl", "WheelParts"),
        ("foo__bar-1.0-py3-none-any.whl", "WheelName"),
        ("foo~-1.0-py3-none-any.whl", "WheelName"),
        ("-1.0-py3-none-any.whl", "Name"),
        ("_foo-1.0-py3-none-any.whl", "Name"),
        ("foo-dog-py3-none-any.whl", "Version"),
        ("foo- 1.0-py3-none-any.whl", "Version"),
        ("foo-1.0-q-py3-none-any.whl", "Build"),
        ("foo-1.0--py3-none-any.whl", "Build"),
        ("foo-1.0-1 -py3-none-any.whl", "Build"),
        ("foo-1.0-py3--any.whl", "Tag"),
        ("foo-1.0-py3-none-.whl", "Tag"),
        ("foo-1.0-py2.-none-any.whl", "Tag"),
        ("foo-1.0-py3-none-a ny.whl", "Tag"),
        (&*many, "TooManyTags"),
    ] {
        assert_eq!(variant(given), expected, "{given:?}");
        assert!(
            serde_json::from_value::<Filename>(given.into()).is_err(),
            "{given:?}"
        );
    }
}

#[test]
fn names_that_say_the_same_are_one_distribution() {
    for (one, two, same) in [
        (
            "pypi_attestations-0.0.19.tar.gz",
            "PyPI.Attestations-0.0.19.tar.gz",
            true,
        ),
        (
            "pypi_attestations-0.0.19.tar.gz",
            "pypi-attestations-0.0.19.0.tar.gz",
            true,
        ),
        ("a-1.0.tar.gz", "a-1.0.zip", false),
        ("a-1.0.tar.gz", "b-1.0.tar.gz", false),
        ("a-1.0.tar.gz", "a-1.1.tar.gz", false),
        ("a-1.0.tar.gz", "a-1.0+local.tar.gz", false),
        ("a-1.0.tar.gz", "a-1.0-py3-none-any.whl", false),
        (
            "a-1.0-py2.py3-none-any.whl",
            "A-1.0.0-py3.py2-none-any.whl",
            true,
        ),
        ("a-1.0-py3.py3-none-any.whl", "a-1.0-py3-none-any.whl", true),
        ("a-1.0-py3-none-any.whl", "a-1.0-PY3-None-Any.whl", true),
        (
            "a-1.0-py2.py3-none-any.whl",
            "a-1.0-py3-none-any.whl",
            false,
        ),
        (
            "a-1.0-1-py3-none-any.whl",
            "a-1.0-01-py3-none-any.whl",
            true,
        ),
        (
            "a-1.0-0-py3-none-any.whl",
            "a-1.0-000-py3-none-any.whl",
            true,
        ),
        (
            "a-1.0-1-py3-none-any.whl",
            "a-1.0-1x-py3-none-any.whl",
            false,
        ),
        (
            "a-1.0-1-py3-none-any.whl",
            "a-1.0-2-py3-none-any.whl",
            false,
        ),
        ("a-1.0-0-py3-none-any.whl", "a-1.0-py3-none-any.whl", false),
        (
            "a-1.0-99999999999999999999999-py3-none-any.whl",
            "a-1.0-099999999999999999999999-py3-none-any.whl",
            true,
        ),
    ] {
        assert_eq!(
            filename(one).is_same_distribution(&filename(two)),
            same,
            "{one} {two}"
        );
        assert_eq!(
            filename(two).is_same_distribution(&filename(one)),
            same,
            "{two} {one}"
        );
    }
}

#[test]
fn a_wheel_stands_for_every_combination_of_its_tags() {
    let Filename::Wheel(wheel) = filename("Foo-1.0-3-cp39.cp310-abi3-manylinux1_i686.win32.whl")
    else {
        panic!("a wheel")
    };
    let tags: Vec<String> = wheel.tags().iter().map(ToString::to_string).collect();
    assert_eq!(
        tags,
        [
            "cp310-abi3-manylinux1_i686",
            "cp310-abi3-win32",
            "cp39-abi3-manylinux1_i686",
            "cp39-abi3-win32"
        ]
    );
    assert_eq!(wheel.name_and_version(), ("Foo", "1.0"));
}

#[test]
fn an_upload_is_spelled_in_one_way() {
    let sdist = |expected: &str| Some(format!("is invalid, should be '{expected}'."));
    let wheel = |expected: &str, found: &str| {
        Some(format!(
            "should contain the normalized project name '{expected}', not '{found}'."
        ))
    };
    for (given, refusal) in [
        ("some_thing-1.0.post9.tar.gz", None),
        (
            "some-thing-1.0.post9.tar.gz",
            sdist("some_thing-1.0.post9.tar.gz"),
        ),
        ("Some_Thing-1.0.tar.gz", sdist("some_thing-1.0.tar.gz")),
        ("some_thing-1.0.zip", sdist("some_thing-1.0.tar.gz")),
        ("some_thing-v1.0.tar.gz", sdist("some_thing-1.0.tar.gz")),
        ("a-1.0+cu121.tar.gz", None),
        ("some_thing-1.0-py3-none-any.whl", None),
        (
            "Some_Thing-1.0-py3-none-any.whl",
            wheel("some_thing", "Some_Thing"),
        ),
        (
            "some.thing-1.0-py3-none-any.whl",
            wheel("some_thing", "some.thing"),
        ),
        ("a-1.0.0-py3-none-linux_x86_64.whl", None),
    ] {
        let Ok(parsed) = Filename::from_str(given) else {
            continue;
        };
        let found = parsed
            .check_for_upload(Profile::Private)
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            found.map(|text| text.split_once("' ").unwrap().1.to_owned()),
            refusal,
            "{given}"
        );
    }
}

#[test]
fn pypi_takes_only_its_platforms() {
    for platform in [
        "any",
        "win32",
        "win_arm64",
        "manylinux1_x86_64",
        "manylinux2014_s390x",
        "linux_armv7l",
        "macosx_10_9_x86_64",
        "macosx_10_15_universal2",
        "macosx_11_0_arm64",
        "macosx_26_0_arm64",
        "manylinux_2_17_x86_64",
        "manylinux_2_39_riscv64",
        "manylinux_2_17_ppc64",
        "musllinux_1_2_aarch64",
        "ios_13_0_arm64_iphoneos",
        "ios_13_0_x86_64_iphonesimulator",
        "android_21_arm64_v8a",
        "pyemscripten_2024_0_wasm32",
        "MANYLINUX_2_17_X86_64",
        "manylinux2014_x86_64.manylinux_2_17_x86_64",
    ] {
        let wheel = filename(&format!("a-1.0-py3-none-{platform}.whl"));
        assert_eq!(wheel.check_for_upload(Profile::Pypi), Ok(()), "{platform}");
        assert_eq!(
            wheel.check_for_upload(Profile::Private),
            Ok(()),
            "{platform}"
        );
    }
    for platform in [
        "linux_x86_64",
        "win_amd64x",
        "macosx_11_1_arm64",
        "macosx_16_0_arm64",
        "macosx_10_arm64",
        "macosx_10_9_",
        "manylinux_2_x86_64",
        "manylinux_2_17_mips",
        "manylinux2010_aarch64",
        "musllinux_1_2_ppc64",
        "ios_13_0_arm64",
        "ios_13_0_armv7_iphoneos",
        "android_x86",
        "android_21_x86x",
        "pyemscripten_2024_0_wasm64",
        "any.linux_x86_64",
        "plan9",
    ] {
        let wheel = filename(&format!("a-1.0-py3-none-{platform}.whl"));
        let tag = platform.rsplit('.').next().unwrap().to_owned();
        let refusal = FilenameRefused::Platform {
            given: wheel.to_string(),
            tag,
        };
        assert_eq!(
            wheel.check_for_upload(Profile::Pypi),
            Err(refusal),
            "{platform}"
        );
        assert_eq!(
            wheel.check_for_upload(Profile::Private),
            Ok(()),
            "{platform}"
        );
    }
}

#[test]
fn the_form_knows_two_kinds() {
    assert_eq!("sdist".parse(), Ok(FileKind::Sdist));
    assert_eq!("bdist_wheel".parse(), Ok(FileKind::Wheel));
    assert_eq!(
        serde_json::to_string(&FileKind::Wheel).unwrap(),
        "\"bdist_wheel\""
    );
    for word in ["", "bdist_egg", "SDIST", "wheel"] {
        let error = FileKind::from_str(word).unwrap_err().to_string();
        assert!(
            error.starts_with("Invalid value for filetype. Error: Use a known file type"),
            "{error}"
        );
    }
}
