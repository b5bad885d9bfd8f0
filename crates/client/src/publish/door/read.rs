//! Reading what an index says about trusted publishing. Many answer something to any URL; what counts is what they mean.

use serde_json::{Map, Value};
use url::Url;

use super::error::{DoorError, Said};
use super::{MAX_ANSWER_BYTES, MULTI, PYTP, SINGLE, Uses, discovery_url, json_of};
use crate::fetch::{Agent, Answer, Question, is_loopback};

/// Of what an index says about a refusal.
const SHOWN: usize = 1000;

/// What the index says of the upload URL (PEP 807), if it says anything: one that knows nothing of it answers with an
/// error, a page, or leads elsewhere.
pub(super) fn discovery(
    agent: &Agent,
    upload: &Url,
) -> Result<Option<Map<String, Value>>, DoorError> {
    let url = discovery_url(upload);
    let mut question = Question::get(&url);
    question.accept = PYTP;
    let answer = agent.ask_service(&question, MAX_ANSWER_BYTES);
    let answer = answer.map_err(DoorError::Fetch)?;
    let is_json = [PYTP, "application/json"].contains(&answer.content_type.as_str());
    if answer.status != 200 || !is_json {
        return Ok(None);
    }
    match json_of(&answer) {
        Some(Value::Object(document)) => Ok(Some(document)),
        _ => Err(DoorError::Discovery {
            url,
            expected: "a JSON object",
        }),
    }
}

/// A URL of the answer: at the upload URL's own host, and over https unless it is this machine.
pub(super) fn endpoint(
    upload: &Url,
    discovered: &Map<String, Value>,
    key: &'static str,
) -> Result<Url, DoorError> {
    let text = discovered.get(key).and_then(Value::as_str);
    let url: Option<Url> = text.and_then(|text| text.parse().ok());
    let url = url.ok_or(DoorError::Endpoint { key })?;
    let keeps_secrets = url.scheme() == "https" || is_loopback(&url);
    // An http index of one's own network is one's own choice; that it gives up https is nobody's.
    let keeps_secrets = keeps_secrets || (upload.scheme() == "http" && url.scheme() == "http");
    if url.host() != upload.host() || !keeps_secrets {
        return Err(DoorError::Elsewhere {
            key,
            url,
            upload: upload.clone(),
        });
    }
    Ok(url)
}

/// For how many uploads its tokens are.
pub(super) fn uses(discovered: &Map<String, Value>) -> Result<Uses, DoorError> {
    let listed = |key: &str| -> Option<Vec<&str>> {
        let list = discovered.get(key)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect())
    };
    let usual = listed("default-features").unwrap_or_else(|| vec![MULTI]);
    let offered = listed("features").unwrap_or_default();
    if usual.contains(&MULTI) {
        Ok(Uses::Many)
    } else if offered.contains(&MULTI) {
        Ok(Uses::ManyIfAsked)
    } else if usual.contains(&SINGLE) || offered.contains(&SINGLE) {
        Ok(Uses::One)
    } else {
        Err(DoorError::Features)
    }
}

/// `{"audience": …}`; none where the index has no trusted publishing, or has switched it off.
pub(super) fn audience(agent: &Agent, url: &Url) -> Result<Option<String>, DoorError> {
    let answer = agent.ask_service(&Question::get(url), MAX_ANSWER_BYTES);
    let answer = answer.map_err(DoorError::Fetch)?;
    if answer.status != 200 {
        return Ok(None);
    }
    let document = json_of(&answer);
    let audience = document.and_then(|it| Some(it.get("audience")?.as_str()?.to_owned()));
    Ok(audience.filter(|text| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())))
}

/// What a refusal says: PyPI's `errors`, else problem details, else a message.
pub(super) fn said(answer: &Answer) -> Said {
    let document = json_of(answer).unwrap_or_default();
    let shown = |text: &str| text.trim().chars().take(SHOWN).collect::<String>();
    let first = document.get("errors").and_then(|errors| errors.get(0));
    let text = |value: Option<&Value>, key: &str| Some(value?.get(key)?.as_str()?.to_owned());
    let words = text(first, "description")
        .or_else(|| text(Some(&document), "detail"))
        .or_else(|| text(Some(&document), "message"));
    Said {
        code: text(first, "code").map(|code| shown(&code)),
        words: shown(&words.unwrap_or_default()),
    }
}
