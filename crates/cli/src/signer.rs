//! Who signed, and what certificate, logs and timestamp authorities say of it: the rows that every verdict has.

use touchplate_attest::{Claims, Identity, LogEntryFacts, SignedTime, TimeSource};

use crate::screen::{Page, instant};

/// Whose certificate it was, and what the certificate says of the build.
pub(crate) fn identity(page: &mut Page, identity: &Identity, claims: &Claims) {
    for san in identity.sans() {
        page.row("signed by", san.as_str());
    }
    page.row("vouched for by", identity.issuer());
    for (label, value) in told(claims) {
        page.row(label, value);
    }
}

/// Where it is logged, and when it was there.
pub(crate) fn records(page: &mut Page, entries: &[LogEntryFacts], times: &[SignedTime]) {
    for entry in entries {
        let LogEntryFacts {
            log_index, log_url, ..
        } = entry;
        page.row("log entry", &format!("{log_index} in {log_url}"));
    }
    for signed in times {
        let by = match &signed.source {
            TimeSource::Log { url, .. } => url,
            TimeSource::Authority { uri } => uri,
        };
        page.row("signed at", &format!("{}, says {by}", instant(signed.time)));
    }
}

/// The claims that people ask for first. JSON has all of them.
fn told(claims: &Claims) -> impl Iterator<Item = (&'static str, &str)> {
    let told = [
        ("repository", &claims.source_repository_uri),
        ("workflow", &claims.build_config_uri),
        ("commit", &claims.source_repository_digest),
        ("ref", &claims.source_repository_ref),
        ("trigger", &claims.build_trigger),
        ("runner", &claims.runner_environment),
        ("environment", &claims.deployment_environment),
        ("run", &claims.run_invocation_uri),
    ];
    told.into_iter()
        .filter_map(|(label, value)| Some((label, value.as_deref()?)))
}
