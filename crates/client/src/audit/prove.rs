//! What is proved of one file: its provenance object found, and every signature in it verified.

use serde_json::Value;
use touchplate_attest::domain::Refusal;
use touchplate_attest::{
    CertificateMemory, DomainError, FileFacts, Proven, Provenance, ProvenanceVerifyError,
    Publisher, Verified, VerifyError,
};
use touchplate_packaging::Filename;
use touchplate_packaging::lock::Entry;
use touchplate_policy::Builder;
use touchplate_policy::verdict::{Evidence, Finding, LockedFacts, Missing, Proof, Tie};
use url::Url;

use super::matching::{MatchedFile, unreachable};
use super::source::SourceError;
use super::{Auditor, Proved, Seen, why};
use crate::fetch::{FetchError, FileEntry, IndexError};
use crate::pins::{NotPinned, Pin, Who};

/// One worker's means.
pub(super) struct Prover<'a> {
    auditor: &'a Auditor<'a>,
    /// Certificates that it has checked.
    pub(super) memory: CertificateMemory,
}

/// What became of a provenance object.
pub(super) enum Outcome {
    /// There is none.
    Absent,
    /// It cannot be used, for this reason.
    Refused(Finding),
    /// Everything in it holds.
    Verified(Vec<Verified>),
}

impl<'a> Prover<'a> {
    pub(super) fn new(auditor: &'a Auditor<'a>, memory: CertificateMemory) -> Self {
        Self { auditor, memory }
    }

    /// What is proved of a locked file, and how that stands to pins and to what its entry records.
    pub(super) fn locked(
        &mut self,
        entry: Option<&Entry>,
        index: Option<&Url>,
        file: &MatchedFile<'_>,
    ) -> Proved {
        let mut proved = Proved {
            facts: LockedFacts {
                shown: file.shown.clone(),
                evidence: Evidence::Absent,
            },
            sha256: file.sha256,
            seen: Vec::new(),
        };
        let (facts, listed) = match (&file.listed, index) {
            (Ok(listed), Some(_)) => listed,
            (Ok(_), None) => return proved,
            (Err(finding), _) => {
                proved.facts.evidence = Evidence::Found(finding.clone());
                return proved;
            }
        };
        let verified = match index.map(|index| self.outcome(index, listed, facts)) {
            None | Some(Outcome::Absent) => return proved,
            Some(Outcome::Refused(finding)) => {
                proved.facts.evidence = Evidence::Found(finding);
                return proved;
            }
            Some(Outcome::Verified(verified)) => verified,
        };
        let pins = self.auditor.pins.of(facts.filename.project());
        let recorded = entry.and_then(|entry| entry.identities.as_deref());
        let proofs = verified.iter().map(|verified| Proof {
            builder: Builder::from(&verified.record()),
            who: called(verified.proven()),
            ids: verified.ids(),
            pin: pinned(pins, verified.proven()),
            record: recorded_tie(recorded.unwrap_or_default(), verified.proven()),
        });
        proved.facts.evidence = Evidence::Proven(proofs.collect());
        let seen = verified.iter().map(|it| self.seen(it, index));
        proved.seen = seen.collect();
        proved
    }

    /// What became of the provenance object of a file.
    pub(super) fn outcome(
        &mut self,
        index: &Url,
        listed: &FileEntry,
        facts: &FileFacts,
    ) -> Outcome {
        let mut anew = false;
        loop {
            let source = self.auditor.source;
            let found = match source.provenance(index, listed, &facts.sha256, anew) {
                Ok(Some(found)) => found,
                Ok(None) => return Outcome::Absent,
                Err(error) => return Outcome::Refused(of_source(&error)),
            };
            match self.verified(&found.bytes, facts) {
                Ok(verified) => return Outcome::Verified(verified),
                // Kept bytes may be damaged or of another time: the index has the last word.
                Err(_) if found.is_kept && !anew => anew = true,
                Err(finding) => return Outcome::Refused(finding),
            }
        }
    }

    fn verified(&mut self, bytes: &[u8], facts: &FileFacts) -> Result<Vec<Verified>, Finding> {
        let object = Provenance::parse(bytes)
            .map_err(|error| Finding::DoesNotVerify { why: why(&error) })?;
        let (domains, now) = (self.auditor.domains, self.auditor.now);
        let vouched =
            domains.verify_provenance_remembering(&mut self.memory, facts, &object, &[], now);
        match vouched {
            Ok(vouched) => Ok(vouched.proof),
            Err(error) => Err(match other_project(&error, facts) {
                Some(found) => Finding::OtherProject { found },
                None => Finding::DoesNotVerify { why: why(&error) },
            }),
        }
    }

