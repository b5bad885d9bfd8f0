//! The folder of a private trust stack, and what there is in it.
//!
//! `stack.toml` describes the stack: where it is, who runs it, and each key with what it is for, when it is believed and
//! where it lies. It holds nothing secret. Keys lie in `keys/`, encrypted; certificates in `certificates/`. What clients
//! need (`root.json` and its neighbours) is made from the description and written beside it.

mod files;
mod founding;
mod ring;
mod rotation;
mod url;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_attest::DomainName;
use touchplate_attest::domain::ProjectPattern;

use crate::certificate;
use crate::forge::TrustError;
use crate::keys::{InvalidSecret, SealError, Secret};

pub use founding::{Founding, SecretFile};
pub use ring::{Held, KeyRing, Keys};
pub use rotation::{Rotated, Rotation};
pub use url::{InvalidOperator, InvalidStackUrl, Operator, StackUrl};

/// The description's name in the folder. A folder without it holds no stack.
pub const DESCRIPTION: &str = "stack.toml";

/// What is written and read.
const VERSION: u32 = 1;

/// A description: a stack that is rotated each month for ten years has a few hundred kilobytes.
const MAX_DESCRIPTION_BYTES: u64 = 1 << 20;

/// Keys and chains have some kilobytes.
const MAX_KEY_BYTES: u64 = 64 << 10;

/// A stack: its folder, and what is in it.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
    description: Description,
}

/// What `stack.toml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    version: u32,
    /// Where its clients reach it. The logs are named after it, so it stays.
    pub url: StackUrl,
    /// Who runs it: the organization in its certificates.
    pub operator: Operator,
    /// What the index calls the trust domain that it is the root of.
    pub domain: DomainName,
    /// The project names that the domain may speak for, where the index believes it.
    pub projects: Vec<ProjectPattern>,
    /// Where people sign in to get an identity; none where only machines sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<String>,
    /// The file that keys are decrypted with; relative to the folder.
    pub secret: PathBuf,
    /// Every key that there ever was.
    #[serde(rename = "key")]
    pub keys: Vec<KeyEntry>,
}

/// A key of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// What it is for.
    pub role: Role,
    /// Its private part, encrypted; relative to the folder.
    pub file: PathBuf,
    /// SubjectPublicKeyInfo, DER in Base64.
    pub public: String,
    /// Its certificate and those above it, PEM; relative to the folder. Logs' keys have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<PathBuf>,
    /// From when on it is believed.
    pub start: Timestamp,
    /// Until when; without end if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Certifies the authority's keys. Needed to make and rotate them alone: it can be kept elsewhere.
    Root,
    /// Certifies signers' keys.
    Authority,
    /// Signs the log of Rekor's version 1.
    Rekor1,
    /// Signs the log of Rekor's version 2.
    Rekor2,
    /// Signs certificate timestamps and the certificate log.
    Ct,
    /// Signs timestamps.
    Tsa,
}

/// Why a stack could not be made, read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// There is a stack already.
    #[error("{} is there already: a stack's keys and logs are made once", .path.display())]
    Exists {
        /// Its description.
        path: PathBuf,
    },
    /// A file that was to be made is there.
    #[error("{} is there already and is not overwritten", .path.display())]
    FileExists {
        /// Which.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("{} cannot be written", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is far longer than what it should hold.
    #[error("{} is longer than the {limit} bytes that are read", .path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// The description is no TOML of the form that it should have.
    #[error("{} is no description of a trust stack", .path.display())]
    Description {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A description of another version.
    #[error("{} has version {found}; this program reads version {VERSION}", .path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// The version.
        found: u32,
    },
    /// A file holds no secret.
    #[error("{} holds nothing to decrypt keys with", .path.display())]
    Secret {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: InvalidSecret,
    },
    /// A key cannot be opened.
    #[error("the key {} cannot be used", .path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: SealError,
    },
    /// A key is another than the one described.
    #[error("{} holds another key than the one that {DESCRIPTION} describes", .path.display())]
    OtherKey {
        /// Its file.
        path: PathBuf,
    },
    /// A chain is none, or not the key's.
    #[error("{} does not hold the certificates of its key, from the key's own up", .path.display())]
    Chain {
        /// Its file.
        path: PathBuf,
    },
    /// A public key is not Base64.
    #[error("a public key in {DESCRIPTION} is not Base64")]
    Public,
    /// Nothing to sign with.
    #[error("there is no key for {role} that is believed now")]
    NoKey {
        /// What for.
        role: Role,
    },
    /// Something could not be made.
    #[error("keys and certificates could not be made")]
    Make(#[from] TrustError),
    /// JSON or TOML could not be written.
    #[error("the description could not be written as text")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Authority => "authority",
            Self::Rekor1 => "rekor1",
            Self::Rekor2 => "rekor2",
            Self::Ct => "ct",
            Self::Tsa => "tsa",
        })
    }
}

impl Layout {
    /// Reads the stack in `folder`; none if there is none.
    ///
    /// # Errors
    /// When the description cannot be read.
    pub fn open(folder: &Path) -> Result<Option<Self>, LayoutError> {
        let path = folder.join(DESCRIPTION);
        let Some(text) = files::read_if_there(&path, MAX_DESCRIPTION_BYTES)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&text);
        let description: Description =
            toml::from_str(&text).map_err(|source| LayoutError::Description {
                path: path.clone(),
                source: Box::new(source),
            })?;
        if description.version != VERSION {
            let found = description.version;
            return Err(LayoutError::Version { path, found });
        }
        Ok(Some(Self {
            folder: folder.to_owned(),
            description,
        }))
    }

    /// What is in it.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file of the description is.
    pub fn path(&self, file: &Path) -> PathBuf {
        self.folder.join(file)
    }

    /// Reads what keys are decrypted with, from `file` or from where the description says.
    ///
    /// # Errors
    /// When the file cannot be read or holds no secret.
    pub fn secret(&self, file: Option<&Path>) -> Result<Secret, LayoutError> {
        let path = match file {
            Some(file) => file.to_owned(),
            None => self.path(&self.description.secret),
        };
        read_secret(&path)
    }

    /// The certificates of a key, DER, from its own up.
    ///
    /// # Errors
    /// When they cannot be read, or are none.
    pub fn chain(&self, entry: &KeyEntry) -> Result<Vec<Vec<u8>>, LayoutError> {
        let Some(file) = &entry.certificates else {
            return Ok(Vec::new());
        };
        let path = self.path(file);
        let pem = files::read(&path, MAX_KEY_BYTES)?;
        certificate::chain_from_pem(&pem).map_err(|_| LayoutError::Chain { path })
    }
}

fn read_secret(path: &Path) -> Result<Secret, LayoutError> {
    let contents = files::read(path, MAX_KEY_BYTES)?;
    Secret::from_file(&contents).map_err(|source| LayoutError::Secret {
        path: path.to_owned(),
        source,
    })
}
