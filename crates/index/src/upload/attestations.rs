//! The `attestations` form field: parsed, verified, told apart.

use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::{
    Attestation, AttestationError, CertificateMemory, DomainError, FileFacts, Identity, Mismatch,
    NoMatch, PredicateType, Proven, Publisher, Repeated, TrustDomains, without_repeats,
};
use touchplate_packaging::{Filename, ProjectName, Sha256};

use super::UploadError;
use crate::binding::{self, OtherIndex};
use crate::ports::{MAX_WITH_UPLOADS, PinnedElsewhere};

/// Why the attestations of an upload were refused, and the upload with them (PEP 740: MUST).
#[derive(Debug, thiserror::Error)]
pub enum AttestationRefused {
    /// The field is not an array of attestation objects.
    #[error("Malformed attestations")]
    Malformed(#[source] AttestationError),
    /// One does not verify.
    #[error(
        "Could not verify the uploaded artifact using the included attestation: attestation {position} does not verify"
    )]
    Unverified {
        /// Its place in the array, counted from 1.
        position: usize,
        /// Which rule failed.
        #[source]
        source: DomainError,
    },
    /// One verifies, but was made by nobody who publishes this project.
    #[error("attestation {position} was made by {identity}, which is no publisher of `{project}`")]
    NoPublisher {
        /// Its place in the array, counted from 1.
        position: usize,
        /// The project.
        project: ProjectName,
        /// Who made it.
        identity: String,
        /// Who would have been right.
        #[source]
        source: ExpectedPublishers,
    },
    /// One is by a publisher in name, whose repository or owner is another one by now.
    #[error(transparent)]
    PinnedElsewhere(Box<PinnedElsewhere>),
    /// One names another index.
    #[error("attestation {position} is not for this index")]
    OtherIndex {
        /// Its place in the array, counted from 1.
        position: usize,
        /// Which one it names.
        #[source]
        source: OtherIndex,
    },
    /// The file has as many as it may.
    #[error("the file has as many attestations as uploads may bring: {MAX_WITH_UPLOADS}")]
    TooMany,
    /// The project does not exist yet, so nobody can be its publisher.
    #[error(
        "the project is new and has no publishers, so nothing can say whose attestations to accept; create it and add its \
         publisher first (`touchplate admin publisher add`), or upload without attestations"
    )]
    NewProject,
    /// Two different ones of one predicate type and identity.
    #[error(
        "Multiple attestations for the same file with the same predicate type and identity are not supported"
    )]
    Repeated(#[source] Repeated),
}

/// Whose attestations the project takes, for whoever has to mend a workflow or a publisher.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedPublishers {
    /// These are nearly it: how each differs.
    #[error("{}", nearly(&.0.tried))]
    Nearly(NoMatch),
    /// Others: some of them in words, and how many more there are.
    #[error("its publishers are {}{}", .named.join(", "), and_more(*.more))]
    Others {
        /// The oldest.
        named: Vec<String>,
        /// How many are not named.
        more: usize,
    },
    /// There are none.
    #[error("it has none; `touchplate admin publisher add` adds one")]
    Nobody,
}

impl ExpectedPublishers {
    /// Enough to see what is wrong; a project may have hundreds of publishers.
    const NAMED: usize = 5;

    /// Of those that were tried, or else of all.
    pub(super) fn of(no_match: NoMatch, all: &[Publisher]) -> Self {
        if !no_match.tried.is_empty() {
            return Self::Nearly(no_match);
        }
        if all.is_empty() {
            return Self::Nobody;
        }
        let named = all.iter().take(Self::NAMED).map(Publisher::describe);
        Self::Others {
            named: named.collect(),
            more: all.len().saturating_sub(Self::NAMED),
        }
    }
}

fn nearly(tried: &[(String, Mismatch)]) -> String {
    let each = tried
        .iter()
        .map(|(publisher, why)| format!("{publisher}: {why}"));
    each.collect::<Vec<_>>().join("; ")
}

fn and_more(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" and {count} more"),
    }
}

/// Parses and verifies the field for a file, on a thread that may block: whoever made them, each is proven, and for no other
/// index than the one at `url`. Equal ones are folded into one.
pub(super) async fn prove(
    trust: Arc<TrustDomains>,
    filename: Filename,
    sha256: Sha256,
    json: String,
    url: Option<String>,
    now: Timestamp,
) -> Result<Vec<Proven>, UploadError> {
    let work = move || {
        let parsed =
            Attestation::parse_array(json.as_bytes()).map_err(AttestationRefused::Malformed)?;
        let file = FileFacts { filename, sha256 };
        let mut proven = Vec::with_capacity(parsed.len());
        // One job makes them all, usually with one certificate.
        let mut memory = CertificateMemory::new();
        for (position, attestation) in (1..).zip(&parsed) {
            let unverified = |source| AttestationRefused::Unverified { position, source };
            let vouched = match attestation.predicate_type() {
                PredicateType::IndexPublish => trust.verify_any_predicate(&file, attestation, now),
                // Others are refused here: they are added later, to a file that is there.
                PredicateType::Publish | PredicateType::Slsa | PredicateType::Other(_) => {
                    trust.verify_remembering(&mut memory, &file, attestation, now)
                }
            };
            let proof = vouched.map_err(unverified)?.proof;
            binding::check(&proof, url.as_deref())
                .map_err(|source| AttestationRefused::OtherIndex { position, source })?;
            proven.push(proof);
        }
        without_repeats(proven).map_err(AttestationRefused::Repeated)
    };
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|cause| UploadError::Spool(std::io::Error::other(cause)))??)
}

/// An identity in one line.
pub(super) fn shown(identity: &Identity) -> String {
    format!("`{}` (issuer {})", identity.san(), identity.issuer())
}
