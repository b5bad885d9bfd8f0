//! What a bundle must be about: a file, or only its digest.

use std::io;
use std::path::{Path, PathBuf};

use touchplate_attest::Artifact;
use touchplate_attest::crypto::Hash;

use crate::hashing;
use crate::report::Failure;

/// The artifact as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// A file.
    File(PathBuf),
    /// A file that is not at hand.
    Digest(Artifact),
}

/// The artifact with its digests, and where it is if it is at hand.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) path: Option<PathBuf>,
    pub(super) artifact: Artifact,
}

#[derive(Debug, thiserror::Error)]
enum ArtifactError {
    #[error("the file `{}` could not be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("`{}` is a directory; expected a file or a digest", .0.display())]
    Directory(PathBuf),
    #[error(
        "expected {expected} hexadecimal digits after `{algorithm}:`, found {found}, and there is no file of that name"
    )]
    Digest {
        algorithm: &'static str,
        expected: usize,
        found: String,
    },
}

impl From<ArtifactError> for Failure {
    fn from(error: ArtifactError) -> Self {
        match &error {
            ArtifactError::Unreadable(..) => Self::outside(error),
            ArtifactError::Directory(_) | ArtifactError::Digest { .. } => Self::usage(error),
        }
    }
}

/// The functions whose digests can stand in for a file.
pub(super) const HASHES: [(&str, Hash); 3] = [
    ("sha256", Hash::Sha256),
    ("sha384", Hash::Sha384),
    ("sha512", Hash::Sha512),
];

impl Given {
    /// A file of that name comes before a digest: sigstore-conformance's protocol has it so.
    pub(super) fn read(given: &Path) -> Result<Self, Failure> {
        if given.is_dir() {
            return Err(ArtifactError::Directory(given.to_owned()).into());
        }
        if given.symlink_metadata().is_ok() {
            return Ok(Self::File(given.to_owned()));
        }
        match given.to_str().map(digest) {
            Some(Ok(Some(artifact))) => Ok(Self::Digest(artifact)),
            Some(Err(error)) => Err(error.into()),
            // Reading it says that it is not there.
            Some(Ok(None)) | None => Ok(Self::File(given.to_owned())),
        }
    }

    /// Its digests: those that were given, or those in `wanted` of the file.
    pub(super) fn digests(self, wanted: &[Hash]) -> Result<Target, Failure> {
        match self {
            Self::Digest(artifact) => Ok(Target {
                path: None,
                artifact,
            }),
            Self::File(path) => match hashing::digests(&path, wanted) {
                Ok(artifact) => Ok(Target {
                    path: Some(path),
                    artifact,
                }),
                Err(error) => Err(ArtifactError::Unreadable(path, error).into()),
            },
        }
    }
}

impl Target {
    /// The file's name, or its digest.
    pub(super) fn name(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => self
                .known()
                .next()
                .map(|(algorithm, digest)| format!("{algorithm}:{digest}"))
                .unwrap_or_default(),
        }
    }

    /// Every digest that is known, in hexadecimal.
    pub(super) fn known(&self) -> impl Iterator<Item = (&'static str, String)> {
        HASHES.iter().filter_map(|(name, hash)| {
            let digest = self.artifact.digest(*hash)?;
            Some((*name, crate::screen::hex(digest)))
        })
    }
}

/// Reads `sha256:HEX` and the like; nothing where `given` does not begin so.
fn digest(given: &str) -> Result<Option<Artifact>, ArtifactError> {
    let Some((algorithm, digits)) = given.split_once(':') else {
        return Ok(None);
    };
    let mut artifact = Artifact::default();
    match algorithm {
        "sha256" => artifact.sha256 = Some(exactly("sha256", digits)?),
        "sha384" => artifact.sha384 = Some(exactly("sha384", digits)?),
        "sha512" => artifact.sha512 = Some(exactly("sha512", digits)?),
        _ => return Ok(None),
    }
    Ok(Some(artifact))
}

fn exactly<const N: usize>(
    algorithm: &'static str,
    digits: &str,
) -> Result<[u8; N], ArtifactError> {
    bytes(digits).ok_or_else(|| ArtifactError::Digest {
        algorithm,
        expected: 2 * N,
        found: if digits.chars().all(|c| c.is_ascii_hexdigit()) {
            digits.len().to_string()
        } else {
            "other characters".to_owned()
        },
    })
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let nibbles: Vec<u32> = digits
        .chars()
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = nibbles
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [high, low] => u8::try_from(high << 4 | low).ok(),
            _ => None,
        })
        .collect();
    let whole = nibbles.len() == 2 * N;
    whole.then_some(bytes)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_its_function_and_its_length() {
        let zeros = |n: usize| "0".repeat(n);
        let good = digest(&format!("sha384:{}", zeros(96))).unwrap().unwrap();
        assert_eq!(
            good,
            Artifact {
                sha384: Some([0; 48]),
                ..Artifact::default()
            }
        );
        let mixed = digest(&format!("sha256:{}aB", zeros(62))).unwrap().unwrap();
        assert_eq!(mixed.sha256.unwrap().last(), Some(&0xab));
        for text in ["a.txt", "c:\\a", "sha1:00", "http://x"] {
            assert_eq!(digest(text).unwrap(), None, "{text}");
        }
        for (text, found) in [
            ("sha256:", "0"),
            (&*format!("sha256:{}", zeros(63)), "63"),
            (&*format!("sha512:{}", zeros(64)), "64"),
            (&*format!("sha256:{}g", zeros(63)), "other characters"),
            (&*format!("sha256:{}\u{e4}", zeros(62)), "other characters"),
        ] {
            let message = digest(text).unwrap_err().to_string();
            assert!(message.contains(&format!("found {found},")), "{message}");
        }
    }
}
