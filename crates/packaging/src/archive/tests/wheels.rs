use super::sample::*;
use super::{look, refusal};
use crate::archive::*;

const WHEEL: &str = "demo-1.0-py3-none-any.whl";

/// A good wheel with one file replaced, added or (`None`) taken away.
fn with(path: &str, data: Option<&[u8]>) -> Vec<u8> {
    let mut files = wheel_files();
    files.retain(|(name, _)| name != path);
    files.extend(data.map(|data| (path.to_owned(), data.to_vec())));
    zip_by_crate(&files)
}

#[test]
fn a_good_wheel() {
    let contents = look(&zip_by_crate(&wheel_files()), WHEEL).unwrap();
    assert_eq!(contents.metadata.name.as_str(), "Demo");
    assert_eq!(contents.metadata.requires_python.as_deref(), Some(">=3.9"));
    assert_eq!(contents.metadata_bytes, metadata("Demo", "1.0"));
    assert_eq!(
        contents.core_metadata_sha256,
        Sha256::of(&metadata("Demo", "1.0"))
    );
    assert_eq!((contents.notes, contents.members), (vec![], 4));
    let bytes: usize = wheel_files().iter().map(|(_, data)| data.len()).sum();
    assert_eq!(contents.decompressed_bytes, bytes as u64);
    // The samples that the other tests change are as good.
    assert!(look(&zip(&parts()), WHEEL).is_ok());
}

#[test]
fn each_required_file_must_be_there() {
    for (file, message) in [
        (
            "WHEEL",
            "Invalid distribution file. WHEEL not found at demo-1.0.dist-info/WHEEL",
        ),
        (
            "METADATA",
            "does not contain the required METADATA file: demo-1.0.dist-info/METADATA",
        ),
        (
            "RECORD",
            "does not contain the required RECORD file: demo-1.0.dist-info/RECORD",
        ),
    ] {
        let found = refusal(&with(&format!("demo-1.0.dist-info/{file}"), None), WHEEL);
        assert!(found.ends_with(message), "{found}");
    }
    // The directory is spelled as in the filename.
    for filename in [
        "Demo-1.0-py3-none-any.whl",
        "demo-1.0.0-py3-none-any.whl",
        "other-1.0-py3-none-any.whl",
    ] {
        let found = refusal(&zip_by_crate(&wheel_files()), filename);
        assert!(
            found.starts_with("Invalid distribution file. WHEEL not found at "),
            "{found}"
        );
    }
}

#[test]
fn the_metadata_must_be_about_the_same_project_and_version() {
    let path = "demo-1.0.dist-info/METADATA";
    for (data, message) in [
        (
            metadata("other", "1.0"),
            "Name in demo-1.0.dist-info/METADATA should be 'demo' not 'other'",
        ),
        (
            metadata("demo", "1.1"),
            "Version in demo-1.0.dist-info/METADATA should be '1.0' not '1.1'",
        ),
        (
            b"Name: demo".to_vec(),
            "demo-1.0.dist-info/METADATA cannot be read: 'metadata-version' is a required field",
        ),
        (
            b"\xff".to_vec(),
            "demo-1.0.dist-info/METADATA cannot be read: expected UTF-8, found other bytes at offset 0",
        ),
    ] {
        assert_eq!(
            refusal(&with(path, Some(&data)), WHEEL),
            format!("Invalid distribution file. {message}")
        );
    }
    assert!(look(&with(path, Some(&metadata("DEMO", "1.0.0"))), WHEEL).is_ok());
}

#[test]
fn a_second_dist_info_directory_is_refused() {
    let found = refusal(&with("Demo-1.0.dist-info/METADATA", Some(b"")), WHEEL);
    assert!(
        found.contains("only the directory 'demo-1.0.dist-info', found 'Demo-1.0.dist-info' too"),
        "{found}"
    );
    assert!(
        look(
            &with("demo/vendored-1.0.dist-info/METADATA", Some(b"")),
            WHEEL
        )
        .is_ok()
    );
}

