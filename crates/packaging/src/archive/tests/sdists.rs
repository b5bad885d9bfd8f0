use ::tar::{EntryType, Header};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

use super::sample::*;
use super::{look, refusal};
use crate::archive::*;
use std::io::Cursor;

const SDIST: &str = "demo-1.0.tar.gz";

fn good() -> Vec<Entry> {
    entries(
        "demo-1.0",
        &[
            ("PKG-INFO", &metadata("demo", "1.0")),
            ("demo.py", b"print()\n"),
        ],
    )
}

/// A good sdist with more members behind.
fn plus(more: Vec<Entry>) -> Vec<u8> {
    let mut entries = good();
    entries.extend(more);
    gzip(&tar(entries))
}

fn problem(bytes: &[u8]) -> TarProblem {
    match look(bytes, SDIST) {
        Err(ArchiveError::Tar(problem)) => problem,
        Err(other) => panic!("{other:?}"),
        Ok(contents) => panic!("accepted: {:?}", contents.notes),
    }
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len();
        while length != rest.len() + length.to_string().len() {
            length = rest.len() + length.to_string().len();
        }
        bytes.extend(format!("{length}{rest}").into_bytes());
    }
    bytes
}

fn pax_entry(records: &[(&str, &str)]) -> Entry {
    entry("pax", EntryType::XHeader, &pax(records))
}

#[test]
fn good_sdists() {
    let contents = look(&plus(vec![]), SDIST).unwrap();
    assert_eq!(contents.metadata.name.as_str(), "demo");
    assert_eq!(contents.metadata_bytes, metadata("demo", "1.0"));
    assert_eq!((contents.members, contents.notes), (2, vec![]));
    let long = format!("demo-1.0/{}/x.py", "d".repeat(150));
    let more = vec![
        entry("demo-1.0/src/", EntryType::Directory, b""),
        link("demo-1.0/src/readme", EntryType::Symlink, "../README"),
        link("demo-1.0/again.py", EntryType::Link, "demo-1.0/demo.py"),
        entry(
            "global",
            EntryType::XGlobalHeader,
            &pax(&[("comment", "0123abcd")]),
        ),
        pax_entry(&[("mtime", "1700000000.5"), ("path", &long), ("note", "a\nb")]),
        entry("demo-1.0/short", EntryType::Regular, b"x"),
        entry(
            "long",
            EntryType::GNULongName,
            format!("{long}2\0").as_bytes(),
        ),
        entry("demo-1.0/short", EntryType::Regular, b"y"),
    ];
    assert_eq!(look(&plus(more), SDIST).unwrap().members, 7);
    let zipped: Vec<Part> = good()
        .iter()
        .map(|entry| deflated(entry.header.path().unwrap().to_str().unwrap(), &entry.data))
        .collect();
    assert_eq!(
        look(&zip(&zipped), "demo-1.0.zip")
            .unwrap()
            .metadata
            .name
            .as_str(),
        "demo"
    );
    assert_eq!(
        refusal(&zip(&zipped), SDIST),
        "Invalid distribution file. File is both a zip and a tar file"
    );
    assert_eq!(
        refusal(&plus(vec![]), "demo-1.0.zip"),
        "Invalid distribution file. File is not a zipfile"
    );
}

#[test]
fn one_directory_with_pkg_info_in_it() {
    let info = metadata("demo", "1.0");
    for (entries, message) in [
        (vec![], "File is not a tarfile"),
        (
            entries("demo-1.0", &[("demo.py", b"")]),
            "PKG-INFO not found at demo-1.0/PKG-INFO",
        ),
        (
            entries("demo-1.0", &[("sub/PKG-INFO", &info)]),
            "PKG-INFO not found at demo-1.0/PKG-INFO",
        ),
        (
            [
                entries("demo-1.0", &[("PKG-INFO", &info)]),
                entries("other", &[("x", b"")]),
            ]
            .into_iter()
            .flatten()
            .collect(),
            "Incorrect number of top-level directories in sdist (expected 1, found 2)",
        ),
        (
            entries("demo-1.0", &[("PKG-INFO", &info), ("PKG-INFO", &info)]),
            "Expected one file at demo-1.0/PKG-INFO, found several",
        ),
        (
            vec![link("demo-1.0/PKG-INFO", EntryType::Symlink, "other")],
            "PKG-INFO not found at demo-1.0/PKG-INFO",
        ),
        (
            entries("other-1.0", &[("PKG-INFO", &info)]),
            "Expected the directory 'demo-1.0' in it, found 'other-1.0'",
        ),
        (
            entries("demo-1.1", &[("PKG-INFO", &info)]),
            "Expected the directory 'demo-1.0' in it, found 'demo-1.1'",
        ),
        (
            entries("demo-1.0", &[("PKG-INFO", b"Name: x")]),
            "demo-1.0/PKG-INFO cannot be read: 'metadata-version' is a required field",
        ),
        (
            entries("demo-1.0", &[("PKG-INFO", &metadata("other", "1.0"))]),
            "Name in demo-1.0/PKG-INFO should be 'demo' not 'other'",
        ),
        (
            entries("demo-1.0", &[("PKG-INFO", &metadata("demo", "2"))]),
            "Version in demo-1.0/PKG-INFO should be '1.0' not '2'",
        ),
    ] {
        assert_eq!(
            refusal(&gzip(&tar(entries)), SDIST),
            format!("Invalid distribution file. {message}")
        );
    }
}

