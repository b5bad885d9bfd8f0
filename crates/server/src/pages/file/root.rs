//! Which trust root a file's attestations rest on.

use touchplate_attest::domain::DomainReport;
use touchplate_attest::{DomainName, FileFacts, TrustDomains, TrustRoot};
use touchplate_index::attesters::{KnownAttestation, KnownFile};

/// Which root a reader needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// Sigstore's public one, which each tool has.
    PublicGood,
    /// Sigstore's staging one, which each tool has.
    Staging,
    /// Another.
    Private,
}

impl Root {
    /// Of what was checked so. Sigstore's public root changes with time, so its domain's name counts as well as its bytes.
    pub(super) fn of(report: &DomainReport) -> Self {
        let named = report.domain.as_ref();
        if named.is_some_and(DomainName::is_public_good)
            || report.root_digest == *TrustRoot::public_good().digest()
        {
            Self::PublicGood
        } else if report.root_digest == *TrustRoot::staging().digest() {
            Self::Staging
        } else {
            Self::Private
        }
    }
}

/// What a file's first attestation rests on: several domains may speak for one project.
pub(super) fn rests_on(
    trust: &TrustDomains,
    known: &KnownFile,
    now: jiff::Timestamp,
) -> Option<TrustRoot> {
    let file = facts(known);
    let first: &KnownAttestation = known.attestations.first()?;
    let report = trust.report(&file, first.json.as_bytes(), now)?;
    let roots = trust.roots_for(&known.found.project.name);
    let mut roots = roots.into_iter().map(|(_, root)| root);
    roots
        .find(|root| *root.digest() == report.root_digest)
        .cloned()
}

/// What attestations must be about.
pub(super) fn facts(known: &KnownFile) -> FileFacts {
    FileFacts {
        filename: known.found.file.filename.clone(),
        sha256: known.found.file.digests.sha256,
    }
}
