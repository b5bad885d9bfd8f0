//! Google Cloud: the metadata server of a machine, or a service account that it may speak for.

use std::fs;

use serde_json::{Value, json};
use url::Url;

use super::error::AmbientError;
use crate::fetch::{Agent, Answer, Environment, Question, Secret};
use crate::identity::token::MAX_TOKEN_BYTES;

const NAME: &str = "Google Cloud";

/// What Google's machines say that they are.
const PRODUCT: &str = "/sys/class/dmi/id/product_name";

/// As all of Google's own clients have it; only asked where this is one of Google's machines.
const METADATA_HOST: &str = "metadata.google.internal";

/// Google's clients take another host from it.
const HOST_VARIABLE: &str = "GCE_METADATA_HOST";

/// A service account that the machine's own may speak for: Cloud Build needs it.
const ACCOUNT_VARIABLE: &str = "GOOGLE_SERVICE_ACCOUNT_NAME";

/// For another host in its place, such as a private endpoint.
const CREDENTIALS_HOST: &str = "https://iamcredentials.googleapis.com";

pub(super) fn is_here(variable: Environment<'_>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is_google = || {
        let product = fs::read_to_string(PRODUCT).unwrap_or_default();
        ["Google", "Google Compute Engine"].contains(&product.trim())
    };
    set(HOST_VARIABLE) || set(ACCOUNT_VARIABLE) || is_google()
}

pub(super) fn token(
    audience: &str,
    agent: &Agent,
    variable: Environment<'_>,
) -> Result<String, AmbientError> {
    let account = variable(ACCOUNT_VARIABLE).filter(|value| !value.is_empty());
    let Some(account) = account else {
        let mut url = metadata("identity", variable)?;
        url.query_pairs_mut()
            .append_pair("audience", audience)
            .append_pair("format", "full");
        return text(of_metadata(&url, agent)?);
    };
    let access = field(
        &of_metadata(&metadata("token", variable)?, agent)?,
        "access_token",
    )?;
    impersonate(&account, &access, audience, agent)
}

/// An address of the metadata server.
fn metadata(what: &str, variable: Environment<'_>) -> Result<Url, AmbientError> {
    let host = variable(HOST_VARIABLE).filter(|value| !value.is_empty());
    let host = host.as_deref().unwrap_or(METADATA_HOST);
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/{what}");
    url.parse().map_err(|_| AmbientError::MetadataHost)
}

fn of_metadata(url: &Url, agent: &Agent) -> Result<Answer, AmbientError> {
    let mut question = Question::get(url);
    question.accept = "*/*";
    question.headers = &[("metadata-flavor", "Google")];
    asked(&question, agent)
}

fn impersonate(
    account: &str,
    access: &str,
    audience: &str,
    agent: &Agent,
) -> Result<String, AmbientError> {
    let mut url: Url = CREDENTIALS_HOST.parse().expect("it is written above");
    url.path_segments_mut()
        .expect("https URLs have a path")
        .extend(["v1", "projects", "-", "serviceAccounts"])
        .push(&format!("{account}:generateIdToken"));
    let body = json!({"audience": audience, "includeEmail": true}).to_string();
    let authorization = format!("Bearer {access}");
    let mut question = Question::post(&url, "application/json", body.as_bytes());
    question.authorization = Some(Secret(&authorization));
    field(&asked(&question, agent)?, "token")
}

fn asked(question: &Question<'_>, agent: &Agent) -> Result<Answer, AmbientError> {
    let answer = agent.ask_service(question, 2 * MAX_TOKEN_BYTES);
    let answer = answer.map_err(|source| AmbientError::Fetch { from: NAME, source })?;
    match answer.status {
        200 => Ok(answer),
        status => Err(AmbientError::Refused { from: NAME, status }),
    }
}

fn text(answer: Answer) -> Result<String, AmbientError> {
    String::from_utf8(answer.bytes).map_err(|_| AmbientError::Answer { from: NAME })
}

fn field(answer: &Answer, name: &str) -> Result<String, AmbientError> {
    let document: Option<Value> = serde_json::from_slice(&answer.bytes).ok();
    let value = document.and_then(|it| Some(it.get(name)?.as_str()?.to_owned()));
    value.ok_or(AmbientError::Answer { from: NAME })
}
