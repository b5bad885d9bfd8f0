use std::fs;
use std::thread;

use tempfile::TempDir;

use super::*;

const PUBLISHER: &str =
    r#"{"kind":"GitHub","repository":"example/demo","workflow":"release.yml","environment":null}"#;

fn pin(version: &str) -> Pin {
    Pin {
        who: Who::Publisher(Publisher::parse(PUBLISHER.as_bytes()).unwrap()),
        ids: PinnedIds {
            repository_id: Some("12".to_owned()),
            owner_id: Some("34".to_owned()),
        },
        version: version.parse().unwrap(),
        date: "2026-11-25".parse().unwrap(),
        index: Some("https://index.example/simple/".to_owned()),
    }
}

fn person() -> Pin {
    Pin {
        who: Who::Identity {
            san: "alice@example.org".to_owned(),
            issuer: "https://id.example".to_owned(),
        },
        ids: PinnedIds::default(),
        index: None,
        ..pin("2.0")
    }
}

#[test]
fn a_new_file_looks_like_this() {
    let mut pins = Pins::default();
    pins.add(&"demo".parse().unwrap(), pin("1.0")).unwrap();
    pins.add(&"other".parse().unwrap(), person()).unwrap();
    pins.add(&"demo".parse().unwrap(), person()).unwrap();
    let text = r#"# Who built each project's files when they were first seen. Written by `touchplate verify --first-use`;
# remove an entry to accept somebody else.
version = 1

[[project]]
name = "demo"

[[project.identity]]
publisher = { kind = "GitHub", repository = "example/demo", workflow = "release.yml" }
repository-id = "12"
owner-id = "34"
first-seen = { version = "1.0", date = 2026-11-25 }
index = "https://index.example/simple/"

[[project.identity]]
san = "alice@example.org"
issuer = "https://id.example"
first-seen = { version = "2.0", date = 2026-11-25 }

[[project]]
name = "other"

[[project.identity]]
san = "alice@example.org"
issuer = "https://id.example"
first-seen = { version = "2.0", date = 2026-11-25 }
"#;
    assert_eq!(pins.text(), text);
    let read = Pins::parse(text.as_bytes()).unwrap();
    assert_eq!(read.of(&"demo".parse().unwrap()), [pin("1.0"), person()]);
    assert_eq!(read.of(&"Other".parse().unwrap()), [person()]);
    assert_eq!(read.of(&"unseen".parse().unwrap()), []);
    assert_eq!(read.projects().count(), 2);
}

