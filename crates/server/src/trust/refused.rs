//! What the logs refuse, with its status. Whose shape it has is decided by its path: `routes::speaks`.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use touchplate_trust::log::AppendError;
use touchplate_trust::rekor::{AddError, AnswerError, GrowthError, ProposalError, QueryError};
use touchplate_trust::stamp::StampRefusal;

use crate::problem::Problem;

impl From<ProposalError> for Problem {
    fn from(error: ProposalError) -> Self {
        if matches!(error, ProposalError::Body(_)) {
            return Self::internal(&error);
        }
        Self::client(StatusCode::BAD_REQUEST, &Refused(error))
    }
}

/// In the words that Rekor's version 1 puts in front.
#[derive(Debug, thiserror::Error)]
#[error("error processing entry")]
struct Refused(#[source] ProposalError);

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::client(StatusCode::BAD_REQUEST, &error)
    }
}

impl From<AddError> for Problem {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Append(error) => error.into(),
            AddError::Read(error) => error.into(),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match &error {
            AppendError::Busy => {
                let problem = Self::client(StatusCode::SERVICE_UNAVAILABLE, &error);
                problem.with(RETRY_AFTER, HeaderValue::from_static("1"))
            }
            // Of a proposal that was read neither is longer.
            AppendError::TooLong { .. }
            | AppendError::TooManyKeys { .. }
            | AppendError::Stopped
            | AppendError::Unavailable(_) => Self::internal(&error),
        }
    }
}

/// A time that cannot be stated: the rest is about requests for timestamps, which are answered in a form of their own.
impl From<StampRefusal> for Problem {
    fn from(refusal: StampRefusal) -> Self {
        match &refusal {
            StampRefusal::ClockWentBack { .. }
            | StampRefusal::Unsynchronised
            | StampRefusal::UnknownClock { .. } => {
                let problem = Self::client(StatusCode::SERVICE_UNAVAILABLE, &refusal);
                problem.with(RETRY_AFTER, HeaderValue::from_static("60"))
            }
            StampRefusal::TooLong
            | StampRefusal::Malformed(_)
            | StampRefusal::Hash { .. }
            | StampRefusal::HashParameters
            | StampRefusal::DigestLength { .. }
            | StampRefusal::Policy { .. }
            | StampRefusal::Extension { .. }
            | StampRefusal::NoKey
            | StampRefusal::Floor(_)
            | StampRefusal::Make(_) => Self::internal(&refusal),
        }
    }
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        Self::internal(&error)
    }
}

impl From<GrowthError> for Problem {
    fn from(error: GrowthError) -> Self {
        match error {
            GrowthError::Order { .. } | GrowthError::Beyond { .. } => {
                Self::client(StatusCode::BAD_REQUEST, &error)
            }
            GrowthError::Answer(error) => error.into(),
        }
    }
}
