//! The attestation object of PEP 740, version 1: read strictly, kept as it came.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::certificate::{CertificateError, CertificateFacts, Profile, SigningCertificate};
use crate::entry::{self, EntryFormError};
pub use crate::entry::{InclusionProof, MAX_TRANSPARENCY_ENTRIES, TransparencyEntry};
use crate::json::{self, FieldError, JsonError, Object};
use crate::log::CheckpointError;
use crate::stamp::{StampError, Token};
use crate::statement::{PredicateType, Statement, StatementError};

/// One attestation. Real ones have 5 to 15 kB; an SLSA predicate that names thousands of dependencies has some hundred
/// kB, carried in base64. Beyond a megabyte it is padding, which every reader of the index would have to fetch.
pub const MAX_ATTESTATION_BYTES: usize = 1024 * 1024;

/// Attestations of one upload: one for each of the two predicate types that existing readers know. What else is said
/// of a file is added later, with its own request.
pub const MAX_UPLOADED_ATTESTATIONS: usize = 2;

/// Beside them, one that names the index ([`PredicateType::IndexPublish`]).
const MAX_UPLOADED: usize = MAX_UPLOADED_ATTESTATIONS + 1;

/// The upload form field: its attestations, brackets, commas and some white space.
pub const MAX_ATTESTATIONS_FIELD_BYTES: usize = MAX_UPLOADED * MAX_ATTESTATION_BYTES + 1024;

/// Timestamps of one attestation. Writers ask one or two authorities; each costs a signature check or more.
const MAX_TIMESTAMPS: usize = 8;

/// An attestation: its certificate, log entries, statement and signature, and the exact text it came in.
///
/// Reading proves nothing: [`verify`](crate::verify()) does.
#[derive(Clone, Debug)]
pub struct Attestation {
    // Shared, since what is proved of an attestation keeps it.
    json: Arc<str>,
    pub(crate) certificate: Arc<[u8]>,
    pub(crate) entries: Arc<[TransparencyEntry]>,
    pub(crate) timestamps: Vec<Token>,
    pub(crate) payload: Arc<[u8]>,
    statement: Arc<Statement>,
    pub(crate) signature: Vec<u8>,
}

/// Why bytes are no attestation, or no array of them.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    /// The bytes are no strict JSON.
    #[error("not readable")]
    Json(#[from] JsonError),
    /// A field is missing, has another type or is no base64.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// PEP 740 knows version 1 alone.
    #[error("expected version 1 as a whole number, found {found}")]
    Version {
        /// What stands there.
        found: String,
    },
    /// PEP 740 asks for one or more; without one, no time is proved.
    #[error("the attestation has no transparency log entry")]
    NoTransparencyEntries,
    /// A note among the entries is no checkpoint.
    #[error("the checkpoint of transparency log entry {position} is malformed")]
    Checkpoint {
        /// The entry, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// What stands under `timestamps` is no RFC 3161 timestamp.
    #[error("timestamp {position} is malformed")]
    Timestamp {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: StampError,
    },
    /// One timestamp stands there twice.
    #[error("timestamp {position} repeats an earlier one")]
    RepeatedTimestamp {
        /// Which one, counted from 1.
        position: usize,
    },
    /// What was signed is no statement.
    #[error("the signed statement is malformed")]
    Statement(#[from] StatementError),
    /// The form field holds something else.
    #[error("expected a JSON array of attestations, found {found}")]
    NotAnArray {
        /// Its JSON type.
        found: &'static str,
    },
    /// PEP 740: one or more.
    #[error("expected at least one attestation, found an empty array")]
    EmptyArray,
    /// More than [`MAX_UPLOADED_ATTESTATIONS`].
    #[error(
        "expected at most {MAX_UPLOADED_ATTESTATIONS} attestations with an upload, found {found}"
    )]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// One of the array is malformed.
    #[error("attestation {position} is malformed")]
    Item {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: Box<AttestationError>,
    },
}

impl Attestation {
    /// Reads one attestation object of at most [`MAX_ATTESTATION_BYTES`]. Unknown keys beside those of PEP 740 are
    /// kept in [`json`](Self::json) and believed nothing; inside a log entry, whose format is protobuf's, they are refused.
    pub fn parse(json: &[u8]) -> Result<Self, AttestationError> {
        let (value, text) = json::read_text(json, MAX_ATTESTATION_BYTES)?;
        Self::from_value(&value, text.trim_ascii())
    }

