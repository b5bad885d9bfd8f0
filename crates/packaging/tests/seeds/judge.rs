//! What must hold of any bytes as an archive or as metadata. The fuzzer's targets and the plain tests share it.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use touchplate_packaging::archive::{self, Contents, Limits, Recorded};
use touchplate_packaging::{CoreMetadata, Filename, Profile, Sha256};

/// A target: a name, which is also that of its folder of seeds, and what it does.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target.
pub(crate) const TARGETS: [Target; 3] =
    [("wheel", wheel), ("sdist", sdist), ("metadata", metadata)];

/// The bytes are a wheel.
pub(crate) fn wheel(bytes: &[u8]) {
    judged(bytes, "nasty-1.0-py3-none-any.whl");
}

/// The bytes are the tar archive in an sdist; a fuzzer would not find a way through the compression.
pub(crate) fn sdist(bytes: &[u8]) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).expect("memory takes bytes");
    let packed = encoder.finish().expect("memory takes bytes");
    judged(&packed, "nasty-1.0.tar.gz");
}

/// The bytes are METADATA or PKG-INFO.
pub(crate) fn metadata(bytes: &[u8]) {
    let Ok(read) = CoreMetadata::parse(bytes) else {
        return;
    };
    let again = CoreMetadata::parse(bytes).expect("what was read is readable");
    assert_eq!(archive::compare(&read, &again), Ok(vec![]));
    assert!(read.metadata_version.to_string().contains('.'));
}

/// Small, so that the fuzzer meets each of them.
fn limits() -> Limits {
    Limits {
        members: 50,
        decompressed_bytes: 1 << 20,
        ..Limits::default()
    }
}

/// What is accepted can be listed, has in it what was read of it, and says the same under either profile.
fn judged(bytes: &[u8], filename: &str) {
    let filename: Filename = filename.parse().expect("a good filename");
    let (limits, file) = (limits(), || Cursor::new(bytes));
    let look = |profile| archive::inspect(&mut file(), &filename, profile, &limits);
    let (private, pypi) = (look(Profile::Private), look(Profile::Pypi));
    let listing = archive::list(&mut file(), &filename, &limits, u64::MAX);
    let Ok(Contents {
        metadata_bytes,
        core_metadata_sha256,
        members,
        decompressed_bytes,
        ..
    }) = private
    else {
        assert!(pypi.is_err());
        return;
    };
    assert!(pypi.is_ok());
    let listing = listing.expect("what was accepted can be listed");
    assert!(listing.members.len() <= members);
    assert!(decompressed_bytes <= limits.decompressed_bytes);
    let is_metadata = |digest: Option<Sha256>| digest == Some(core_metadata_sha256);
    assert!(listing.members.iter().any(|it| is_metadata(it.sha256)));
    assert_eq!(Sha256::of(&metadata_bytes), core_metadata_sha256);
    for member in &listing.members {
        // A file that RECORD contradicts is in no wheel that was accepted.
        assert_ne!(member.recorded, Some(Recorded::Differs), "{}", member.path);
        assert!(!member.path.starts_with('/') && !member.path.split('/').any(|part| part == ".."));
        let begun = archive::beginning(&mut file(), &filename, &limits, &member.path, 10);
        let begun = begun.expect("what was accepted can be read");
        assert_eq!(begun.is_some(), member.size.is_some(), "{}", member.path);
    }
}
