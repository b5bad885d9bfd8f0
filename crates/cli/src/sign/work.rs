//! Many files at once: each waits for logs most of the time.

use touchplate_client::crew::each;
use touchplate_client::sign::{Claim, MAX_AT_ONCE, Signer};

use super::Made;
use super::sidecar::{Kept, Sidecar};
use crate::report::Failure;

/// Signs each file, and writes what was verified.
pub(super) fn sign(signer: &Signer<'_>, claim: &Claim, sidecars: Vec<Sidecar>) -> Vec<Made> {
    let results = each(
        MAX_AT_ONCE,
        &sidecars,
        |_| true,
        |_, sidecar| one(signer, claim, sidecar),
    );
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
