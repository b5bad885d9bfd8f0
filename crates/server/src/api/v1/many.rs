//! `POST /api/v1/provenance`: the provenance and every attestation of many files, by their digests.

use std::collections::{HashSet, VecDeque};

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use touchplate_attest::{JsonError, from_object, read_strict_json};
use touchplate_index::Reader;
use touchplate_index::ports::{AttestedFile, StoreError, WeighedFile};
use touchplate_packaging::Sha256;

use super::body::JsonBody;
use super::told::{self, AttestedTold};
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

/// Answers for up to a thousand digests at once: for each the files that the reader may see, with all their attestations. What is
/// more than a batch is sent as it is read, so that no answer is in memory as a whole.
pub(crate) async fn provenance(
    State(app): State<App>,
    Reading(reader): Reading,
    JsonBody(json): JsonBody<MAX_QUESTION_BYTES>,
) -> Result<Response, Problem> {
    let digests = parse(&json)?;
    let failed = |error: StoreError| Problem::internal(&error);
    let batches = app.index.known_digests(&reader, &digests).await;
    let mut answering = Answering {
        app,
        reader,
        batches: batches.map_err(failed)?.into(),
        answer: Answer::to(digests),
    };
    // What fails in the first batch is still told as a failure.
    let first = answering.next().await.map_err(failed)?;
    let body = if answering.is_done() {
        Body::from(first)
    } else {
        let rest = stream::try_unfold(answering, async |mut answering| {
            if answering.is_done() {
                return Ok(None);
            }
            Ok::<_, StoreError>(Some((answering.next().await?, answering)))
        });
        let logged = rest.inspect_err(|error| {
            // The head is sent already: cutting the body off is all that can be done, and clients notice.
            tracing::error!(%error, cause = %error.cause, "an answer could not be made to its end");
        });
        Body::from_stream(stream::iter([Ok(first)]).chain(logged))
    };
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// What is still to be read, and how far the answer has come.
struct Answering {
    app: App,
    reader: Reader,
    batches: VecDeque<Vec<WeighedFile>>,
    answer: Answer,
}

impl Answering {
    fn is_done(&self) -> bool {
        self.answer.is_ended
    }

    /// The answer as far as the next batch takes it.
    async fn next(&mut self) -> Result<Bytes, StoreError> {
        let batch = self.batches.pop_front().unwrap_or_default();
        let files = self.app.index.attested(&self.reader, &batch).await?;
        let is_last = self.batches.is_empty();
        let mut answer = std::mem::take(&mut self.answer);
        // A megabyte to be read and written anew, beside which others would wait.
        let written = tokio::task::spawn_blocking(move || {
            let mut text = Vec::new();
            for file in &files {
                answer.file(&mut text, file)?;
            }
            if is_last {
                answer.end(&mut text);
            }
            Ok::<_, StoreError>((text, answer))
        });
        let interrupted = |cause| StoreError::new("write an answer", cause);
        let (text, answer) = written.await.map_err(interrupted)??;
        self.answer = answer;
        Ok(text.into())
    }
}

/// The answer as it is written from front to back: `{"version":1,"results":[…]}`, one result a digest.
#[derive(Default)]
struct Answer {
    digests: Vec<Sha256>,
    /// How many results are written in full.
    written: usize,
    /// How many files of the next one are.
    files: usize,
    is_begun: bool,
    is_ended: bool,
}

impl Answer {
    fn to(digests: Vec<Sha256>) -> Self {
        Self {
            digests,
            ..Self::default()
        }
    }

    fn begin(&mut self, text: &mut Vec<u8>) {
        if !self.is_begun {
            let begun = format!(r#"{{"version":{VERSION},"results":["#);
            text.extend_from_slice(begun.as_bytes());
            self.is_begun = true;
        }
    }

    /// A file, whose digest is that of the file before or a later one.
    fn file(&mut self, text: &mut Vec<u8>, found: &AttestedFile) -> Result<(), StoreError> {
        self.begin(text);
        let told = AttestedTold::of(found)?;
        while let Some(digest) = self.digests.get(self.written)
            && *digest != found.file.digests.sha256
        {
            self.result(text);
        }
        self.open(text);
        if self.files > 0 {
            text.push(b',');
        }
        self.files += 1;
        text.extend_from_slice(&told::json(&told));
        Ok(())
    }

    /// The beginning of a result, if it is not there.
    fn open(&self, text: &mut Vec<u8>) {
        if let (0, Some(digest)) = (self.files, self.digests.get(self.written)) {
            let comma = if self.written == 0 { "" } else { "," };
            let opened = format!(r#"{comma}{{"sha256":"{digest}","files":["#);
            text.extend_from_slice(opened.as_bytes());
        }
    }

    /// The rest of a result. It is known if the reader may see a file with this digest: no more is said of others.
    fn result(&mut self, text: &mut Vec<u8>) {
        self.open(text);
        let known = self.files > 0;
        text.extend_from_slice(format!(r#"],"known":{known}}}"#).as_bytes());
        self.written += 1;
        self.files = 0;
    }

    fn end(&mut self, text: &mut Vec<u8>) {
        self.begin(text);
        while self.written < self.digests.len() {
            self.result(text);
        }
        text.extend_from_slice(b"]}");
        self.is_ended = true;
    }
}
