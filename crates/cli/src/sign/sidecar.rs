//! The attestation beside a file: found, held against the file, written.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;
use touchplate_attest::attestation::MAX_ATTESTATION_BYTES;
use touchplate_attest::crypto::Hash;
use touchplate_attest::{
    Attestation, AttestationError, FileFacts, PredicateType, Proven, Sha256, TrustRoot,
    VerifyError, verify,
};

use crate::report::Failure;
use crate::{files, hashing};

/// As PyPI's clients name it: `FILE.publish.attestation`.
const ENDING: &str = ".publish.attestation";

/// A file to sign, and where its attestation is or will be.
#[derive(Debug)]
pub(crate) struct Sidecar {
    /// The file.
    pub(super) file: PathBuf,
    /// What the attestation is about.
    pub(super) facts: FileFacts,
    /// Where the attestation belongs.
    pub(super) path: PathBuf,
}

/// An attestation that is in its place, and what it proves.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) proven: Proven,
}

#[derive(Debug, thiserror::Error)]
enum SidecarError {
    #[error("the file `{}` could not be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("`{}` is there already, and is not an attestation", .0.display())]
    NotOne(PathBuf, #[source] AttestationError),
    #[error("`{}` is there already, and does not hold for the file", .0.display())]
    DoesNotHold(PathBuf, #[source] VerifyError),
    #[error("`{}` is there already, and claims something else ({found})", .path.display())]
    OtherClaim { path: PathBuf, found: PredicateType },
    #[error("the attestation could not be written to `{}`", .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
}

/// The files that a command line names; what lies beside them as their evidence is passed over.
pub(super) fn of_files(given: &[PathBuf]) -> Result<Vec<Sidecar>, Failure> {
    let paths = crate::verify::distributions(given)?;
    paths.into_iter().map(Sidecar::of).collect()
}

impl Sidecar {
    fn of(file: PathBuf) -> Result<Self, Failure> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let filename = name.parse().map_err(Failure::usage)?;
        let digests = hashing::digests(&file, &[Hash::Sha256])
            .map_err(|error| Failure::outside(SidecarError::Unreadable(file.clone(), error)))?;
        let sha256 = digests.sha256.expect("it was asked for");
        let path = file.with_file_name(format!("{name}{ENDING}"));
        Ok(Self {
            facts: FileFacts {
                filename,
                sha256: Sha256::from_bytes(sha256),
            },
            file,
            path,
        })
    }

    /// The attestation that is there, if there is one. One that does not hold is not overwritten: somebody may want to
    /// know why.
    pub(super) fn kept(&self, root: &TrustRoot, now: Timestamp) -> Result<Option<Kept>, Failure> {
        if !self.path.exists() {
            return Ok(None);
        }
        let path = || self.path.clone();
        let refused = |error| Failure::refused(error).hint("--replace signs the file anew");
        let json = files::read(&self.path, MAX_ATTESTATION_BYTES)?;
        let attestation = Attestation::parse(&json)
            .map_err(|error| refused(SidecarError::NotOne(path(), error)))?;
        let proven = verify(&self.facts, &attestation, root, now)
            .map_err(|error| refused(SidecarError::DoesNotHold(path(), error)))?;
        let found = proven.predicate_type();
        if found != PredicateType::Publish {
            return Err(refused(SidecarError::OtherClaim {
                path: path(),
                found,
            }));
        }
        Ok(Some(Kept { proven }))
    }

    /// Writes an attestation that was verified: readers see all of it, or what was there before.
    pub(super) fn write(&self, json: &str) -> Result<(), Failure> {
        let folder = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        place(folder, &self.path, json.as_bytes())
            .map_err(|error| Failure::outside(SidecarError::Unwritable(self.path.clone(), error)))
    }
}

/// Puts a whole file in its place.
pub(crate) fn place(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // For whoever uploads it, as the file itself is.
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