#[test]
fn oddities_of_real_sdists_are_noted() {
    let info = metadata("demo", "1.0");
    let notes = |entries: Vec<Entry>| look(&gzip(&tar(entries)), SDIST).unwrap().notes;
    for top in ["Demo-1.0", "demo-1.0.0"] {
        assert_eq!(notes(entries(top, &[("PKG-INFO", &info)])), []);
    }
    assert_eq!(
        notes(entries("project-main", &[("PKG-INFO", &info)])),
        [Note::Directory {
            found: "project-main".to_owned()
        }]
    );
    assert_eq!(
        notes(entries(
            "demo-1.0",
            &[("PKG-INFO", &info), ("a", b"1"), ("a", b"2")]
        )),
        [Note::Repeated {
            files: vec!["demo-1.0/a".to_owned()],
            count: 1
        }]
    );
}

#[test]
fn licence_files_must_be_there_since_metadata_2_4() {
    let text = b"Metadata-Version: 2.4\nName: demo\nVersion: 1.0\nLicense-File: a/LICENSE\n";
    assert!(
        look(
            &sdist("demo-1.0", &[("PKG-INFO", text), ("a/LICENSE", b"")]),
            SDIST
        )
        .is_ok()
    );
    assert_eq!(
        refusal(
            &sdist("demo-1.0", &[("PKG-INFO", text), ("LICENSE", b"")]),
            SDIST
        ),
        "License-File a/LICENSE does not exist in distribution file demo-1.0.tar.gz at demo-1.0/a/LICENSE"
    );
}

#[test]
fn members_of_other_kinds_are_refused() {
    for (kind, expected) in [
        (EntryType::Char, TarProblem::Kind { kind: '3' }),
        (EntryType::Block, TarProblem::Kind { kind: '4' }),
        (EntryType::Fifo, TarProblem::Kind { kind: '6' }),
        (EntryType::new(b'V'), TarProblem::Kind { kind: 'V' }),
        (EntryType::GNUSparse, TarProblem::Sparse),
    ] {
        assert_eq!(
            problem(&plus(vec![entry("demo-1.0/x", kind, b"")])),
            expected
        );
    }
    for key in ["GNU.sparse.major", "GNU.sparse.name", "GNU.sparse.size"] {
        let sparse = vec![
            pax_entry(&[(key, "1")]),
            entry("demo-1.0/x", EntryType::Regular, b""),
        ];
        assert_eq!(problem(&plus(sparse)), TarProblem::Sparse);
    }
    assert_eq!(
        problem(&plus(vec![entry(
            "demo-1.0/x/",
            EntryType::Directory,
            b"data"
        )])),
        TarProblem::UnexpectedContents
    );
    assert_eq!(
        problem(&plus(vec![entry("demo-1.0/x/", EntryType::Regular, b"")])),
        TarProblem::FileLikeDirectory
    );
    let mut link = link("demo-1.0/x", EntryType::Symlink, "y");
    link.data = b"data".to_vec();
    link.header.set_size(4);
    assert_eq!(problem(&plus(vec![link])), TarProblem::UnexpectedContents);
}

