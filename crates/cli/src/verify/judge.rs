//! The judgement of each file, in two steps: what its attestations prove, whoever made them; then whether that is whom the
//! caller expects. Every attestation there is must hold, and be by whom is expected.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::domain::Vouched;
use touchplate_attest::{
    Attestation, AttestationError, CertificateMemory, DomainError, DomainName, Proven, Provenance,
    ProvenanceError, ProvenanceVerifyError, TrustDomains, VerifyError,
};
use touchplate_client::pins::Pin;

use super::expected::{Expected, Tied, Unexpected};
use super::file::Target;
use super::sources::{Form, Source};
use crate::report::Failure;

/// What there is of one file, and what of it holds.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The file.
    pub(crate) target: Target,
    /// Its attestations; none if there is no evidence at all.
    pub(crate) findings: Vec<Finding<Vouched>>,
    /// Its provenance object as it came, to be kept.
    pub(crate) provenance: Option<Arc<Vec<u8>>>,
}

/// One file and each attestation of it.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The file.
    pub(crate) target: Target,
    /// Its attestations; none if there is no evidence at all.
    pub(crate) findings: Vec<Finding<Tied>>,
    /// Its provenance object as it came, to be kept.
    pub(crate) provenance: Option<Arc<Vec<u8>>>,
    /// Who was expected.
    pub(crate) expected: Expected,
    /// Who was pinned by this run, since nobody was before.
    pub(crate) pinned: Vec<Pin>,
    /// What was kept, by its path.
    pub(crate) kept: Vec<String>,
}

impl Judged {
    /// Whether there is an attestation and all are by whom the caller expects.
    pub(crate) fn is_verified(&self) -> bool {
        let expected =
            |finding: &Finding<Tied>| finding.result.as_ref().is_ok_and(Tied::is_expected);
        !self.findings.is_empty() && self.findings.iter().all(expected)
    }
}

/// One attestation, or a source that could not be read as any.
#[derive(Debug)]
pub(crate) struct Finding<T> {
    /// Where it is from.
    pub(crate) source: Source,
    /// The trust domain that vouches for it, where there are several.
    pub(crate) domain: Option<DomainName>,
    /// What it proves.
    pub(crate) result: Result<T, Refused>,
}

/// Why an attestation does not make a file verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is not a PEP 740 attestation")]
    Attestation(#[source] AttestationError),
    #[error("it is not an array of PEP 740 attestations")]
    Array(#[source] AttestationError),
    #[error("it is not a PEP 740 provenance object")]
    Provenance(#[source] ProvenanceError),
    #[error("it does not verify for this file")]
    Unverified(#[source] DomainError<VerifyError>),
    #[error("it does not verify for this file")]
    Digest(#[source] VerifyError),
    #[error("it does not verify for this file")]
    ProvenanceUnverified(#[source] DomainError<ProvenanceVerifyError>),
    #[error("the file could not be read once more, for another digest")]
    Unreadable(#[source] io::Error),
    #[error("it is not by whom you expect")]
    Unexpected {
        /// What was proved all the same.
        proven: Box<Proven>,
        /// How it differs.
        #[source]
        source: Unexpected,
    },
}

/// What `sources` prove of a file, whoever it was.
pub(crate) fn prove(
    target: Target,
    sources: &[Source],
    domains: &TrustDomains,
    memory: &mut CertificateMemory,
    now: Timestamp,
) -> Result<Evidence, Failure> {
    let mut findings = Vec::new();
    let mut kept = None;
    for source in sources {
        let bytes = source.read()?;
        let mut attestation = |read: &Attestation| {
            let vouched = domains.verify_remembering(memory, &target.facts, read, now);
            vouched.map_err(Refused::Unverified)
        };
        let results = match source.form {
            Form::Attestation => {
                let read = Attestation::parse(&bytes).map_err(Refused::Attestation);
                vec![read.and_then(|read| attestation(&read))]
            }
            Form::Attestations => match Attestation::parse_array(&bytes) {
                Ok(read) => read.iter().map(&mut attestation).collect(),
                Err(error) => vec![Err(Refused::Array(error))],
            },
            Form::Provenance => {
                let results = provenance(&target, &bytes, domains, memory, now).map_or_else(
                    |refused| vec![Err(refused)],
                    |vouched| vouched.into_iter().map(Ok).collect(),
                );
                kept = Some(bytes);
                results
            }
        };
        findings.extend(results.into_iter().map(|result| {
            let result = result.and_then(|vouched: Vouched| {
                further_digests(&target, &vouched.proof)?;
                Ok(vouched)
            });
            Finding {
                source: source.clone(),
                domain: result
                    .as_ref()
                    .ok()
                    .and_then(|vouched| vouched.domain.clone()),
                result,
            }
        }));
    }
    Ok(Evidence {
        target,
        findings,
        provenance: kept,
    })
}

/// A statement may name digests beside sha256; in-toto wants each one that a verifier knows to be the file's.
fn further_digests(target: &Target, proven: &Proven) -> Result<(), Refused> {
    let subjects = proven.attestation().statement().subjects().iter();
    let algorithms = subjects.flat_map(|subject| subject.digests.keys());
    for algorithm in algorithms.filter(|algorithm| *algorithm != "sha256") {
        if let Some(digest) = target.digest(algorithm).map_err(Refused::Unreadable)? {
            let checked = proven.check_digest(algorithm, &digest);
            checked.map_err(Refused::Digest)?;
        }
    }
    Ok(())
}

/// All of the object's attestations or the first rule that one breaks: also those that the object itself adds, that each
/// is by the publisher that the object names. That name is no expectation.
fn provenance(
    target: &Target,
    bytes: &[u8],
    domains: &TrustDomains,
    memory: &mut CertificateMemory,
    now: Timestamp,
) -> Result<Vec<Vouched>, Refused> {
    let object = Provenance::parse(bytes).map_err(Refused::Provenance)?;
    let vouched = domains
        .verify_provenance_remembering(memory, &target.facts, &object, &[], now)
        .map_err(Refused::ProvenanceUnverified)?;
    let Vouched { domain, proof } = vouched;
    let each = proof.into_iter().map(|verified| Vouched {
        domain: domain.clone(),
        proof: verified.proven().clone(),
    });
    Ok(each.collect())
}

impl Evidence {
    /// Whether there is any, and all of it holds.
    pub(crate) fn holds(&self) -> bool {
        !self.findings.is_empty() && self.proofs().count() == self.findings.len()
    }

    /// What was proved.
    pub(crate) fn proofs(&self) -> impl Iterator<Item = &Proven> {
        let findings = self.findings.iter();
        findings.filter_map(|finding| Some(&finding.result.as_ref().ok()?.proof))
    }

    /// Ties what was proved to whom is expected.
    pub(crate) fn tie(self, expected: Expected, pinned: Vec<Pin>) -> Judged {
        let tie = |vouched: Vouched| {
            let shown = Box::new(vouched.proof.clone());
            expected
                .tie(vouched.proof)
                .map_err(|source| Refused::Unexpected {
                    proven: shown,
                    source,
                })
        };
        let findings = self.findings.into_iter().map(|finding| Finding {
            source: finding.source,
            domain: finding.domain,
            result: finding.result.and_then(tie),
        });
        Judged {
            target: self.target,
            findings: findings.collect(),
            provenance: self.provenance,
            expected,
            pinned,
            kept: Vec::new(),
        }
    }
}