    /// Reads the upload form field `attestations`: an array of 1 to [`MAX_UPLOADED_ATTESTATIONS`] attestation objects, and
    /// one more if it names an index.
    pub fn parse_array(json: &[u8]) -> Result<Vec<Self>, AttestationError> {
        let value = json::read(json, MAX_ATTESTATIONS_FIELD_BYTES)?;
        let Value::Array(items) = &value else {
            return Err(AttestationError::NotAnArray {
                found: json::type_of(&value),
            });
        };
        if items.is_empty() {
            return Err(AttestationError::EmptyArray);
        }
        if items.len() > MAX_UPLOADED {
            return Err(AttestationError::TooMany { found: items.len() });
        }
        let texts: Vec<&RawValue> = serde_json::from_slice(json).map_err(JsonError::Syntax)?;
        let item = |(at, (value, text)): (usize, (&Value, &&RawValue))| {
            Self::from_value(value, text.get()).map_err(|source| AttestationError::Item {
                position: at + 1,
                source: Box::new(source),
            })
        };
        let read: Vec<Self> = items
            .iter()
            .zip(&texts)
            .enumerate()
            .map(item)
            .collect::<Result<_, _>>()?;
        let named = |it: &&Self| *it.predicate_type() == PredicateType::IndexPublish;
        let found = read.iter().filter(|it| !named(it)).count();
        if found > MAX_UPLOADED_ATTESTATIONS {
            return Err(AttestationError::TooMany { found });
        }
        Ok(read)
    }

    /// `text` is the JSON that `value` was read from, strictly.
    pub(crate) fn from_value(value: &Value, text: &str) -> Result<Self, AttestationError> {
        if text.len() > MAX_ATTESTATION_BYTES {
            return Err(AttestationError::Json(JsonError::TooLarge {
                limit: MAX_ATTESTATION_BYTES,
                found: text.len(),
            }));
        }
        let attestation = Object::new(value, "the attestation")?;
        version_one(&attestation).map_err(|found| AttestationError::Version { found })?;
        let material = attestation.object("verification_material")?;
        let certificate = material.wrapped_bytes("certificate")?;
        let entries = material.array("transparency_entries", MAX_TRANSPARENCY_ENTRIES)?;
        if entries.is_empty() {
            return Err(AttestationError::NoTransparencyEntries);
        }
        let entries = entries.iter().enumerate().map(|(at, value)| {
            let position = at + 1;
            entry::read(value, position).map_err(|error| match error {
                EntryFormError::Field(source) => AttestationError::Field(source),
                EntryFormError::Checkpoint(source) => {
                    AttestationError::Checkpoint { position, source }
                }
            })
        });
        let entries = entries.collect::<Result<_, _>>()?;
        let envelope = attestation.object("envelope")?;
        let payload = envelope.wrapped_bytes("statement")?;
        Ok(Self {
            certificate: certificate.into(),
            entries,
            timestamps: timestamps(&material)?,
            statement: Statement::parse(&payload, MAX_ATTESTATION_BYTES)?.into(),
            payload: payload.into(),
            signature: envelope.wrapped_bytes("signature")?,
            json: text.into(),
        })
    }

    /// The JSON text it came in, unknown keys and spelling kept.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// What the signed statement says.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The type of the statement's claim.
    pub fn predicate_type(&self) -> &PredicateType {
        self.statement.predicate_type()
    }

    /// The signing certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// What that certificate says, without proof: for showing an attestation that is not verified.
    pub fn certificate_facts(&self) -> Result<CertificateFacts, CertificateError> {
        Ok(SigningCertificate::parse(&self.certificate, Profile::Attestation)?.into())
    }

    /// The transparency log entries, one at least.
    pub fn transparency_entries(&self) -> &[TransparencyEntry] {
        &self.entries
    }

    /// RFC 3161 timestamps of the signature: PEP 740 version 1 has no place for them, so they are read from an additional
    /// list `timestamps` of the verification material. Usually none.
    pub fn timestamps(&self) -> &[Token] {
        &self.timestamps
    }

    /// The DSSE signature, DER, over the statement and its payload type.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether both carry the same certificate, log entries, statement and signature, however they are spelled.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.certificate == other.certificate
            && self.entries == other.entries
            && self.timestamps == other.timestamps
            && self.payload == other.payload
            && self.signature == other.signature
    }
}

/// `Err` says what stands in the place of version 1.
pub(crate) fn version_one(object: &Object<'_>) -> Result<(), String> {
    match object.fields().get("version") {
        Some(version) if version.as_u64() == Some(1) => Ok(()),
        Some(other) => Err(json::shown(&other.to_string())),
        None => Err("none".to_owned()),
    }
}

/// The optional list `timestamps`: base64 of one RFC 3161 token each.
fn timestamps(material: &Object<'_>) -> Result<Vec<Token>, AttestationError> {
    if material.optional("timestamps").is_none() {
        return Ok(Vec::new());
    }
    let mut tokens = Vec::new();
    let texts = material.byte_strings("timestamps", MAX_TIMESTAMPS)?;
    for (at, bytes) in texts.into_iter().enumerate() {
        let position = at + 1;
        let token = Token::parse(&bytes)
            .map_err(|source| AttestationError::Timestamp { position, source })?;
        if tokens.contains(&token) {
            return Err(AttestationError::RepeatedTimestamp { position });
        }
        tokens.push(token);
    }
    Ok(tokens)
}
