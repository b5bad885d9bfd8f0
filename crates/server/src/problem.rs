//! Every refusal, said once and rendered as asked: JSON, text or a page, with the message in the reason phrase too.
//!
//! Installers and uploaders print what they find: twine the reason phrase, uv the JSON member `code`, pip the status
//! line. So each carries the whole message (`reference/index-behaviour.md` §0, `reference/clients.md` §1.2).

mod failing;
mod refused;

use std::error::Error;

use askama::Template;
use axum::body::Body;
use axum::http::header::{
    ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;
use serde::Serialize;
use touchplate_index::RequestId;
use touchplate_index::ports::NoWrites;

use crate::extract::accept::Accept;
use crate::pages::CONTENT_POLICY;
use crate::routes::Speaks;
pub(crate) use failing::is_unavailable;

/// A refusal: what the reader may know, and what the log should.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    message: String,
    /// The message's parts: the error, then its causes.
    said: Vec<String>,
    kind: Option<Kind>,
    shape: Shape,
    headers: HeaderMap,
    cause: Option<String>,
    reason: Option<&'static str>,
    engine: Option<&'static str>,
}

/// Which refusal it is, for programs that read problem details: of each rule its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Words with hyphens; stays as it is.
    pub(crate) code: &'static str,
    /// The same for people.
    pub(crate) title: &'static str,
}

/// How the body is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// JSON, a page or text, whichever the client likes best.
    AsAsked,
    /// Text, whatever was asked: what PyPI answers below `/simple/`.
    Text,
    /// `{"message": …}`, whatever was asked: what readers of the Integrity API parse.
    Message,
    /// Problem details (RFC 9457), whatever was asked: below `/api/v1/`.
    Details,
    /// `{"code": …, "message": …}` with the status again: what Rekor's version 1 answers.
    Numbered,
    /// The same with gRPC's code and no details: what a gateway in front of a gRPC service answers, such as Rekor's version 2.
    Rpc,
}

/// When to try again where an engine failed for now: seconds.
pub(crate) const SOON: HeaderValue = HeaderValue::from_static("5");

/// Longest reason phrase in bytes: Python's `http.client` reads status lines of at most 65,536 bytes, proxies commonly
/// 4 to 8 KiB of header in all. The body has the whole message.
const MAX_REASON_BYTES: usize = 1024;

/// Longest message in characters. Messages quote excerpts; this stops one that quotes too much.
const MAX_MESSAGE_CHARS: usize = 4096;

