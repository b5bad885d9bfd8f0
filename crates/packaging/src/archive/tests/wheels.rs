use super::sample::*;
use super::{look, refusal};
use crate::archive::*;

const WHEEL: &str = "demo-1.0-py3-none-any.whl";

/// A good wheel with one file replaced, added or (`None`) taken away; RECORD tells of what is there, unless it is that file.
fn with(path: &str, data: Option<&[u8]>) -> Vec<u8> {
    zip_by_crate(&changed(path, data, path != RECORD))
}

fn changed(path: &str, data: Option<&[u8]>, recorded: bool) -> Vec<(String, Vec<u8>)> {
    let mut files = wheel_files();
    files.retain(|(name, _)| name != path);
    files.extend(data.map(|data| (path.to_owned(), data.to_vec())));
    if recorded {
        record(&mut files);
    }
    files
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
        record(&mut files);
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
    let extra = zip_by_crate(&changed("extra.py", Some(b""), false));
    let extra = look(&extra, WHEEL).unwrap().notes;
    assert_eq!(
        extra,
        [Note::NotInRecord {
            files: tags(&["extra.py"]),
            count: 1
        }]
    );
    assert_eq!(extra[0].to_string(), "1 file is not in RECORD: extra.py");
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

/// The same wheel with that RECORD.
fn recording(text: &str) -> Result<Vec<Note>, String> {
    let bytes = with(RECORD, Some(text.as_bytes()));
    let found = look(&bytes, WHEEL).map_err(|error| error.to_string());
    found.map(|contents| contents.notes)
}

#[test]
fn a_digest_in_record_is_the_files() {
    let good = String::from_utf8(wheel_files().pop().unwrap().1).unwrap();
    assert_eq!(recording(&good), Ok(vec![]));
    let own = good.split(',').nth(1).unwrap().to_owned();
    let other = format!("sha256={}", "A".repeat(43));
    let refused = |stated: &str, found: &str| {
        Err(format!(
            "Invalid distribution file. RECORD states the digest '{stated}' of 'demo.py', which has '{found}'"
        ))
    };
    // Padding is no part of it; anything else is.
    assert_eq!(
        recording(&good.replace(&own, &format!("{own}="))),
        Ok(vec![])
    );
    assert_eq!(
        recording(&good.replace(&own, &other)),
        refused(&other, &own)
    );
    assert_eq!(
        recording(&good.replace(&own, "sha256=")),
        refused("sha256=", &own)
    );
    let cut = own.trim_end_matches(|c: char| c != own.chars().nth(20).unwrap());
    assert_eq!(recording(&good.replace(&own, cut)), refused(cut, &own));
    // A second row of the same path that agrees, with nothing to say, or with another digest.
    assert_eq!(recording(&format!("{good}demo.py,{own},14\n")), Ok(vec![]));
    assert_eq!(recording(&format!("demo.py,,\n{good}")), Ok(vec![]));
    assert_eq!(
        recording(&format!("{good}demo.py,{other},14\n")),
        refused(&crate::excerpt::excerpt(&format!("{own} {other}")), &own)
    );
    // Of itself it says nothing that could be right.
    let itself = format!("{RECORD},,");
    assert_eq!(
        recording(&good.replace(&itself, &format!("{RECORD},{other},1"))),
        Ok(vec![])
    );
}

#[test]
fn record_may_have_longer_digests() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let files = wheel_files();
    let data = &files[0].1;
    let good = String::from_utf8(files[3].1.clone()).unwrap();
    let own = good.split(',').nth(1).unwrap().to_owned();
    for (algorithm, digest) in [
        ("sha384", encode(&sha2::Sha384::digest(data))),
        ("sha512", encode(&sha2::Sha512::digest(data))),
    ] {
        let right = format!("{algorithm}={digest}");
        assert_eq!(recording(&good.replace(&own, &right)), Ok(vec![]));
        let wrong = recording(&good.replace(&own, &own.replace("sha256", algorithm)));
        assert!(wrong.unwrap_err().ends_with(&format!("has '{right}'")));
    }
}

#[test]
fn record_lists_nothing_outside_the_wheel() {
    let good = String::from_utf8(wheel_files().pop().unwrap().1).unwrap();
    for (path, why) in [
        ("../../evil.py", "expected no '..' in it"),
        ("demo/..\\..\\..\\evil.py", "expected no '..' in it"),
        ("/etc/passwd", "expected a relative path"),
        ("C:/evil.py", "expected a relative path"),
    ] {
        let found = recording(&format!("{good}{path},,\n"));
        let path = path.replace('\\', "/");
        let message = format!("Invalid distribution file. RECORD lists '{path}': {why}");
        assert_eq!(found, Err(message));
    }
}

#[test]
fn no_path_leads_through_a_file() {
    for more in ["demo.py/a", "demo.py/", "demo.py/a/"] {
        let mut parts = parts();
        parts.push(stored(more, b""));
        assert_eq!(
            refusal(&zip(&parts), WHEEL),
            "Invalid distribution file. 'demo.py' is a file and a directory"
        );
    }
}

#[test]
fn what_record_leaves_open_is_noted() {
    let good = String::from_utf8(wheel_files().pop().unwrap().1).unwrap();
    let own = good.split(',').nth(1).unwrap().to_owned();
    let demo = || vec!["demo.py".to_owned()];
    let no_digest = || {
        Ok(vec![Note::NoDigestInRecord {
            files: demo(),
            count: 1,
        }])
    };
    assert_eq!(recording(&good.replace(&own, "")), no_digest());
    assert_eq!(recording(&good.replace(&own, "md5=x")), no_digest());
    assert_eq!(recording(&good.replace(&own, "x")), no_digest());
    assert_eq!(
        recording(&good.replace(&format!("{own},14"), &format!("{own},15"))),
        Ok(vec![Note::SizeInRecord {
            files: demo(),
            count: 1
        }])
    );
    assert_eq!(
        recording(&good.replace("demo.py,", "de\\mo.py,")),
        Ok(vec![
            Note::NotInRecord {
                files: demo(),
                count: 1
            },
            Note::OnlyInRecord {
                files: vec!["de/mo.py".to_owned()],
                count: 1
            }
        ])
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
