//! Which index to ask, found where pip and uv are told: nothing is built in.

mod pip;
mod uv;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use url::Url;

use super::Environment;
use super::credentials::{InvalidUrl, parse_url};
pub(crate) use uv::{UvConfiguration, nearest as nearest_uv};

/// A configuration file has a few lines.
const MAX_CONFIGURATION_BYTES: u64 = 1 << 20;

/// Environment variables that name the index, in the order in which they count.
const VARIABLES: [&str; 3] = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"];

/// An index URL: the address of a Simple API.
#[derive(Clone, Debug)]
pub struct IndexUrl {
    /// The address, without credentials.
    pub url: Url,
    /// The `Authorization` header for it, if the address held credentials.
    pub authorization: Option<String>,
    /// Where it was found, in words.
    pub origin: String,
}

/// Where to look.
#[derive(Clone, Copy)]
pub struct Places<'p> {
    /// The environment.
    pub variable: Environment<'p>,
    /// The working directory.
    pub folder: &'p Path,
    /// Where `etc` is: `/`, but in tests.
    pub system: &'p Path,
}

/// What pip or uv is told cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// It is no URL. The message does not repeat it, since it may hold a password.
    #[error("the index URL from {origin} cannot be used")]
    Url {
        /// Where it was found.
        origin: String,
        /// Why.
        source: InvalidUrl,
    },
    /// A file is there and cannot be read.
    #[error("`{}` could not be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not TOML.
    #[error("`{}` is not TOML", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
}

impl IndexUrl {
    /// Reads an index URL; `origin` says where it is from.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigurationError> {
        let parsed = parse_url(text).map_err(|source| ConfigurationError::Url {
            origin: origin.to_owned(),
            source,
        });
        let (url, authorization) = parsed?;
        Ok(Self {
            url,
            authorization,
            origin: origin.to_owned(),
        })
    }

    /// The index that the environment names, else pip's configuration, else uv's; none if none does.
    ///
    /// # Errors
    /// See [`ConfigurationError`].
    pub fn find(places: Places<'_>) -> Result<Option<Self>, ConfigurationError> {
        for name in VARIABLES {
            if let Some(value) = set(places.variable, name) {
                return Self::parse(&value, name).map(Some);
            }
        }
        let found = match pip::find(places)? {
            Some(found) => Some(found),
            None => uv::find(places)?,
        };
        found
            .map(|(value, path)| Self::parse(&value, &format!("`{}`", path.display())))
            .transpose()
    }
}

fn set(variable: Environment<'_>, name: &str) -> Option<String> {
    variable(name).filter(|value| !value.is_empty())
}

/// The folder for a user's configuration.
fn user_folder(variable: Environment<'_>) -> Option<PathBuf> {
    set(variable, "XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(set(variable, "HOME")?).join(".config")))
}

/// The text of a file, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<String>, ConfigurationError> {
    let unreadable = |source| ConfigurationError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(MAX_CONFIGURATION_BYTES)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests;
