//! When something ends, as the command line takes it.

use std::str::FromStr;

use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::report::Failure;

/// When something ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expires {
    /// At that moment.
    At(Timestamp),
    /// So long from now.
    After(Span),
}

/// A text is neither.
#[derive(Debug, thiserror::Error)]
#[error("expected a time such as `2026-12-24T18:00:00Z` or a duration such as `90m`, `2h` or `7d`")]
pub(crate) struct NoTime;

impl FromStr for Expires {
    type Err = NoTime;

    fn from_str(given: &str) -> Result<Self, NoTime> {
        if let Ok(at) = given.parse() {
            return Ok(Self::At(at));
        }
        let span: Span = given.parse().map_err(|_| NoTime)?;
        span.is_positive()
            .then_some(Self::After(span))
            .ok_or(NoTime)
    }
}

impl Expires {
    /// The moment, if it is now.
    pub(crate) fn from(self, now: Timestamp) -> Result<Timestamp, Failure> {
        match self {
            Self::At(at) if at <= now => Err(Failure::usage(format!("{at} has passed"))),
            Self::At(at) => Ok(at),
            Self::After(span) => {
                let lasting = span.to_duration(SpanRelativeTo::days_are_24_hours());
                let lasting = lasting.map_err(Failure::usage)?;
                // Whole seconds, rounded down: the token is shorter, and ends no later than was said.
                let end = now.checked_add(lasting).map_err(Failure::usage)?;
                Timestamp::from_second(end.as_second()).map_err(Failure::usage)
            }
        }
    }
}
