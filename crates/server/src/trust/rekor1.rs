//! The transparency log with Rekor's version 1 in front.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG, InvalidHeaderValue, LOCATION};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use touchplate_attest::read_strict_json;
use touchplate_trust::rekor::{
    self, Added1, ConsistencyProof, LogInfo, LoggedEntry, MAX_QUERY_BYTES, MAX_V1_PROPOSAL_BYTES,
    Proposal, Rekor1, ToldEntry, Uuid,
};

use super::limits::WithinLimits;
use super::told::Told;
use super::{TrustStack, tiles};
use crate::api::v1::body::JsonBody;
use crate::app::App;
use crate::problem::Problem;
use crate::routes::{only, read, write};

const ENTRIES: &str = "/trust/rekor1/api/v1/log/entries";

/// Entries that one retrieval asks for, as in Rekor.
const MAX_RETRIEVED: usize = 10;

/// The longest retrieval: its proposals, each of which may be as long as one that is logged, and the JSON around them.
const MAX_RETRIEVAL_BYTES: usize = 4 * MAX_V1_PROPOSAL_BYTES;

/// `/trust/rekor1/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route(ENTRIES, only("GET, HEAD, POST", get(by_index).post(add)))
        .route("/trust/rekor1/api/v1/log/entries/retrieve", write(retrieve))
        .route("/trust/rekor1/api/v1/log/entries/{uuid}", read(by_uuid))
        .route("/trust/rekor1/api/v1/index/retrieve", write(search))
        .route("/trust/rekor1/api/v1/log", read(info))
        .route("/trust/rekor1/api/v1/log/publicKey", read(public_key))
        .route("/trust/rekor1/api/v1/log/proof", read(proof))
        // Not of Rekor: so that the log can be followed and kept without asking for entries one by one.
        .route("/trust/rekor1/checkpoint", read(checkpoint))
        .route("/trust/rekor1/tile/{*path}", read(tile))
}

/// An entry under its name, as Rekor answers.
type Named = BTreeMap<String, ToldEntry>;

fn named(entry: LoggedEntry) -> Named {
    BTreeMap::from([(entry.uuid.to_string(), entry.told)])
}

/// `POST …/log/entries`: 201 with the entry once a public checkpoint covers it.
async fn add(
    _: WithinLimits,
    stack: TrustStack,
    State(app): State<App>,
    JsonBody(json): JsonBody<MAX_V1_PROPOSAL_BYTES>,
) -> Result<Response, Problem> {
    let proposal = Proposal::for_v1(&json)?;
    // The promise says when, as a timestamp does.
    let now = stack.tsa.time(app.clock.now()).await?;
    match stack.rekor1.add(&proposal, now).await? {
        Added1::New(entry) => {
            let place = place(&entry.uuid)?;
            let tag = HeaderValue::try_from(format!("\"{}\"", entry.uuid))
                .map_err(|error| unwritable(&error))?;
            let headers = [(LOCATION, place), (ETAG, tag)];
            Ok((StatusCode::CREATED, headers, Told(named(entry))).into_response())
        }
        Added1::Exists(uuid) => {
            let message = format!(
                "an equivalent entry already exists in the transparency log with UUID {uuid}"
            );
            let problem = Problem::saying(StatusCode::CONFLICT, &message);
            Err(problem.with(LOCATION, place(&uuid)?))
        }
    }
}

fn place(uuid: &Uuid) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(format!("{ENTRIES}/{uuid}")).map_err(|error| unwritable(&error))
}

/// A name is hex: this is never reached.
fn unwritable(error: &InvalidHeaderValue) -> Problem {
    Problem::internal(error)
}

#[derive(Deserialize)]
struct ByIndex {
    #[serde(rename = "logIndex")]
    log_index: u64,
}

/// `GET …/log/entries?logIndex=N`.
async fn by_index(stack: TrustStack, uri: Uri) -> Result<Told<Named>, Problem> {
    let asked: ByIndex = query(&uri)?;
    let entry = stack.rekor1.by_index(asked.log_index).await?;
    entry.map(named).map(Told).ok_or_else(no_entry)
}

/// `GET …/log/entries/{uuid}`.
async fn by_uuid(
    stack: TrustStack,
    uuid: Result<Path<String>, PathRejection>,
) -> Result<Told<Named>, Problem> {
    let uuid = uuid.map(|Path(uuid)| uuid).unwrap_or_default();
    let entry = stack.rekor1.by_uuid(&parse_uuid(&uuid)?).await?;
    entry.map(named).map(Told).ok_or_else(no_entry)
}

fn parse_uuid(text: &str) -> Result<Uuid, Problem> {
    text.parse()
        .map_err(|error| Problem::client(StatusCode::BAD_REQUEST, &error))
}

