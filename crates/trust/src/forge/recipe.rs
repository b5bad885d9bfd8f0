//! What an attestation is made of: a good one to begin with, each part open to be made wrong.
//!
//! Everything is signed and logged validly *as it stands in the recipe*, so that a changed part is the only fault.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use touchplate_attest::statement::STATEMENT_TYPE;
use touchplate_attest::{Claims, PredicateType, Sha256, SubjectName};

use crate::forge::statement;
use crate::forge::workload::Workload;
use crate::keys::KeyKind;

/// Certificates are valid this long, as Fulcio's are.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// A certificate begins a moment before its first use: the log's clock is another one.
const HEAD_START: SignedDuration = SignedDuration::from_secs(5);

/// What an attestation claims.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// publish/v1, without a body.
    Publish,
    /// SLSA provenance v1, with a small body made of the claims.
    Slsa,
    /// Any other type and body.
    Other {
        /// The type's URI.
        predicate_type: String,
        /// The body.
        body: Value,
    },
}

/// Whose key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHolder {
    /// Whoever should.
    Right,
    /// A stranger, whose key is in no trust root.
    Stranger,
}

/// One attestation in the making.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The format's version: 1.
    pub version: u64,
    /// Whether there are keys that the format does not define, as PEP 740 allows.
    pub unknown_keys: bool,
    /// What is signed.
    pub statement: StatementRecipe,
    /// Who signs.
    pub certificate: CertificateRecipe,
    /// Whose key signs the statement.
    pub signed_by: KeyHolder,
    /// DSSE's type of the statement.
    pub payload_type: String,
    /// A message that is signed instead of the statement; in bundles alone.
    pub message: Option<Vec<u8>>,
    /// Where it is logged; one entry to begin with.
    pub entries: Vec<EntryRecipe>,
    /// Timestamps of it; none to begin with.
    pub stamps: Vec<StampRecipe>,
    /// Its form as a bundle.
    pub bundle: BundleRecipe,
}

/// A timestamp (RFC 3161).
#[derive(Clone, Debug)]
pub struct StampRecipe {
    /// Its time, in whole seconds.
    pub time: Timestamp,
    /// What was stamped; the signature to begin with.
    pub of: Stamped,
    /// By an authority that is in no trust root, whole and valid otherwise.
    pub by_foreign_authority: bool,
    /// Whose key signs it, whatever authority it names.
    pub signed_by: KeyHolder,
    /// The response's status, 0 (granted) to begin with; without one there is the bare token.
    pub status: Option<u8>,
    /// Whether it embeds its signer's certificate.
    pub embeds_certificate: bool,
}

/// The bytes that a timestamp is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stamped {
    /// The signature's, as it should be.
    Signature,
    /// The statement's or the message's.
    Payload,
    /// Others.
    Other(Vec<u8>),
}

/// What is a Sigstore bundle's alone.
#[derive(Clone, Debug)]
pub struct BundleRecipe {
    /// Its media type; version 0.3 to begin with.
    pub media_type: String,
    /// How it names its signer.
    pub signer: BundleSigner,
    /// How often the envelope lists the signature; once to begin with.
    pub signatures: usize,
    /// Beside a message's signature the digest of another one.
    pub other_digest: bool,
}

/// How a bundle names its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleSigner {
    /// By its certificate alone, as from version 0.3 on.
    Certificate,
    /// By its certificate and the authority's intermediate one.
    Chain,
    /// By a key of this kind that the verifier is given, without a certificate.
    ManagedKey(KeyKind),
}

/// An in-toto statement.
#[derive(Clone, Debug)]
pub struct StatementRecipe {
    /// `_type`.
    pub type_uri: String,
    /// Name and digests of each subject; one to begin with.
    pub subjects: Vec<(String, BTreeMap<String, String>)>,
    /// `predicateType`.
    pub predicate_type: String,
    /// `predicate`.
    pub predicate: Value,
}

/// A signing certificate.
#[derive(Clone, Debug)]
pub struct CertificateRecipe {
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Subject alternative names; one to begin with.
    pub names: Vec<SubjectName>,
    /// The issuer claim (.1.8).
    pub issuer: Option<String>,
    /// The old issuer claim (.1.1).
    pub old_issuer: Option<String>,
    /// The other claims.
    pub claims: Claims,
    /// P-384 instead of P-256.
    pub p384: bool,
    /// Marked as a certificate authority's.
    pub is_authority: bool,
    /// Whether there is a key usage.
    pub has_key_usage: bool,
    /// Key encipherment instead of digital signature.
    pub for_encipherment: bool,
    /// Certificate signing as well.
    pub may_sign_certificates: bool,
    /// The names marked critical.
    pub names_are_critical: bool,
    /// Validity as GeneralizedTime.
    pub generalized_time: bool,
    /// OIDs of the extended key usage; code signing to begin with.
    pub extended_key_usage: Vec<String>,
    /// Whether it says which key issued it.
    pub has_authority_key_id: bool,
    /// Further extensions: OID, critical, DER value.
    pub extensions: Vec<(String, bool, Vec<u8>)>,
    /// Signed by the root instead of the intermediate.
    pub by_root: bool,
    /// Issued by an authority that is in no trust root, whole and valid otherwise.
    pub by_foreign_authority: bool,
    /// Whose key signs the certificate.
    pub signed_by: KeyHolder,
    /// Certificate timestamps; one to begin with.
    pub timestamps: Vec<TimestampRecipe>,
}

