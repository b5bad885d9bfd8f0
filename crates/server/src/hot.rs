//! Answers that were given once and are given again as they were, in front of everything else: a small shared cache in the
//! sense of RFC 9111, whose keys are the few headers that our answers vary by, and whose entries end with the journal.
//!
//! What is kept here came out of the router with all that its layers do, and is the same for everybody: a request that bears
//! credentials, a condition other than `If-None-Match`, a range, a query or a body is never answered from here.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    EXPECT, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use touchplate_index::files::FoundFile;

use crate::api::answer;
use crate::app::App;
use crate::cache::{MAX_LIFE, Moment};

/// Bytes of answers kept. Pages among them are those of the page cache and take no memory of their own while they are there.
const MAX_BYTES: u64 = 64 << 20;

/// What an answer weighs beside its body: its key and about fifteen headers.
const OVERHEAD_BYTES: usize = 2048;

/// Of path and both headers: browsers send some 300 bytes, installers 200.
const MAX_KEY_BYTES: usize = 1024;

/// On an answer that may be given again.
#[derive(Clone, Debug)]
pub(crate) struct Keepable {
    /// Until when it is right.
    pub(crate) moment: Moment,
    /// As it is sent.
    pub(crate) body: Bytes,
    /// The file that it is, whose downloads are counted.
    pub(crate) file: Option<Arc<FoundFile>>,
}

impl Keepable {
    pub(crate) fn page(moment: Moment, body: Bytes) -> Self {
        Self {
            moment,
            body,
            file: None,
        }
    }
}

/// One answer.
struct Kept {
    headers: HeaderMap,
    keepable: Keepable,
}

/// What tells one question from another.
pub(crate) type Key = Vec<u8>;

/// The answers.
pub(crate) struct Hot {
    answers: moka::sync::Cache<Key, Arc<Kept>>,
    /// Hashes of questions for files that were asked once, each where it falls.
    once: Box<[AtomicU64]>,
    hasher: RandomState,
    loading: Semaphore,
}

/// A file of up to this size is kept when it is asked for again, though it is not short.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Such files read into memory at one time; whoever asks meanwhile for another gets it piece by piece.
const MAX_LOADING: usize = 4;

/// Files asked once that are remembered, about: a file is kept when it is asked for again. Most are not, and those would
/// cost more to keep than to read.
const ONCE: usize = 8192;

impl Default for Hot {
    fn default() -> Self {
        let weigh = |key: &Key, kept: &Arc<Kept>| {
            let bytes = key.len() + kept.keepable.body.len() + OVERHEAD_BYTES;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        // The default policy keeps what is asked for often: questions that somebody varies for the sake of it make no room.
        let answers = moka::sync::Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(weigh)
            // As pages are: what they tell of downloads changes, and no journal row says so.
            .time_to_live(MAX_LIFE)
            .build();
        Self {
            answers,
            once: (0..ONCE).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            loading: Semaphore::new(MAX_LOADING),
        }
    }
}

impl Hot {
    /// The answer to a request, if it is kept and still right; without what `observe` adds to each.
    pub(crate) fn answer(&self, app: &App, key: &Key, request: &Parts) -> Option<Response> {
        let kept = self.answers.get(key)?;
        if !app.cache.lasts(kept.keepable.moment) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        if request.headers.contains_key(IF_NONE_MATCH) {
            let etag = kept.headers.get(ETAG)?;
            if answer::has(&request.headers, etag) {
                // Of a file the router says it with fewer headers.
                if kept.keepable.file.is_some() {
                    return None;
                }
                *response.headers_mut() = kept.headers.clone();
                response.headers_mut().remove(CONTENT_TYPE);
                response.headers_mut().remove(CONTENT_ENCODING);
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return Some(response);
            }
        }
        if let Some(file) = &kept.keepable.file {
            app.index
                .downloaded(file, &(0..file.file.size), app.clock.now());
        }
        *response.headers_mut() = kept.headers.clone();
        *response.body_mut() = Body::from(kept.keepable.body.clone());
        Some(response)
    }

    /// The memory that answers take, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.answers.weighted_size()
    }

    /// Keeps an answer, if it may be.
    pub(crate) fn keep(&self, key: Option<Key>, response: &mut Response) {
        let keepable = response.extensions_mut().remove::<Keepable>();
        let (Some(key), Some(keepable), StatusCode::OK) = (key, keepable, response.status()) else {
            return;
        };
        if keepable.file.is_none() || self.was_asked(&key) {
            let headers = response.headers().clone();
            let kept = Kept { headers, keepable };
            self.answers.insert(key, Arc::new(kept));
        }
    }

    /// Leave to read a file whole that is not short; none: it is not worth it, or too much at once.
    pub(crate) fn leave_to_load(&self, key: &Key, size: u64) -> Option<SemaphorePermit<'_>> {
        let worth_it = size <= MAX_FILE_BYTES && self.was_asked(key);
        worth_it.then(|| self.loading.try_acquire().ok())?
    }

    /// Whether this was asked before; from now on it was.
    fn was_asked(&self, key: &Key) -> bool {
        let hash = self.hasher.hash_one(key);
        let place = usize::try_from(hash % ONCE as u64).ok();
        let place = place.and_then(|place| self.once.get(place));
        place.is_some_and(|place| place.swap(hash, Ordering::Relaxed) == hash)
    }
}

/// What may change an answer and is not in the key.
const MAKES_A_DIFFERENCE: [HeaderName; 11] = [
    AUTHORIZATION,
    CONTENT_LENGTH,
    EXPECT,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    RANGE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("cookie"),
];

/// What tells a question from others whose answers are kept; none if its answer is never kept.
pub(crate) fn key(request: &Parts) -> Option<Key> {
    if request.method != Method::GET || request.uri.query().is_some() {
        return None;
    }
    let headers = &request.headers;
    if headers.keys().any(|name| MAKES_A_DIFFERENCE.contains(name)) {
        return None;
    }
    let path = request.uri.path().as_bytes();
    let (accept, encoding) = (only(headers, &ACCEPT)?, only(headers, &ACCEPT_ENCODING)?);
    let parts = [path, accept, encoding];
    if parts.iter().map(|part| part.len()).sum::<usize>() > MAX_KEY_BYTES {
        return None;
    }
    // No part has a zero byte in it.
    Some(parts.join(&0))
}

/// The value of a header that is there at most once, in bytes that tell an absent one from an empty one.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(b"\n"),
        (Some(value), None) => Some(HeaderValue::as_bytes(value)),
        (Some(_), Some(_)) => None,
    }
}
