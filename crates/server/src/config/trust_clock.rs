//! What timestamps rest on.

use std::str::FromStr;

/// Whether the private trust stack gives timestamps only while the clock is synchronised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustClock {
    /// The kernel is asked each time.
    #[default]
    Kernel,
    /// Nobody is asked: the operator answers for the clock.
    Unchecked,
}

/// The text is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `kernel` or `unchecked`")]
pub struct InvalidTrustClock;

impl FromStr for TrustClock {
    type Err = InvalidTrustClock;

    fn from_str(given: &str) -> Result<Self, InvalidTrustClock> {
        match given {
            "kernel" => Ok(Self::Kernel),
            "unchecked" => Ok(Self::Unchecked),
            _ => Err(InvalidTrustClock),
        }
    }
}
