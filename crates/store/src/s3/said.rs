//! What an object store said, in a sentence for the operator.

use std::error::Error;

use object_store::Error as Said;
use object_store::client::HttpError;
use touchplate_index::ports::{BlobError, NoWrites, Unavailable};

/// Names the engine and what failed. What may be gone in a while is [`Unavailable`].
pub(super) fn explained(doing: &'static str) -> impl Fn(Said) -> BlobError {
    move |error| BlobError::new(doing, cause(&error))
}

fn cause(error: &Said) -> Box<dyn Error + Send + Sync> {
    let text = error.to_string();
    let says = |code: &str| text.contains(code);
    let for_now = match status(&text) {
        Some(429 | 503) => "the object store is too busy, and stayed so for ten seconds",
        Some(507) => "the object store has no room left",
        Some(500..) => "the object store failed, and went on doing so for ten seconds",
        None if is_of_the_network(error) => {
            "the object store: the connection broke or could not be made"
        }
        Some(404) if says(NO_BUCKET) => {
            return told(
                "the object store has no such bucket: make it, or mend the name in `blobs`",
                text,
            );
        }
        Some(301 | 307 | 400) if says("egion") => {
            return told(
                "the bucket is in another region: name it in `blobs`, as `region=…`, or in AWS_REGION",
                text,
            );
        }
        Some(401 | 403) => {
            return told(
                "the object store refused the key or the region. Keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
                 in the file of `credentials_file` in `blobs`; the region is in `region` in `blobs`",
                text,
            );
        }
        _ => return told("the object store", text),
    };
    let full = (status(&text) == Some(507)).then_some(NoWrites::Full);
    Box::new(Unavailable::new(for_now, text).to_writes(full))
}

/// The crate's error says all that its causes say, so they are not kept.
fn told(said: &'static str, text: String) -> Box<dyn Error + Send + Sync> {
    let source = text.into();
    Box::new(Told { said, source })
}

#[derive(Debug, thiserror::Error)]
#[error("{said}")]
struct Told {
    said: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

/// S3's code for it.
const NO_BUCKET: &str = "NoSuchBucket";

/// Whether a 404 is of the object, and not of the bucket.
pub(super) fn is_of_an_object(source: &(dyn Error + 'static)) -> bool {
    !source.to_string().contains(NO_BUCKET)
}

/// The status of the last answer, if there was one. The crate keeps the type that has it to itself, so its words are read.
fn status(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

fn is_of_the_network(error: &Said) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<HttpError>() {
            return true;
        }
        next = error.source();
    }
    false
}
