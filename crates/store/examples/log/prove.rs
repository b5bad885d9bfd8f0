//! Reading: proofs of entries anywhere, and the first answer after a start.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::json;
use touchplate_attest::log::{check_consistency, inclusion_root, leaf_hash};

use crate::counting::Counting;
use crate::{Outcome, Place};

pub(crate) async fn run(place: &Place, proofs: u64) -> Outcome {
    let counting = Arc::new(Counting {
        inner: place.store().await?,
        tiles: AtomicU64::new(0),
    });
    let log = place.open(counting.clone()).await?;
    let head = log.head().await?;
    let (mut took, mut most) = (Vec::new(), 0);
    for n in 0..proofs {
        // A stride that is prime, so that tiles of every part of the log are met.
        let index = n.wrapping_mul(7_368_787) % head.size;
        counting.tiles.store(0, Ordering::Relaxed);
        let asked = Instant::now();
        let proof = log.inclusion(index, head.size).await?;
        took.push(asked.elapsed());
        most = most.max(counting.tiles.load(Ordering::Relaxed));
        let entry = log.entry(index).await?.ok_or("no entry")?;
        let root = inclusion_root(&leaf_hash(&entry.body), index, head.size, &proof.hashes)?;
        if root != head.root {
            return Err(format!("the proof of {index} leads elsewhere").into());
        }
    }
    let earlier = log.inclusion(0, head.size / 3).await?;
    let proof = log.consistency(earlier.size, head.size).await?;
    check_consistency(
        (earlier.size, &earlier.root),
        (head.size, &head.root),
        &proof,
    )?;
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        took[place.min(took.len() - 1)].as_secs_f64() * 1e6
    };
    // 2·⌈log₂₅₆ n⌉
    let mut levels = 0;
    while head.size > 1 << (8 * levels) {
        levels += 1;
    }
    println!(
        "{}",
        json!({
            "size": head.size, "proofs": proofs, "median_us": at(0.5), "p99_us": at(0.99), "max_us": at(1.0),
            "most_tiles": most, "allowed_tiles": 2 * levels,
        })
    );
    Ok(())
}

/// Says that it is there once the log is open and has proved an entry; ends with its input.
pub(crate) async fn start(place: &Place) -> Outcome {
    let log = place.open(place.store().await?).await?;
    let head = log.head().await?;
    log.inclusion(head.size / 2, head.size).await?;
    println!("{}", json!({"size": head.size}));
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
