//! Attestations that were made elsewhere and lie beside a file: `FILE.publish.attestation`, `FILE.slsa.attestation`,
//! `FILE.*.attestation`. Each is verified before it is sent: an index would refuse the whole upload.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use touchplate_attest::attestation::MAX_ATTESTATION_BYTES;
use touchplate_attest::{
    Attestation, AttestationError, DomainError, PredicateType, Proven, TrustDomains,
};

use super::Distribution;

/// How their names end.
const ENDING: &str = ".attestation";

/// Beside one file. Indexes take two; more than a handful is a mistake.
const MAX_BESIDE: usize = 32;

/// An attestation that lies beside a file, and holds.
#[derive(Debug)]
pub struct Sidecar {
    /// Where it is.
    pub path: PathBuf,
    /// As it is written there.
    pub json: String,
    /// What it proves.
    pub proven: Proven,
}

/// Why what lies beside a file is not sent, and nothing else either.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// The folder or the attestation could not be read.
    #[error("`{}` could not be read", .path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` is not an attestation", .path.display())]
    NotOne {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: AttestationError,
    },
    /// It does not verify for this file.
    #[error("`{}` does not hold for `{}`", .path.display(), .file.display())]
    DoesNotHold {
        /// Where it is.
        path: PathBuf,
        /// The file that it lies beside.
        file: PathBuf,
        /// Why not.
        source: Box<DomainError>,
    },
    /// There is nobody to verify it by.
    #[error("there is no trust root to verify `{}` by", .path.display())]
    NobodyBelieved {
        /// Where it is.
        path: PathBuf,
    },
    /// Two claim the same.
    #[error("`{}` and `{}` are attestations of the same type ({predicate_type})", .one.display(), .other.display())]
    Twice {
        /// Where it is.
        one: PathBuf,
        /// Where the other is.
        other: PathBuf,
        /// What both are.
        predicate_type: PredicateType,
    },
    /// More than anyone means.
    #[error("expected at most {MAX_BESIDE} attestations beside `{}`, found {found}", .file.display())]
    TooMany {
        /// The file.
        file: PathBuf,
        /// How many there are.
        found: usize,
    },
}

/// The attestations beside a file, by name, each verified by the first of `believed` that vouches for it: others than who
/// signs here may have made it.
///
/// # Errors
/// See [`SidecarError`].
pub fn beside(
    file: &Distribution,
    believed: &[TrustDomains],
    now: Timestamp,
) -> Result<Vec<Sidecar>, SidecarError> {
    let paths = paths(file)?;
    if paths.len() > MAX_BESIDE {
        return Err(SidecarError::TooMany {
            file: file.path().to_owned(),
            found: paths.len(),
        });
    }
    let mut sidecars: Vec<Sidecar> = Vec::with_capacity(paths.len());
    for path in paths {
        let sidecar = read(file, path, believed, now)?;
        let predicate_type = sidecar.proven.predicate_type();
        let same = |it: &&Sidecar| it.proven.predicate_type() == predicate_type;
        if let Some(other) = sidecars.iter().find(same) {
            return Err(SidecarError::Twice {
                one: other.path.clone(),
                other: sidecar.path,
                predicate_type,
            });
        }
        sidecars.push(sidecar);
    }
    Ok(sidecars)
}

fn paths(file: &Distribution) -> Result<Vec<PathBuf>, SidecarError> {
    let folder = file.path().parent();
    let folder = folder.filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let unreadable = |source| SidecarError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let begins = format!("{}.", file.filename());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = name.strip_prefix(&begins);
        // `FILE.attestation` says of no type; nobody writes it.
        let kind = kind.and_then(|rest| rest.strip_suffix(ENDING));
        if kind.is_some_and(|kind| !kind.is_empty()) {
            paths.push(file.path().with_file_name(name));
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(
    file: &Distribution,
    path: PathBuf,
    believed: &[TrustDomains],
    now: Timestamp,
) -> Result<Sidecar, SidecarError> {
    let bytes = bounded(&path).map_err(|source| SidecarError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let attestation = Attestation::parse(&bytes).map_err(|source| SidecarError::NotOne {
        path: path.clone(),
        source,
    })?;
    let mut refusal = None;
    for domains in believed {
        match domains.verify_any_predicate(file.facts(), &attestation, now) {
            Ok(vouched) => {
                return Ok(Sidecar {
                    path,
                    json: attestation.json().to_owned(),
                    proven: vouched.proof,
                });
            }
            // What the first says is told: it is whom this run signs by.
            Err(error) => refusal = refusal.or(Some(Box::new(error))),
        }
    }
    Err(match refusal {
        Some(source) => SidecarError::DoesNotHold {
            path,
            file: file.path().to_owned(),
            source,
        },
        None => SidecarError::NobodyBelieved { path },
    })
}

/// One byte more than is allowed: what reads it refuses that.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MAX_ATTESTATION_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
