//! Uploads: who is asking, the form into types, the outcome into an answer (`reference/index-behaviour.md` §1).

mod arriving;
mod form;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use touchplate_index::accounts::AuthError;
use touchplate_index::spool::{SpoolError, SpoolRoom};
use touchplate_index::trusted_publishing::Uploader;
use touchplate_index::upload::{Accepted, Upload, UploadError, UploadForm};
use touchplate_index::{Origin, RequestId};
use touchplate_packaging::{DisplayName, Filename, Profile};

use crate::app::App;
use crate::extract::accept::Accept;
use crate::extract::credentials::{Credentials, TOKEN_USER};
use crate::extract::occasion;
use crate::problem::Problem;
use form::{FormRefused, MAX_FORM_BYTES};

pub use arriving::Drains;
pub(crate) use arriving::{ArrivalError, Arriving};

/// What a multipart body has beside file and fields: boundaries and part headers, some hundred bytes for each field.
const FRAMING_BYTES: u64 = 4 << 20;

/// What may follow the last boundary: nothing that matters. Reading it lets the connection serve the next request.
const EPILOGUE_BYTES: u64 = 64 << 10;

/// A name as long as a browser's; longer ones are cut.
const MAX_USER_AGENT_CHARS: usize = 256;

/// `POST /legacy/`: one distribution file with its metadata and, maybe, its attestations.
pub(crate) async fn upload(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let mut arriving = Arriving::new(body);
    let outcome = take(&app, &parts, &request_id, &mut arriving).await;
    if outcome.is_err() {
        let waits = parts.headers.contains_key(header::EXPECT);
        app.drains.drain(arriving, waits);
    }
    outcome
}

async fn take(
    app: &App,
    parts: &Parts,
    request_id: &RequestId,
    arriving: &mut Arriving,
) -> Result<Response, Problem> {
    if app.read_only {
        return Err(Problem::read_only());
    }
    let now = app.clock.now();
    // Before the body is read: nobody spools a gigabyte for a stranger.
    let uploader = uploader(app, parts, now).await?;
    let limit = app.index.settings().max_file_bytes;
    if announced(&parts.headers).is_some_and(|bytes| bytes > whole_bytes(app)) {
        return Err(UploadError::TooLarge { limit }.into());
    }
    let early = Early {
        app,
        uploader: &uploader,
        announced: announced(&parts.headers),
    };
    let room = app.index.spool();
    let form = form::receive(&parts.headers, arriving, room, limit, Some(&early)).await?;
    arriving.discard(EPILOGUE_BYTES).await;
    if form.had_signature {
        tracing::info!(
            filename = form.filename,
            "a PGP signature came with an upload and was dropped"
        );
    }
    let mut fields = form.fields;
    fields.extend(
        query_action(parts.uri.query())
            .filter(|_| !fields.iter().any(|(name, _)| name == ":action")),
    );
    let parsed = UploadForm::parse(&fields, &form.filename, app.index.settings().profile)
        .map_err(UploadError::from)?;
    let filename = parsed.filename.to_string();
    let upload = Upload {
        form: parsed,
        spool: form.spool,
        user_agent: user_agent(&parts.headers),
    };
    let origin = Origin {
        actor: uploader.actor(),
        request: request_id.clone(),
        at: now,
    };
    let accepted = app.index.upload(&origin, &uploader, upload).await?;
    // Who uploads and then reads must find what they uploaded.
    app.cache.catch_up().await;
    let (attested, new) = match &accepted {
        Accepted::Stored { attestations } => (*attestations > 0, true),
        Accepted::Identical { added } => (*added > 0, false),
    };
    app.metrics.uploaded(attested, new);
    Ok(answer(&parts.headers, &filename, &accepted))
}

/// What can be told when a file begins to arrive, before it is spooled.
pub(crate) struct Early<'u> {
    app: &'u App,
    uploader: &'u Uploader,
    announced: Option<u64>,
}

/// Less than that is read sooner than asked about.
const WORTH_ASKING_BYTES: u64 = 1 << 20;

impl Early<'_> {
    /// Whether the file has room in its project, if the form named the project already.
    pub(crate) async fn has_room(
        &self,
        fields: &[(String, String)],
        filename: &str,
    ) -> Result<(), UploadError> {
        let Some(announced) = self.announced.filter(|it| *it >= WORTH_ASKING_BYTES) else {
            return Ok(());
        };
        let name = fields.iter().find(|(name, _)| name == "name");
        let name = name.and_then(|(_, value)| value.parse::<DisplayName>().ok());
        let (Some(name), Ok(filename)) = (name, filename.parse::<Filename>()) else {
            return Ok(());
        };
        // What is no file may be fields, at most so many.
        let others = u64::try_from(MAX_FORM_BYTES).unwrap_or(u64::MAX);
        let others = others.saturating_add(FRAMING_BYTES);
        let least = announced.saturating_sub(others).max(1);
        let index = &self.app.index;
        index.has_room(self.uploader, &name, &filename, least).await
    }
}

/// For the fuzzer: a body read as a form; what it has of fields and file is within the bounds.
pub(crate) async fn fuzzed(headers: &HeaderMap, body: Body, room: &SpoolRoom) {
    const MOST: u64 = 1 << 10;
    let mut arriving = Arriving::new(body);
    if let Ok(form) = form::receive(headers, &mut arriving, room, MOST, None).await {
        assert!(form.spool.size() <= MOST);
        assert!(
            form.fields
                .iter()
                .all(|(name, _)| !name.contains('\0') || name.len() <= 100)
        );
        let _ = UploadForm::parse(&form.fields, &form.filename, Profile::Pypi);
    }
    arriving.discard(EPILOGUE_BYTES).await;
}

