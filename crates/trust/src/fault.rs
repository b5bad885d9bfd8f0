//! Attestations that are wrong in one known way, for showing what is refused.

use jiff::SignedDuration;
use touchplate_attest::Sha256;

use crate::recipe::{KeyHolder, Recipe, later};

/// One thing that is wrong with an attestation; all else about it is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The certificate had expired when the log took the entry.
    CertificateExpired,
    /// The certificate was not yet valid when the log took the entry.
    CertificateNotYetValid,
    /// The certificate is signed by a stranger's authority.
    ForeignAuthority,
    /// The certificate's timestamp is signed by a stranger.
    ForeignCertificateTimestamp,
    /// The certificate's timestamp was made for another certificate.
    TimestampOfAnotherCertificate,
    /// The entry is of a log that is not in the trust root.
    ForeignLog,
    /// The log's promise is signed by a stranger.
    ForeignPromise,
    /// The checkpoint is signed by a stranger.
    ForeignCheckpoint,
    /// The log has another statement.
    OtherPayloadLogged,
    /// The log says that it took the entry this much later than it did, and the certificate is of then too.
    LoggedInFuture(SignedDuration),
    /// The statement is signed by a stranger's key.
    OtherKey,
    /// The statement is about a file with this name.
    OtherFilename(String),
    /// The statement is about a file with this digest.
    OtherSha256(Sha256),
    /// The statement has a second subject.
    TwoSubjects,
}

impl Fault {
    /// Makes the recipe wrong in this way.
    pub fn apply(&self, recipe: &mut Recipe) {
        let Recipe {
            statement,
            certificate,
            entries,
            ..
        } = recipe;
        let (Some(entry), Some(timestamp)) =
            (entries.first_mut(), certificate.timestamps.first_mut())
        else {
            return;
        };
        match self {
            Self::CertificateExpired => {
                let hour = SignedDuration::from_hours(1);
                certificate.not_before = later(certificate.not_before, -hour);
                certificate.not_after = later(certificate.not_after, -hour);
                timestamp.time = certificate.not_before;
            }
            Self::CertificateNotYetValid => {
                let minute = SignedDuration::from_mins(1);
                certificate.not_before = later(certificate.not_before, minute);
                certificate.not_after = later(certificate.not_after, minute);
            }
            Self::ForeignAuthority => certificate.signed_by = KeyHolder::Stranger,
            Self::ForeignCertificateTimestamp => timestamp.signed_by = KeyHolder::Stranger,
            Self::TimestampOfAnotherCertificate => timestamp.of_another = true,
            Self::ForeignLog => entry.by_foreign_log = true,
            Self::ForeignPromise => entry.promise = Some(KeyHolder::Stranger),
            Self::ForeignCheckpoint => {
                if let Some(checkpoint) = &mut entry.checkpoint {
                    checkpoint.signed_by = KeyHolder::Stranger;
                }
            }
            Self::OtherPayloadLogged => entry.body.other_payload = true,
            Self::LoggedInFuture(by) => {
                entry.time = later(entry.time, *by);
                certificate.not_before = later(certificate.not_before, *by);
                certificate.not_after = later(certificate.not_after, *by);
            }
            Self::OtherKey => recipe.signed_by = KeyHolder::Stranger,
            Self::OtherFilename(name) => {
                for (subject, _) in &mut statement.subjects {
                    subject.clone_from(name);
                }
            }
            Self::OtherSha256(sha256) => {
                for (_, digests) in &mut statement.subjects {
                    digests.insert("sha256".to_owned(), sha256.to_string());
                }
            }
            Self::TwoSubjects => statement.subjects.extend(statement.subjects.clone()),
        }
    }
}
