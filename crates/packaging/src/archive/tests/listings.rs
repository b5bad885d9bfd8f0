//! What is listed of an archive, and the beginning of what is in it.

use std::io::Cursor;

use super::sample::*;
use crate::archive::*;

const WHEEL: &str = "demo-1.0-py3-none-any.whl";
const RECORD: &str = "demo-1.0.dist-info/RECORD";

fn listed(bytes: &[u8], filename: &str, hashed: u64) -> Result<Listing, ArchiveError> {
    let filename = filename.parse().unwrap();
    let limits = Limits::default();
    list(&mut Cursor::new(bytes), &filename, &limits, hashed)
}

fn begun(bytes: &[u8], filename: &str, path: &str, first: usize) -> Option<Beginning> {
    let (filename, limits) = (filename.parse().unwrap(), Limits::default());
    beginning(&mut Cursor::new(bytes), &filename, &limits, path, first).unwrap()
}

/// A wheel whose RECORD says this.
fn recording(record: &str) -> Vec<u8> {
    let mut files = wheel_files();
    files.retain(|(name, _)| name != RECORD);
    files.push((RECORD.to_owned(), record.as_bytes().to_vec()));
    files.push(("demo/a.py".to_owned(), b"a".to_vec()));
    zip_by_crate(&files)
}

#[test]
fn each_member_is_held_against_record() {
    // SHA-256 of "a" and of nothing, as RECORD writes them.
    let (a, nothing) = (
        "ypeBEsobvcr6wjGzmiPcTaeG7_gUfE5yuYB3ha_uSLs",
        "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    );
    let said = |record: &str| {
        let listing = listed(&recording(record), WHEEL, 1 << 20).unwrap();
        let members = listing.members.into_iter();
        let found = members.map(|it| (it.path, it.recorded.unwrap()));
        let found: Vec<_> = found.collect();
        assert!(found.contains(&(RECORD.to_owned(), Recorded::Exempt)));
        let it = found.into_iter().find(|(path, _)| path == "demo/a.py");
        it.unwrap().1
    };
    for (row, expected) in [
        (format!("demo/a.py,sha256={a},1\n"), Recorded::Agrees),
        (format!("demo\\a.py,sha256={a}=,1\n"), Recorded::Agrees),
        (format!("demo/a.py,sha256={nothing},1\n"), Recorded::Differs),
        ("demo/a.py,,\n".to_owned(), Recorded::PathAlone),
        ("demo/a.py,md5=x,1\n".to_owned(), Recorded::NotCompared),
        ("demo/b.py,,\n".to_owned(), Recorded::Nothing),
    ] {
        assert_eq!(said(&row), expected, "{row}");
    }
}

#[test]
fn what_unpacks_to_too_much_is_listed_without_digests() {
    let wheel = recording("demo/a.py,sha256=x,1\n");
    let whole = listed(&wheel, WHEEL, 1 << 20).unwrap();
    let short = listed(&wheel, WHEEL, 8).unwrap();
    assert!(whole.is_hashed && !short.is_hashed);
    assert_eq!(whole.bytes, short.bytes);
    let sizes = |it: &Listing| it.members.iter().map(|it| it.size).collect::<Vec<_>>();
    assert_eq!(sizes(&whole), sizes(&short));
    let a = short.members.iter().find(|it| it.path == "demo/a.py");
    assert_eq!(a.unwrap().recorded, Some(Recorded::NotCompared));
    let sdist = sdist("demo-1.0", &[("PKG-INFO", b"x"), ("b.txt", &[b'b'; 100])]);
    let short = listed(&sdist, "demo-1.0.tar.gz", 50).unwrap();
    assert!(!short.is_hashed && short.bytes == 101);
    let limits = Limits {
        decompressed_bytes: 600,
        ..Limits::default()
    };
    let filename = "demo-1.0.tar.gz".parse().unwrap();
    let refused = list(&mut Cursor::new(&sdist), &filename, &limits, 50).unwrap_err();
    assert!(
        matches!(refused, ArchiveError::Decompressed { .. }),
        "{refused}"
    );
}

#[test]
fn a_member_is_shown_from_its_beginning() {
    let wheel = recording("");
    let metadata = "demo-1.0.dist-info/METADATA";
    let whole = begun(&wheel, WHEEL, metadata, 4096).unwrap();
    assert_eq!(whole.bytes.len() as u64, whole.size);
    let short = begun(&wheel, WHEEL, metadata, 10).unwrap();
    assert_eq!(
        (short.bytes.as_slice(), short.size),
        (&whole.bytes[..10], whole.size)
    );
    assert_eq!(begun(&wheel, WHEEL, "none", 10), None);
    let sdist = sdist("demo-1.0", &[("PKG-INFO", b"x"), ("b.txt", b"text")]);
    let text = begun(&sdist, "demo-1.0.tar.gz", "demo-1.0/b.txt", 2).unwrap();
    assert_eq!((text.bytes.as_slice(), text.size), (b"te".as_slice(), 4));
    assert_eq!(begun(&sdist, "demo-1.0.tar.gz", "demo-1.0", 2), None);
}
