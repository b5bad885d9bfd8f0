//! GitHub Actions: a job with the permission `id-token: write` may ask a URL of its own.

use serde_json::Value;
use url::Url;

use super::error::AmbientError;
use crate::fetch::{Agent, Environment, Question, Secret};
use crate::identity::token::MAX_TOKEN_BYTES;

const NAME: &str = "GitHub Actions";

pub(super) fn token(
    audience: &str,
    agent: &Agent,
    variable: Environment<'_>,
) -> Result<String, AmbientError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let asked = set("ACTIONS_ID_TOKEN_REQUEST_URL").zip(set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    let (url, bearer) = asked.ok_or(AmbientError::GitHubPermission)?;
    let mut url: Url = url.parse().map_err(|_| AmbientError::GitHubUrl)?;
    url.query_pairs_mut().append_pair("audience", audience);
    let authorization = format!("bearer {bearer}");
    let mut question = Question::get(&url);
    question.authorization = Some(Secret(&authorization));
    let answer = agent.ask_service(&question, 2 * MAX_TOKEN_BYTES);
    let answer = answer.map_err(|source| AmbientError::Fetch { from: NAME, source })?;
    if answer.status != 200 {
        let status = answer.status;
        return Err(AmbientError::Refused { from: NAME, status });
    }
    let document: Option<Value> = serde_json::from_slice(&answer.bytes).ok();
    let value = document.and_then(|it| Some(it.get("value")?.as_str()?.to_owned()));
    value.ok_or(AmbientError::Answer { from: NAME })
}
