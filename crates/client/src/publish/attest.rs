//! Signing the files of a run: one certificate for all of them, several on their way to the log at once.

use touchplate_attest::FileFacts;

use crate::crew::each;
use crate::sign::{Claim, MAX_AT_ONCE, SignError, Signed, Signer};

/// What is to be signed of one file.
#[derive(Clone, Debug)]
pub struct ToSign {
    /// The file.
    pub file: FileFacts,
    /// What is claimed of it.
    pub claim: Claim,
}

/// Signs each, in order; `done` hears how many are done. What is after the first that fails is not begun, and is `None`.
pub fn sign_all(
    signer: &Signer<'_>,
    wanted: &[ToSign],
    done: &(dyn Fn(usize) + Sync),
) -> Vec<Option<Result<Signed, SignError>>> {
    each(MAX_AT_ONCE, wanted, Result::is_ok, |at, one| {
        let signed = signer.attest(&one.file, &one.claim)?;
        done(at);
        Ok(signed)
    })
}
