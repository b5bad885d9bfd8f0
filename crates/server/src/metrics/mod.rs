//! What an operator's monitoring reads at `/metrics`: counts that grow while the server works, and a look at everything else
//! at each reading, in the text format of OpenMetrics.
//!
//! No name of a project, a file or a person is ever a label: the page tells how much, never of what.

mod blobs;
mod labels;
mod process;
mod reading;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Problem;
use labels::{
    Cache, Connections, Engine, Job, Lookup, Operation, Refusal, Request, Round, Trust, Upload,
};

pub(crate) use blobs::Measured;
pub(crate) use labels::{Route, method};
pub(crate) use reading::Roots;

/// Seconds: from a page that is kept (some 0.1 ms) to what a load balancer no longer waits for.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

type Seconds = Gauge<f64, AtomicU64>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The counts of one process.
pub struct Metrics {
    registry: Registry,
    /// Of when the roots of trust are.
    roots: Roots,
    /// None: not told.
    database: Option<Arc<dyn touchplate_store::Connections>>,
    requests: Family<Request, Counter>,
    request_seconds: Histograms<Route>,
    sent: Family<Route, Counter>,
    in_flight: Gauge,
    uploads: Family<Upload, Counter>,
    refusals: Family<Refusal, Counter>,
    lookups: Family<Lookup, Counter>,
    cached: Family<Cache, Gauge>,
    journal_serial: Gauge<u64, AtomicU64>,
    journal_age: Seconds,
    connections: Family<Connections, Gauge>,
    engine_up: Family<Engine, Gauge>,
    engine_seconds: Family<Engine, Seconds>,
    engine_failures: Family<Engine, Counter>,
    blob_seconds: Histograms<Operation>,
    jobs: Family<Round, Counter>,
    job_ended: Family<Job, Seconds>,
    trust_age: Family<Trust, Seconds>,
    process: process::Process,
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("touchplate"),
            roots: Roots::default(),
            database: None,
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
            sent: Family::default(),
            in_flight: Gauge::default(),
            uploads: Family::default(),
            refusals: Family::default(),
            lookups: Family::default(),
            cached: Family::default(),
            journal_serial: Gauge::default(),
            journal_age: Gauge::default(),
            connections: Family::default(),
            engine_up: Family::default(),
            engine_seconds: Family::default(),
            engine_failures: Family::default(),
            blob_seconds: Family::new_with_constructor(histogram),
            jobs: Family::default(),
            job_ended: Family::default(),
            trust_age: Family::default(),
            process: process::Process::default(),
        };
        metrics.register_work();
        metrics.register_state();
        metrics.process.register(&mut metrics.registry);
        metrics
    }
}

impl Metrics {
    /// Nothing is counted yet by a process that starts `at` that time.
    pub(crate) fn of(
        roots: Roots,
        database: Arc<dyn touchplate_store::Connections>,
        at: Timestamp,
    ) -> Self {
        let metrics = Self {
            roots,
            database: Some(database),
            ..Self::default()
        };
        metrics.process.started(at);
        metrics
    }

    fn register_work(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "From a request's head to its answer's head, which an upload's body lies between",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        registry.register_with_unit(
            "http_answer",
            "Bodies of answers whose length was known beforehand",
            Unit::Bytes,
            self.sent.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests whose answer has not begun",
            self.in_flight.clone(),
        );
        registry.register("uploads", "Files that were accepted", self.uploads.clone());
        registry.register(
            "refusals",
            "Requests that were refused, by the rule that refused them",
            self.refusals.clone(),
        );
        registry.register(
            "cache_lookups",
            "Questions to what is kept in memory",
            self.lookups.clone(),
        );
        registry.register(
            "engine_failures",
            "Requests that failed because an engine did",
            self.engine_failures.clone(),
        );
        registry.register_with_unit(
            "blob_operation_duration",
            "Operations of the blob store; of reading, until it begins",
            Unit::Seconds,
            self.blob_seconds.clone(),
        );
        registry.register(
            "job_runs",
            "Rounds of what the server does by itself",
            self.jobs.clone(),
        );
    }

    fn register_state(&mut self) {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "cached",
            "Memory that pages and whole answers take",
            Unit::Bytes,
            self.cached.clone(),
        );
        registry.register(
            "journal_serial",
            "The last change that this process has seen",
            self.journal_serial.clone(),
        );
        registry.register_with_unit(
            "journal_age",
            "How long ago this process last knew that it had seen every change; without an end while the journal cannot be read",
            Unit::Seconds,
            self.journal_age.clone(),
        );
        registry.register(
            "database_connections",
            "Connections of this process to the database",
            self.connections.clone(),
        );
        registry.register(
            "engine_up",
            "Whether the engine answered when these figures were asked for",
            self.engine_up.clone(),
        );
        registry.register_with_unit(
            "engine_answer",
            "How long that answer took",
            Unit::Seconds,
            self.engine_seconds.clone(),
        );
        registry.register_with_unit(
            "job_last_success_timestamp",
            "When a job last came to its end, in Unix time",
            Unit::Seconds,
            self.job_ended.clone(),
        );
        registry.register_with_unit(
            "trust_root_age",
            "How long ago the root in force was known to be its instance's current one, or was read",
            Unit::Seconds,
            self.trust_age.clone(),
        );
    }

    /// A request's head was read; the value counts it until its answer begins, or the client leaves.
    pub(crate) fn begun(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// An answer's head is there, `took` after the request's.
    pub(crate) fn answered(
        &self,
        route: Route,
        method: &'static str,
        status: StatusCode,
        took: Duration,
        bytes: Option<u64>,
    ) {
        let request = Request::new(route, method, status);
        self.requests.get_or_create(&request).inc();
        let seconds = self.request_seconds.get_or_create(&route);
        seconds.observe(took.as_secs_f64());
        drop(seconds);
        if let Some(bytes) = bytes {
            self.sent.get_or_create(&route).inc_by(bytes);
        }
    }

    /// A request was refused.
    pub(crate) fn refused(&self, route: Route, problem: &Problem) {
        if let Some(engine) = problem.engine() {
            self.engine_failures.get_or_create(&Engine { engine }).inc();
        }
        let refusal = Refusal::new(route, problem.reason());
        self.refusals.get_or_create(&refusal).inc();
    }

    /// A file was accepted.
    pub(crate) fn uploaded(&self, attested: bool, new: bool) {
        let (attested, stored) = (labels::yes(attested), labels::yes(new));
        let upload = Upload { attested, stored };
        self.uploads.get_or_create(&upload).inc();
    }

    /// Something was looked for in a cache.
    pub(crate) fn looked_up(&self, cache: &'static str, found: bool) {
        let found = labels::yes(found);
        self.lookups.get_or_create(&Lookup { cache, found }).inc();
    }

    /// A round of a job ended at `now`.
    pub(crate) fn job(&self, job: &'static str, now: Timestamp, well: bool) {
        let outcome = labels::outcome(well);
        self.jobs.get_or_create(&Round { job, outcome }).inc();
        if well {
            let ended = self.job_ended.get_or_create(&Job { job });
            ended.set(now.as_duration().as_secs_f64());
        }
    }
}

/// A request whose answer has not begun.
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
