//! One change to a good case, and the rule that names it.

/// A good recipe, changed before it is signed and logged.
macro_rules! refuses {
    ($change:expr, $rule:pat $(if $guard:expr)?) => {{
        let case = crate::support::Case::good();
        let mut recipe = case.recipe();
        let change: fn(&mut touchplate_trust::Recipe) = $change;
        change(&mut recipe);
        let refused = case.verify(&case.mint(&recipe)).unwrap_err();
        assert!(matches!(&refused, $rule $(if $guard)?), "{refused:?}");
    }};
}

/// A good attestation, changed after it was signed and logged.
macro_rules! refuses_json {
    ($change:expr, $rule:pat $(if $guard:expr)?) => {{
        let case = crate::support::Case::good();
        let mut json = case.mint(&case.recipe());
        let change: fn(&mut serde_json::Value) = $change;
        change(&mut json);
        let refused = case.verify(&json).unwrap_err();
        assert!(matches!(&refused, $rule $(if $guard)?), "{refused:?}");
    }};
}

/// A good attestation under a changed trust root, for another file, or at another time.
macro_rules! refuses_in {
    ($change:expr, $rule:pat $(if $guard:expr)?) => {{
        let mut case = crate::support::Case::good();
        let json = case.mint(&case.recipe());
        let change: fn(&mut crate::support::Case) = $change;
        change(&mut case);
        let refused = case.verify(&json).unwrap_err();
        assert!(matches!(&refused, $rule $(if $guard)?), "{refused:?}");
    }};
}

/// The rule of the first log entry.
macro_rules! entry {
    ($rule:pat) => {
        touchplate_attest::VerifyError::Entry {
            position: 1,
            source: $rule,
        }
    };
}

mod certificate;
mod log;
mod statement;

/// Every fault that the demo may show is refused, by the rule that it is about.
#[test]
fn each_fault_breaks_its_rule() {
    use jiff::SignedDuration;
    use touchplate_attest::{EntryError as E, Sha256, VerifyError as V};
    use touchplate_trust::{Fault, Predicate};

    use crate::support::{Case, NAME, digest, now, workload};

    let case = Case::good();
    let hour = SignedDuration::from_hours(1);
    for (fault, breaks) in [
        (
            Fault::CertificateExpired,
            (|it| matches!(it, entry!(E::AfterCertificate { .. }))) as fn(&V) -> bool,
        ),
        (Fault::CertificateNotYetValid, |it| {
            matches!(it, entry!(E::BeforeCertificate { .. }))
        }),
        (Fault::ForeignAuthority, |it| {
            matches!(it, V::CertificateSignature(_))
        }),
        (Fault::ForeignCertificateTimestamp, |it| {
            matches!(it, V::UnknownCertificateLog { .. })
        }),
        (Fault::TimestampOfAnotherCertificate, |it| {
            matches!(it, V::CertificateTimestamp(_))
        }),
        (Fault::ForeignLog, |it| {
            matches!(it, entry!(E::UnknownLog { .. }))
        }),
        (Fault::ForeignPromise, |it| {
            matches!(it, entry!(E::Promise(_)))
        }),
        (Fault::ForeignCheckpoint, |it| {
            matches!(it, entry!(E::CheckpointKey))
        }),
        (Fault::OtherPayloadLogged, |it| {
            matches!(it, entry!(E::BodyPayload { .. }))
        }),
        (Fault::LoggedInFuture(hour), |it| {
            matches!(it, entry!(E::InFuture { .. }))
        }),
        (Fault::OtherKey, |it| matches!(it, V::Signature(_))),
        (Fault::OtherFilename("other-1.0.tar.gz".into()), |it| {
            matches!(it, V::OtherFile { .. })
        }),
        (Fault::OtherSha256(Sha256::of(b"other")), |it| {
            matches!(it, V::OtherSha256 { .. })
        }),
        (Fault::TwoSubjects, |it| {
            matches!(it, V::SubjectCount { found: 2 })
        }),
    ] {
        let json = case.domain.attest_wrongly(
            &workload(),
            NAME,
            &digest(),
            Predicate::Publish,
            now(),
            &fault,
        );
        let json = serde_json::from_slice(&json.unwrap()).unwrap();
        let refused = case.verify(&json).unwrap_err();
        assert!(breaks(&refused), "{fault:?} {refused:?}");
    }
}
