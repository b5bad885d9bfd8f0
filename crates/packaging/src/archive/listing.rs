//! What is in an archive, for people who look: each member with its size and digest, and the beginning of one of them.
//!
//! The archive was accepted before, so its rules are not asked again; whatever it holds, reading it is bounded.

use std::io::{Read, Seek};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::archive::members::{Members, Wish};
use crate::archive::stated::{Kind, Rows};
use crate::archive::{ArchiveError, Limits, tar, wheel, zip};
use crate::filename::SdistFormat;
use crate::{Filename, Sha256};

/// One file or link in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path.
    pub path: String,
    /// Its size in bytes; none of a link.
    pub size: Option<u64>,
    /// Its digest; none of a link, or where the archive is too large to be read through.
    pub sha256: Option<Sha256>,
    /// What a wheel's RECORD says of it; none in an sdist.
    pub recorded: Option<Recorded>,
}

/// What RECORD says of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Its digest.
    Agrees,
    /// Another digest.
    Differs,
    /// A digest of another kind than SHA-256, or one that was not compared, since the archive is too large.
    NotCompared,
    /// Its path alone, without a digest.
    PathAlone,
    /// Nothing.
    Nothing,
    /// It is RECORD, or a signature of it, of which RECORD says nothing by its rules.
    Exempt,
}

/// What is in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Each member, by its path.
    pub members: Vec<Member>,
    /// What its members have together, in bytes.
    pub bytes: u64,
    /// Whether digests were computed.
    pub is_hashed: bool,
}

/// The beginning of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Its first bytes.
    pub bytes: Vec<u8>,
    /// How many it has.
    pub size: u64,
}

/// Lists an archive. One that unpacks to more than `hashed` bytes is listed without digests if it is a zip archive, whose
/// directory tells the rest; of a tar archive `limits` say how much is read. Blocking.
///
/// # Errors
/// When it cannot be read within `limits`.
pub fn list(
    file: &mut (impl Read + Seek),
    filename: &Filename,
    limits: &Limits,
    hashed: u64,
) -> Result<Listing, ArchiveError> {
    let record = wheel_record(filename);
    let keep = |path: &str| record.as_deref() == Some(path);
    let wish = Wish {
        lists: true,
        hash_up_to: hashed,
        ..Wish::default()
    };
    let mut members = Members::wishing(wish);
    if is_zip(filename) {
        members = zip::read_some(file, limits, members, keep, |_| true)?;
    } else {
        members = tar::read_into(file, limits, members, keep)?;
    }
    let rows = record.as_deref().and_then(|path| members.kept.get(path));
    let rows = rows.map(|bytes| {
        let dist_info = record.as_deref().and_then(|path| path.rsplit_once('/'));
        let dist_info = dist_info.map_or("", |(folder, _)| folder);
        wheel::recorded(bytes, dist_info).unwrap_or_default()
    });
    let exempt = |path: &str| {
        let record = record.as_deref().unwrap_or_default();
        path == record || path == format!("{record}.jws") || path == format!("{record}.p7s")
    };
    let listed = members.files.iter().map(|path| {
        let known = members.sizes.get(path);
        let sha256 = known.and_then(|known| known.sha256);
        let recorded = rows.as_ref().map(|rows| {
            if exempt(path) {
                Recorded::Exempt
            } else {
                compared(rows, path, sha256.as_ref())
            }
        });
        Member {
            path: path.clone(),
            size: known.map(|known| known.bytes),
            sha256,
            recorded,
        }
    });
    let members_told: Vec<Member> = listed.collect();
    Ok(Listing {
        bytes: members.sizes.values().map(|known| known.bytes).sum(),
        is_hashed: members.sizes.values().all(|known| known.sha256.is_some()),
        members: members_told,
    })
}

/// The first `first` bytes of the member of that path; none if there is no such file. Blocking.
///
/// # Errors
/// When the archive cannot be read within `limits`.
pub fn beginning(
    file: &mut (impl Read + Seek),
    filename: &Filename,
    limits: &Limits,
    path: &str,
    first: usize,
) -> Result<Option<Beginning>, ArchiveError> {
    let limits = &Limits {
        kept_bytes: first,
        ..*limits
    };
    let wish = Wish {
        lists: true,
        cuts: true,
        ..Wish::default()
    };
    let is_it = |other: &str| other == path;
    let mut members = Members::wishing(wish);
    if is_zip(filename) {
        members = zip::read_some(file, limits, members, is_it, is_it)?;
    } else {
        members = tar::read_into(file, limits, members, is_it)?;
    }
    let size = members.sizes.get(path).map(|known| known.bytes);
    let bytes = members.kept.remove(path);
    Ok(bytes
        .zip(size)
        .map(|(bytes, size)| Beginning { bytes, size }))
}

fn is_zip(filename: &Filename) -> bool {
    match filename {
        Filename::Wheel(_) => true,
        Filename::Sdist(sdist) => sdist.format() == SdistFormat::Zip,
    }
}

fn wheel_record(filename: &Filename) -> Option<String> {
    match filename {
        Filename::Wheel(wheel) => {
            let (name, version) = wheel.name_and_version();
            Some(format!("{name}-{version}.dist-info/RECORD"))
        }
        Filename::Sdist(_) => None,
    }
}

fn compared(rows: &Rows, path: &str, sha256: Option<&Sha256>) -> Recorded {
    let Some(stated) = rows.get(&path.replace('\\', "/")) else {
        return Recorded::Nothing;
    };
    match (stated.kind(), sha256) {
        (Kind::None, _) => Recorded::PathAlone,
        (Kind::Sha256, Some(sha256)) => {
            let own = URL_SAFE_NO_PAD.encode(sha256.as_bytes());
            if stated.agrees(&own) {
                Recorded::Agrees
            } else {
                Recorded::Differs
            }
        }
        (Kind::Sha256 | Kind::Sha384 | Kind::Sha512 | Kind::Other, _) => Recorded::NotCompared,
    }
}