impl Problem {
    /// A refusal that its reader can act on.
    pub fn client(status: StatusCode, error: &(dyn Error + 'static)) -> Self {
        let mut problem = Self::saying(status, &chain(error).join(": "));
        problem.said = chain(error).iter().map(|part| on_one_line(part)).collect();
        problem
    }

    /// A refusal in these words.
    pub fn saying(status: StatusCode, message: &str) -> Self {
        let message = on_one_line(message);
        Self {
            status,
            said: vec![message.clone()],
            message,
            kind: None,
            shape: Shape::AsAsked,
            headers: HeaderMap::new(),
            cause: None,
            reason: None,
            engine: None,
        }
    }

    /// A failure of ours: the cause goes to the log, the reader gets the request's id. One that may be gone in a while is a
    /// 503, which clients try again.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        let mut problem = match failing::no_writes(error) {
            Some(NoWrites::Full) => Self::no_writes(
                "This index takes no uploads and no changes for now: it has no room left. Installing from it works. Whoever runs it \
                 has to make room",
            ),
            Some(NoWrites::ReadOnly) => Self::no_writes(
                "This index takes no uploads and no changes for now: where it stores things is read-only. Installing from it works. \
                 Whoever runs it has to mend that",
            ),
            None if is_unavailable(error) => {
                Self::saying(StatusCode::SERVICE_UNAVAILABLE, "").with(RETRY_AFTER, SOON)
            }
            None => Self::saying(StatusCode::INTERNAL_SERVER_ERROR, ""),
        };
        problem.cause = Some(on_one_line(&chain(error).join(": ")));
        problem.engine = failing::engine(error);
        problem
    }

    /// The operator wants no changes for now.
    pub(crate) fn read_only() -> Self {
        Self::no_writes(
            "This index is read-only for now: it takes no uploads and no changes. Installing from it works. Try again later",
        )
    }

    fn no_writes(message: &str) -> Self {
        // Nobody mends this in seconds, and each try of an upload sends the whole file.
        const LATER: HeaderValue = HeaderValue::from_static("60");
        Self::saying(StatusCode::SERVICE_UNAVAILABLE, message).with(RETRY_AFTER, LATER)
    }

    /// A panic in a handler, which its hook has printed already.
    pub(crate) fn panicked() -> Self {
        let mut problem = Self::saying(StatusCode::INTERNAL_SERVER_ERROR, "");
        problem.cause = Some("a handler panicked".to_owned());
        problem
    }

    /// Nothing is here, or the reader may not know that something is.
    pub fn not_found() -> Self {
        Self::saying(StatusCode::NOT_FOUND, "Not Found")
    }

    /// The URL takes other methods.
    pub(crate) fn method_not_allowed(allowed: &'static str) -> Self {
        let message = format!("Method Not Allowed: this URL takes {allowed}");
        Self::saying(StatusCode::METHOD_NOT_ALLOWED, &message)
            .with(ALLOW, HeaderValue::from_static(allowed))
    }

    /// Reading needs credentials: the challenge lets pip ask its keyring.
    pub(crate) fn unauthorised(message: &str) -> Self {
        const CHALLENGE: HeaderValue =
            HeaderValue::from_static("Basic realm=\"touchplate\", charset=\"UTF-8\"");
        Self::saying(StatusCode::UNAUTHORIZED, message).with(WWW_AUTHENTICATE, CHALLENGE)
    }

    /// In the shape that clients of these URLs expect.
    pub(crate) fn speaking(self, speaks: Speaks) -> Self {
        match speaks {
            Speaks::Pages => self,
            Speaks::Details => self.in_details(),
            Speaks::Rekor1 => self.in_numbers(),
            Speaks::Rpc => self.in_rpc(),
        }
    }

    /// With one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// As text, whatever was asked.
    pub(crate) fn in_text(mut self) -> Self {
        self.shape = Shape::Text;
        self
    }

    /// As `{"message": …}`, whatever was asked.
    pub(crate) fn in_message(mut self) -> Self {
        self.shape = Shape::Message;
        self
    }

    /// As problem details, whatever was asked.
    pub(crate) fn in_details(mut self) -> Self {
        self.shape = Shape::Details;
        self
    }

    /// As `{"code": …, "message": …}` with the status, whatever was asked.
    pub(crate) fn in_numbers(mut self) -> Self {
        self.shape = Shape::Numbered;
        self
    }

    /// As a gRPC gateway says it, whatever was asked.
    pub(crate) fn in_rpc(mut self) -> Self {
        self.shape = Shape::Rpc;
        self
    }

    /// For the rule that this names in `/metrics`: words with hyphens, of which there are few.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The rule that refused, as `/metrics` names it; where nobody named it, what the status says.
    pub(crate) fn reason(&self) -> &'static str {
        let of_kind = || self.kind.map(|kind| kind.code);
        self.reason.or_else(of_kind).unwrap_or(self.title())
    }

    /// Whose failure it was, if one of ours.
    pub(crate) fn engine(&self) -> Option<&'static str> {
        self.engine
    }

    /// Of this kind.
    pub(crate) fn of_kind(mut self, code: &'static str, title: &'static str) -> Self {
        self.kind = Some(Kind { code, title });
        self
    }

    /// The answer itself. `wanted` is the project that the URL names, if it names one.
    pub(crate) fn render(
        mut self,
        accept: &Accept,
        request: &RequestId,
        wanted: Option<&str>,
    ) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(%request, error = %cause, "a request failed");
            if self.message.is_empty() {
                self.message = format!(
                    "The index could not do this; its log says why, under request {request}"
                );
                self.said = vec![self.message.clone()];
            }
        }
        let (content_type, body) = self.body(accept, request, wanted);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        if let Ok(reason) = ReasonPhrase::try_from(reason(&self.message)) {
            response.extensions_mut().insert(reason);
        }
        response.headers_mut().extend(self.headers);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, CONTENT_POLICY);
        response
    }

    fn body(
        &self,
        accept: &Accept,
        request: &RequestId,
        wanted: Option<&str>,
    ) -> (HeaderValue, Vec<u8>) {
        const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
        const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
        // No charset parameter: uv reads `code` only from a body of exactly this type.
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        const DETAILS: HeaderValue = HeaderValue::from_static("application/problem+json");
        let status = self.status.as_u16();
        let code = format!("{status} {}", self.message);
        match (self.shape, self.preferred(accept)) {
            (Shape::Text, _) | (Shape::AsAsked, Preferred::Text) => {
                (TEXT, format!("{code}\n").into_bytes())
            }
            (Shape::Message, _) => (
                JSON,
                json(&MessageBody {
                    message: &self.message,
                }),
            ),
            (Shape::Details, _) => (DETAILS, json(&self.details(request))),
            (Shape::Numbered, _) => (
                JSON,
                json(&NumberedBody {
                    code: status,
                    message: &self.message,
                    details: None,
                }),
            ),
            (Shape::Rpc, _) => (
                JSON,
                json(&NumberedBody {
                    code: rpc_code(self.status),
                    message: &self.message,
                    details: Some([]),
                }),
            ),
            (Shape::AsAsked, Preferred::Json) => (
                JSON,
                json(&ProblemBody {
                    message: &self.message,
                    code: &code,
                    title: self.title(),
                }),
            ),
            (Shape::AsAsked, Preferred::Html) => {
                let (heading, help) = self.told();
                let page = ProblemPage {
                    status,
                    title: self.title(),
                    heading,
                    message: (self.message != self.title()).then_some(&self.message),
                    help,
                    wanted: wanted.filter(|_| self.status == StatusCode::NOT_FOUND),
                };
                match page.render() {
                    Ok(page) => (HTML, page.into_bytes()),
                    Err(_) => (TEXT, format!("{code}\n").into_bytes()),
                }
            }
        }
    }

    /// Without a kind of its own a problem is what its status says: `about:blank` (RFC 9457 §4.2.1).
    fn details<'p>(&'p self, request: &'p RequestId) -> Details<'p> {
        let title = self.title();
        Details {
            kind: self.kind.map_or("about:blank".to_owned(), |kind| {
                format!("urn:touchplate:problem:{}", kind.code)
            }),
            title: self.kind.map_or(title, |kind| kind.title),
            status: self.status.as_u16(),
            detail: &self.message,
            code: self.kind.map_or_else(
                || title.to_ascii_lowercase().replace(' ', "-"),
                |kind| kind.code.to_owned(),
            ),
            causes: self.said.get(1..).unwrap_or_default(),
            request: request.as_str(),
        }
    }

    /// Text if the client does not say, or takes anything: Poetry and Flit print the body, and browsers always name HTML.
    fn preferred(&self, accept: &Accept) -> Preferred {
        let offers = [
            ("text/plain", Preferred::Text),
            ("application/json", Preferred::Json),
            ("text/html", Preferred::Html),
        ];
        accept.prefer(&offers).unwrap_or(Preferred::Text)
    }

    /// For a page: what happened, and what can be done about it.
    fn told(&self) -> (&'static str, &'static str) {
        match self.status {
            StatusCode::UNAUTHORIZED => (
                "This needs an API token",
                "Give it as the password, with any user name. Whoever runs this index makes one with touchplate admin token create.",
            ),
            StatusCode::FORBIDDEN => (
                "This is not allowed",
                "The index knows who asks, and they may not do this. The owners of a project say who may.",
            ),
            StatusCode::NOT_FOUND => (
                "There is nothing here",
                "It may be spelled otherwise, or deleted. What only some may see looks the same to everybody else: with an API token there may be more.",
            ),
            StatusCode::METHOD_NOT_ALLOWED => (
                "This address takes other requests",
                "It is for programs, which ask otherwise than a browser does.",
            ),
            StatusCode::NOT_ACCEPTABLE => (
                "There is no such form of this",
                "The program that asks says which forms it takes, and none of them is offered here.",
            ),
            StatusCode::GONE => (
                "This is no longer here",
                "It was here once, and was taken away for good.",
            ),
            StatusCode::TOO_MANY_REQUESTS => (
                "Too many requests",
                "They came from one place in a short time. It works again in a while.",
            ),
            StatusCode::INTERNAL_SERVER_ERROR => (
                "The index could not do this",
                "It is not your doing. If it happens again, tell whoever runs the index the request's number.",
            ),
            StatusCode::SERVICE_UNAVAILABLE => {
                ("The index cannot do this now", "It works again in a while.")
            }
            _ if self.status.is_server_error() => (
                self.title(),
                "It is not your doing. It may work again in a while.",
            ),
            _ => ("This was refused", ""),
        }
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }
}

