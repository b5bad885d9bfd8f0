use super::sample::*;
use super::{look, refusal};
use crate::archive::*;
use std::io::Cursor;

const WHEEL: &str = "demo-1.0-py3-none-any.whl";

fn problem(bytes: &[u8]) -> ZipProblem {
    match look(bytes, WHEEL) {
        Err(ArchiveError::Zip(problem)) => problem,
        other => panic!("{:?}", other.map(|contents| contents.notes)),
    }
}

/// Changes one thing about the first member of a good wheel.
fn refuses(change: impl FnOnce(&mut Part), expected: ZipProblem) {
    let mut parts = parts();
    change(&mut parts[0]);
    assert_eq!(problem(&zip(&parts)), expected);
}

fn flag(part: &mut Part, bit: u8) {
    part.local[6] |= bit;
    part.central[8] |= bit;
}

fn zip_64(values: &[u64]) -> Vec<u8> {
    let mut extra = vec![1, 0, (8 * values.len()) as u8, 0];
    values
        .iter()
        .for_each(|value| extra.extend(value.to_le_bytes()));
    extra
}

#[test]
fn what_is_said_twice_must_be_said_alike() {
    refuses(|part| part.central[20] ^= 1, ZipProblem::DataSize);
    refuses(|part| part.central[24] ^= 1, ZipProblem::FileSize);
    refuses(|part| part.central[16] ^= 1, ZipProblem::Checksum);
    refuses(|part| part.moved = 1, ZipProblem::Headers);
    refuses(|part| part.central[9] ^= 8, ZipProblem::Headers);
    refuses(
        |part| {
            part.central[10] = 0;
            part.local[8] = 8;
        },
        ZipProblem::Headers,
    );
    refuses(
        |part| part.central_name = Some(b"demo.pz".to_vec()),
        ZipProblem::NotInLocal,
    );
    refuses(|part| part.comment = b"x".to_vec(), ZipProblem::Comment);
}

#[test]
fn the_data_must_be_what_the_headers_say() {
    let both = |part: &mut Part, local: usize, by: u8| {
        part.local[local] = part.local[local].wrapping_add(by);
        part.central[local + 2] = part.central[local + 2].wrapping_add(by);
    };
    refuses(|part| both(part, 22, 1), ZipProblem::FileSize);
    refuses(|part| both(part, 22, 0xff), ZipProblem::FileSize);
    refuses(|part| both(part, 14, 1), ZipProblem::Checksum);
    // Bytes behind the end of the compressed data.
    refuses(
        |part| {
            part.data.extend(b"hidden");
            both(part, 18, 6);
        },
        ZipProblem::DataSize,
    );
    // Cut off before the end of the compressed data, with headers that know it.
    let mut cut = parts();
    cut[0].data.pop();
    both(&mut cut[0], 18, 0xff);
    assert_eq!(
        refusal(&zip(&cut), WHEEL),
        "Invalid distribution file. The compressed data cannot be decompressed"
    );
    // One byte less: what follows is no record.
    refuses(|part| both(part, 18, 0xff), ZipProblem::UnknownRecord);
    // A member that claims to reach over the next: the directory lists what then is none.
    let mut parts = parts();
    let over = parts[1].local.len() + 4 + parts[1].name.len() + parts[1].data.len();
    both(&mut parts[0], 18, over as u8);
    assert_eq!(problem(&zip(&parts)), ZipProblem::NotInLocal);
}

#[test]
fn streamed_encrypted_and_otherwise_compressed_members_are_refused() {
    refuses(|part| flag(part, 8), ZipProblem::DataDescriptor);
    let compression =
        "Invalid distribution file. File does not use a supported compression type ('demo.py')";
    for change in [
        |part: &mut Part| flag(part, 1),
        |part: &mut Part| {
            part.local[8] = 12;
            part.central[10] = 12;
        },
    ] {
        let mut parts = parts();
        change(&mut parts[0]);
        assert_eq!(refusal(&zip(&parts), WHEEL), compression);
    }
}

