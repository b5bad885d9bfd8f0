//! An attestation together with whose it is.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_attest::{
    Claims, EnvironmentCheck, Identity, LogEntryFacts, Mismatch, PredicateType, Proven, Sha256,
    SignedTime, VerificationRecord, Verified,
};

use super::{Attester, AttesterRole, Expected};

/// In which capacity somebody attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capacity {
    /// As one of the project's publishers.
    Publisher,
    /// As one of its attesters.
    Attester(AttesterRole),
}

/// A word that names no capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one attests as `publisher`, `builder`, `auditor` or `rebuilder`")]
pub struct UnknownCapacity;

impl Capacity {
    /// The word stored and shown: `publisher`, or the attester's role.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Attester(role) => role.as_str(),
        }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Capacity {
    type Err = UnknownCapacity;

    fn from_str(given: &str) -> Result<Self, UnknownCapacity> {
        if given == Self::Publisher.as_str() {
            return Ok(Self::Publisher);
        }
        given
            .parse()
            .map(Self::Attester)
            .map_err(|_| UnknownCapacity)
    }
}

/// An attestation that holds for a file, by somebody whom the project expects. Private fields: only the two checks here
/// make one, and ports store nothing else.
#[derive(Clone, Debug)]
pub struct Attributed {
    proven: Proven,
    capacity: Capacity,
    expected: Expected,
    environment: EnvironmentCheck,
}

impl Attributed {
    /// By one of the project's publishers.
    pub fn by_publisher(verified: &Verified) -> Self {
        Self {
            capacity: Capacity::Publisher,
            expected: Expected::Publisher(verified.publisher().clone()),
            environment: verified.environment(),
            proven: verified.proven().clone(),
        }
    }

    /// By this attester, if it is by them. Whether they may claim what it claims is the attester's
    /// [`predicates`](Attester::predicates) to say.
    pub fn by_attester(proven: &Proven, attester: &Attester) -> Result<Self, Mismatch> {
        let verified = attester.recognises(proven)?;
        Ok(Self {
            proven: proven.clone(),
            capacity: Capacity::Attester(attester.role),
            expected: attester.expected.clone(),
            environment: verified.map_or(EnvironmentCheck::NotAsked, |it| it.environment()),
        })
    }

    /// What was proved.
    pub fn proven(&self) -> &Proven {
        &self.proven
    }

    /// In which capacity it was made.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// What is kept beside the stored attestation.
    pub fn record(&self) -> AttestationRecord {
        let proven = &self.proven;
        AttestationRecord {
            checked_at: proven.verified_at(),
            trust_root_sha256: *proven.root_digest(),
            predicate_type: proven.predicate_type(),
            expected: self.expected.clone(),
            environment: self.environment,
            identity: proven.identity().clone(),
            claims: proven.claims().clone(),
            log_entries: proven.log_entries().to_vec(),
            times: proven.times().to_vec(),
        }
    }
}

/// What was checked of an attestation, when, against which root, and whom it was expected from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationRecord {
    /// The time of the check.
    pub checked_at: Timestamp,
    /// SHA-256 of the trust root's JSON.
    pub trust_root_sha256: Sha256,
    /// What kind of claim it is.
    pub predicate_type: PredicateType,
    /// The publisher or attester that it matched.
    pub expected: Expected,
    /// Whether a publisher's environment could be compared.
    pub environment: EnvironmentCheck,
    /// Who signed.
    pub identity: Identity,
    /// What the certificate says of the build.
    pub claims: Claims,
    /// Each log entry.
    pub log_entries: Vec<LogEntryFacts>,
    /// Every time that is proved; of an upload before times were kept, none.
    pub times: Vec<SignedTime>,
}

impl AttestationRecord {
    /// What it has otherwise than the evidence, if anything.
    pub fn differs_from(&self, proven: &Proven) -> Option<&'static str> {
        let fields = [
            ("signer", self.identity == *proven.identity()),
            ("set of claims", self.claims == *proven.claims()),
            (
                "type of claim",
                self.predicate_type == proven.predicate_type(),
            ),
            ("log entry", self.log_entries == proven.log_entries()),
            // Notes from before times were kept have none.
            (
                "time of signing",
                self.times.is_empty() || self.times == proven.times(),
            ),
        ];
        let differing = fields.into_iter().find(|(_, same)| !same);
        differing.map(|(field, _)| field)
    }
}

impl From<VerificationRecord> for AttestationRecord {
    fn from(record: VerificationRecord) -> Self {
        Self {
            checked_at: record.checked_at,
            trust_root_sha256: record.trust_root_sha256,
            predicate_type: record.predicate_type,
            expected: Expected::Publisher(record.publisher),
            environment: record.environment,
            identity: record.identity,
            claims: record.claims,
            log_entries: record.log_entries,
            times: record.times,
        }
    }
}
