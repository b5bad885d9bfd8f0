//! What a wheel puts on the disk: each member's digest, of the very bytes that its attestations are about. RECORD inside it
//! says the same, where the index saw to that; members are what installers write.

use std::fs::File;
use std::io::{Read, Seek};

use touchplate_attest::Sha256;
use touchplate_packaging::Filename;
use touchplate_packaging::archive::{self, ArchiveError, Limits};
use touchplate_packaging::installed::MAX_LAUNCHER_BYTES;

/// The largest wheels have some gigabytes; what an index announces counts where it is less.
pub(super) const MAX_WHEEL_BYTES: u64 = 10 << 30;

/// Scripts of one wheel whose first lines are looked at. Real ones have a handful.
const MAX_SCRIPTS: usize = 500;

/// The members of a wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelContents {
    /// The digest of the wheel.
    pub sha256: Sha256,
    /// Its files.
    pub files: Vec<WheelMember>,
}

/// One file of a wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelMember {
    /// Its path in the wheel.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256,
    /// Of a script whose first line installers write anew (`#!python`), the digest of what follows that.
    pub body: Option<Sha256>,
}

impl WheelContents {
    /// Reads a wheel whose digest is known. Blocking.
    ///
    /// # Errors
    /// It cannot be read within the limits of archives.
    pub fn read(
        file: &mut File,
        filename: &Filename,
        sha256: Sha256,
    ) -> Result<Self, ArchiveError> {
        let limits = Limits::default();
        let listing = archive::list(file, filename, &limits, limits.decompressed_bytes)?;
        let mut files = Vec::with_capacity(listing.members.len());
        let mut scripts = 0;
        for member in listing.members {
            // A link in a wheel is none to any installer; what it becomes on the disk cannot be foretold.
            let (Some(size), Some(sha256)) = (member.size, member.sha256) else {
                continue;
            };
            let body = if is_script(&member.path) && scripts < MAX_SCRIPTS {
                scripts += 1;
                body(file, filename, &limits, &member.path)?
            } else {
                None
            };
            files.push(WheelMember {
                path: member.path,
                size,
                sha256,
                body,
            });
        }
        Ok(Self { sha256, files })
    }
}

/// `{name}-{version}.data/scripts/…`
fn is_script(path: &str) -> bool {
    let mut parts = path.splitn(3, '/');
    let data = parts.next().is_some_and(|first| first.ends_with(".data"));
    data && parts.next() == Some("scripts")
}

fn body(
    file: &mut (impl Read + Seek),
    filename: &Filename,
    limits: &Limits,
    path: &str,
) -> Result<Option<Sha256>, ArchiveError> {
    let beginning = archive::beginning(file, filename, limits, path, MAX_LAUNCHER_BYTES)?;
    Ok(beginning.and_then(|it| {
        let whole = it.bytes.len() as u64 == it.size;
        let first = it.bytes.iter().position(|byte| *byte == b'\n')?;
        let body = it.bytes.get(first + 1..)?;
        (whole && it.bytes.starts_with(b"#!python")).then(|| Sha256::of(body))
    }))
}
