//! What the services of a signing configuration have in common: an address below a base, JSON both ways, and their errors.

use serde_json::Value;
use touchplate_attest::read_strict_json;
use url::Url;

use super::error::SignError;
use crate::fetch::{Agent, Answer, Question};

/// The longest answer that is read. Certificates with their chain have 6 kB, log entries 20; an entry of a megabyte's
/// statement does not hold the statement.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Of what a service says about a refusal.
const SHOWN: usize = 500;

/// One service, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Gives certificates.
    Authority,
    /// Records signatures.
    Log,
    /// Stamps signatures with the time.
    Stamps,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Authority => "certificate authority",
            Self::Log => "transparency log",
            Self::Stamps => "timestamp authority",
        })
    }
}

/// `base` with a path below its own, whether or not it ends with a slash.
pub(super) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// What a service answers to a question.
pub(super) fn ask(
    agent: &Agent,
    service: Kind,
    question: &Question<'_>,
) -> Result<Answer, SignError> {
    let answer = agent.ask_service(question, MAX_ANSWER_BYTES);
    answer.map_err(|source| SignError::Fetch { service, source })
}

/// What a service answers to JSON.
pub(super) fn post_json(
    agent: &Agent,
    service: Kind,
    url: &Url,
    body: &Value,
) -> Result<Answer, SignError> {
    let body = body.to_string();
    let question = Question::post(url, "application/json", body.as_bytes());
    ask(agent, service, &question)
}

/// An answer that is no success: its status, and what it says.
pub(super) fn refused(service: Kind, url: &Url, answer: &Answer) -> SignError {
    let document: Option<Value> = serde_json::from_slice(&answer.bytes).ok();
    let message = |key: &str| Some(document.as_ref()?.get(key)?.as_str()?.to_owned());
    let said = message("message").or_else(|| message("detail"));
    let said = said.or_else(|| message("error"));
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&answer.bytes).into_owned());
    SignError::Refused {
        service,
        url: url.clone(),
        status: answer.status,
        said: said.trim().chars().take(SHOWN).collect(),
    }
}

/// An answer's JSON.
pub(super) fn json(service: Kind, url: &Url, answer: &Answer) -> Result<Value, SignError> {
    read_strict_json(&answer.bytes, MAX_ANSWER_BYTES).map_err(|source| SignError::NotJson {
        service,
        url: url.clone(),
        source,
    })
}
