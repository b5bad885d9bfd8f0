//! Provenance in words: who built a file, what was checked, when, against what, and how to check it again.

use touchplate_attest::{
    Claims, EnvironmentCheck, LogEntryFacts, PredicateType, Publisher, VerificationRecord,
};

use super::link::Link;
use super::units;

/// One attestation as people read it.
pub(super) struct AttestationTold {
    /// What kind of claim it is, as a heading.
    pub(super) heading: &'static str,
    /// Who built the file, in one sentence.
    pub(super) story: String,
    /// The run that built it.
    pub(super) run: Option<Link>,
    /// Every claim of the certificate.
    pub(super) claims: Vec<(&'static str, Link)>,
    /// Who signed, and on whose word.
    pub(super) signer: String,
    pub(super) issuer: Link,
    /// Where it is logged.
    pub(super) entries: Vec<String>,
    /// The publisher that it was accepted by, and what that means for the environment.
    pub(super) publisher: String,
    pub(super) environment: Option<&'static str>,
    pub(super) checked_at: String,
    pub(super) root: String,
    /// What was checked; each held.
    pub(super) checked: Vec<String>,
}

/// What a verification record says.
pub(super) fn told(record: &VerificationRecord) -> AttestationTold {
    let claims = &record.claims;
    AttestationTold {
        heading: match &record.predicate_type {
            PredicateType::Publish => "Publish attestation",
            PredicateType::Slsa => "SLSA build provenance",
            PredicateType::IndexPublish => "Publish attestation for this index alone",
            PredicateType::Other(_) => "Attestation",
        },
        story: story(record),
        run: claims.run_invocation_uri.as_deref().map(Link::of),
        claims: listed(claims),
        signer: record.identity.san().to_string(),
        issuer: Link::of(record.identity.issuer()),
        entries: record.log_entries.iter().map(entry).collect(),
        publisher: record.publisher.describe(),
        environment: match record.environment {
            EnvironmentCheck::NotAsked => None,
            EnvironmentCheck::Matched => {
                Some("The certificate names the publisher's deployment environment.")
            }
            EnvironmentCheck::NotProvable => Some(
                "The publisher asks for a deployment environment; the certificate names none, so it is not proved.",
            ),
        },
        checked_at: units::time(record.checked_at),
        root: record.trust_root_sha256.to_string(),
        checked: record.checked.clone(),
    }
}

/// Without a repository nobody knows of a build: then it is a person or an account that signed.
fn story(record: &VerificationRecord) -> String {
    let claims = &record.claims;
    let Some(repository) = &claims.source_repository_uri else {
        return format!(
            "It was signed by {}; {} says that this is who signed. Where it was built is not proved.",
            record.identity.san(),
            record.identity.issuer()
        );
    };
    let mut story = match &claims.build_config_uri {
        Some(workflow) => format!(
            "It was built by the workflow {} of {repository}",
            workflow_name(workflow, repository)
        ),
        None => format!("It was built from {repository}"),
    };
    let parts = [
        (", at commit ", &claims.source_repository_digest),
        (", ref ", &claims.source_repository_ref),
        (", started by the event ", &claims.build_trigger),
        (", on a runner of the kind ", &claims.runner_environment),
        (
            ", in the deployment environment ",
            &claims.deployment_environment,
        ),
    ];
    for (words, value) in parts {
        if let Some(value) = value {
            story.push_str(words);
            story.push_str(value);
        }
    }
    story.push('.');
    story
}

/// The workflow's path within its repository, without the ref behind it.
fn workflow_name<'w>(workflow: &'w str, repository: &str) -> &'w str {
    let path = workflow
        .strip_prefix(repository)
        .map_or(workflow, |path| path.trim_start_matches('/'));
    path.rsplit_once('@').map_or(path, |(path, _)| path)
}

/// Every claim but the deprecated ones, which repeat others under older names.
fn listed(claims: &Claims) -> Vec<(&'static str, Link)> {
    let named = claims
        .named()
        .filter(|(key, _, _)| !key.starts_with("github_workflow_"));
    named
        .map(|(_, label, value)| (label, Link::of(value)))
        .collect()
}

fn entry(entry: &LogEntryFacts) -> String {
    let taken = entry.integrated_time.map(units::time);
    let taken = taken.map(|time| format!(", taken on {time}"));
    format!(
        "Entry {} of the log {} (log id {}){}; proved to be in its tree of size {} under the checkpoint of {}",
        entry.log_index,
        entry.log_url,
        entry.log_id,
        taken.unwrap_or_default(),
        entry.tree_size,
        entry.checkpoint_origin,
    )
}

/// The commands that check a file's attestations on the reader's own machine; none if it has none.
pub(super) fn commands<'p>(
    filename: &str,
    download: &str,
    provenance: &str,
    publishers: impl Iterator<Item = &'p Publisher>,
    private_root: bool,
) -> Vec<String> {
    let file = quoted(filename);
    let beside = quoted(&format!("{filename}.provenance"));
    let root = if private_root {
        " --trusted-root trusted_root.json"
    } else {
        ""
    };
    let mut checks: Vec<String> = Vec::new();
    for publisher in publishers {
        let publisher = quoted(&publisher.to_json().to_string());
        let check =
            format!("touchplate verify {file} --provenance {beside} --publisher {publisher}{root}");
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    if checks.is_empty() {
        return checks;
    }
    let fetch = [
        format!("curl -fo {file} {}", quoted(download)),
        format!("curl -fo {beside} {}", quoted(provenance)),
    ];
    fetch.into_iter().chain(checks).collect()
}

/// A word of a shell's command line (POSIX sh).
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('-') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("demo-1.0.whl"), "demo-1.0.whl");
        assert_eq!(quoted("it's; rm -r ~"), r"'it'\''s; rm -r ~'");
        assert_eq!(
            (quoted(""), quoted("-x")),
            ("''".to_owned(), "'-x'".to_owned())
        );
    }

    #[test]
    fn workflows_are_named_within_their_repository() {
        let github = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1";
        assert_eq!(
            workflow_name(github, "https://github.com/o/r"),
            ".github/workflows/release.yml"
        );
        let gitlab = "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main";
        assert_eq!(
            workflow_name(gitlab, "https://gitlab.com/g/p"),
            ".gitlab-ci.yml"
        );
        assert_eq!(
            workflow_name("https://ci.example/x", "https://github.com/o/r"),
            "https://ci.example/x"
        );
    }
}
