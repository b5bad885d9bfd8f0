//! Whom the caller expects to have built the file.

use touchplate_attest::{
    EnvironmentCheck, Mismatch, NoMatch, Proven, Publisher, VerificationRecord, Verified,
};

use crate::report::causes;

/// Whom the caller expects.
#[derive(Debug)]
pub(crate) enum Expected {
    /// Any of these publishers; one at least.
    Publishers(Vec<Publisher>),
    /// Exactly this holder of a certificate.
    Identity {
        /// The subject alternative name.
        san: String,
        /// Who vouches for it.
        issuer: String,
    },
    /// The caller did not say: nothing can be the answer they want.
    Nobody,
}

/// Reads `--publisher`.
pub(crate) fn publisher(given: &str) -> Result<Publisher, String> {
    // Clap shows one text, so the causes are put into it.
    Publisher::parse(given.as_bytes())
        .map_err(|error| causes(&error).collect::<Vec<_>>().join(": "))
}

/// A proof tied to whom the caller expected, as far as they said.
#[derive(Debug)]
pub(crate) enum Tied {
    /// By one of the expected publishers.
    Publisher(Box<Verified>),
    /// By the expected identity.
    Identity(Box<Proven>),
    /// By somebody, and nobody was expected.
    Nobody(Box<Proven>),
}

/// Somebody else made it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unexpected {
    #[error(transparent)]
    Publisher(NoMatch),
    #[error("the attestation was made by another identity than expected")]
    Identity(#[source] Mismatch),
}

impl Expected {
    /// From the flags; clap lets only one kind through.
    pub(crate) fn new(publishers: Vec<Publisher>, identity: Option<(String, String)>) -> Self {
        match identity {
            Some((san, issuer)) => Self::Identity { san, issuer },
            None if publishers.is_empty() => Self::Nobody,
            None => Self::Publishers(publishers),
        }
    }

    /// The publishers to hold a provenance object against.
    pub(crate) fn publishers(&self) -> &[Publisher] {
        match self {
            Self::Publishers(publishers) => publishers,
            Self::Identity { .. } | Self::Nobody => &[],
        }
    }

    /// Ties a proof to whom is expected.
    pub(crate) fn tie(&self, proven: Proven) -> Result<Tied, Unexpected> {
        match self {
            Self::Publishers(publishers) => {
                let verified = proven.by_any(publishers).map_err(Unexpected::Publisher)?;
                Ok(Tied::Publisher(Box::new(verified)))
            }
            Self::Identity { san, issuer } => {
                let proven = proven
                    .by_identity(san, issuer)
                    .map_err(Unexpected::Identity)?;
                Ok(Tied::Identity(Box::new(proven)))
            }
            Self::Nobody => Ok(Tied::Nobody(Box::new(proven))),
        }
    }
}

impl Tied {
    /// What was proved.
    pub(crate) fn proven(&self) -> &Proven {
        match self {
            Self::Publisher(verified) => verified.proven(),
            Self::Identity(proven) | Self::Nobody(proven) => proven,
        }
    }

    /// The expected publisher that made it, and whether its environment could be compared.
    pub(crate) fn publisher(&self) -> Option<(&Publisher, EnvironmentCheck)> {
        match self {
            Self::Publisher(verified) => Some((verified.publisher(), verified.environment())),
            Self::Identity(_) | Self::Nobody(_) => None,
        }
    }

    /// What is kept of it where it is kept; only a match by publisher is.
    pub(crate) fn record(&self) -> Option<VerificationRecord> {
        match self {
            Self::Publisher(verified) => Some(verified.record()),
            Self::Identity(_) | Self::Nobody(_) => None,
        }
    }

    /// Whether it is whom the caller expected.
    pub(crate) fn is_expected(&self) -> bool {
        match self {
            Self::Publisher(_) | Self::Identity(_) => true,
            Self::Nobody(_) => false,
        }
    }
}
