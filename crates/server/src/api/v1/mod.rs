//! Touchplate's own API, `/api/v1/`: projects, releases and files, what is known of them, attestations that come after an upload, who is expected to
//! make them, and who publishes. `openapi.json` beside this file describes it; whatever is refused is problem details (RFC 9457).

use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use crate::api::answer;
use crate::cache::Rendered;

pub(crate) mod attestations;
pub(crate) mod attesters;
pub(crate) mod body;
mod conditions;
pub(crate) mod downloads;
pub(crate) mod files;
mod history;
pub(crate) mod many;
pub(crate) mod members;
pub(crate) mod minted;
pub(crate) mod openapi;
mod paging;
pub(crate) mod pending;
pub(crate) mod projects;
pub(crate) mod publishers;
pub(crate) mod ratchets;
pub(crate) mod read_tokens;
mod refused;
pub(crate) mod releases;
mod run;
pub(crate) mod search;
pub(crate) mod status;
mod told;
pub(crate) mod versions;
pub(crate) mod visibility;
pub(crate) mod whole;
pub(crate) mod yank;

/// The version of each answer's shape, as its `version` says it: keys may be added, none changes its meaning.
const VERSION: u32 = 1;

const JSON: &str = "application/json";

/// What members alone may see: made anew at each question, with a validator, and kept by nobody.
fn to_members(told: &impl Serialize, headers: &HeaderMap) -> Response {
    answer::page(&Rendered::new(told::json(told), None, false), JSON, headers)
}
