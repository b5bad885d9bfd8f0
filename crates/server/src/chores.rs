//! What the server does by itself, beside answering.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use touchplate_index::chores::SWEEP_GRACE;

use crate::app::App;
use crate::reloading::Reloading;
use crate::renewed::LOOK_EVERY;
use crate::tls::Tls;

/// How often bytes without a file are swept. They do no harm until then but take room.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// The first sweep waits until a server that is restarted again and again has settled.
const FIRST_SWEEP_AFTER: Duration = Duration::from_secs(5 * 60);

/// How often downloads are written down. A server that is killed forgets those of half a minute.
const WRITE_DOWNLOADS_EVERY: Duration = Duration::from_secs(30);

/// How often it is counted what has provenance. It costs two look-ups where nothing changed.
const COUNT_COVERAGE_EVERY: Duration = Duration::from_secs(3);

/// Counts a round of a job for `/metrics`.
fn note(app: &App, job: &'static str, well: bool) {
    app.metrics.job(job, app.clock.now(), well);
}

/// Keeps the cache up with the journal, for ever.
pub(crate) async fn follow_the_journal(app: App) {
    let mut ticks = tokio::time::interval(crate::cache::POLL_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.cache.catch_up().await;
    }
}

/// Counts what has provenance, for ever.
pub(crate) async fn count_coverage(app: App) {
    let mut ticks = tokio::time::interval(COUNT_COVERAGE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut fails = false;
    loop {
        ticks.tick().await;
        let counted = app.index.count_coverage().await;
        note(&app, "count-coverage", counted.is_ok());
        match counted {
            Ok(()) => fails = false,
            // Said once, not every few seconds.
            Err(_) if fails => {}
            Err(error) => {
                fails = true;
                let cause = &error.cause;
                tracing::error!(%error, %cause, "coverage is not counted; the next time tries again");
            }
        }
    }
}

/// Writes down what was downloaded, for ever.
pub(crate) async fn count_downloads(app: App) {
    let mut ticks = tokio::time::interval(WRITE_DOWNLOADS_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        write_downloads_down(&app).await;
    }
}

/// Writes down what was downloaded until now.
pub(crate) async fn write_downloads_down(app: &App) {
    let written = app.index.write_downloads_down().await;
    note(app, "write-downloads", written.is_ok());
    if let Err(error) = written {
        let cause = &error.cause;
        tracing::error!(%error, %cause, "downloads are not written down; the next time tries again");
    }
}

/// Keeps search up with the journal, for ever. A failure is told once, and again when it works.
pub(crate) async fn follow_with_search(app: App) {
    let mut ticks = tokio::time::interval(crate::cache::POLL_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut fails = false;
    loop {
        ticks.tick().await;
        let outcome = app.search.catch_up().await;
        note(&app, "follow-with-search", outcome.is_ok());
        match &outcome {
            Ok(()) if fails => tracing::info!("search follows the journal again"),
            Ok(()) => {}
            Err(error) if !fails => {
                let cause = &error.cause;
                tracing::error!(%error, %cause, "search falls behind what changes; it goes on once it can");
            }
            Err(_) => {}
        }
        fails = outcome.is_err();
    }
}

/// Sweeps, for ever.
pub(crate) async fn sweep(app: App) {
    tokio::time::sleep(FIRST_SWEEP_AFTER).await;
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let pruned = app.index.prune_tokens(app.clock.now()).await;
        note(&app, "prune-tokens", pruned.is_ok());
        if let Err(error) = pruned {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "tokens that ended stay until the next time");
        }
        let forgotten = app.index.forget_old_downloads(app.clock.now()).await;
        note(&app, "forget-downloads", forgotten.is_ok());
        if let Err(error) = forgotten {
            let cause = &error.cause;
            tracing::error!(%error, %cause, "days of old downloads stay until the next time");
        }
        let now = SystemTime::from(app.clock.now());
        let swept = app.index.sweep(now, SWEEP_GRACE).await;
        note(&app, "sweep", swept.is_ok());
        match swept {
            Ok(0) => {}
            Ok(blobs) => tracing::info!(blobs, "swept bytes that no file refers to"),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the sweep stopped; the next one goes on");
            }
        }
    }
}

/// Takes up new keys of the trust stack and another list of issuers, for ever.
pub(crate) async fn reload(mut reloading: Reloading) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        reloading.look_again().await;
    }
}

/// Takes up renewed certificates, for ever.
pub(crate) async fn renew_tls(tls: Arc<Tls>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let tls = tls.clone();
        // It reads files; the next look mends one that did not come to an end.
        drop(tokio::task::spawn_blocking(move || tls.look_again()).await);
    }
}