fn no_entry() -> Problem {
    Problem::saying(StatusCode::NOT_FOUND, "the log has no such entry")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Retrieval {
    #[serde(default, rename = "entryUUIDs")]
    entry_uuids: Option<Vec<String>>,
    #[serde(default)]
    log_indexes: Option<Vec<u64>>,
    #[serde(default)]
    entries: Option<Vec<Value>>,
}

/// `POST …/log/entries/retrieve`: those of the asked that are there.
async fn retrieve(
    _: WithinLimits,
    stack: TrustStack,
    JsonBody(json): JsonBody<MAX_RETRIEVAL_BYTES>,
) -> Result<Told<Vec<Named>>, Problem> {
    let wrong = |error: &(dyn std::error::Error + 'static)| {
        Problem::client(StatusCode::UNPROCESSABLE_ENTITY, error)
    };
    let value = read_strict_json(&json, MAX_RETRIEVAL_BYTES).map_err(|error| wrong(&error))?;
    let asked: Retrieval = serde_json::from_value(value).map_err(|error| wrong(&error))?;
    let uuids = asked.entry_uuids.unwrap_or_default();
    let indices = asked.log_indexes.unwrap_or_default();
    let proposals = asked.entries.unwrap_or_default();
    let count = uuids.len() + indices.len() + proposals.len();
    if !(1..=MAX_RETRIEVED).contains(&count) {
        let message = format!("expected 1 to {MAX_RETRIEVED} entries in request, found {count}");
        return Err(Problem::saying(StatusCode::UNPROCESSABLE_ENTITY, &message));
    }
    let rekor = &stack.rekor1;
    let mut found = Vec::new();
    for uuid in &uuids {
        found.extend(rekor.by_uuid(&parse_uuid(uuid)?).await?);
    }
    for index in indices {
        found.extend(rekor.by_index(index).await?);
    }
    for proposal in proposals {
        found.extend(of_proposal(rekor, &proposal).await?);
    }
    Ok(Told(found.into_iter().map(named).collect()))
}

async fn of_proposal(rekor: &Rekor1, proposal: &Value) -> Result<Option<LoggedEntry>, Problem> {
    let proposal = Proposal::for_v1(proposal.to_string().as_bytes())?;
    Ok(rekor.by_proposal(&proposal).await?)
}

/// `POST …/index/retrieve`: the names of what was signed by a key or an identity, or is about an artifact.
async fn search(
    _: WithinLimits,
    stack: TrustStack,
    JsonBody(json): JsonBody<MAX_QUERY_BYTES>,
) -> Result<Told<Vec<String>>, Problem> {
    let query = rekor::Query::parse(&json)?;
    let found = stack.rekor1.search(&query).await?;
    Ok(Told(found.iter().map(ToString::to_string).collect()))
}

/// `GET …/log`: the log's head.
async fn info(stack: TrustStack) -> Result<Told<LogInfo>, Problem> {
    Ok(Told(stack.rekor1.info().await?))
}

/// `GET …/log/publicKey`: what promises and checkpoints are signed with.
async fn public_key(stack: TrustStack) -> Response {
    const PEM: &str = "application/x-pem-file";
    let key = stack.rekor1.public_key().to_owned();
    ([(CONTENT_TYPE, PEM)], key).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Growth {
    first_size: Option<u64>,
    last_size: u64,
    #[serde(rename = "treeID")]
    tree_id: Option<String>,
}

/// `GET …/log/proof?lastSize=N[&firstSize=M]`: that the log has only grown in between.
async fn proof(stack: TrustStack, uri: Uri) -> Result<Told<ConsistencyProof>, Problem> {
    let Growth {
        first_size,
        last_size,
        tree_id,
    } = query(&uri)?;
    let tree = stack.rekor1.tree().to_string();
    if tree_id.is_some_and(|asked| asked != tree) {
        let message = format!("expected the tree {tree}, which is this log's only one");
        return Err(Problem::saying(StatusCode::BAD_REQUEST, &message));
    }
    let first = first_size.unwrap_or(1);
    Ok(Told(stack.rekor1.growth(first, Some(last_size)).await?))
}

fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let query = Query::try_from_uri(uri);
    let Query(asked) = query.map_err(|error| Problem::client(StatusCode::BAD_REQUEST, &error))?;
    Ok(asked)
}

/// The newest checkpoint.
async fn checkpoint(stack: TrustStack) -> Result<Response, Problem> {
    tiles::checkpoint(stack.rekor1.log()).await
}

/// Hashes, or entries.
async fn tile(stack: TrustStack, uri: Uri) -> Result<Response, Problem> {
    tiles::tile(stack.rekor1.log(), "/trust/rekor1/", &uri).await
}
