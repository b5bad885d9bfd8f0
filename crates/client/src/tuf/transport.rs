//! The agent as the transport of `sigstore-tuf`.

use std::sync::{Arc, Mutex, PoisonError};

use sigstore_tuf::Error;
use sigstore_tuf::transport::{FetchFuture, Repository};
use url::Url;

use super::error::TufError;
use crate::fetch::{Agent, FetchError};

/// Fetches from one repository. The library's errors hold text; what failed in the end is kept beside them.
pub(super) struct Transport {
    agent: Arc<Agent>,
    base: Url,
    failed: Mutex<Option<FetchError>>,
}

impl Transport {
    pub(super) fn new(agent: Arc<Agent>, base: Url) -> Self {
        Self {
            agent,
            base,
            failed: Mutex::new(None),
        }
    }

    /// What an error of the library means.
    pub(super) fn refusal(&self, error: Error) -> TufError {
        // A thread that panicked left the last failure whole.
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failed.take() {
            Some(failed) if matches!(error, Error::Transport { .. }) => TufError::of_fetch(failed),
            _ => TufError::from(error),
        }
    }

    /// The bytes below the base, `None` where there are none.
    fn get(&self, folder: &[&str], name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let mut url = self.base.clone();
        let Ok(mut path) = url.path_segments_mut() else {
            return Err(Error::transport("expected a URL with a path"));
        };
        // As segments, so that a name that metadata gives cannot lead to another place.
        path.pop_if_empty().extend(folder).extend(name.split('/'));
        drop(path);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let answer = self.agent.get_bounded(&url, limit);
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(bytes) => {
                *failed = None;
                Ok(Some(bytes))
            }
            Err(error) => {
                let is_absent = matches!(
                    error,
                    // Stores of objects answer 403 for what is not there.
                    FetchError::Absent { .. } | FetchError::Denied { status: 403, .. }
                );
                *failed = Some(error);
                if is_absent {
                    Ok(None)
                } else {
                    Err(Error::transport("the agent failed"))
                }
            }
        }
    }
}

/// The library wants its transport whole; we keep it to ask what failed.
pub(super) struct Shared(pub(super) Arc<Transport>);

impl Repository for Shared {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        let answer = self.0.get(&[], name, max_length);
        Box::pin(std::future::ready(answer))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        let answer = self.0.get(&["targets"], path, max_length);
        Box::pin(std::future::ready(answer))
    }
}