#[test]
fn links_stay_inside() {
    for (kind, target) in [
        (EntryType::Symlink, "/etc/passwd"),
        (EntryType::Symlink, "../x"),
        (EntryType::Symlink, "a/../../x"),
        (EntryType::Symlink, ""),
        (EntryType::Link, "/etc/passwd"),
        (EntryType::Link, "../x"),
        (EntryType::Link, "demo-1.0/../x"),
        (EntryType::Link, "other/x"),
        (EntryType::Link, ""),
    ] {
        let found = refusal(&plus(vec![link("demo-1.0/x", kind, target)]), SDIST);
        let message = format!(
            "Invalid distribution file. The link 'demo-1.0/x' leads out of the archive: to '{target}'"
        );
        assert_eq!(found, message);
    }
    for order in [[0, 1], [1, 0]] {
        let mut more: Vec<Option<Entry>> = vec![
            Some(link("demo-1.0/x", EntryType::Symlink, ".")),
            Some(entry("demo-1.0/x/y", EntryType::Regular, b"")),
        ];
        let more = order
            .iter()
            .map(|index| more[*index].take().unwrap())
            .collect();
        assert_eq!(
            problem(&plus(more)),
            TarProblem::BeyondLink {
                name: "demo-1.0/x/y".to_owned()
            }
        );
    }
}

#[test]
fn a_hard_link_is_to_a_file_that_came_before() {
    let hard = |name: &str, target: &str| link(name, EntryType::Link, target);
    let file = |name: &str| entry(name, EntryType::Regular, b"");
    let soft = || link("demo-1.0/soft", EntryType::Symlink, "PKG-INFO");
    for more in [
        vec![hard("demo-1.0/x", "demo-1.0/nothing")],
        vec![hard("demo-1.0/x", "demo-1.0/x")],
        vec![hard("demo-1.0/x", "demo-1.0/y"), file("demo-1.0/y")],
        vec![soft(), hard("demo-1.0/x", "demo-1.0/soft")],
    ] {
        let name = "demo-1.0/x".to_owned();
        assert_eq!(problem(&plus(more)), TarProblem::LinkTarget { name });
    }
    let chain = vec![
        hard("demo-1.0/x", "demo-1.0/PKG-INFO"),
        hard("demo-1.0/y", "demo-1.0/x"),
    ];
    assert!(look(&plus(chain), SDIST).is_ok());
}

#[test]
fn paths_lead_nowhere_else() {
    for (name, problem) in [
        ("../x", PathProblem::Parent),
        ("demo-1.0/../../x", PathProblem::Parent),
        ("/x", PathProblem::Absolute),
        ("./demo-1.0/x", PathProblem::Unclean),
        ("demo-1.0//x", PathProblem::Unclean),
        ("", PathProblem::Unclean),
        ("demo-1.0/x\ny", PathProblem::Control),
    ] {
        let by_header = vec![entry(name, EntryType::Regular, b"")];
        let by_pax = vec![
            pax_entry(&[("path", name)]),
            entry("demo-1.0/x", EntryType::Regular, b""),
        ];
        let by_gnu = vec![
            entry("l", EntryType::GNULongName, name.as_bytes()),
            entry("demo-1.0/x", EntryType::Regular, b""),
        ];
        for more in [by_header, by_pax, by_gnu] {
            match look(&plus(more), SDIST) {
                Err(ArchiveError::Path { problem: found, .. }) => {
                    assert_eq!(found, problem, "{name:?}");
                }
                other => panic!("{name:?}: {:?}", other.map(|contents| contents.members)),
            }
        }
    }
    let latin = vec![
        entry("l", EntryType::GNULongName, b"demo-1.0/\xe9"),
        entry("x", EntryType::Regular, b""),
    ];
    assert!(matches!(
        look(&plus(latin), SDIST),
        Err(ArchiveError::Path {
            problem: PathProblem::NotUtf8,
            ..
        })
    ));
}

#[test]
fn extension_headers_are_strict_and_bounded() {
    let file = || entry("demo-1.0/x", EntryType::Regular, b"abc");
    let raw = |bytes: &[u8]| vec![entry("pax", EntryType::XHeader, bytes), file()];
    for more in [
        raw(b"no record"),
        raw(b"99 path=x\n"),
        raw(b"3 a=b\n"),
        raw(b"+9 path=x\n"),
        raw(b"9 path=xy"),
        raw(b"8 pathx\n"),
        vec![
            pax_entry(&[("path", "demo-1.0/a"), ("path", "demo-1.0/b")]),
            file(),
        ],
        vec![pax_entry(&[("size", "x")]), file()],
        vec![
            pax_entry(&[("mtime", "1")]),
            pax_entry(&[("mtime", "1")]),
            file(),
        ],
        vec![
            entry("l", EntryType::GNULongName, b"demo-1.0/a"),
            pax_entry(&[("path", "demo-1.0/b")]),
            file(),
        ],
        vec![pax_entry(&[("mtime", "1")])],
        vec![entry("l", EntryType::GNULongName, b"demo-1.0/a")],
        raw(&vec![b'0'; (64 << 10) + 1]),
    ] {
        assert_eq!(problem(&plus(more)), TarProblem::Extension);
    }
    assert_eq!(
        problem(&plus(vec![pax_entry(&[("size", "4")]), file()])),
        TarProblem::Size
    );
    assert!(look(&plus(vec![pax_entry(&[("size", "3")]), file()]), SDIST).is_ok());
    for key in ["path", "linkpath", "size", "GNU.sparse.name"] {
        let global = entry("g", EntryType::XGlobalHeader, &pax(&[(key, "1")]));
        assert_eq!(
            problem(&plus(vec![global, file()])),
            TarProblem::GlobalExtension {
                key: key.to_owned()
            }
        );
    }
}

