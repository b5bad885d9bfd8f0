//! `direct_url.json` (PEP 610): that it came from no index, and from where.

use serde::Deserialize;

use super::MAX_INSTALLED_BYTES;

/// Where a distribution came from that came from no index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectUrl {
    /// A directory that is still used where it is.
    Editable(String),
    /// A directory.
    Directory(String),
    /// A checkout of a repository.
    Vcs(String),
    /// A file.
    Archive(String),
}

/// Why bytes are no `direct_url.json`.
#[derive(Debug, thiserror::Error)]
pub enum DirectUrlError {
    /// Not JSON, or not of this form.
    #[error("expected JSON with `url` and one of `dir_info`, `vcs_info` and `archive_info`")]
    Json(#[source] serde_json::Error),
    /// None of the three, or several.
    #[error("expected one of `dir_info`, `vcs_info` and `archive_info`")]
    Kind,
    /// Longer than any.
    #[error("it has more than {MAX_INSTALLED_BYTES} bytes")]
    TooLong,
}

#[derive(Deserialize)]
struct Wire {
    url: String,
    dir_info: Option<DirInfo>,
    vcs_info: Option<serde::de::IgnoredAny>,
    archive_info: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

impl DirectUrl {
    /// Reads it.
    ///
    /// # Errors
    /// See [`DirectUrlError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DirectUrlError> {
        if bytes.len() > MAX_INSTALLED_BYTES {
            return Err(DirectUrlError::TooLong);
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(DirectUrlError::Json)?;
        match (wire.dir_info, wire.vcs_info, wire.archive_info) {
            (Some(DirInfo { editable: true }), None, None) => Ok(Self::Editable(wire.url)),
            (Some(_), None, None) => Ok(Self::Directory(wire.url)),
            (None, Some(_), None) => Ok(Self::Vcs(wire.url)),
            (None, None, Some(_)) => Ok(Self::Archive(wire.url)),
            _ => Err(DirectUrlError::Kind),
        }
    }
}
