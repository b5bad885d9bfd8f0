//! The logs of a root as those see them who follow a log: where it is, and whether it signed a checkpoint.

use super::{Log, TrustRoot};
use crate::log::Checkpoint;

/// What a log records, and how it is told apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// Signatures, with Rekor v1 in front.
    Rekor1,
    /// Signatures, with Rekor v2 in front.
    Rekor2,
    /// Certificates (RFC 6962).
    Certificates,
}

/// A log of a trust root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedLog {
    /// Its id: what log entries and certificate timestamps know it by.
    pub id: [u8; 32],
    /// Its address.
    pub url: String,
    /// What it records.
    pub kind: LogKind,
}

/// Why a checkpoint is not a log's word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotItsCheckpoint {
    /// It names another log.
    #[error("the checkpoint is of {found}, and not of {expected}")]
    Origin {
        /// The log's name.
        expected: String,
        /// The first line.
        found: String,
    },
    /// No signature line has the log's name and key.
    #[error("the checkpoint is not signed by the key that the trust root has for this log")]
    NotSigned,
    /// There is one, and it does not hold.
    #[error("the signature of the checkpoint does not hold")]
    Signature,
}

impl TrustRoot {
    /// The logs at an address, one for each key that it has had. A slash at the end makes no difference.
    pub fn logs_at(&self, url: &str) -> Vec<FollowedLog> {
        let is_there = |other: &str| other.trim_end_matches('/') == url.trim_end_matches('/');
        let material = self.material();
        let logs = material.logs.iter().map(|log| FollowedLog {
            id: log.id,
            url: log.url.clone(),
            kind: if log.is_rekor_v1 {
                LogKind::Rekor1
            } else {
                LogKind::Rekor2
            },
        });
        let certificates = material.certificate_logs.iter().map(|log| FollowedLog {
            id: log.id,
            url: log.url.clone(),
            kind: LogKind::Certificates,
        });
        logs.chain(certificates)
            .filter(|log| is_there(&log.url))
            .collect()
    }

    /// Whether a log of this root signed a checkpoint. That it is a newer one than others, and does not contradict them,
    /// is for the caller to find out.
    ///
    /// # Errors
    /// It did not.
    pub fn check_checkpoint(
        &self,
        log: &FollowedLog,
        checkpoint: &Checkpoint,
    ) -> Result<(), NotItsCheckpoint> {
        let material = self.material();
        let key = match log.kind {
            LogKind::Rekor1 | LogKind::Rekor2 => material.log(&log.id).map(|it| &it.key),
            LogKind::Certificates => material.certificate_log(&log.id).map(|it| &it.key),
        };
        let key = key.ok_or(NotItsCheckpoint::NotSigned)?;
        let name = Log::name_of(&log.url);
        if !Log::is_origin(name, checkpoint.origin()) {
            return Err(NotItsCheckpoint::Origin {
                expected: name.to_owned(),
                found: crate::json::shown(checkpoint.origin()),
            });
        }
        let ours = checkpoint.signatures();
        let ours = ours.filter(|it| it.name == name && log.id.starts_with(&it.key_hint));
        let mut answer = Err(NotItsCheckpoint::NotSigned);
        for signature in ours {
            if key
                .verify(checkpoint.text().as_bytes(), &signature.bytes)
                .is_ok()
            {
                return Ok(());
            }
            answer = Err(NotItsCheckpoint::Signature);
        }
        answer
    }
}
