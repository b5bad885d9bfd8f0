//! Why a file was not taken.

use touchplate_packaging::{Filename, Sha256};
use url::Url;

use crate::fetch::{Cause, FetchError};
use crate::publish::access::AccessError;

/// Why a file was not taken. What the index said is in its own words.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// There is no credential.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// It could not be sent.
    #[error("the file could not be sent")]
    Fetch(#[source] FetchError),
    /// The URL leads elsewhere.
    #[error("{url} answered {status}: uploads are redirected{}", leading(.to.as_deref()))]
    Redirect {
        /// Where it was sent.
        url: Url,
        /// What was answered.
        status: u16,
        /// Where it leads.
        to: Option<String>,
    },
    /// A page for people came back.
    #[error("{url} answered an upload with {status} and a page for people (HTML)")]
    Page {
        /// Where it was sent.
        url: Url,
        /// What was answered.
        status: u16,
    },
    /// 404 or 405.
    #[error("{url} takes no uploads: it answered {status}")]
    NotForUploads {
        /// Where it was sent.
        url: Url,
        /// What was answered.
        status: u16,
    },
    /// 401 or 403.
    #[error("{url} answered {status}: this uploader may not{}", saying(.said))]
    Denied {
        /// Where it was sent.
        url: Url,
        /// What was answered.
        status: u16,
        /// In the index's words.
        said: String,
    },
    /// 401 or 403, and no other token.
    #[error("{0}, and no other token could be had")]
    NotRenewed(Box<UploadError>, #[source] AccessError),
    /// 413.
    #[error("the index does not take files of {bytes} bytes (413){}", saying(.said))]
    TooLarge {
        /// How large it is.
        bytes: u64,
        /// In the index's words.
        said: String,
    },
    /// 429, again and again.
    #[error("{url} goes on answering 429, too many requests{}", saying(.said))]
    Busy {
        /// Where it was sent.
        url: Url,
        /// In the index's words.
        said: String,
    },
    /// The server failed, again and again.
    #[error("{url} failed with {status}, and does not list the file{}", saying(.said))]
    Failed {
        /// Where it was sent.
        url: Url,
        /// What was answered.
        status: u16,
        /// In the index's words.
        said: String,
    },
    /// The index refused it.
    #[error("{url} answered {status}{}", saying(.said))]
    Refused {
        /// Where it was sent.
        url: Url,
        /// What was answered.
        status: u16,
        /// In the index's words.
        said: String,
    },
    /// 202, and nothing came of it that could be seen.
    #[error(
        "{url} took the file to decide on it later (202), and whether it is published cannot be told: {why}"
    )]
    Promised {
        /// Where it was sent.
        url: Url,
        /// Why it cannot be told.
        why: String,
    },
    /// Other bytes are there under that name.
    #[error(
        "the index has another `{filename}`: it lists sha256 {listed}, and this file has {ours}"
    )]
    Conflict {
        /// The filename.
        filename: Filename,
        /// This file's digest.
        ours: Sha256,
        /// What is listed.
        listed: Sha256,
    },
    /// The index says that it has the file, and which bytes cannot be told.
    #[error(
        "the index says that it has a file of that name, and whether it is this one cannot be told: {why}{}",
        saying(.said)
    )]
    ExistsUnseen {
        /// In the index's words.
        said: String,
        /// Why it cannot be told.
        why: String,
    },
}

fn leading(to: Option<&str>) -> String {
    to.map(|to| format!(" to {to}")).unwrap_or_default()
}

fn saying(said: &str) -> String {
    match said {
        "" => String::new(),
        said => format!("; it says: {said}"),
    }
}

impl UploadError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Access(source) => source.cause(),
            Self::Fetch(source) => source.cause(),
            Self::Redirect { .. } | Self::Page { .. } | Self::NotForUploads { .. } => {
                Cause::Configuration
            }
            Self::Denied { .. }
            | Self::NotRenewed(..)
            | Self::TooLarge { .. }
            | Self::Refused { .. }
            | Self::Conflict { .. }
            | Self::ExistsUnseen { .. } => Cause::No,
            Self::Busy { .. } | Self::Failed { .. } | Self::Promised { .. } => Cause::Outside,
        }
    }
}
