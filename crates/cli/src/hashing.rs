//! Digests of a file, as many as are wanted in one reading.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::Digest as _;
use touchplate_attest::Artifact;
use touchplate_attest::crypto::Hash;

use crate::verify::Progress;

/// Large enough to make reads cheap, small enough for any cache.
const PART_BYTES: usize = 128 << 10;

/// The digests of the file at `path` by the functions in `wanted`.
pub(crate) fn digests(path: &Path, wanted: &[Hash]) -> io::Result<Artifact> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let progress = Progress::of(1, length, false);
    let mut shown = progress.file(Some(length));
    let mut count = 0;
    let mut sha256 = wanted.contains(&Hash::Sha256).then(sha2::Sha256::new);
    let mut sha384 = wanted.contains(&Hash::Sha384).then(sha2::Sha384::new);
    let mut sha512 = wanted.contains(&Hash::Sha512).then(sha2::Sha512::new);
    let mut part = vec![0; PART_BYTES];
    loop {
        let read = match file.read(&mut part) {
            Ok(0) => break,
            Ok(read) => part.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        sha256.iter_mut().for_each(|it| it.update(read));
        sha384.iter_mut().for_each(|it| it.update(read));
        sha512.iter_mut().for_each(|it| it.update(read));
        count += read.len() as u64;
        shown.at(count);
    }
    progress.end();
    Ok(Artifact {
        sha256: sha256.map(|it| it.finalize().into()),
        sha384: sha384.map(|it| it.finalize().into()),
        sha512: sha512.map(|it| it.finalize().into()),
    })
}