/// Kept in the response until `Problem::render` can see what the client accepts.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preferred {
    Html,
    Json,
    Text,
}

#[derive(Serialize)]
struct ProblemBody<'p> {
    message: &'p str,
    code: &'p str,
    title: &'p str,
}

#[derive(Serialize)]
struct MessageBody<'p> {
    message: &'p str,
}

#[derive(Serialize)]
struct NumberedBody<'p> {
    code: u16,
    message: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<[(); 0]>,
}

/// The code of `google.rpc.Code` that a gateway would have made this status of.
fn rpc_code(status: StatusCode) -> u16 {
    const UNKNOWN: u16 = 2;
    const INVALID_ARGUMENT: u16 = 3;
    const DEADLINE_EXCEEDED: u16 = 4;
    const NOT_FOUND: u16 = 5;
    const ALREADY_EXISTS: u16 = 6;
    const PERMISSION_DENIED: u16 = 7;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const UNIMPLEMENTED: u16 = 12;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;
    const UNAUTHENTICATED: u16 = 16;
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => INVALID_ARGUMENT,
        StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
        StatusCode::FORBIDDEN => PERMISSION_DENIED,
        StatusCode::NOT_FOUND => NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => UNIMPLEMENTED,
        StatusCode::REQUEST_TIMEOUT => DEADLINE_EXCEEDED,
        StatusCode::CONFLICT => ALREADY_EXISTS,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => RESOURCE_EXHAUSTED,
        StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
        StatusCode::INTERNAL_SERVER_ERROR => INTERNAL,
        _ => UNKNOWN,
    }
}

