//! Why a face of a log did not answer.

use aws_lc_rs::error::Unspecified;
use jiff::Timestamp;

use crate::log::{AppendError, LogError};

/// Why an entry is not known to be in the log.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It is there, and its proof could not be read.
    #[error(transparent)]
    Read(#[from] AnswerError),
}

/// Why something that may be in the log could not be told.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Every key's time is over or has not come, or the key of that time is gone.
    #[error("there is no key of this log that is believed at {at}")]
    NoKey {
        /// When the entry came.
        at: Timestamp,
    },
    /// The log's key did not sign.
    #[error("error signing")]
    Signing,
}

impl From<Unspecified> for AnswerError {
    fn from(_: Unspecified) -> Self {
        Self::Signing
    }
}
