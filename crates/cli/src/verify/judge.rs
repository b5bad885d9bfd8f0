//! The judgement of each file: every attestation there is must hold, and be by whom the caller expects.

use std::io;

use jiff::Timestamp;
use touchplate_attest::{
    Attestation, AttestationError, Proven, Provenance, ProvenanceError, ProvenanceVerifyError,
    VerifyError, verify, verify_provenance,
};

use super::expected::{Expected, Tied, Unexpected};
use super::file::Target;
use super::sources::Source;
use crate::report::Failure;
use crate::root::Root;

/// What `verify` found.
#[derive(Debug)]
pub(crate) struct Report {
    /// Each file.
    pub(crate) files: Vec<Judged>,
    /// The root that it was judged by.
    pub(crate) root: Root,
    /// Whom the caller expected.
    pub(crate) expected: Expected,
    /// When.
    pub(crate) now: Timestamp,
}

impl Report {
    /// Whether every file is verified.
    pub(crate) fn is_verified(&self) -> bool {
        self.files.iter().all(Judged::is_verified)
    }
}

/// One file and each attestation of it.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The file.
    pub(crate) target: Target,
    /// Its attestations; none if there is no evidence at all.
    pub(crate) findings: Vec<Finding>,
}

impl Judged {
    /// Whether there is an attestation and all are by whom the caller expects.
    pub(crate) fn is_verified(&self) -> bool {
        let expected = |finding: &Finding| finding.result.as_ref().is_ok_and(Tied::is_expected);
        !self.findings.is_empty() && self.findings.iter().all(expected)
    }
}

/// One attestation, or a source that could not be read as any.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Where it is from.
    pub(crate) source: Source,
    /// What it proves.
    pub(crate) result: Result<Tied, Refused>,
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
    Unverified(#[source] VerifyError),
    #[error("it does not verify for this file")]
    ProvenanceUnverified(#[source] ProvenanceVerifyError),
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

/// Judges one file by everything that `sources` hold.
pub(crate) fn judge(
    target: Target,
    sources: &[Source],
    expected: &Expected,
    root: &Root,
    now: Timestamp,
) -> Result<Judged, Failure> {
    let mut findings = Vec::new();
    for source in sources {
        let bytes = source.read()?;
        let results = match source {
            Source::Attestation(_) => {
                let read = Attestation::parse(&bytes).map_err(Refused::Attestation);
                vec![read.and_then(|attestation| one(&target, &attestation, expected, root, now))]
            }
            Source::Attestations(_) => match Attestation::parse_array(&bytes) {
                Ok(read) => read
                    .iter()
                    .map(|attestation| one(&target, attestation, expected, root, now))
                    .collect(),
                Err(error) => vec![Err(Refused::Array(error))],
            },
            Source::Provenance(_) => provenance(&target, &bytes, expected, root, now).map_or_else(
                |refused| vec![Err(refused)],
                |tied| tied.into_iter().map(Ok).collect(),
            ),
        };
        findings.extend(results.into_iter().map(|result| Finding {
            source: source.clone(),
            result,
        }));
    }
    Ok(Judged { target, findings })
}

fn one(
    target: &Target,
    attestation: &Attestation,
    expected: &Expected,
    root: &Root,
    now: Timestamp,
) -> Result<Tied, Refused> {
    let proven =
        verify(&target.facts, attestation, root.trust_root(), now).map_err(Refused::Unverified)?;
    tie(target, proven, expected)
}

fn tie(target: &Target, proven: Proven, expected: &Expected) -> Result<Tied, Refused> {
    further_digests(target, &proven)?;
    let shown = Box::new(proven.clone());
    expected.tie(proven).map_err(|source| Refused::Unexpected {
        proven: shown,
        source,
    })
}

/// A statement may name digests beside sha256; in-toto wants each one that a verifier knows to be the file's.
fn further_digests(target: &Target, proven: &Proven) -> Result<(), Refused> {
    let subjects = proven.attestation().statement().subjects().iter();
    let algorithms = subjects.flat_map(|subject| subject.digests.keys());
    for algorithm in algorithms.filter(|algorithm| *algorithm != "sha256") {
        if let Some(digest) = target.digest(algorithm).map_err(Refused::Unreadable)? {
            let checked = proven.check_digest(algorithm, &digest);
            checked.map_err(Refused::Unverified)?;
        }
    }
    Ok(())
}

/// All of the object's attestations or the first rule that one breaks: also those that the object itself adds, that each
/// is by the publisher that the object names.
fn provenance(
    target: &Target,
    bytes: &[u8],
    expected: &Expected,
    root: &Root,
    now: Timestamp,
) -> Result<Vec<Tied>, Refused> {
    let object = Provenance::parse(bytes).map_err(Refused::Provenance)?;
    let verified = verify_provenance(
        &target.facts,
        &object,
        expected.publishers(),
        root.trust_root(),
        now,
    );
    let verified = verified.map_err(Refused::ProvenanceUnverified)?;
    verified
        .into_iter()
        .map(|verified| tie(target, verified.proven().clone(), expected))
        .collect()
}
