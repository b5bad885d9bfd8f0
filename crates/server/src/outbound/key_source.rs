//! One issuer's keys, kept: fetched once for all who wait, again when they are old or a key is unknown, and used for a
//! while longer when that fails.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use touchplate_attest::id_token::KeySet;
use touchplate_client::fetch::Agent;

use super::discovery::{self, KeysError};

/// After this, keys are fetched again while the old ones serve: a key that its issuer has withdrawn is forgotten within it.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// Keys older than this are not believed: an issuer that cannot be asked for a day cannot withdraw one either.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Between two questions to one issuer, whatever keys tokens name: as PyPI has it.
const BETWEEN: SignedDuration = SignedDuration::from_secs(60);

/// The same after a failure: a builder that tries again for a minute should see it end.
const BETWEEN_FAILURES: SignedDuration = SignedDuration::from_secs(10);

/// The same for a file, which costs nobody anything.
const BETWEEN_READS: SignedDuration = SignedDuration::from_secs(1);

/// One issuer's keys.
#[derive(Debug)]
pub struct KeySource {
    issuer: String,
    place: Place,
    state: Mutex<State>,
    /// Held by the one who fetches.
    fetching: tokio::sync::Mutex<()>,
}

/// Where they come from.
#[derive(Debug)]
pub(super) enum Place {
    /// The issuer itself.
    Network(Arc<Agent>),
    /// A file that the operator keeps up to date.
    File(PathBuf),
}

#[derive(Debug, Default)]
struct State {
    held: Option<(Arc<KeySet>, Timestamp)>,
    tried: Option<Timestamp>,
    failed: Option<Arc<KeysError>>,
}

impl KeySource {
    pub(super) fn new(issuer: &str, place: Place) -> Self {
        Self {
            issuer: issuer.to_owned(),
            place,
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// The keys, `key_id` among them if the issuer has it:
    /// 1. those that are held, if it is among them and they are not too old; old ones are fetched again meanwhile;
    /// 2. else they are fetched, by one for all who wait, and not again within a minute;
    /// 3. if that fails, those that are held, if they are not too old.
    ///
    /// # Errors
    /// When there are none.
    pub async fn keys(
        self: &Arc<Self>,
        key_id: &str,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, Arc<KeysError>> {
        // 1
        if let Some((keys, age)) = self.held(now).filter(|(keys, _)| keys.has(key_id)) {
            if age >= FRESH && self.may_try(now) {
                let source = self.clone();
                tokio::spawn(async move { source.refresh(now).await });
            }
            return Ok(keys);
        }
        // 2
        if self.may_try(now) || self.fetching.try_lock().is_err() {
            // In a task of its own: that the first to ask goes away is nothing to the others.
            let (source, key_id) = (self.clone(), key_id.to_owned());
            let fetching = tokio::spawn(async move { source.fetch_for(&key_id, now).await });
            drop(fetching.await);
        }
        // 3
        if let Some((keys, _)) = self.held(now) {
            return Ok(keys);
        }
        let failed = self.state().failed.clone();
        Err(failed.unwrap_or_else(|| Arc::new(KeysError::Stopped)))
    }

    async fn refresh(&self, now: Timestamp) {
        // Somebody else is at it.
        let Ok(_fetching) = self.fetching.try_lock() else {
            return;
        };
        if self.may_try(now) {
            self.fetch(now).await;
        }
    }

    /// Waits for whoever is at it; fetches if that did not bring the key.
    async fn fetch_for(&self, key_id: &str, now: Timestamp) {
        let _fetching = self.fetching.lock().await;
        let came = self.held(now).filter(|(keys, _)| keys.has(key_id));
        if came.is_none() && self.may_try(now) {
            self.fetch(now).await;
        }
    }

    /// With [`fetching`](Self::fetching) held.
    async fn fetch(&self, now: Timestamp) {
        self.state().tried = Some(now);
        let fetched = match &self.place {
            Place::Network(agent) => discovery::fetch(&self.issuer, agent).await,
            Place::File(path) => discovery::read(path).await,
        };
        let mut state = self.state();
        match fetched {
            Ok(keys) => {
                state.held = Some((Arc::new(keys), now));
                state.failed = None;
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let file = match &self.place {
                    Place::File(path) => Some(tracing::field::display(path.display())),
                    Place::Network(_) => None,
                };
                tracing::warn!(issuer = %self.issuer, file, %error, cause, "an issuer's keys are not to be had");
                state.failed = Some(Arc::new(error));
            }
        }
    }

    /// What is held and believed, and how old it is.
    fn held(&self, now: Timestamp) -> Option<(Arc<KeySet>, SignedDuration)> {
        let state = self.state();
        let (keys, at) = state.held.as_ref()?;
        let age = now.duration_since(*at);
        (age < KEPT).then(|| (keys.clone(), age))
    }

    fn may_try(&self, now: Timestamp) -> bool {
        let state = self.state();
        let between = match (&self.place, &state.failed) {
            (Place::File(_), _) => BETWEEN_READS,
            (Place::Network(_), Some(_)) => BETWEEN_FAILURES,
            (Place::Network(_), None) => BETWEEN,
        };
        // A clock that was set back must not silence it for as long.
        state
            .tried
            .is_none_or(|tried| now.duration_since(tried).abs() >= between)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Whoever panicked did not leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