/// The most that a request with the largest file may have.
fn whole_bytes(app: &App) -> u64 {
    let form = u64::try_from(MAX_FORM_BYTES).unwrap_or(u64::MAX);
    app.index
        .settings()
        .max_file_bytes
        .saturating_add(form)
        .saturating_add(FRAMING_BYTES)
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Whose token the request bears. Always 403, never 401: twine and uv would ask for a password in the middle of CI.
async fn uploader(app: &App, parts: &Parts, now: jiff::Timestamp) -> Result<Uploader, Problem> {
    let token = match Credentials::of(&parts.headers) {
        Credentials::Basic { user, password } if user == TOKEN_USER => password,
        Credentials::Bearer(token) => token,
        Credentials::Basic { .. } => {
            return Err(Problem::saying(
                StatusCode::FORBIDDEN,
                "Username/Password authentication is not supported: expected the user name `__token__` with an API token \
                 of this index as the password",
            ));
        }
        Credentials::None => return Err(invalid_authentication("none was sent")),
        Credentials::Unreadable => {
            return Err(invalid_authentication(
                "the `Authorization` header is neither `Basic` nor `Bearer`",
            ));
        }
    };
    let outcome = match token.trim().parse() {
        Ok(token) => {
            let occasion = occasion(&parts.extensions, now);
            app.index.authenticate_upload(&token, &occasion).await
        }
        Err(malformed) => Err(AuthError::Malformed(malformed)),
    };
    match outcome {
        Ok(uploader) => Ok(uploader),
        Err(error @ AuthError::Store(_)) => Err(Problem::internal(&error)),
        Err(AuthError::UsedUp(_)) => Err(invalid_authentication(
            "the token was for one upload, which it has served",
        )),
        Err(AuthError::Narrowed(unmet)) => {
            let message = format!("Invalid or non-existent authentication information: {unmet}");
            Err(Problem::saying(StatusCode::FORBIDDEN, &message))
        }
        Err(
            error @ (AuthError::Malformed(_)
            | AuthError::Unknown
            | AuthError::Revoked(_)
            | AuthError::Expired(_)
            | AuthError::ForUploads(_)),
        ) => {
            tracing::info!(reason = %error, "an upload's token was not accepted");
            Err(invalid_authentication(
                "the token is malformed, unknown, revoked or expired",
            ))
        }
    }
}

fn invalid_authentication(found: &str) -> Problem {
    let message = format!(
        "Invalid or non-existent authentication information: expected the user name `__token__` with an API token of this \
         index as the password; {found}"
    );
    Problem::saying(StatusCode::FORBIDDEN, &message)
}

/// `:action` from the query, where it may stand instead of in the form.
fn query_action(query: Option<&str>) -> Option<(String, String)> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .find(|(name, _)| name == ":action")
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(value.chars().take(MAX_USER_AGENT_CHARS).collect())
}

fn answer(headers: &HeaderMap, filename: &str, accepted: &Accepted) -> Response {
    let attestations = |count: usize| match count {
        0 => "no attestations".to_owned(),
        1 => "1 attestation".to_owned(),
        count => format!("{count} attestations"),
    };
    let message = match accepted {
        Accepted::Stored {
            attestations: count,
        } => format!("Stored {filename} with {}", attestations(*count)),
        Accepted::Identical { added: 0 } => {
            format!("{filename} was stored before; nothing changed")
        }
        Accepted::Identical { added } => {
            let count = usize::try_from(*added).unwrap_or(usize::MAX);
            format!(
                "{filename} was stored before; added {}",
                attestations(count)
            )
        }
    };
    let json = Accept::of(headers) != Accept::Anything
        && Accept::of(headers)
            .prefer(&[("text/plain", false), ("application/json", true)])
            .unwrap_or(false);
    if json {
        let body = serde_json::json!({"message": message}).to_string();
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    } else {
        format!("{message}\n").into_response()
    }
}

impl From<FormRefused> for Problem {
    fn from(error: FormRefused) -> Self {
        match error {
            FormRefused::Spool(SpoolError::TooLarge { limit }) => {
                UploadError::TooLarge { limit }.into()
            }
            FormRefused::Spool(SpoolError::Disk(cause)) => UploadError::Spool(cause).into(),
            FormRefused::Early(cause) => (*cause).into(),
            FormRefused::Stalled(_) => Self::client(StatusCode::REQUEST_TIMEOUT, &error),
            FormRefused::NotMultipart { .. }
            | FormRefused::Malformed(_)
            | FormRefused::Incomplete(_)
            | FormRefused::NoPart
            | FormRefused::Nameless { .. }
            | FormRefused::LongName { .. }
            | FormRefused::LongField { .. }
            | FormRefused::LongAttestations { .. }
            | FormRefused::AttestationsNotText
            | FormRefused::LongForm
            | FormRefused::ManyFields
            | FormRefused::NotText { .. }
            | FormRefused::Tuple { .. }
            | FormRefused::NoFile
            | FormRefused::TwoFiles
            | FormRefused::LongFilename
            | FormRefused::ContentType { .. } => Self::client(StatusCode::BAD_REQUEST, &error),
        }
    }
}