#[test]
fn a_path_comes_once() {
    let mut twice = parts();
    twice.push(stored("demo.py", b"other"));
    assert_eq!(problem(&zip(&twice)), ZipProblem::DuplicateLocal);
    // Twice in the directory, once in the file.
    let (body, directory) = zip_body(&parts());
    let first = 46 + "demo.py".len();
    let doubled = [directory.clone(), directory[..first].to_vec()].concat();
    let end = end(5, doubled.len() as u32, body.len() as u32, b"");
    assert_eq!(
        problem(&[body.clone(), doubled, end].concat()),
        ZipProblem::DuplicateCentral
    );
    // In the file, not in the directory.
    let rest = directory[first..].to_vec();
    let end = super::sample::end(3, rest.len() as u32, body.len() as u32, b"");
    assert_eq!(
        problem(&[body, rest, end].concat()),
        ZipProblem::NotInCentral
    );
}

#[test]
fn extra_fields_do_not_contradict_the_header() {
    let unicode = |name: &[u8]| {
        let mut extra = vec![0x75, 0x70, (5 + name.len()) as u8, 0, 1, 0, 0, 0, 0];
        extra.extend(name);
        extra
    };
    refuses(
        |part| part.local_extra = unicode(b"evil.py"),
        ZipProblem::ExtraName,
    );
    refuses(
        |part| part.central_extra = unicode(b"evil.py"),
        ZipProblem::ExtraName,
    );
    refuses(
        |part| part.local_extra = vec![0x75, 0x70, 1, 0, 0],
        ZipProblem::Malformed,
    );
    refuses(
        |part| part.local_extra = [unicode(b"demo.py"), unicode(b"demo.py")].concat(),
        ZipProblem::DuplicateExtra,
    );
    refuses(
        |part| part.local_extra = [zip_64(&[]), zip_64(&[])].concat(),
        ZipProblem::DuplicateExtra,
    );
    refuses(
        |part| part.local_extra = vec![9, 9, 9, 0, 1],
        ZipProblem::Malformed,
    );
    refuses(|part| part.local_extra = vec![9, 9], ZipProblem::Malformed);
    let size = parts()[0].local[22];
    refuses(
        |part| part.local_extra = zip_64(&[u64::from(size), 1]),
        ZipProblem::DataSize,
    );
    refuses(
        |part| part.local_extra = zip_64(&[1, part.data.len() as u64]),
        ZipProblem::FileSize,
    );
    refuses(
        |part| part.local_extra = zip_64(&[1]),
        ZipProblem::Malformed,
    );
    refuses(
        |part| part.central_extra = zip_64(&[1]),
        ZipProblem::Malformed,
    );
    refuses(|part| part.local[22..26].fill(0xff), ZipProblem::Malformed);
    refuses(
        |part| {
            part.local[18..22].fill(0xff);
            part.local[22..26].fill(0xff);
            part.local_extra = zip_64(&[size.into(), u64::MAX]);
        },
        ZipProblem::Malformed,
    );
    // Repeating it is fine, and so is any other field.
    let mut parts = parts();
    parts[0].local_extra = [unicode(b"demo.py"), vec![9, 9, 1, 0, 7], zip_64(&[])].concat();
    parts[0].local_extra.extend(zip_64(&[])[..0].iter());
    assert!(look(&zip(&parts), WHEEL).is_ok());
    let data = parts[0].data.len() as u64;
    parts[0].local[18..26].fill(0xff);
    parts[0].local_extra = zip_64(&[size.into(), data]);
    parts[0].central[20..28].fill(0xff);
    parts[0].central_extra = zip_64(&[size.into(), data]);
    assert!(look(&zip(&parts), WHEEL).is_ok());
}

