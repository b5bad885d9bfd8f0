//! What to do about a publication that failed: each reason has its own remedy.

use jiff::SignedDuration;
use touchplate_client::fetch::Cause;
use touchplate_client::publish::access::AccessError;
use touchplate_client::publish::door::MintError;
use touchplate_client::publish::downgrade::Worse;
use touchplate_client::publish::form::FormError;
use touchplate_client::publish::upload::UploadError;

use crate::report::Failure;

/// Clocks of servers are synchronised; what a token allows for is under this.
const CLOCK_OFF: SignedDuration = SignedDuration::from_secs(60);

fn of_cause(cause: Cause, error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    match cause {
        Cause::Outside => Failure::outside(error),
        Cause::No => Failure::refused(error),
        Cause::Configuration => Failure::usage(error),
    }
}

fn hinted(failure: Failure, hint: Option<String>) -> Failure {
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        let hint = of_access(&error);
        hinted(of_cause(error.cause(), error), hint)
    }
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        let hint = of_upload(&error);
        hinted(of_cause(error.cause(), error), hint)
    }
}

impl From<Worse> for Failure {
    fn from(error: Worse) -> Self {
        let hint = match &error {
            Worse::Downgrade { .. } => format!(
                "publish where the job may ask for an ID token, or say {}; nothing was sent",
                error.allowed_by()
            ),
            Worse::NewIdentity { .. } => format!(
                "publish from the same workflow, or say {} if the move is meant; nothing was sent",
                error.allowed_by()
            ),
        };
        Self::refused(error).hint(hint)
    }
}

impl From<FormError> for Failure {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Metadata(_) => Self::refused(error),
            FormError::Random(_) => Self::outside(error),
        }
    }
}

fn of_access(error: &AccessError) -> Option<String> {
    let text = match error {
        AccessError::Identity { source, .. } => {
            // What the place itself said already says what to do.
            let _ = source;
            return Some("docs/guide/publish.md has what each CI service needs".to_owned());
        }
        AccessError::Token { .. } => {
            "run the job again for a new token; if it is new, this machine's clock is wrong"
        }
        AccessError::Spent => {
            "run the job again: what was sent stays, and is not sent twice; or give the publisher's tokens more time"
        }
        AccessError::Mint(MintError::Refused {
            said,
            audience,
            found,
            clock_off,
            ..
        }) => return Some(of_mint(said.code.as_deref(), audience, found, *clock_off)),
        AccessError::Mint(MintError::Fetch(_) | MintError::Answer { .. }) => return None,
    };
    Some(text.to_owned())
}

fn of_mint(
    code: Option<&str>,
    audience: &str,
    found: &[String],
    clock_off: Option<SignedDuration>,
) -> String {
    if !found.iter().any(|it| it == audience) {
        return format!(
            "the index wants ID tokens for the audience {audience}, and this one is for {}",
            found.join(", ")
        );
    }
    match (clock_off, code) {
        (Some(off), _) if off.abs() > CLOCK_OFF => format!(
            "this machine's clock and the index's differ by {} seconds: set them right",
            off.abs().as_secs()
        ),
        (_, Some("invalid-publisher")) => {
            "the index knows no publisher with this identity: add one, with `touchplate admin publisher add` or at the index"
                .to_owned()
        }
        (_, Some("invalid-reuse-token")) => {
            "an ID token serves once, and this place gives the same one again: run the job again".to_owned()
        }
        _ => "docs/guide/trusted-publishing.md has what an index takes".to_owned(),
    }
}

fn of_upload(error: &UploadError) -> Option<String> {
    let text = match error {
        UploadError::Access(error) | UploadError::NotRenewed(_, error) => return of_access(error),
        UploadError::Redirect { to: Some(to), .. } => {
            return Some(format!(
                "nothing follows a redirect with a credential; if {to} is the upload URL, name it with --index"
            ));
        }
        UploadError::Redirect { to: None, .. } => "name the URL that it leads to with --index",
        UploadError::Page { .. } | UploadError::NotForUploads { .. } => {
            "an upload URL is what twine and uv call repository or publish URL, not the index URL that pip has; a slash at its \
             end may matter"
        }
        UploadError::Denied { .. } => {
            "look whether the token is for this index and project, and whether it has ended"
        }
        UploadError::TooLarge { .. } => "ask whoever runs the index for its limit",
        UploadError::Busy { .. } | UploadError::Failed { .. } | UploadError::Fetch(_) => {
            "run the same command again: what is there already, byte for byte, is not sent twice"
        }
        UploadError::Promised { .. } => {
            "ask the index what became of it (pulp: its tasks); if it has a listing elsewhere, name that with --check-url"
        }
        UploadError::Refused { .. } => return None,
        UploadError::Conflict { .. } => {
            "files of a release never change: build what is there, or publish another version"
        }
        UploadError::ExistsUnseen { .. } => {
            "name the index's Simple API with --check-url, so that the two can be compared"
        }
    };
    Some(text.to_owned())
}
