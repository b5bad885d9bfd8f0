//! The provenance of many files in one question, where the index is one of ours (`POST /api/v1/provenance`).
//!
//! It is another way to the same bytes, and nothing in the answer is believed: what does not verify is asked for anew, where the page
//! says that it is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;
use touchplate_attest::provenance::MAX_PROVENANCE_BYTES;
use touchplate_attest::{Sha256, read_strict_json};
use url::Url;

use crate::fetch::{Agent, Question};
use crate::publish::binding::SelfDescription;

/// From here on one question more, for what the index is, is cheaper than one for each file.
pub(super) const WORTH_ASKING: usize = 8;

/// Digests of one question. A thousand may be asked for; the answer is in memory as a whole.
pub(super) const BATCH: usize = 250;

/// An answer. A file has ten kilobytes, as a rule; of what has more each file is asked for.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// What an index says of itself has some hundred bytes.
const MAX_DESCRIPTION_BYTES: usize = 64 << 10;

/// What is known of each index: where many files are asked for, if it is one of ours.
#[derive(Debug, Default)]
pub(super) struct Doors(Mutex<HashMap<Url, Option<Url>>>);

#[derive(Deserialize)]
struct Answer {
    results: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    sha256: Sha256,
    files: Vec<FoundFile>,
}

#[derive(Deserialize)]
struct FoundFile {
    filename: String,
    provenance: Option<Box<RawValue>>,
}

impl Doors {
    /// Where an index answers for many files; none where it is not one of ours.
    pub(super) fn of(&self, agent: &Agent, index: &Url) -> Option<Url> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(index) {
            return known.clone();
        }
        drop(known);
        let found = describes_itself(agent, index);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(index.clone(), found.clone());
        found
    }
}

/// By what it says at `/.well-known/pytp`, under our key: that its Simple API is the one that is asked.
fn describes_itself(agent: &Agent, index: &Url) -> Option<Url> {
    let mut url = index.clone();
    url.set_fragment(None);
    url.set_path("/.well-known/pytp");
    url.set_query(Some("discover=%2F"));
    let question = Question {
        accept: "application/vnd.pypi.pytp.v1+json, application/json",
        ..Question::get(&url)
    };
    let answer = agent.ask_service(&question, MAX_DESCRIPTION_BYTES).ok()?;
    if answer.status != 200 {
        return None;
    }
    let document = read_strict_json(&answer.bytes, MAX_DESCRIPTION_BYTES).ok()?;
    let mut simple = SelfDescription::read(&document, index).ok()?.simple?;
    if simple.path().trim_end_matches('/') != index.path().trim_end_matches('/') {
        return None;
    }
    let base = simple
        .path()
        .trim_end_matches('/')
        .strip_suffix("/simple")?;
    let path = format!("{base}/api/v1/provenance");
    simple.set_path(&path);
    Some(simple)
}

/// What the index has of these digests: the digest and the file's name, and the object.
pub(super) fn ask(
    agent: &Agent,
    door: &Url,
    digests: &[Sha256],
) -> HashMap<(Sha256, String), Vec<u8>> {
    let body = serde_json::json!({"sha256": digests}).to_string();
    let question = Question::post(door, "application/json", body.as_bytes());
    let answer = agent.ask_service(&question, MAX_ANSWER_BYTES);
    let answer = answer.ok().filter(|answer| answer.status == 200);
    let read = answer.and_then(|it| serde_json::from_slice::<Answer>(&it.bytes).ok());
    let mut objects = HashMap::new();
    for found in read.into_iter().flat_map(|answer| answer.results) {
        for file in found.files {
            let object = file
                .provenance
                .map(|raw| Box::<str>::from(raw).into_string());
            let object = object.filter(|text| text.len() <= MAX_PROVENANCE_BYTES);
            if let Some(object) = object {
                objects.insert((found.sha256, file.filename), object.into_bytes());
            }
        }
    }
    objects
}
