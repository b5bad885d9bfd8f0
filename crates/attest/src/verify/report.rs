//! The checks of [`verify`](crate::verify()) one by one, in words: what each proves, and what came of it.

use jiff::Timestamp;

use super::error::VerifyError;
use super::evidence::{Tried, apart};
use super::{
    FileFacts, Predicates, Proven, check_digest, check_predicate, check_subject, evidence_of,
    verify_any_predicate,
};
use crate::attestation::{Attestation, AttestationError};
use crate::root::TrustRoot;

/// One check, as people are told of it: some steps of [`verify`](crate::verify()).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// It is an attestation as PEP 740 writes them.
    Format,
    /// Steps 1 and 2.
    Subject,
    /// Step 3.
    Digest,
    /// Step 4.
    Predicate,
    /// Step 5.
    Profile,
    /// Steps 7 and 15.
    Authority,
    /// Steps 6 and 16.
    CertificateLog,
    /// Step 20.
    Signature,
    /// Steps 8, 13 and 14.
    Logged,
    /// Steps 12, 18 and 19.
    Inclusion,
    /// Steps 9, as far as it asks who says when, and 17.
    Time,
    /// Steps 9, as far as it is about the certificate, 10 and 11.
    Validity,
}

impl Check {
    /// Every check, in the order in which one follows from the other for a reader.
    pub const ALL: [Self; 12] = [
        Self::Format,
        Self::Subject,
        Self::Digest,
        Self::Predicate,
        Self::Profile,
        Self::Authority,
        Self::CertificateLog,
        Self::Signature,
        Self::Logged,
        Self::Inclusion,
        Self::Time,
        Self::Validity,
    ];

    /// A word for programs, which stays.
    pub fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Subject => "subject",
            Self::Digest => "digest",
            Self::Predicate => "predicate",
            Self::Profile => "profile",
            Self::Authority => "authority",
            Self::CertificateLog => "certificate-log",
            Self::Signature => "signature",
            Self::Logged => "logged",
            Self::Inclusion => "inclusion",
            Self::Time => "time",
            Self::Validity => "validity",
        }
    }

    /// What is checked, in one line.
    pub fn title(self) -> &'static str {
        match self {
            Self::Format => "The attestation can be read",
            Self::Subject => "The statement names exactly this file",
            Self::Digest => "The statement's SHA-256 is the file's",
            Self::Predicate => "The claim is of a known type",
            Self::Profile => "The certificate is one for signing code",
            Self::Authority => "An authority of the trust root issued the certificate",
            Self::CertificateLog => "A certificate log has seen the certificate",
            Self::Signature => "The certificate's key signed the statement",
            Self::Logged => "The transparency log has this statement, signature and certificate",
            Self::Inclusion => "The entry is in the log, under a checkpoint that the log signed",
            Self::Time => "A log or a timestamp authority says when it was signed",
            Self::Validity => "Certificate, authority and log were valid at that time",
        }
    }

    /// What it proves when it holds.
    pub fn proves(self) -> &'static str {
        match self {
            Self::Format => "It is whole: each field is there, in the form that PEP 740 gives it.",
            Self::Subject => {
                "The signature is about one file, and that file has this name: it was not made for another one."
            }
            Self::Digest => "Not one byte of the file has changed since it was signed.",
            Self::Predicate => "What is claimed is what readers of provenance know how to read.",
            Self::Profile => {
                "The certificate may be used for this, and says on whose word it was issued, and to whom."
            }
            Self::Authority => {
                "What the certificate says of its holder is what an authority that this index believes has checked."
            }
            Self::CertificateLog => {
                "The certificate is on public record, where whoever it names can find one that was not meant to be."
            }
            Self::Signature => {
                "The holder of the certificate made this statement, and nobody changed it since."
            }
            Self::Logged => {
                "The signature is on record for everybody, and the record is of this one."
            }
            Self::Inclusion => {
                "The record cannot be taken back or changed without the log contradicting what it signed."
            }
            Self::Time => "The time of signing does not rest on the signer's own clock.",
            Self::Validity => {
                "Nobody signed with a certificate that had expired, or with one of an authority no longer believed."
            }
        }
    }
}

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What is there is no attestation.
    #[error("the attestation is malformed")]
    Unreadable(#[from] AttestationError),
    /// A rule of [`verify`](crate::verify()) is broken.
    #[error(transparent)]
    Rule(#[from] VerifyError),
}

/// What came of a check.
#[derive(Debug)]
pub enum Outcome {
    /// It holds.
    Held,
    /// It does not.
    Failed(Failure),
    /// It was not tried, since one that it stands on failed.
    NotReached,
}

impl Outcome {
    /// Whether it holds.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held)
    }
}