#[test]
fn licence_files_must_be_there_since_metadata_2_4() {
    let text = |version: &str| {
        format!("Metadata-Version: {version}\nName: demo\nVersion: 1.0\nLicense-File: a/LICENSE\n")
    };
    let wheel = |version: &str, path: &str| {
        let mut files = wheel_files();
        files[2].1 = text(version).into_bytes();
        files.push((path.to_owned(), b"free".to_vec()));
        zip_by_crate(&files)
    };
    let place = "demo-1.0.dist-info/licenses/a/LICENSE";
    assert!(look(&wheel("2.4", place), WHEEL).is_ok());
    assert!(look(&wheel("2.1", "demo-1.0.dist-info/LICENSE"), WHEEL).is_ok());
    assert_eq!(
        refusal(&wheel("2.4", "demo-1.0.dist-info/LICENSE"), WHEEL),
        format!("License-File a/LICENSE does not exist in distribution file {WHEEL} at {place}")
    );
}

#[test]
fn entry_points_must_be_well_formed() {
    let path = "demo-1.0.dist-info/entry_points.txt";
    assert!(
        look(
            &with(path, Some(b"[console_scripts]\ndemo = demo:main\n")),
            WHEEL
        )
        .is_ok()
    );
    let found = refusal(
        &with(path, Some(b"[console_scripts]\n../demo = demo:main\n")),
        WHEEL,
    );
    let message = "Wheel 'demo-1.0-py3-none-any.whl' has invalid entry points defined in the entry_points.txt file";
    assert!(found.starts_with(message), "{found}");
}

#[test]
fn oddities_of_real_wheels_are_noted() {
    let notes = |path: &str, data: &[u8]| look(&with(path, Some(data)), WHEEL).unwrap().notes;
    let wheel = "demo-1.0.dist-info/WHEEL";
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        notes(
            wheel,
            b"Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n"
        ),
        [Note::TagsDiffer {
            filename: tags(&["py3-none-any"]),
            wheel: tags(&["py2-none-any", "py3-none-any"])
        }]
    );
    assert_eq!(
        notes(wheel, b"Tag: nonsense\n"),
        [
            Note::WheelVersion {
                found: String::new()
            },
            Note::TagsDiffer {
                filename: tags(&["py3-none-any"]),
                wheel: tags(&["nonsense"])
            }
        ]
    );
    let extra = notes("extra.py", b"");
    assert_eq!(
        extra,
        [Note::NotInRecord {
            files: tags(&["extra.py"]),
            count: 1
        }]
    );
    assert_eq!(extra[0].to_string(), "1 files are not in RECORD: extra.py");
    let mut parts = parts();
    parts[0].mode = 0o120_777;
    assert_eq!(
        look(&zip(&parts), WHEEL).unwrap().notes,
        [Note::Symlinks {
            files: tags(&["demo.py"]),
            count: 1
        }]
    );
    let compressed = b"Wheel-Version: 1.9\nTag: py2.py3-none-any\n";
    let both = with(wheel, Some(compressed));
    let renamed = look(&both, "demo-1.0-py3.py2-none-any.whl").unwrap();
    assert_eq!(renamed.notes, []);
    let json = serde_json::to_string(&extra).unwrap();
    assert_eq!(
        json,
        r#"[{"kind":"not-in-record","files":["extra.py"],"count":1}]"#
    );
}

#[test]
fn an_unreadable_wheel_or_record_file_is_refused() {
    let found = refusal(&with("demo-1.0.dist-info/WHEEL", Some(b"no header")), WHEEL);
    assert_eq!(
        found,
        "Invalid distribution file. WHEEL cannot be read: expected `Name: value` in line 1, found 'no header'"
    );
    let found = refusal(&with("demo-1.0.dist-info/RECORD", Some(b"\xff,,")), WHEEL);
    assert!(
        found.contains("does not contain the required RECORD file"),
        "{found}"
    );
}
