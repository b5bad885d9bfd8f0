//! Why there is no stamp, and how that is said.

use der::asn1::BitString;
use der::{Encode as _, Sequence};
use jiff::Timestamp;

use super::FloorError;
use super::request::{HASHES, MAX_REQUEST_BYTES};
use super::token::POLICY;

/// Why a request gets no stamp.
#[derive(Debug, thiserror::Error)]
pub enum StampRefusal {
    /// Longer than any request.
    #[error("expected a timestamp request of at most {MAX_REQUEST_BYTES} bytes, found more")]
    TooLong,
    /// No `TimeStampReq` in DER.
    #[error("expected a timestamp request (RFC 3161, DER), found other bytes")]
    Malformed(#[source] der::Error),
    /// A hash function that is not among those taken.
    #[error("expected a digest by {}, found one by {found}", HASHES.map(|it| it.name).join(", "))]
    Hash {
        /// Its object identifier.
        found: String,
    },
    /// The hash function has parameters that it does not have.
    #[error("expected a hash function without parameters, found some")]
    HashParameters,
    /// The digest does not have the hash function's length.
    #[error("expected a digest of {expected} bytes, found {found}")]
    DigestLength {
        /// The hash function's.
        expected: usize,
        /// The digest's.
        found: usize,
    },
    /// A policy that is not this authority's.
    #[error("expected the policy {POLICY} or none, found {found}")]
    Policy {
        /// Its object identifier.
        found: String,
    },
    /// Extensions, of which none is known.
    #[error("expected a request without extensions, found the extension {found}")]
    Extension {
        /// The first one's object identifier.
        found: String,
    },
    /// Nothing keeps the clock right.
    #[error(
        "the kernel says that this machine's clock is not synchronised, so that its time cannot be vouched for"
    )]
    Unsynchronised,
    /// Nobody knows whether something does.
    #[error("the kernel does not say whether this machine's clock is synchronised: {reason}")]
    UnknownClock {
        /// Why not.
        reason: String,
    },
    /// The clock says less than what was stamped already.
    #[error("this machine's clock is behind the latest stamp, which is of {latest}")]
    ClockWentBack {
        /// The latest stamp's time.
        latest: Timestamp,
    },
    /// Every key's time is over, or has not come.
    #[error("no key of this timestamp authority is believed now")]
    NoKey,
    /// The latest stamp's time could not be kept.
    #[error(transparent)]
    Floor(#[from] FloorError),
    /// The signature or its encoding failed.
    #[error("the stamp could not be made")]
    Make(#[source] crate::TrustError),
}

/// Bits of RFC 3161's PKIFailureInfo (§2.4.2).
const BAD_ALG: u8 = 0;
const BAD_DATA_FORMAT: u8 = 5;
const TIME_NOT_AVAILABLE: u8 = 14;
const UNACCEPTED_POLICY: u8 = 15;
const UNACCEPTED_EXTENSION: u8 = 16;
const SYSTEM_FAILURE: u8 = 25;

/// PKIStatus `rejection`.
const REJECTION: u8 = 2;

/// A response without a stamp. Not the type of `cmpv2`: its failure information has no bits beyond the fifteenth.
#[derive(Sequence)]
struct Response {
    status: Status,
}

#[derive(Sequence)]
struct Status {
    status: u8,
    text: Vec<String>,
    failure: BitString,
}

impl StampRefusal {
    /// Whether the client can do something about it.
    pub fn is_the_requests(&self) -> bool {
        match self {
            Self::TooLong
            | Self::Malformed(_)
            | Self::Hash { .. }
            | Self::HashParameters
            | Self::DigestLength { .. }
            | Self::Policy { .. }
            | Self::Extension { .. } => true,
            Self::Unsynchronised
            | Self::UnknownClock { .. }
            | Self::ClockWentBack { .. }
            | Self::NoKey
            | Self::Floor(_)
            | Self::Make(_) => false,
        }
    }

    /// A `TimeStampResp` that says so, DER. `None` if not even that can be encoded.
    pub fn response(&self) -> Option<Vec<u8>> {
        let text = match self {
            // What failed inside is the log's business.
            Self::Floor(_) | Self::Make(_) => "the stamp could not be made".to_owned(),
            _ => self.to_string(),
        };
        let bit = self.failure();
        let mut bytes = vec![0; usize::from(bit / 8) + 1];
        let last = bytes.last_mut()?;
        *last = 0x80 >> (bit % 8);
        let response = Response {
            status: Status {
                status: REJECTION,
                text: vec![text],
                // Trailing zeros are left out of a list of named bits (X.690 §11.2.2).
                failure: BitString::new(7 - bit % 8, bytes).ok()?,
            },
        };
        response.to_der().ok()
    }

    fn failure(&self) -> u8 {
        match self {
            Self::TooLong | Self::Malformed(_) | Self::DigestLength { .. } => BAD_DATA_FORMAT,
            Self::Hash { .. } | Self::HashParameters => BAD_ALG,
            Self::Policy { .. } => UNACCEPTED_POLICY,
            Self::Extension { .. } => UNACCEPTED_EXTENSION,
            Self::Unsynchronised | Self::UnknownClock { .. } | Self::ClockWentBack { .. } => {
                TIME_NOT_AVAILABLE
            }
            Self::NoKey | Self::Floor(_) | Self::Make(_) => SYSTEM_FAILURE,
        }
    }
}
