//! Which refusal of the index is which answer.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use touchplate_index::accounts::AuthError;
use touchplate_index::projects::ReadError;
use touchplate_index::upload::UploadError;

use super::Problem;

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let problem = match &error {
            // 400 and never 409 or 413: twine, uv and Poetry read the words of a 400.
            UploadError::Form(_)
            | UploadError::Reserved { .. }
            | UploadError::Confusable { .. }
            | UploadError::Filename(_)
            | UploadError::Digest { .. }
            | UploadError::Exists { .. }
            | UploadError::EqualBytes { .. }
            | UploadError::Burned { .. }
            | UploadError::SecondSdist
            | UploadError::Archive(_)
            | UploadError::Disagreement(_)
            | UploadError::Attestations(_)
            | UploadError::NoSuchProject { .. }
            | UploadError::ReleaseClosed { .. }
            | UploadError::NoAttestations { .. }
            | UploadError::NotBound { .. }
            | UploadError::OtherCommit { .. }
            | UploadError::OverQuota { .. }
            | UploadError::TooLarge { .. } => Self::client(StatusCode::BAD_REQUEST, &error),
            UploadError::Forbidden { .. } | UploadError::NotAccepting { .. } => {
                Self::client(StatusCode::FORBIDDEN, &error)
            }
            // 503: twine tries again by itself.
            UploadError::Raced => {
                const AT_ONCE: HeaderValue = HeaderValue::from_static("1");
                Self::client(StatusCode::SERVICE_UNAVAILABLE, &error).with(RETRY_AFTER, AT_ONCE)
            }
            UploadError::Spool(_) | UploadError::Blobs(_) | UploadError::Store(_) => {
                Self::internal(&error)
            }
        };
        problem.because(reason(&error))
    }
}

/// The rule, as `/metrics` names it.
fn reason(error: &UploadError) -> &'static str {
    match error {
        UploadError::Form(_) => "form-malformed",
        UploadError::Forbidden { .. } => "forbidden",
        UploadError::NoSuchProject { .. } => "no-such-project",
        UploadError::ReleaseClosed { .. } => "release-closed",
        UploadError::NoAttestations { .. } => "no-attestations",
        UploadError::NotBound { .. } => "index-not-named",
        UploadError::OtherCommit { .. } => "other-commit",
        UploadError::NotAccepting { .. } => "project-not-accepting",
        UploadError::Reserved { .. } => "name-reserved",
        UploadError::Confusable { .. } => "name-confusable",
        UploadError::Filename(_) => "filename-refused",
        UploadError::Digest { .. } => "digest-differs",
        UploadError::Exists { .. } => "file-exists",
        UploadError::EqualBytes { .. } => "bytes-exist",
        UploadError::Burned { .. } => "filename-burned",
        UploadError::SecondSdist => "second-sdist",
        UploadError::Archive(_) => "archive-refused",
        UploadError::Disagreement(_) => "metadata-disagrees",
        UploadError::Attestations(_) => "attestations-refused",
        UploadError::TooLarge { .. } => "too-large",
        UploadError::OverQuota { .. } => "over-quota",
        UploadError::Raced => "raced",
        UploadError::Spool(_) | UploadError::Blobs(_) | UploadError::Store(_) => ENGINE_FAILED,
    }
}

/// Of whatever an engine could not do.
const ENGINE_FAILED: &str = "engine-failed";

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::NotFound => Self::not_found(),
            ReadError::NoProvenance(_) => Self::client(StatusCode::NOT_FOUND, &error),
            ReadError::Store(_) | ReadError::Blobs(_) => Self::internal(&error),
        }
    }
}

/// For readers; an upload answers 403 instead (`api::upload`).
impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match &error {
            AuthError::Malformed(_)
            | AuthError::Unknown
            | AuthError::Revoked(_)
            | AuthError::Expired(_)
            | AuthError::UsedUp(_)
            | AuthError::ForUploads(_) => Self::unauthorised(
                "Invalid or non-existent authentication information: expected an API token of this index",
            ),
            // Its holder proved that it is one of ours, so they are told which caveat it is.
            AuthError::Narrowed(unmet) => Self::unauthorised(&format!(
                "Invalid or non-existent authentication information: {unmet}"
            )),
            AuthError::Store(_) => Self::internal(&error),
        }
    }
}
