//! Attestations that are wrong in one known way, for showing what is refused.

use jiff::SignedDuration;
use touchplate_attest::Sha256;

use crate::forge::recipe::{
    CertificateRecipe, CheckpointRecipe, EntryRecipe, KeyHolder, LIFETIME, Recipe, StampRecipe,
    Stamped, TimestampRecipe, later,
};

/// An hour, in which a signing certificate begins and ends.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// More entries than a throwaway log ever has.
const OTHER_SIZE: u64 = 1 << 40;

/// One thing that is wrong with an attestation; all else about it is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The certificate had expired when the log took the entry.
    CertificateExpired,
    /// The certificate was not yet valid when the log took the entry.
    CertificateNotYetValid,
    /// The certificate names the right authority, and a stranger signed it.
    ForeignAuthority,
    /// The certificate is another domain's: an authority that is in no trust root issued it.
    UnknownAuthority,
    /// The certificate's holder may not make signatures: it has no key usage.
    NoKeyUsage,
    /// The certificate is for a P-384 key, and PEP 740 has P-256 alone.
    P384Key,
    /// The certificate has no timestamp of a certificate log.
    NoCertificateTimestamp,
    /// The certificate's timestamp is of a log that is not in the trust root.
    ForeignCertificateTimestamp,
    /// The certificate's timestamp names the right log, and a stranger signed it.
    ForgedCertificateTimestamp,
    /// The certificate's timestamp was made for another certificate.
    TimestampOfAnotherCertificate,
    /// The entry is of a log that is not in the trust root.
    ForeignLog,
    /// The log has made no promise.
    NoPromise,
    /// The log's promise is signed by a stranger.
    ForeignPromise,
    /// There is no inclusion proof.
    NoProof,
    /// A hash of the inclusion proof is another.
    OtherProofHash,
    /// The inclusion proof has no checkpoint.
    NoCheckpoint,
    /// The checkpoint is signed by a stranger.
    ForeignCheckpoint,
    /// The checkpoint is of a tree of another size.
    CheckpointOfAnotherSize,
    /// The checkpoint is of a tree with another root.
    CheckpointOfAnotherRoot,
    /// The log has another statement.
    OtherPayloadLogged,
    /// The log has another signature of the same statement by the same key.
    OtherSignatureLogged,
    /// The log has another certificate.
    OtherCertificateLogged,
    /// The entry is right, and that of another attestation of the same file by the same workload.
    EntryOfAnotherAttestation,
    /// The log says that it took the entry this much later than it did, and the certificate is of then too.
    LoggedInFuture(SignedDuration),
    /// After a good entry there is one made when the certificate had expired.
    SecondEntryLate,
    /// After a good entry there is one whose promise is signed by a stranger.
    SecondEntryForged,
    /// In Rekor v2, which tells no time, and without a timestamp.
    NoStamp,
    /// The timestamp of an entry in Rekor v2 is of before the certificate.
    StampEarly,
    /// The timestamp of an entry in Rekor v2 is of after the certificate.
    StampLate,
    /// The timestamp of an entry in Rekor v2 is about other bytes.
    StampOfAnother,
    /// The timestamp of an entry in Rekor v2 is about the statement, and not about its signature.
    StampOfStatement,
    /// The timestamp of an entry in Rekor v2 is of an authority that is not in the trust root.
    ForeignStamp,
    /// The timestamp of an entry in Rekor v2 names the right authority, and a stranger signed it.
    ForgedStamp,
    /// The timestamp of an entry in Rekor v2 is in a response that says no.
    StampNotGranted,
    /// An entry in Rekor v2 names the log of version 1 as its own.
    EntryOfOtherLog,
    /// The checkpoint of an entry in Rekor v2 is signed by the log of version 1.
    CheckpointOfOtherLog,
    /// An entry in Rekor v2 has the statement's digest and not its pre-authentication encoding's.
    StatementDigestLogged,
    /// The statement is signed by a stranger's key.
    OtherKey,
    /// The statement is about a file with this name.
    OtherFilename(String),
    /// The statement is about a file with this digest.
    OtherSha256(Sha256),
    /// The statement has a second subject.
    TwoSubjects,
    /// The statement has no subject.
    NoSubject,
    /// The statement's predicate is of this type.
    OtherPredicateType(String),
    /// The statement calls itself this instead of an in-toto statement v1.
    OtherStatementType(String),
    /// The attestation says that it is of this version of the format.
    OtherVersion(u64),
}

