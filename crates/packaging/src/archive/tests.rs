//! Archives through the front door: [`inspect`]. Each refusal starts from a good archive and changes one thing.

mod hostile;
mod listings;
mod sample;
mod sdists;
mod wheels;
mod zips;

use std::io::Cursor;

use super::*;

/// What `inspect` says of these bytes under that name, the same under both profiles.
fn look(bytes: &[u8], filename: &str) -> Result<Contents, ArchiveError> {
    let limits = Limits::default();
    let filename: Filename = filename.parse().unwrap();
    let answer = inspect(
        &mut Cursor::new(bytes),
        &filename,
        Profile::Private,
        &limits,
    );
    let other = inspect(&mut Cursor::new(bytes), &filename, Profile::Pypi, &limits);
    assert_eq!(answer.is_ok(), other.is_ok());
    answer
}

/// The message of the refusal.
fn refusal(bytes: &[u8], filename: &str) -> String {
    look(bytes, filename)
        .err()
        .unwrap_or_else(|| panic!("{filename} was accepted"))
        .to_string()
}

/// Real files that the public index accepted.
#[test]
fn real_distributions_pass() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");
    let corpus = std::env::var("TOUCHPLATE_CORPUS").unwrap_or_else(|_| beside.to_owned());
    let Ok(folder) = std::fs::read_dir(format!("{corpus}/real/artifact")) else {
        println!("skipped: no corpus at {corpus}");
        return;
    };
    let mut seen = 0;
    for entry in folder {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Ok(_) = name.parse::<Filename>() else {
            continue;
        };
        let contents = look(&std::fs::read(&path).unwrap(), &name)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(contents.notes, [], "{name}");
        assert_eq!(
            contents.core_metadata_sha256,
            Sha256::of(&contents.metadata_bytes)
        );
        assert_eq!(
            compare(&contents.metadata, &contents.metadata),
            Ok(vec![]),
            "{name}"
        );
        seen += 1;
    }
    assert!(seen >= 7, "{seen}");
}

#[test]
fn form_and_archive_must_agree_on_what_installers_decide_by() {
    let metadata = |name: &str, version: &str, python: &str| {
        let python = if python.is_empty() {
            String::new()
        } else {
            format!("Requires-Python: {python}\n")
        };
        let file = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{python}");
        CoreMetadata::parse(file.as_bytes()).unwrap()
    };
    let archive = metadata("Demo", "1.0", ">=3.9, <4");
    for python in [">=3.9,<4", "<4,>=3.9", "<4.0, >=3.9.0,", " >= 3.9 ,<4"] {
        assert!(
            compare(&metadata("demo", "1.0.0", python), &archive).is_ok(),
            "{python}"
        );
    }
    for (form, field, of_form, of_archive) in [
        (
            metadata("demo2", "1.0", ">=3.9,<4"),
            "name",
            "demo2",
            "Demo",
        ),
        (
            metadata("demo", "1.0.1", ">=3.9,<4"),
            "version",
            "1.0.1",
            "1.0",
        ),
        (
            metadata("demo", "1.0", ""),
            "requires-python",
            "",
            ">=3.9, <4",
        ),
        (
            metadata("demo", "1.0", ">=3.8,<4"),
            "requires-python",
            ">=3.8,<4",
            ">=3.9, <4",
        ),
        (
            metadata("demo", "1.0", "nonsense"),
            "requires-python",
            "nonsense",
            ">=3.9, <4",
        ),
    ] {
        let (of_form, of_archive) = (of_form.to_owned(), of_archive.to_owned());
        let disagreement = Disagreement {
            field,
            form: of_form,
            archive: of_archive,
        };
        assert_eq!(compare(&form, &archive), Err(disagreement));
    }
    // These are no two spellings of one specifier.
    for (one, two) in [("~=3.9", "~=3.9.0"), ("==3.*", "==3.0.*"), (">3", ">=3")] {
        assert!(
            compare(&metadata("demo", "1.0", one), &metadata("demo", "1.0", two)).is_err(),
            "{one} {two}"
        );
    }
}

#[test]
fn other_differences_are_told() {
    let read = |rest: &str| {
        let file = format!("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n{rest}");
        CoreMetadata::parse(file.as_bytes()).unwrap()
    };
    let long = "x".repeat(300);
    let form = read(&format!(
        "Summary: one\nClassifier: B :: C\nClassifier: A :: B\nAuthor: a\n\ntext\r\nmore {long}"
    ));
    let archive = read(
        "Summary: two\nClassifier: A :: B\nClassifier: B :: C\nRequires-Dist: x\n\ntext\nmore\n",
    );
    let differences = compare(&form, &archive).unwrap();
    let told: Vec<(&str, &[String], &[String])> = differences
        .iter()
        .map(|one| (&*one.field, &*one.form, &*one.archive))
        .collect();
    let values = |values: &[&str]| {
        values
            .iter()
            .map(|value| (*value).to_owned())
            .collect::<Vec<_>>()
    };
    let cut = format!("text\r\nmore {}…", "x".repeat(189));
    assert_eq!(
        told,
        [
            ("summary", &*values(&["one"]), &*values(&["two"])),
            (
                "description",
                &*values(&[&cut]),
                &*values(&["text\nmore\n"])
            ),
            ("requires-dist", &*values(&[]), &*values(&["x"])),
            ("author", &*values(&["a"]), &*values(&[])),
        ]
    );
    let json = serde_json::to_string(&differences).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<Difference>>(&json).unwrap(),
        differences
    );
}

#[test]
fn a_local_version_is_for_private_indexes() {
    let bytes = sample::sdist(
        "demo-1.0+cu121",
        &[("PKG-INFO", &sample::metadata("demo", "1.0+cu121"))],
    );
    let filename: Filename = "demo-1.0+cu121.tar.gz".parse().unwrap();
    let answer = |profile| {
        inspect(
            &mut Cursor::new(&bytes),
            &filename,
            profile,
            &Limits::default(),
        )
    };
    assert!(answer(Profile::Private).is_ok());
    assert!(matches!(
        answer(Profile::Pypi),
        Err(ArchiveError::LocalVersion { .. })
    ));
}