    fn seen(&self, verified: &Verified, index: Option<&Url>) -> Seen {
        let proven = verified.proven();
        let date = self.auditor.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let index = index.map(Url::to_string);
        let version = proven.file().filename.version();
        Seen {
            pin: Pin::of(proven, version, date, index),
            publisher: publisher(verified),
            san: proven.identity().san().as_str().to_owned(),
            issuer: proven.identity().issuer().to_owned(),
        }
    }
}

/// What is written down of who it was: the publisher that the certificate is most plainly one of, else the one that the
/// object names and the certificate bears out.
fn publisher(verified: &Verified) -> Value {
    let publisher = match Who::of(verified.proven()) {
        Some(Who::Publisher(publisher)) => publisher,
        Some(Who::Identity { .. }) | None => verified.publisher().clone(),
    };
    let mut json = publisher.to_json();
    if let Value::Object(fields) = &mut json {
        fields.retain(|_, value| !value.is_null());
    }
    json
}

/// Who it was, as pins have it.
fn called(proven: &Proven) -> String {
    let identity = proven.identity();
    Who::of(proven).map_or_else(
        || {
            format!(
                "{} (vouched for by {})",
                identity.san().as_str(),
                identity.issuer()
            )
        },
        |who| who.to_string(),
    )
}

fn pinned(pins: &[Pin], proven: &Proven) -> Tie {
    if pins.is_empty() {
        return Tie::Open;
    }
    match Pin::any_matches(pins, proven) {
        Ok(_) => Tie::Expected,
        Err(NotPinned::Other { .. }) => Tie::Other,
        Err(NotPinned::Renumbered { source, .. }) => Tie::Renumbered {
            why: source.to_string(),
        },
    }
}

/// Whom an entry records, in words; what is no publisher as it stands there, for nobody will match it.
pub(super) fn recorded(entry: &Entry) -> Vec<String> {
    let identities = entry.identities.iter().flatten();
    let described = identities.map(|json| match Publisher::parse(json.to_string().as_bytes()) {
        Ok(publisher) => publisher.describe(),
        Err(_) => json.to_string(),
    });
    described.collect()
}

fn recorded_tie(recorded: &[Value], proven: &Proven) -> Tie {
    if recorded.is_empty() {
        return Tie::Open;
    }
    let matches = |json: &Value| {
        let publisher = Publisher::parse(json.to_string().as_bytes());
        publisher.is_ok_and(|publisher| proven.clone().by(&publisher).is_ok())
    };
    if recorded.iter().any(matches) {
        Tie::Expected
    } else {
        Tie::Other
    }
}

/// The other project's file that an attestation is about, if that is what is wrong.
fn other_project(error: &DomainError<ProvenanceVerifyError>, facts: &FileFacts) -> Option<String> {
    let error = match error {
        DomainError::Alone(error)
        | DomainError::Refused {
            refusal: Refusal::Unproven(error),
            ..
        } => error,
        _ => return None,
    };
    let ProvenanceVerifyError::Attestation {
        source: VerifyError::OtherFile { found, .. },
        ..
    } = error
    else {
        return None;
    };
    let other: Filename = found.parse().ok()?;
    (other.project() != facts.filename.project()).then(|| found.clone())
}

/// What an error of a source means for the files that it is about.
pub(super) fn of_source(error: &SourceError) -> Finding {
    match error {
        SourceError::Index(IndexError::NoProject { .. }) => Finding::NotAtIndex(Missing::Project),
        SourceError::Index(IndexError::Withheld { .. } | IndexError::Insecure { .. }) => {
            Finding::Withheld { why: why(error) }
        }
        SourceError::Index(IndexError::Fetch(FetchError::Digest { expected, .. })) => {
            let listed = *expected;
            Finding::DigestDisagrees { listed }
        }
        SourceError::Index(IndexError::Page { .. } | IndexError::Fetch(_))
        | SourceError::Room(_) => unreachable(error),
        SourceError::Wheel(_) => Finding::WheelUnread { why: why(error) },
        SourceError::NotPacked { what } => Finding::NotPacked { what: what.clone() },
    }
}
