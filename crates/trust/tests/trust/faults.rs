//! Each fault is the one thing wrong: our verifier names it, and the library refuses it where it looks.

use jiff::SignedDuration;
use serde_json::Value;
use touchplate_attest::Sha256;
use touchplate_trust::{Fault, Predicate};

use crate::support::{NAME, digest, domain, github, library, mint, now, ours};

/// What a laxer judge does with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    Refused,
    /// It does not look at this.
    Accepted,
}

pub(crate) use Elsewhere::{Accepted, Refused};

/// Each fault: part of our verifier's sentence, what the library `sigstore-verify` does, and what Python's reference does.
///
/// The library judges no statement but for its digests, and of what is the log's or the certificate's alone it looks at
/// neither key usage nor the checkpoint's size. The reference reads the first log entry only, and not the checkpoint's
/// size either. Both go by the machine's clock, for which an hour after [`now`] is long past.
pub(crate) fn faults() -> Vec<(Fault, &'static str, Elsewhere, Elsewhere)> {
    use Fault as F;
    let hour = SignedDuration::from_hours(1);
    vec![
        (
            F::CertificateExpired,
            "after the certificate expired",
            Refused,
            Refused,
        ),
        (
            F::CertificateNotYetValid,
            "before the certificate became valid",
            Refused,
            Refused,
        ),
        (
            F::ForeignAuthority,
            "not signed by the authority that it names",
            Refused,
            Refused,
        ),
        (
            F::UnknownAuthority,
            "an authority that the trust root does not have",
            Refused,
            Refused,
        ),
        (F::NoKeyUsage, "no key usage", Accepted, Refused),
        (F::P384Key, "expected a P-256 key", Accepted, Refused),
        (
            F::NoCertificateTimestamp,
            "carries no signed certificate timestamp",
            Refused,
            Refused,
        ),
        (
            F::ForeignCertificateTimestamp,
            "the certificate's timestamp is by the log",
            Refused,
            Refused,
        ),
        (
            F::ForgedCertificateTimestamp,
            "timestamp is not signed by its log",
            Refused,
            Refused,
        ),
        (
            F::TimestampOfAnotherCertificate,
            "or is of another certificate",
            Refused,
            Refused,
        ),
        (F::ForeignLog, "entry is of the log", Refused, Refused),
        (
            F::NoPromise,
            "no signed inclusion promise",
            Refused,
            Refused,
        ),
        (
            F::ForeignPromise,
            "promise is not signed by the log",
            Refused,
            Refused,
        ),
        (F::NoProof, "no inclusion proof", Refused, Refused),
        (
            F::OtherProofHash,
            "does not prove the entry",
            Refused,
            Refused,
        ),
        (F::NoCheckpoint, "has no `checkpoint`", Refused, Refused),
        (
            F::ForeignCheckpoint,
            "no signature on the checkpoint bears the identifier of the log's key",
            Refused,
            Refused,
        ),
        (
            F::CheckpointOfAnotherSize,
            "its checkpoint for one of 1099511627776",
            Accepted,
            Accepted,
        ),
        (
            F::CheckpointOfAnotherRoot,
            "another root than its checkpoint's",
            Refused,
            Refused,
        ),
        (
            F::OtherPayloadLogged,
            "the log has another statement",
            Refused,
            Refused,
        ),
        (
            F::OtherSignatureLogged,
            "the log has another signature",
            Refused,
            Refused,
        ),
        (
            F::OtherCertificateLogged,
            "the log has another certificate",
            Refused,
            Refused,
        ),
        (
            F::EntryOfAnotherAttestation,
            "the log has another signature",
            Refused,
            Refused,
        ),
        (
            F::LoggedInFuture(hour),
            "is in the future",
            Accepted,
            Accepted,
        ),
        (
            F::SecondEntryLate,
            "entry 2 is refused: the entry was logged at 2025-06-15T12:20:00Z, after the certificate expired",
            Refused,
            Accepted,
        ),
        (
            F::SecondEntryForged,
            "entry 2 is refused: the inclusion promise",
            Refused,
            Accepted,
        ),
        (
            F::OtherKey,
            "not signed by the certificate's key",
            Refused,
            Refused,
        ),
        (
            F::OtherFilename("other-1.0.tar.gz".into()),
            "about the file other-1.0.tar.gz",
            Accepted,
            Refused,
        ),
        (
            F::OtherSha256(Sha256::of(b"other")),
            "about a file with sha256",
            Refused,
            Refused,
        ),
        (
            F::TwoSubjects,
            "exactly one subject in the statement, found 2",
            Accepted,
            Refused,
        ),
        (
            F::NoSubject,
            "exactly one subject in the statement, found 0",
            Refused,
            Refused,
        ),
        (
            F::OtherPredicateType("https://example.org/v1".into()),
            "as predicate type, found",
            Accepted,
            Refused,
        ),
        (
            F::OtherStatementType("https://in-toto.io/Statement/v0.1".into()),
            "expected an in-toto statement of version 1",
            Accepted,
            Refused,
        ),
        (F::OtherVersion(2), "expected version 1", Accepted, Refused),
    ]
}

#[test]
fn each_fault_is_refused_for_what_it_is() {
    let domain = domain();
    let root = domain.trusted_root_json();
    // A log of some entries, so that there are proofs to be wrong.
    (0..3).for_each(|_| drop(mint(&domain)));
    let mut differ = Vec::new();
    for (fault, sentence, expected, _) in faults() {
        let json = domain.attest_wrongly(
            &github(),
            NAME,
            &digest(),
            Predicate::Publish,
            now(),
            &fault,
        );
        let json: Value = serde_json::from_slice(&json.unwrap()).unwrap();
        let said = ours(&root, &json)
            .map(|_| ())
            .expect_err(&format!("{fault:?}"));
        if !said.contains(sentence) {
            differ.push(format!("{fault:?}: expected {sentence:?}, found {said:?}"));
        }
        let found = library(&root, &json);
        if (expected == Refused) != found.is_err() {
            differ.push(format!("{fault:?}: the library says {found:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