#[test]
fn paths_lead_nowhere_else() {
    for (name, problem) in [
        (&b"../evil.py"[..], PathProblem::Parent),
        (b"demo/../../evil.py", PathProblem::Parent),
        (b"..\\evil.py", PathProblem::Parent),
        (b"/etc/evil", PathProblem::Absolute),
        (b"C:\\evil", PathProblem::Absolute),
        (b"demo//evil.py", PathProblem::Unclean),
        (b"./evil.py", PathProblem::Unclean),
        (b"", PathProblem::Unclean),
        (b"demo\n.py", PathProblem::Control),
        (b"demo\0.py", PathProblem::Control),
        (b"demo\xff.py", PathProblem::NotUtf8),
        ("dém.py".as_bytes(), PathProblem::NotUtf8),
        (&[b'a'; 1025], PathProblem::TooLong),
    ] {
        let mut parts = parts();
        parts[0].name = name.to_vec();
        match look(&zip(&parts), WHEEL) {
            Err(ArchiveError::Path { problem: found, .. }) => {
                assert_eq!(found, problem, "{name:?}");
            }
            other => panic!("{name:?}: {:?}", other.map(|contents| contents.members)),
        }
    }
    let mut parts = parts();
    parts.push(stored("dém.py", b""));
    parts.push(stored("demo/", b""));
    assert!(look(&zip(&parts), WHEEL).is_ok());
    parts.push(stored("data/", b"x"));
    assert_eq!(problem(&zip(&parts)), ZipProblem::DirectoryData);
}

#[test]
fn nothing_stands_before_between_or_behind_the_records() {
    let (body, directory) = zip_body(&parts());
    let (size, offset) = (directory.len() as u32, body.len() as u32);
    let whole = |body: &[u8], directory: &[u8], end: &[u8]| [body, directory, end].concat();
    let good_end = end(4, size, offset, b"");
    let good = whole(&body, &directory, &good_end);
    assert!(look(&good, WHEEL).is_ok());
    assert!(
        look(
            &whole(&body, &directory, &end(4, size, offset, b"a comment")),
            WHEEL
        )
        .is_ok()
    );
    for (bytes, expected) in [
        (whole(b"MZ stub", &good, b""), ZipProblem::UnknownRecord),
        (whole(&good, b"x", b""), ZipProblem::TrailingData),
        (whole(&good, &good, b""), ZipProblem::TrailingData),
        (
            whole(&body, &directory, &end(4, size, offset, b"PK\x05\x06")),
            ZipProblem::TrailingData,
        ),
        (
            whole(&body, &directory, &end(5, size, offset, b"")),
            ZipProblem::CentralRecords,
        ),
        (
            whole(&body, &directory, &end(4, size, offset + 1, b"")),
            ZipProblem::CentralOffset,
        ),
        (
            whole(&body, &directory, &end(4, size + 1, offset, b"")),
            ZipProblem::CentralSize,
        ),
        (
            whole(&body, b"gap!", &whole(&directory, &good_end, b"")),
            ZipProblem::UnknownRecord,
        ),
        (whole(&body, &directory, b"gap!"), ZipProblem::UnknownRecord),
        (whole(&body, &directory, b""), ZipProblem::Malformed),
        (good[..good.len() - 1].to_vec(), ZipProblem::Malformed),
    ] {
        assert_eq!(problem(&bytes), expected);
    }
    assert_eq!(
        refusal(b"not a zip", WHEEL),
        "Invalid distribution file. File is not a zipfile"
    );
    assert_eq!(
        refusal(b"", WHEEL),
        "Invalid distribution file. File is not a zipfile"
    );
    assert_eq!(
        refusal(&end(0, 0, 0, b""), WHEEL),
        "Invalid distribution file. WHEEL not found at demo-1.0.dist-info/WHEEL"
    );
}