#[test]
fn headers_that_readers_take_differently_are_refused() {
    let mut gnu = entry("demo-1.0/x", EntryType::Regular, b"");
    let name = gnu.header.as_old().name;
    gnu.header = Header::new_gnu();
    gnu.header.as_old_mut().name = name;
    gnu.header.set_size(0);
    let clean = Entry {
        header: gnu.header.clone(),
        data: vec![],
    };
    assert!(look(&plus(vec![clean]), SDIST).is_ok());
    gnu.header.as_mut_bytes()[345..349].copy_from_slice(b"evil");
    assert_eq!(problem(&plus(vec![gnu])), TarProblem::UnusedPart);
    let mut bytes = tar(good());
    bytes[1024] ^= 1;
    assert_eq!(problem(&gzip(&bytes)), TarProblem::Header);
    bytes[0] ^= 1;
    assert_eq!(
        refusal(&gzip(&bytes), SDIST),
        "Invalid distribution file. File is not a tarfile"
    );
}

#[test]
fn the_stream_is_read_to_its_end() {
    let whole = tar(good());
    let packed = gzip(&whole);
    let corrupt = "Invalid distribution file. The compressed data cannot be decompressed";
    // Zeros fill a block up; anything else is hidden data.
    assert!(look(&gzip(&[&whole[..], &[0; 5000]].concat()), SDIST).is_ok());
    assert_eq!(
        problem(&gzip(&[&whole[..], &whole[..]].concat())),
        TarProblem::TrailingData
    );
    assert_eq!(
        problem(&[&packed[..], b"garbage"].concat()),
        TarProblem::BehindStream
    );
    assert_eq!(refusal(&packed[..packed.len() - 4], SDIST), corrupt);
    let mut changed = packed.clone();
    let at = changed.len() - 5;
    changed[at] ^= 1; // the checksum
    assert_eq!(refusal(&changed, SDIST), corrupt);
    assert_eq!(
        problem(&gzip(&whole[..whole.len() - 1024 - 506])),
        TarProblem::CutOff
    );
    // In the zeros that fill up the last block.
    assert_eq!(
        problem(&gzip(&whole[..whole.len() - 1024 - 500])),
        TarProblem::Header
    );
    for other in [
        &b"not gzip"[..],
        b"",
        &gzip(b""),
        &gzip(b"not tar"),
        &gzip(&[b'x'; 2048]),
    ] {
        assert_eq!(
            refusal(other, SDIST),
            "Invalid distribution file. File is not a tarfile"
        );
    }
}

/// uv reads the first of several, pip what they have together.
#[test]
fn one_compressed_stream_holds_the_whole_archive() {
    let whole = tar(good());
    for at in [0, 700, whole.len()] {
        let (first, second) = whole.split_at(at);
        let found = refusal(&[gzip(first), gzip(second)].concat(), SDIST);
        assert!(found.starts_with("Invalid distribution file."), "{found}");
    }
    assert_eq!(
        problem(&[gzip(&whole), gzip(b"")].concat()),
        TarProblem::BehindStream
    );
}

#[test]
fn an_archive_says_that_it_ends() {
    let whole = tar(good());
    let members = &whole[..whole.len() - 1024];
    for zeros in [0, 512, 1023] {
        let bytes = gzip(&[members, &vec![0; zeros]].concat());
        let found = refusal(&bytes, SDIST);
        assert!(
            found.starts_with("Invalid distribution file. tar"),
            "{found}"
        );
    }
    assert_eq!(problem(&gzip(members)), TarProblem::NoEnd);
    assert_eq!(
        problem(&gzip(&[members, &[0; 512]].concat())),
        TarProblem::NoEnd
    );
    assert!(look(&gzip(&[members, &[0; 1024]].concat()), SDIST).is_ok());
}

