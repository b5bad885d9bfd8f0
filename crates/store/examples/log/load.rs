//! Appending: so many clients, each with one entry on its way.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use touchplate_attest::log::leaf_hash;
use touchplate_trust::log::Log;

use crate::{Outcome, Place, digits, entry};

pub(crate) async fn append(place: &Place, clients: u64, entries: u64, first: u64) -> Outcome {
    let log = place.open(place.store().await?).await?;
    // The first one after a start reads what later ones have in memory: told by itself, and not once a run in each figure.
    let began = Instant::now();
    log.append(entry(first)).await?;
    let first_ms = began.elapsed().as_secs_f64() * 1e3;
    let next = Arc::new(AtomicU64::new(first + 1));
    let began = Instant::now();
    let tasks = (0..clients).map(|_| {
        let (log, next) = (log.clone(), next.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= first + entries {
                    return Ok::<_, touchplate_trust::log::AppendError>(took);
                }
                let new = entry(n);
                let asked = Instant::now();
                log.append(new).await?;
                took.push(asked.elapsed());
            }
        })
    });
    let mut took: Vec<Duration> = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        took.extend(task.await??);
    }
    let seconds = began.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        took[place.min(took.len() - 1)].as_secs_f64() * 1e3
    };
    let size = log.head().await?.size;
    println!(
        "{}",
        json!({
            "appends": took.len(), "clients": clients, "seconds": seconds, "per_second": took.len() as f64 / seconds,
            "first_ms": first_ms,
            "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0), "size": size,
        })
    );
    crate::leave(log).await;
    Ok(())
}

/// Prints each acknowledgement as soon as it has it, until it is killed.
pub(crate) async fn for_ever(place: &Place, clients: u64, first: u64) -> Outcome {
    let log = place.open(place.store().await?).await?;
    let next = Arc::new(AtomicU64::new(first));
    println!("{}", json!({"size": log.head().await?.size}));
    let tasks = (0..clients).map(|_| tokio::spawn(one_client(log.clone(), next.clone())));
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(())
}

async fn one_client(log: Log, next: Arc<AtomicU64>) -> Outcome {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let new = entry(n);
        let leaf = leaf_hash(&new.body);
        let appended = log.append(new).await?;
        let proof = &appended.proof;
        let hashes: Vec<String> = proof.hashes.iter().map(|hash| digits(hash)).collect();
        let line = json!({
            "index": appended.index, "leaf": digits(&leaf), "size": proof.size, "root": digits(&proof.root),
            "hashes": hashes, "note": appended.checkpoint, "duplicate": appended.duplicate,
        });
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
    }
}