#[test]
fn zip_64_end_records_agree_too() {
    let (body, directory) = zip_body(&parts());
    let (size, offset) = (directory.len() as u64, body.len() as u64);
    let end_64 = |rest: u64, records: u64, size: u64, offset: u64, pointer: u64| {
        let mut bytes = b"PK\x06\x06".to_vec();
        bytes.extend(rest.to_le_bytes());
        bytes.extend([45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [records, records, size, offset] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(pointer.to_le_bytes());
        bytes.extend([1, 0, 0, 0]);
        bytes
    };
    let at = offset + size;
    let whole = |end_64: &[u8], end: &[u8]| [&body, &directory, end_64, end].concat();
    let pointing = end(u16::MAX, u32::MAX, u32::MAX, b"");
    let repeating = end(4, size as u32, offset as u32, b"");
    let good = end_64(44, 4, size, offset, at);
    assert!(look(&whole(&good, &pointing), WHEEL).is_ok());
    assert!(look(&whole(&good, &repeating), WHEEL).is_ok());
    for (bytes, expected) in [
        (
            whole(&end_64(45, 4, size, offset, at), &pointing),
            ZipProblem::ExtensibleData,
        ),
        (
            whole(&end_64(44, 5, size, offset, at), &pointing),
            ZipProblem::CentralRecords,
        ),
        (
            whole(&end_64(44, 4, size + 1, offset, at), &pointing),
            ZipProblem::CentralSize,
        ),
        (
            whole(&end_64(44, 4, size, offset + 1, at), &pointing),
            ZipProblem::CentralOffset,
        ),
        (
            whole(&end_64(44, 4, size, offset, at + 1), &pointing),
            ZipProblem::Malformed,
        ),
        (
            whole(&good, &end(3, size as u32, offset as u32, b"")),
            ZipProblem::CentralRecords,
        ),
        (whole(b"", &pointing), ZipProblem::CentralRecords),
    ] {
        assert_eq!(problem(&bytes), expected);
    }
}

#[test]
fn a_zip_that_is_a_tar_too_is_refused() {
    // The first local header's extra field makes the first block a tar header.
    let mut parts = parts();
    parts.push(parts[0].clone());
    parts[0] = stored("zeros", &[0; 1024]);
    parts[0].local_extra = [vec![9, 9, 0xf0, 1], vec![0; 0x1f0]].concat();
    let mut bytes = zip(&parts);
    let plain = bytes.clone();
    assert!(look(&plain, WHEEL).is_ok());
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    bytes[154..156].copy_from_slice(b"\0 ");
    assert_eq!(
        refusal(&bytes, WHEEL),
        "Invalid distribution file. File is both a zip and a tar file"
    );
}

#[test]
fn limits_hold() {
    let filename: Filename = WHEEL.parse().unwrap();
    let with = |limits: Limits| {
        inspect(
            &mut Cursor::new(zip(&parts())),
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
                members: 3,
                ..limits
            },
            "Expected at most 3 members, found more",
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
                decompressed_bytes: 100,
                ..limits
            },
            "Expected at most 100 bytes when decompressed, found more",
        ),
        (
            Limits {
                ratio: 0,
                ratio_free_bytes: 100,
                ..limits
            },
            "File exceeds compression ratio of 0",
        ),
        (
            Limits {
                kept_bytes: 10,
                ..limits
            },
            "Expected at most 10 bytes in 'demo-1.0.dist-info/RECORD', found more",
        ),
    ] {
        assert_eq!(
            with(limits),
            Some(format!("Invalid distribution file. {message}"))
        );
    }
}

#[test]
fn a_zip_bomb_is_refused_by_what_it_admits_and_by_what_it_hides() {
    let declaring = |size: u32| {
        let mut parts = parts();
        let mut bomb = deflated("bomb", &[0; 1 << 20]);
        bomb.local[22..26].copy_from_slice(&size.to_le_bytes());
        bomb.central[24..28].copy_from_slice(&size.to_le_bytes());
        parts.push(bomb);
        zip(&parts)
    };
    let ratio = "Invalid distribution file. File exceeds compression ratio of 50";
    assert_eq!(refusal(&declaring(65 << 20), WHEEL), ratio);
    assert!(look(&declaring(1 << 20), WHEEL).is_ok());
    assert_eq!(problem(&declaring(1)), ZipProblem::FileSize);
}