impl Fault {
    /// Makes the recipe wrong in this way.
    pub fn apply(&self, recipe: &mut Recipe) {
        let Recipe {
            statement,
            certificate,
            entries,
            ..
        } = recipe;
        match self {
            Self::CertificateExpired => {
                certificate.move_by(-HOUR);
                // The timestamps too: they are made when the certificate is.
                certificate.timestamps(|it| it.time = later(it.time, -HOUR));
            }
            Self::CertificateNotYetValid => certificate.move_by(SignedDuration::from_mins(1)),
            Self::ForeignAuthority => certificate.signed_by = KeyHolder::Stranger,
            Self::UnknownAuthority => certificate.by_foreign_authority = true,
            Self::NoKeyUsage => certificate.has_key_usage = false,
            Self::P384Key => certificate.p384 = true,
            Self::NoCertificateTimestamp => certificate.timestamps.clear(),
            Self::ForeignCertificateTimestamp => {
                certificate.timestamps(|it| it.signed_by = KeyHolder::Stranger);
            }
            Self::ForgedCertificateTimestamp => certificate.timestamps(|it| {
                it.signed_by = KeyHolder::Stranger;
                it.claims_right_log = true;
            }),
            Self::TimestampOfAnotherCertificate => {
                certificate.timestamps(|it| it.of_another = true);
            }
            Self::ForeignLog => recipe.entries(|it| it.by_foreign_log = true),
            Self::NoPromise => recipe.entries(|it| it.promise = None),
            Self::ForeignPromise => recipe.entries(|it| it.promise = Some(KeyHolder::Stranger)),
            Self::NoProof => recipe.entries(|it| it.checkpoint = None),
            Self::OtherProofHash => recipe.entries(|it| it.other_path = true),
            Self::NoCheckpoint => recipe.entries(|it| it.without_checkpoint = true),
            Self::ForeignCheckpoint => recipe.checkpoints(|it| it.signed_by = KeyHolder::Stranger),
            Self::CheckpointOfAnotherSize => {
                recipe.checkpoints(|it| it.size = Some(OTHER_SIZE.to_string()));
            }
            Self::CheckpointOfAnotherRoot => recipe.checkpoints(|it| it.root = Some([7; 32])),
            Self::OtherPayloadLogged => recipe.entries(|it| it.body.other_payload = true),
            Self::OtherSignatureLogged => recipe.entries(|it| it.body.other_signature = true),
            Self::OtherCertificateLogged => recipe.entries(|it| it.body.other_certificate = true),
            Self::EntryOfAnotherAttestation => recipe.entries(|it| it.of_another = true),
            Self::LoggedInFuture(by) => {
                certificate.move_by(*by);
                recipe.entries(|it| it.time = later(it.time, *by));
            }
            Self::SecondEntryLate => {
                let second = entries.first().cloned();
                entries.extend(second.map(|it| EntryRecipe {
                    time: later(it.time, LIFETIME * 2),
                    ..it
                }));
            }
            Self::SecondEntryForged => {
                let second = entries.first().cloned();
                entries.extend(second.map(|it| EntryRecipe {
                    promise: Some(KeyHolder::Stranger),
                    ..it
                }));
            }
            Self::OtherKey => recipe.signed_by = KeyHolder::Stranger,
            Self::OtherFilename(name) => {
                for (subject, _) in &mut statement.subjects {
                    subject.clone_from(name);
                }
            }
            Self::OtherSha256(sha256) => {
                for (_, digests) in &mut statement.subjects {
                    digests.insert("sha256".to_owned(), sha256.to_string());
                }
            }
            Self::TwoSubjects => statement.subjects.extend(statement.subjects.clone()),
            Self::NoSubject => statement.subjects.clear(),
            Self::OtherPredicateType(uri) => statement.predicate_type.clone_from(uri),
            Self::OtherStatementType(uri) => statement.type_uri.clone_from(uri),
            Self::OtherVersion(version) => recipe.version = *version,
            Self::NoStamp => recipe.in_v2(|it| it.stamps.clear()),
            Self::StampEarly => recipe.stamps(|it| it.time = later(it.time, -HOUR)),
            Self::StampLate => recipe.stamps(|it| it.time = later(it.time, LIFETIME * 2)),
            Self::StampOfAnother => recipe.stamps(|it| it.of = Stamped::Other(b"another".into())),
            Self::StampOfStatement => recipe.stamps(|it| it.of = Stamped::Payload),
            Self::ForeignStamp => recipe.stamps(|it| it.by_foreign_authority = true),
            Self::ForgedStamp => recipe.stamps(|it| it.signed_by = KeyHolder::Stranger),
            Self::StampNotGranted => recipe.stamps(|it| it.status = Some(2)),
            Self::EntryOfOtherLog => {
                recipe.in_v2(|it| it.entries(|entry| entry.names_other_log = true));
            }
            Self::CheckpointOfOtherLog => {
                recipe.in_v2(|it| it.checkpoints(|checkpoint| checkpoint.by_other_log = true));
            }
            Self::StatementDigestLogged => {
                recipe.in_v2(|it| it.entries(|entry| entry.body.digest_of_payload = true));
            }
        }
    }
}

impl CertificateRecipe {
    fn move_by(&mut self, by: SignedDuration) {
        self.not_before = later(self.not_before, by);
        self.not_after = later(self.not_after, by);
    }

    fn timestamps(&mut self, change: impl FnMut(&mut TimestampRecipe)) {
        self.timestamps.iter_mut().for_each(change);
    }
}

impl Recipe {
    /// Changes the recipe in Rekor v2, where it goes if it is not there.
    fn in_v2(&mut self, change: impl FnOnce(&mut Self)) {
        let first = self.entries.first();
        if let Some(time) = first.filter(|it| !it.body.form.is_v2()).map(|it| it.time) {
            *self = self.clone().in_rekor_v2(time);
        }
        change(self);
    }

    /// Changes the timestamps in Rekor v2, where they are the only time.
    fn stamps(&mut self, change: impl FnMut(&mut StampRecipe)) {
        self.in_v2(|it| it.stamps.iter_mut().for_each(change));
    }

    fn entries(&mut self, change: impl FnMut(&mut EntryRecipe)) {
        self.entries.iter_mut().for_each(change);
    }

    fn checkpoints(&mut self, change: impl FnMut(&mut CheckpointRecipe)) {
        let entries = self.entries.iter_mut();
        entries
            .flat_map(|entry| &mut entry.checkpoint)
            .for_each(change);
    }
}
