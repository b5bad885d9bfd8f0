//! Many files at once: each waits for logs most of the time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use touchplate_client::sign::{Claim, Signer};

use super::Made;
use super::sidecar::{Kept, Sidecar};
use crate::report::Failure;

/// Signatures on their way at once: a log batches them, and four releases at once must not be turned away.
const MAX_AT_ONCE: usize = 8;

/// Signs each file, and writes what was verified.
pub(super) fn sign(signer: &Signer<'_>, claim: &Claim, sidecars: Vec<Sidecar>) -> Vec<Made> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<_>> = Mutex::new(sidecars.iter().map(|_| None).collect());
    let work = || {
        while let Some((at, sidecar)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            sidecars.get(at).map(|sidecar| (at, sidecar))
        } {
            let result = one(signer, claim, sidecar);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = results.get_mut(at) {
                *place = Some(result);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..MAX_AT_ONCE.min(sidecars.len()) {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let pairs = sidecars.into_iter().zip(results);
    pairs
        .filter_map(|(sidecar, result)| {
            Some(Made {
                sidecar,
                result: result?,
                is_new: true,
            })
        })
        .collect()
}

fn one(signer: &Signer<'_>, claim: &Claim, sidecar: &Sidecar) -> Result<Kept, Failure> {
    let signed = signer.attest(&sidecar.facts, claim)?;
    sidecar.write(&signed.json)?;
    Ok(Kept {
        proven: signed.proven,
    })
}
