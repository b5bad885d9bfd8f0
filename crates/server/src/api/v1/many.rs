//! `POST /api/v1/provenance`: what is known of many files, by their digests.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use touchplate_attest::{JsonError, from_object, read_strict_json};
use touchplate_index::ports::AttestedFile;
use touchplate_packaging::Sha256;

use super::body::JsonBody;
use super::told::{self, AttestationTold, FileTold};
use super::{JSON, VERSION};
use crate::app::App;
use crate::extract::Reading;
use crate::problem::Problem;

/// Digests of one question: a large application locks some hundred files.
const MAX_DIGESTS: usize = 1000;

/// As many digests, with quotes, commas and generous white space.
const MAX_QUESTION_BYTES: usize = MAX_DIGESTS * 100 + 1024;

/// Why the question was not understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum QuestionError {
    /// No strict JSON.
    #[error("the question is not readable")]
    Json(#[from] JsonError),
    /// Another shape.
    #[error("expected an object with the one key `sha256`, an array of digests")]
    Shape(#[source] serde_json::Error),
    /// Too many.
    #[error("expected at most {MAX_DIGESTS} digests, found {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// One is none.
    #[error("expected 64 hexadecimal digits as digest {position}, found {found:?}")]
    Digest {
        /// Which one, counted from 1.
        position: usize,
        /// What stands there, cut to 80 characters.
        found: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    sha256: Vec<String>,
}

/// Each digest once, in the order of their first mention.
fn parse(json: &[u8]) -> Result<Vec<Sha256>, QuestionError> {
    let value = read_strict_json(json, MAX_QUESTION_BYTES)?;
    let Question { sha256 } = from_object(value).map_err(QuestionError::Shape)?;
    if sha256.len() > MAX_DIGESTS {
        return Err(QuestionError::TooMany {
            found: sha256.len(),
        });
    }
    let mut seen = HashSet::new();
    let mut digests = Vec::with_capacity(sha256.len());
    for (position, given) in (1..).zip(&sha256) {
        let digest: Sha256 = given.parse().map_err(|_| QuestionError::Digest {
            position,
            found: given.chars().take(80).collect(),
        })?;
        if seen.insert(digest) {
            digests.push(digest);
        }
    }
    Ok(digests)
}

#[derive(Serialize)]
struct Answer<'k> {
    version: u32,
    results: Vec<DigestTold<'k>>,
}

#[derive(Serialize)]
struct DigestTold<'k> {
    sha256: Sha256,
    /// Whether the reader may see a file with this digest: no more is said of others.
    known: bool,
    files: Vec<AttestedTold<'k>>,
}

/// A file, and what is known of its attestations without their own texts.
#[derive(Serialize)]
pub(super) struct AttestedTold<'k> {
    #[serde(flatten)]
    file: FileTold<'k>,
    attestations: Vec<AttestationTold<'k>>,
}

impl<'k> AttestedTold<'k> {
    pub(super) fn of(found: &'k AttestedFile) -> Self {
        Self {
            file: FileTold::of(&found.project, &found.file),
            attestations: found.attestations.iter().map(AttestationTold::of).collect(),
        }
    }
}

/// Answers for up to a thousand digests at once: for each the files that the reader may see.
pub(crate) async fn provenance(
    State(app): State<App>,
    Reading(reader): Reading,
    JsonBody(json): JsonBody<MAX_QUESTION_BYTES>,
) -> Result<Response, Problem> {
    let digests = parse(&json)?;
    let known = app.index.known_digests(&reader, &digests).await;
    let known = known.map_err(|error| Problem::internal(&error))?;
    let results = digests.into_iter().map(|sha256| {
        let files = known.get(&sha256);
        DigestTold {
            sha256,
            known: files.is_some(),
            files: files.into_iter().flatten().map(AttestedTold::of).collect(),
        }
    });
    let answer = Answer {
        version: VERSION,
        results: results.collect(),
    };
    Ok(([(header::CONTENT_TYPE, JSON)], told::json(&answer)).into_response())
}