/// A signed certificate timestamp.
#[derive(Clone, Debug)]
pub struct TimestampRecipe {
    /// Its time.
    pub time: Timestamp,
    /// Whose key signs it.
    pub signed_by: KeyHolder,
    /// The log id is the signer's, as it should be, or always the right one.
    pub claims_right_log: bool,
    /// Signed for another certificate.
    pub of_another: bool,
}

/// An entry of the transparency log.
#[derive(Clone, Debug)]
pub struct EntryRecipe {
    /// When the log took it, in whole seconds.
    pub time: Timestamp,
    /// Logged by a stranger's log, with everything that belongs to one.
    pub by_foreign_log: bool,
    /// About another attestation of the same recipe, with its own key and certificate.
    pub of_another: bool,
    /// Names the domain's log of the other version as its own.
    pub names_other_log: bool,
    /// Kind and version beside the body.
    pub kind: (String, String),
    /// Whether it tells its time beside the body, as Rekor v2 does not.
    pub tells_time: bool,
    /// The body.
    pub body: BodyRecipe,
    /// Whose key signs the promise; none is made without one.
    pub promise: Option<KeyHolder>,
    /// The checkpoint of the inclusion proof; none of both without one.
    pub checkpoint: Option<CheckpointRecipe>,
    /// An inclusion proof that names no checkpoint.
    pub without_checkpoint: bool,
    /// Another hash in the inclusion proof than the tree's.
    pub other_path: bool,
}

/// The forms of an entry's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryForm {
    /// `dsse` 0.0.1 in Rekor v1: for statements.
    Dsse,
    /// `intoto` 0.0.2 in Rekor v1: for statements, until `dsse` was there.
    Intoto,
    /// `hashedrekord` 0.0.1 in Rekor v1: for messages.
    HashedRekord,
    /// `hashedrekord` 0.0.2 in Rekor v2: for both; of a statement it has the pre-authentication encoding's digest.
    HashedRekordV2,
}

impl EntryForm {
    pub(crate) fn is_v2(self) -> bool {
        self == Self::HashedRekordV2
    }

    /// `kind` and `apiVersion`.
    fn kind(self) -> (String, String) {
        let (kind, version) = match self {
            Self::Dsse => ("dsse", "0.0.1"),
            Self::Intoto => ("intoto", "0.0.2"),
            Self::HashedRekord => ("hashedrekord", "0.0.1"),
            Self::HashedRekordV2 => ("hashedrekord", "0.0.2"),
        };
        (kind.to_owned(), version.to_owned())
    }
}

/// The body of an entry.
#[derive(Clone, Debug)]
pub struct BodyRecipe {
    /// Its form, and with that, the log that it is in.
    pub form: EntryForm,
    /// `kind` and `apiVersion`.
    pub kind: (String, String),
    /// Name of the payload's hash algorithm.
    pub hash_algorithm: String,
    /// The hash of another payload.
    pub other_payload: bool,
    /// In a `hashedrekord` the hash of a statement instead of its pre-authentication encoding's.
    pub digest_of_payload: bool,
    /// Another signature of the same key.
    pub other_signature: bool,
    /// Another certificate.
    pub other_certificate: bool,
    /// How often the signature is listed, where it is in a list; once to begin with.
    pub signatures: usize,
}

/// A signed tree head.
#[derive(Clone, Debug)]
pub struct CheckpointRecipe {
    /// Whose key signs it.
    pub signed_by: KeyHolder,
    /// Signed with the key of the domain's log of the other version.
    pub by_other_log: bool,
    /// Another first line than the log's.
    pub origin: Option<String>,
    /// Another name on the signature line than the log's.
    pub signer: Option<String>,
    /// Another size than the tree's.
    pub size: Option<String>,
    /// Another root than the tree's.
    pub root: Option<[u8; 32]>,
    /// Lines after the root hash.
    pub extensions: Vec<String>,
    /// Text after the signature line, such as a witness's.
    pub more: String,
}

impl Recipe {
    /// A good attestation of `predicate` about one file, by `who` at `now`.
    pub(crate) fn new(
        who: &Workload,
        filename: &str,
        sha256: &Sha256,
        predicate: Predicate,
        now: Timestamp,
    ) -> Self {
        Self {
            version: 1,
            unknown_keys: false,
            statement: StatementRecipe::new(who, filename, sha256, predicate),
            certificate: CertificateRecipe::new(who, now),
            signed_by: KeyHolder::Right,
            payload_type: "application/vnd.in-toto+json".to_owned(),
            message: None,
            entries: vec![EntryRecipe::new(EntryForm::Dsse, now)],
            stamps: Vec::new(),
            bundle: BundleRecipe::new(),
        }
    }

