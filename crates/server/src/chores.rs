//! What the server does by itself, beside answering. What writes rests where the operator wants no changes.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use touchplate_index::Index;
use touchplate_index::checking::{CheckError, NoLonger};
use touchplate_index::chores::{SWEEP_GRACE, TIDYING};
use touchplate_index::coverage::COUNTING;
use touchplate_index::jobs::{Shift, ShiftError};

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

/// After a hint: others that come within this time are the same reading's. An index that takes a hundred uploads a second is not
/// asked a hundred times a second by every process.
const HINTS_TOGETHER: Duration = Duration::from_millis(20);

/// Keeps the cache up with the journal, for ever: from time to time.
pub(crate) async fn follow_the_journal(app: App) {
    let mut ticks = tokio::time::interval(crate::cache::POLL_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.cache.catch_up().await;
    }
}

/// The same, at once where somebody says that there is news.
pub(crate) async fn heed_hints(app: App) {
    let mut hints = app.index.hints();
    loop {
        hints.next().await;
        app.cache.catch_up().await;
        tokio::time::sleep(HINTS_TOGETHER).await;
    }
}

/// Counts what has provenance, for ever; one process at a time.
pub(crate) async fn count_coverage(app: App) {
    if app.read_only {
        return;
    }
    let mut ticks = tokio::time::interval(COUNT_COVERAGE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut fails = false;
    loop {
        ticks.tick().await;
        let counted = counted(&app.index).await;
        if !matches!(counted, Ok(false)) {
            note(&app, "count-coverage", counted.is_ok());
        }
        match counted {
            Ok(_) => fails = false,
            // Said once, not every few seconds.
            Err(_) if fails => {}
            Err(error) => {
                fails = true;
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "coverage is not counted; the next time tries again");
            }
        }
    }
}

/// Whether it was this process's turn.
async fn counted(index: &Index) -> Result<bool, ShiftError> {
    let Some(shift) = index.shift(&COUNTING).await? else {
        return Ok(false);
    };
    index.count_coverage_in(&shift).await?;
    shift.done().await?;
    Ok(true)
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
    if app.read_only {
        return;
    }
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

/// Forgets and removes what is no longer needed, for ever; one process at a time.
pub(crate) async fn tidy(app: App) {
    if app.read_only {
        return;
    }
    tokio::time::sleep(FIRST_SWEEP_AFTER).await;
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        match app.index.shift(&TIDYING).await {
            Ok(Some(shift)) => tidy_once(&app, shift).await,
            Ok(None) => {}
            Err(error) => {
                let cause = &error.cause;
                tracing::error!(%error, %cause, "nothing is tidied up until the next time");
            }
        }
    }
}

async fn tidy_once(app: &App, shift: Shift) {
    let (index, now) = (&app.index, app.clock.now());
    let pruned = index.prune_tokens(now).await;
    note(app, "prune-tokens", pruned.is_ok());
    if let Err(error) = pruned {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "tokens that ended stay until the next time");
    }
    let forgotten = index.forget_old_downloads(now).await;
    note(app, "forget-downloads", forgotten.is_ok());
    if let Err(error) = forgotten {
        let cause = &error.cause;
        tracing::error!(%error, %cause, "days of old downloads stay until the next time");
    }
    let swept = index.sweep_in(&shift, SystemTime::from(now), SWEEP_GRACE);
    let swept = swept.await;
    note(app, "sweep", swept.is_ok());
    match swept {
        Ok(0) => {}
        Ok(blobs) => tracing::info!(blobs, "swept bytes that no file refers to"),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "the sweep stopped; the next one goes on");
        }
    }
    if let Err(error) = shift.done().await {
        let cause = &error.cause;
        tracing::error!(%error, %cause, "others wait for a minute until they tidy up");
    }
}

/// Verifies every stored attestation again whenever something else is believed than by the latest review, for ever. It is done beside
/// what is asked of the server: after each page it rests for as long as that took.
pub(crate) async fn review_attestations(app: App) {
    if app.read_only {
        return;
    }
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut reviewed, mut fails) = (None, false);
    loop {
        ticks.tick().await;
        let believed = app.index.believed();
        if reviewed == Some(believed) {
            continue;
        }
        match review(&app).await {
            Ok(()) => (reviewed, fails) = (Some(believed), false),
            // Said once, not every second.
            Err(_) if fails => {}
            Err(error) => {
                fails = true;
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "stored attestations are not verified again; it is tried again until they are");
            }
        }
    }
}

/// One review, from where the latest one was to its end.
async fn review(app: &App) -> Result<(), CheckError> {
    let mut review = app.index.review_of_today(app.clock.now()).await?;
    if review.ended_at.is_some() {
        return Ok(());
    }
    while review.ended_at.is_none() {
        let began = Instant::now();
        for found in app.index.review_on(&mut review, app.clock.now()).await? {
            let NoLonger {
                filename,
                row,
                later,
                messages,
                ..
            } = found;
            let why = messages.join(": ");
            tracing::warn!(
                filename,
                row,
                later,
                why,
                "a stored attestation no longer holds"
            );
        }
        tokio::time::sleep(began.elapsed()).await;
        if app.index.believed() != review.believed {
            // The next look begins anew.
            return Ok(());
        }
    }
    let (attestations, unsound) = (review.attestations, review.unsound);
    match unsound {
        0 => tracing::info!(
            attestations,
            "every stored attestation was verified again by what is believed now, and holds"
        ),
        _ => tracing::warn!(
            attestations,
            unsound,
            "stored attestations were verified again by what is believed now, and some no longer hold: `touchplate admin check` lists them"
        ),
    }
    Ok(())
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
