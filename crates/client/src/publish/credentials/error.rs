//! Why it cannot be said where to upload or as whom.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::fetch::{ConfigurationError, InvalidUrl};

/// Why it cannot be said where to upload or as whom. No message holds a secret: what was written is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A configuration file.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// What stands where a URL should.
    #[error("the upload URL from {origin} cannot be used")]
    Url {
        /// Where it was found.
        origin: String,
        /// Why.
        source: InvalidUrl,
    },
    /// A name that no file explains.
    #[error(
        "`{name}`, from {origin}, is no URL, and no section of `.pypirc` with a `repository` and no index of uv's configuration with a `publish-url` has that name; no index is built in"
    )]
    UnknownName {
        /// The name.
        name: String,
        /// Where it was found.
        origin: String,
    },
    /// Nobody said which.
    #[error(
        "configuration files name several indexes to upload to, in {origins}: say which one with `--index NAME`"
    )]
    Several {
        /// Where they were found.
        origins: String,
    },
    /// A token is a username and a password already.
    #[error(
        "{origin} gives a token and also a username or password: give either the token or both of the others"
    )]
    TokenAndMore {
        /// Where they were found.
        origin: String,
    },
    /// A `.pypirc` that is there and not to be read.
    #[error("line {line} of `{}` is neither a section nor a `key = value`", path.display())]
    Pypirc {
        /// The file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
    },
    /// The program did not run.
    #[error("`keyring` could not be run")]
    Keyring(#[source] io::Error),
    /// The program does not come to an end.
    #[error(
        "`keyring` gave no answer in {seconds} seconds: it may be waiting for somebody to unlock it"
    )]
    KeyringSilent {
        /// How long was waited.
        seconds: u64,
    },
    /// The program fails in another way than having nothing.
    #[error("`keyring` failed ({status}): {said}")]
    KeyringFailed {
        /// How it ended.
        status: ExitStatus,
        /// What it said, shortened.
        said: String,
    },
}