    /// The same in Rekor v2 instead, with a timestamp of `time`: that log tells no time.
    #[must_use]
    pub fn in_rekor_v2(mut self, time: Timestamp) -> Self {
        self.entries = vec![EntryRecipe::new(EntryForm::HashedRekordV2, time)];
        self.stamps = vec![StampRecipe::new(time)];
        self
    }

    /// The same for the signature of a bare message, in the log version that it was for; in bundles alone.
    #[must_use]
    pub fn of_message(mut self, message: &[u8]) -> Self {
        self.message = Some(message.to_vec());
        for entry in &mut self.entries {
            if !entry.body.form.is_v2() {
                *entry = EntryRecipe::new(EntryForm::HashedRekord, entry.time);
            }
        }
        self
    }
}

impl StampRecipe {
    /// A good timestamp of `time`.
    pub fn new(time: Timestamp) -> Self {
        Self {
            time,
            of: Stamped::Signature,
            by_foreign_authority: false,
            signed_by: KeyHolder::Right,
            status: Some(0),
            embeds_certificate: true,
        }
    }
}

impl BundleRecipe {
    /// Version 0.3, with the certificate alone.
    fn new() -> Self {
        Self {
            media_type: "application/vnd.dev.sigstore.bundle.v0.3+json".to_owned(),
            signer: BundleSigner::Certificate,
            signatures: 1,
            other_digest: false,
        }
    }

    /// Version 0.1 or 0.2, as `minor` says, with the chain that they have.
    pub fn of_version_0(minor: u8) -> Self {
        Self {
            media_type: format!("application/vnd.dev.sigstore.bundle+json;version=0.{minor}"),
            signer: BundleSigner::Chain,
            ..Self::new()
        }
    }
}

impl StatementRecipe {
    fn new(who: &Workload, filename: &str, sha256: &Sha256, predicate: Predicate) -> Self {
        let digests = BTreeMap::from([("sha256".to_owned(), sha256.to_string())]);
        let (predicate_type, predicate) = match predicate {
            Predicate::Publish => (PredicateType::Publish.to_string(), Value::Null),
            Predicate::Slsa => (PredicateType::Slsa.to_string(), statement::provenance(who)),
            Predicate::Other {
                predicate_type,
                body,
            } => (predicate_type, body),
        };
        Self {
            type_uri: STATEMENT_TYPE.to_owned(),
            subjects: vec![(filename.to_owned(), digests)],
            predicate_type,
            predicate,
        }
    }
}

impl CertificateRecipe {
    fn new(who: &Workload, now: Timestamp) -> Self {
        let not_before = later(now, -HEAD_START);
        Self {
            not_before,
            not_after: later(not_before, LIFETIME),
            names: vec![who.san.clone()],
            issuer: Some(who.issuer.clone()),
            old_issuer: Some(who.issuer.clone()),
            claims: who.claims.clone(),
            p384: false,
            is_authority: false,
            has_key_usage: true,
            for_encipherment: false,
            may_sign_certificates: false,
            names_are_critical: true,
            generalized_time: false,
            extended_key_usage: vec!["1.3.6.1.5.5.7.3.3".to_owned()],
            has_authority_key_id: true,
            extensions: Vec::new(),
            by_root: false,
            by_foreign_authority: false,
            signed_by: KeyHolder::Right,
            timestamps: vec![TimestampRecipe {
                time: not_before,
                signed_by: KeyHolder::Right,
                claims_right_log: false,
                of_another: false,
            }],
        }
    }
}

impl EntryRecipe {
    /// A good entry of this form, of the log that has it. Only Rekor v1 makes promises and tells the time.
    pub fn new(form: EntryForm, time: Timestamp) -> Self {
        let hash_algorithm = if form.is_v2() { "SHA2_256" } else { "sha256" };
        Self {
            time,
            by_foreign_log: false,
            of_another: false,
            names_other_log: false,
            kind: form.kind(),
            tells_time: !form.is_v2(),
            body: BodyRecipe {
                form,
                kind: form.kind(),
                hash_algorithm: hash_algorithm.to_owned(),
                other_payload: false,
                digest_of_payload: false,
                other_signature: false,
                other_certificate: false,
                signatures: 1,
            },
            promise: (!form.is_v2()).then_some(KeyHolder::Right),
            checkpoint: Some(CheckpointRecipe {
                signed_by: KeyHolder::Right,
                by_other_log: false,
                origin: None,
                signer: None,
                size: None,
                root: None,
                extensions: Vec::new(),
                more: String::new(),
            }),
            without_checkpoint: false,
            other_path: false,
        }
    }
}

/// `time` moved by `by`; jiff's range ends in the year 9999, where nothing is signed.
pub(crate) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}