/// RFC 9457, with `code` (the last part of `type`), the causes of the first sentence of `detail`, and the request's id.
#[derive(Serialize)]
struct Details<'p> {
    #[serde(rename = "type")]
    kind: String,
    title: &'p str,
    status: u16,
    detail: &'p str,
    code: String,
    causes: &'p [String],
    request: &'p str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'p> {
    status: u16,
    title: &'p str,
    heading: &'p str,
    /// None where it says no more than the heading.
    message: Option<&'p str>,
    help: &'p str,
    /// The project that was asked for, whether there is one or not: searched for by its words.
    wanted: Option<&'p str>,
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("structs of strings always become JSON")
}

/// An error and its causes. A cause that its error has already said is not said twice.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut said = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if said.last() != Some(&text) {
            said.push(text);
        }
        cause = error.source();
    }
    said
}

/// Line ends and other control characters become blanks: a message is one line wherever it is shown.
fn on_one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for c in message.chars().take(MAX_MESSAGE_CHARS) {
        let c = if c.is_control() || c.is_whitespace() {
            ' '
        } else {
            c
        };
        if c != ' ' || !line.ends_with(' ') {
            line.push(c);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// A message as a reason phrase: Latin-1, what is beyond it `?`, and not longer than a client bears.
fn reason(message: &str) -> Vec<u8> {
    let latin1 = |c: char| u8::try_from(c).unwrap_or(b'?');
    let mut bytes: Vec<u8> = message.chars().map(latin1).collect();
    if bytes.len() > MAX_REASON_BYTES {
        bytes.truncate(MAX_REASON_BYTES - 3);
        bytes.extend_from_slice(b"...");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_phrase_is_latin1_bounded_and_on_one_line() {
        let message = on_one_line("naïve\r\n  → 1\u{2028}x\0");
        assert_eq!(message, "naïve → 1 x");
        assert_eq!(reason(&message), b"na\xefve ? 1 x");
        let long = reason(&"x".repeat(5000));
        assert_eq!(long.len(), MAX_REASON_BYTES);
        assert!(long.ends_with(b"x..."));
        assert!(
            ReasonPhrase::try_from(reason("naïve → \u{7f}\u{85}".trim())).is_ok()
                || on_one_line("\u{7f}\u{85}").is_empty()
        );
    }

    #[test]
    fn a_cause_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Outer(#[source] std::num::ParseIntError);
        let cause = "x".parse::<u8>().unwrap_err();
        assert_eq!(chain(&Outer(cause)), ["invalid digit found in string"]);
    }
}
