//! One reading: what is not counted as it happens is looked at now.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use touchplate_attest::domain::EMBEDDED_AS_OF;
use touchplate_attest::{TrustDomains, TrustRoot};
use touchplate_client::trust_store::StoredDomains;
use touchplate_packaging::Sha256;

use super::Metrics;
use super::labels::{Cache, Connections, Engine, Trust};
use crate::api::health::{blob_store_answers, database_answers};
use crate::app::App;

/// Of when the roots of trust are: by their digest.
#[derive(Default)]
pub(crate) struct Roots {
    as_of: BTreeMap<Sha256, Timestamp>,
    /// When this server read them; of what the trust stack of this very server has changed since, it is about right.
    read_at: Timestamp,
}

impl Roots {
    /// Those of a trust store, if there is one, and the embedded one.
    pub(crate) fn new(stored: Option<&StoredDomains>, read_at: Timestamp) -> Self {
        let embedded = (*TrustRoot::public_good().digest(), EMBEDDED_AS_OF);
        let stored = stored.into_iter().flat_map(StoredDomains::iter);
        let stored = stored.map(|domain| (*domain.config.root().digest(), domain.as_of));
        Self {
            as_of: std::iter::once(embedded).chain(stored).collect(),
            read_at,
        }
    }

    fn age(&self, root: &Sha256, now: Timestamp) -> Duration {
        let as_of = self.as_of.get(root).unwrap_or(&self.read_at);
        now.duration_since(*as_of).try_into().unwrap_or_default()
    }
}

impl Metrics {
    /// Everything, as text.
    pub(crate) async fn read(&self, app: &App) -> Result<String, std::fmt::Error> {
        self.look_at_engines(app).await;
        self.look_at_caches(app);
        self.look_at_trust(&app.index.trust(), &self.roots, app.clock.now());
        self.process.look();
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    async fn look_at_engines(&self, app: &App) {
        let database = async {
            let began = Instant::now();
            (database_answers(app).await.is_ok(), began.elapsed())
        };
        let blobs = async {
            let began = Instant::now();
            (blob_store_answers(app).await.is_ok(), began.elapsed())
        };
        let (database, blobs) = tokio::join!(database, blobs);
        for (engine, (up, took)) in [("database", database), ("blobs", blobs)] {
            let engine = Engine { engine };
            self.engine_up.get_or_create(&engine).set(i64::from(up));
            let seconds = self.engine_seconds.get_or_create(&engine);
            seconds.set(took.as_secs_f64());
        }
        let pools = self.database.iter().flat_map(|it| it.connections());
        for pool in pools {
            for (state, count) in [("busy", pool.busy), ("idle", pool.idle)] {
                let label = Connections {
                    pool: pool.name,
                    state,
                };
                self.connections.get_or_create(&label).set(i64::from(count));
            }
        }
    }

    fn look_at_caches(&self, app: &App) {
        let told = app.cache.told();
        for (cache, bytes) in [("pages", told.pages_bytes), ("answers", told.answers_bytes)] {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            self.cached.get_or_create(&Cache { cache }).set(bytes);
        }
        self.journal_serial.set(told.serial.0);
        let age = told.age.map_or(f64::INFINITY, |age| age.as_secs_f64());
        self.journal_age.set(age);
    }

    fn look_at_trust(&self, trust: &TrustDomains, roots: &Roots, now: Timestamp) {
        // A root that was replaced is no longer told.
        self.trust_age.clear();
        let only = trust.only_root().map(|root| (String::new(), root));
        let domains = trust.domains().iter();
        let domains = domains.map(|domain| (domain.name().to_string(), domain.root()));
        for (domain, root) in only.into_iter().chain(domains) {
            let sha256 = root.digest().to_string();
            let age = self.trust_age.get_or_create(&Trust { domain, sha256 });
            age.set(roots.age(root.digest(), now).as_secs_f64());
        }
    }
}