#[test]
fn what_people_wrote_stays_where_it_is() {
    let before = "# ours\nversion = 1 # the only one\n\n[[project]] # first\nname = 'Demo'\n# why: see #1\n[[project.identity]]\nissuer = 'https://id.example'\nsan = 'bob@example.org'\nfirst-seen.version = '0.1'\nfirst-seen.date = 2020-01-01\n\n[[project]]\nname = 'z'\n  [[project.identity]]\n  san = 'z'\n  issuer = 'z'\n  first-seen = { version = '1', date = 2020-01-01 }\n";
    let mut pins = Pins::parse(before.as_bytes()).unwrap();
    assert_eq!(pins.text(), before);
    pins.add(&"demo".parse().unwrap(), person()).unwrap();
    let after = pins.text();
    let added = "\n[[project.identity]]\nsan = \"alice@example.org\"\nissuer = \"https://id.example\"\nfirst-seen = { version = \"2.0\", date = 2026-11-25 }\n";
    assert_eq!(
        after,
        before.replace(
            "\n\n[[project]]\nname = 'z'",
            &format!("\n{added}\n[[project]]\nname = 'z'")
        )
    );
    assert_eq!(
        Pins::parse(after.as_bytes())
            .unwrap()
            .of(&"demo".parse().unwrap())
            .len(),
        2
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    let identity =
        "[[project.identity]]\nsan='a'\nissuer='b'\nfirst-seen={version='1',date=2026-11-25}\n";
    let file = |text: &str| format!("version = 1\n[[project]]\nname='demo'\n{text}");
    for (text, message) in [
        (String::new(), "not of the form"),
        (
            "version = 2\nnew = true".to_owned(),
            "expected version 1, found 2",
        ),
        ("version = 1\nnew = true".to_owned(), "not of the form"),
        ("version = 1\nversion = 1".to_owned(), "not of the form"),
        (file(""), "has no identity"),
        (file(&format!("{identity}note='x'")), "not of the form"),
        (
            file(&format!("{identity}[[project]]\nname='DEMO'\n{identity}")),
            "stands there twice",
        ),
        (
            file(&identity.replace("issuer='b'", "")),
            "either `publisher`, or `san` and `issuer`",
        ),
        (
            file(&identity.replace("san='a'", "publisher={kind='x'}")),
            "either `publisher`",
        ),
        (
            file(&identity.replace("san='a'\nissuer='b'", "publisher={kind='X'}")),
            "cannot be read",
        ),
        (
            file(&identity.replace("2026-11-25", "2026-11-25T00:00:00Z")),
            "is not a day",
        ),
        (
            file(&identity.replace("2026-11-25", "12:00:00")),
            "is not a day",
        ),
        (file(&identity.replace("'1'", "'one'")), "cannot be read"),
    ] {
        let error = Pins::parse(text.as_bytes())
            .map(|_| text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}: {message}");
    }
    assert!(matches!(Pins::parse(b"\xff"), Err(PinsError::Text)));
    assert!(matches!(
        Pins::parse(&vec![b' '; MAX_PINS_BYTES + 1]),
        Err(PinsError::TooLong)
    ));
    let inline = "version = 1\nproject = [{name='demo', identity=[{san='a', issuer='b', first-seen={version='1', date=2026-11-25}}]}]";
    let mut pins = Pins::parse(inline.as_bytes()).unwrap();
    let added = pins.add(&"x".parse().unwrap(), person());
    assert!(matches!(added, Err(PinsError::Inline { key: "project" })));
}

#[test]
fn the_nearest_file_within_the_repository_counts() {
    let folder = TempDir::new().unwrap();
    let deep = folder.path().join("repository/a/b");
    fs::create_dir_all(&deep).unwrap();
    fs::write(folder.path().join(FILE_NAME), "version = 1").unwrap();
    // Anybody might have put that one there.
    assert_eq!(find(&deep), deep.join(FILE_NAME));
    let root = folder.path().join("repository");
    fs::create_dir(root.join(".git")).unwrap();
    assert_eq!(find(&deep), root.join(FILE_NAME));
    fs::write(root.join("a").join(FILE_NAME), "version = 1").unwrap();
    assert_eq!(find(&deep), root.join("a").join(FILE_NAME));
}

#[test]
fn writers_take_turns_and_no_pin_is_lost() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(FILE_NAME);
    thread::scope(|scope| {
        for at in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let mut file = PinFile::take(path).unwrap();
                let project = format!("demo-{at}").parse().unwrap();
                file.pins_mut().add(&project, person()).unwrap();
                file.save().unwrap();
            });
        }
    });
    let file = PinFile::read(&path).unwrap();
    assert_eq!(file.pins().projects().count(), 8);
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [FILE_NAME]);
}

#[cfg(unix)]
#[test]
fn a_link_and_the_permissions_survive() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = TempDir::new().unwrap();
    let (path, link) = (
        folder.path().join("real.toml"),
        folder.path().join(FILE_NAME),
    );
    fs::write(&path, "version = 1\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.toml", &link).unwrap();
    let mut file = PinFile::take(&link).unwrap();
    file.pins_mut()
        .add(&"demo".parse().unwrap(), person())
        .unwrap();
    file.save().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(PinFile::read(&link).unwrap().pins().projects().count(), 1);
}