#[test]
fn sizes_are_octal() {
    let mut large = entry("demo-1.0/a", EntryType::Regular, b"x");
    large.header.as_old_mut().size = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(problem(&plus(vec![large])), TarProblem::SizeField);
}

#[test]
fn no_path_leads_through_a_file() {
    let file = |path: &str| entry(&format!("demo-1.0/{path}"), EntryType::Regular, b"");
    let folder = |path: &str| entry(&format!("demo-1.0/{path}/"), EntryType::Directory, b"");
    for (more, name) in [
        (vec![file("a"), file("a/b")], "demo-1.0/a"),
        (
            vec![file("a/b/c/d"), file("a-b"), file("a/b")],
            "demo-1.0/a/b",
        ),
        (vec![file("a"), folder("a")], "demo-1.0/a"),
        (vec![file("a"), folder("a/b")], "demo-1.0/a"),
    ] {
        assert_eq!(
            refusal(&plus(more), SDIST),
            format!("Invalid distribution file. '{name}' is a file and a directory")
        );
    }
    assert!(
        look(
            &plus(vec![folder("a"), file("a/b"), file("a.b"), file("a-b")]),
            SDIST
        )
        .is_ok()
    );
}

#[test]
fn a_tar_that_is_a_zip_too_is_refused() {
    // A stored block keeps the zip readable; its end record stands at the end of the file, as zip readers want it.
    let zip = zip(&[stored("evil.py", b"evil")]);
    let bytes = [plus(vec![]), zip].concat();
    assert_eq!(
        refusal(&bytes, SDIST),
        "Invalid distribution file. File is both a zip and a tar file"
    );
}

#[test]
fn a_gzip_bomb_is_stopped_while_it_is_read() {
    let filename: Filename = SDIST.parse().unwrap();
    let limits = Limits {
        ratio: 1,
        ratio_free_bytes: 1 << 20,
        ..Limits::default()
    };
    let stopped = |bytes: &[u8]| {
        let mut file = Watched(Cursor::new(bytes), 0);
        let answer = inspect(&mut file, &filename, Profile::Private, &limits);
        assert!(
            matches!(answer, Err(ArchiveError::Ratio { ratio: 1 })),
            "{answer:?}"
        );
        file.1
    };
    let zeros = vec![0; 4 << 20];
    let noise: Vec<u8> = (0..16_384_u32)
        .flat_map(|n| Sha256::of(&n.to_le_bytes()).as_bytes().to_vec())
        .collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut header = entry("demo-1.0/data", EntryType::Regular, b"").header;
    header.set_size((zeros.len() + noise.len()) as u64);
    header.set_cksum();
    encoder.write_all(header.as_bytes()).unwrap();
    encoder.write_all(&zeros).unwrap();
    encoder.write_all(&noise).unwrap();
    let bytes = encoder.finish().unwrap();
    // The file's tail was searched for a zip archive; of the rest, only the first zeros were read.
    assert!(bytes.len() > noise.len());
    assert!(stopped(&bytes) < 22 + 65_535 + noise.len() / 4);
    // The same behind the end of the archive.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&tar(good())).unwrap();
    encoder.write_all(&zeros).unwrap();
    stopped(&encoder.finish().unwrap());
}

/// Counts what is read from it.
struct Watched<'b>(Cursor<&'b [u8]>, usize);

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(into)?;
        self.1 += count;
        Ok(count)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn limits_hold() {
    let filename: Filename = SDIST.parse().unwrap();
    let bytes = plus(vec![]);
    let with = |limits: Limits| {
        inspect(
            &mut Cursor::new(&bytes),
            &filename,
            Profile::Private,
            &limits,
        )
        .err()
        .map(|error| error.to_string())
    };
    let limits = Limits::default();
    assert_eq!(with(limits), None);
    for (limits, message) in [
        (
            Limits {
                members: 1,
                ..limits
            },
            "Expected at most 1 members, found more",
        ),
        (
            Limits {
                names_bytes: 20,
                ..limits
            },
            "Expected at most 20 bytes of paths, found more",
        ),
        (
            Limits {
                decompressed_bytes: 1000,
                ..limits
            },
            "Expected at most 1000 bytes when decompressed, found more",
        ),
        (
            Limits {
                ratio: 0,
                ratio_free_bytes: 1000,
                ..limits
            },
            "File exceeds compression ratio of 0",
        ),
        (
            Limits {
                kept_bytes: 10,
                ..limits
            },
            "Expected at most 10 bytes in 'demo-1.0/PKG-INFO', found more",
        ),
    ] {
        assert_eq!(
            with(limits),
            Some(format!("Invalid distribution file. {message}"))
        );
    }
}
