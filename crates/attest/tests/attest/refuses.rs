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
