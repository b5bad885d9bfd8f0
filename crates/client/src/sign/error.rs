//! Why something was not signed.

use jiff::Timestamp;
use touchplate_attest::stamp::StampError;
use touchplate_attest::{
    AttestationError, BundleError, BundleVerifyError, CertificateError, JsonError, VerifyError,
};
use url::Url;

use super::key::KeyError;
use super::service::Kind;
use crate::fetch::{Cause, FetchError};

/// Why something was not signed. What is said under "Returned" is a service that did not keep its word: nothing of it is
/// written.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No answer.
    #[error("the {service} gave no answer")]
    Fetch {
        /// Which service.
        service: Kind,
        /// Why.
        source: FetchError,
    },
    /// The service says no.
    #[error("the {service} at {url} refused, with status {status}: {said}")]
    Refused {
        /// Which service.
        service: Kind,
        /// Where.
        url: Url,
        /// Its status.
        status: u16,
        /// What it said, shortened.
        said: String,
    },
    /// Returned: no strict JSON.
    #[error("the {service} at {url} answered something else than JSON")]
    NotJson {
        /// Which service.
        service: Kind,
        /// Where.
        url: Url,
        /// Why.
        source: JsonError,
    },
    /// Returned: other JSON.
    #[error("the {service} at {url} answered without {expected}")]
    Answer {
        /// Which service.
        service: Kind,
        /// Where.
        url: Url,
        /// What should be there.
        expected: &'static str,
    },
    /// Returned: a certificate that is none of this profile.
    #[error("the certificate that was given cannot be used")]
    Certificate(#[from] CertificateError),
    /// Returned: a certificate for somebody else's key.
    #[error("the certificate that was given is for another key")]
    OtherKey,
    /// Returned: a certificate on another provider's word.
    #[error(
        "the certificate names the identity provider {found}, and the ID token is by {expected}"
    )]
    OtherIssuer {
        /// The token's.
        expected: String,
        /// The certificate's.
        found: String,
    },
    /// Returned: a certificate that is not valid now. One of the clocks is wrong.
    #[error(
        "the certificate that was given is valid from {not_before} to {not_after}, and it is {now}"
    )]
    NotValidNow {
        /// Start of validity.
        not_before: Timestamp,
        /// End of validity.
        not_after: Timestamp,
        /// By this machine's clock.
        now: Timestamp,
    },
    /// It took longer than a certificate lives.
    #[error(
        "the certificate expired at {at}, before everything was signed; sign the rest in another run"
    )]
    CertificateExpired {
        /// When.
        at: Timestamp,
    },
    /// Returned: no timestamp.
    #[error("the timestamp that was given cannot be used")]
    Stamp(#[from] StampError),
    /// Returned: a timestamp that is an answer to another question.
    #[error("the timestamp that was given is of something else, or an answer to another request")]
    OtherStamp,
    /// Returned: all of it, in the form of an attestation.
    #[error("what the services returned makes no attestation")]
    Attestation(#[from] AttestationError),
    /// Returned: all of it, in the form of a bundle.
    #[error("what the services returned makes no bundle")]
    Bundle(#[from] BundleError),
    /// Returned: all of it, and it does not verify.
    #[error("what the services returned does not verify")]
    Verify(#[from] VerifyError),
    /// As above, in a bundle.
    #[error("what the services returned does not verify")]
    VerifyBundle(#[from] BundleVerifyError),
    /// An in-toto statement was to be signed.
    #[error("the file is not an in-toto statement: it could be signed, and its bundle not be read")]
    NotAStatement,
}

impl SignError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch { source, .. } => source.cause(),
            Self::Refused { status, .. } if *status < 500 => Cause::No,
            Self::NotAStatement => Cause::Configuration,
            Self::Refused { .. }
            | Self::Key(_)
            | Self::NotJson { .. }
            | Self::Answer { .. }
            | Self::Certificate(_)
            | Self::OtherKey
            | Self::OtherIssuer { .. }
            | Self::NotValidNow { .. }
            | Self::CertificateExpired { .. }
            | Self::Stamp(_)
            | Self::OtherStamp
            | Self::Attestation(_)
            | Self::Bundle(_)
            | Self::Verify(_)
            | Self::VerifyBundle(_) => Cause::Outside,
        }
    }
}