/// What each check says of an attestation, and what all together prove.
#[derive(Debug)]
pub struct Report {
    outcomes: Vec<(Check, Outcome)>,
    attestation: Option<Attestation>,
    /// What [`verify_any_predicate`] says; none where there is nothing for it to say it of.
    verified: Option<Result<Proven, VerifyError>>,
}

impl Report {
    /// Each check and what came of it, in the order of [`Check::ALL`].
    pub fn outcomes(&self) -> &[(Check, Outcome)] {
        &self.outcomes
    }

    /// The attestation, where it can be read. Nothing that it says is proved unless [`proven`](Self::proven) says so.
    pub fn attestation(&self) -> Option<&Attestation> {
        self.attestation.as_ref()
    }

    /// What is proved; `None` unless every check holds.
    pub fn proven(&self) -> Option<&Proven> {
        let held = self.outcomes.iter().all(|(_, outcome)| outcome.is_held());
        self.verified.as_ref()?.as_ref().ok().filter(|_| held)
    }

    /// What [`verify_any_predicate`] refuses the attestation for.
    pub fn refusal(&self) -> Option<&VerifyError> {
        self.verified.as_ref()?.as_ref().err()
    }
}

/// Runs the checks of [`verify_any_predicate`] on an attestation's JSON one by one. Each is tried though another failed,
/// unless it stands on that one, so that a single damage shows where it is. What is proved is `verify`'s to say and
/// nobody else's: [`Report::proven`] is what it returns.
pub fn report(file: &FileFacts, json: &[u8], root: &TrustRoot, now: Timestamp) -> Report {
    let attestation = match Attestation::parse(json) {
        Ok(attestation) => attestation,
        Err(unreadable) => return unread(unreadable),
    };
    let statement = attestation.statement();
    let predicate = check_predicate(statement, Predicates::Any);
    let mut tried: Vec<(Check, Tried)> = vec![
        (Check::Format, Ok(())),
        (Check::Subject, check_subject(file, statement).map_err(Some)),
        (Check::Digest, check_digest(file, statement).map_err(Some)),
        (Check::Predicate, predicate.map_err(Some)),
    ];
    tried.extend(apart(&evidence_of(&attestation), root, now));
    tried.sort_by_key(|(check, _)| *check);
    let outcomes = tried.into_iter().map(|(check, tried)| (check, of(tried)));
    Report {
        outcomes: outcomes.collect(),
        verified: Some(verify_any_predicate(file, &attestation, root, now)),
        attestation: Some(attestation),
    }
}

fn of(tried: Tried) -> Outcome {
    match tried {
        Ok(()) => Outcome::Held,
        Err(Some(refused)) => Outcome::Failed(refused.into()),
        Err(None) => Outcome::NotReached,
    }
}

fn unread(unreadable: AttestationError) -> Report {
    let others = Check::ALL.into_iter().filter(|it| *it != Check::Format);
    let mut outcomes = vec![(Check::Format, Outcome::Failed(unreadable.into()))];
    outcomes.extend(others.map(|check| (check, Outcome::NotReached)));
    Report {
        outcomes,
        attestation: None,
        verified: None,
    }
}
