//! The provenance object of PEP 740: the attestations of one file, grouped by the publisher they are said to be by.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::attestation::{self, Attestation, AttestationError};
use crate::json::{self, FieldError, JsonError, Object};
use crate::publisher::{ClaimContradicted, Mismatch, Publisher, PublisherError};
use crate::root::TrustRoot;
use crate::verify::{self, CertificateMemory, FileFacts, NoMatch, Verified, VerifyError};

/// One provenance object. Real ones have 6 to 60 kB; this leaves room for a few of the largest attestations.
pub const MAX_PROVENANCE_BYTES: usize = 4 * 1024 * 1024;

/// Bundles of one object, one for each publisher of a file. Real ones have one.
pub const MAX_BUNDLES: usize = 8;

/// Attestations of one bundle. Real ones have one or two; each costs the checks of up to eight log entries.
pub const MAX_ATTESTATIONS: usize = 8;

/// A provenance object. What it says of publishers is a claim until [`verify_provenance`] holds it against certificates.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// Its bundles, in order.
    pub bundles: Vec<AttestationBundle>,
    other: Map<String, Value>,
}

/// Attestations by one publisher.
#[derive(Clone, Debug)]
pub struct AttestationBundle {
    /// Whom they are said to be by.
    pub publisher: Publisher,
    /// The attestations, in order.
    pub attestations: Vec<Attestation>,
    /// Keys of the publisher beside those of its kind: `claims`, and what vendors add.
    publisher_other: Map<String, Value>,
    other: Map<String, Value>,
}

/// Why bytes are no provenance object.
#[derive(Debug, thiserror::Error)]
pub enum ProvenanceError {
    /// The bytes are no strict JSON.
    #[error("the provenance object is not readable")]
    Json(#[from] JsonError),
    /// A field is missing or has another type.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// PEP 740 knows version 1 alone.
    #[error("expected a provenance object of version 1 as a whole number, found {found}")]
    Version {
        /// What stands there.
        found: String,
    },
    /// A bundle's publisher is none.
    #[error("the publisher of bundle {bundle} is malformed")]
    Publisher {
        /// Which bundle, counted from 1.
        bundle: usize,
        /// What is wrong with it.
        source: PublisherError,
    },
    /// PEP 740: one or more attestations in a bundle.
    #[error("bundle {bundle} has no attestation")]
    NoAttestations {
        /// Which bundle, counted from 1.
        bundle: usize,
    },
    /// One attestation is malformed.
    #[error("attestation {position} of bundle {bundle} is malformed")]
    Attestation {
        /// Which bundle, counted from 1.
        bundle: usize,
        /// Which of its attestations, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: AttestationError,
    },
}

/// The text of each attestation, beside the values that were read strictly.
#[derive(Deserialize)]
struct Texts<'t> {
    #[serde(borrow)]
    attestation_bundles: Vec<BundleTexts<'t>>,
}

#[derive(Deserialize)]
struct BundleTexts<'t> {
    #[serde(borrow)]
    attestations: Vec<&'t RawValue>,
}

impl Provenance {
    /// An object with these bundles.
    pub fn new(bundles: Vec<AttestationBundle>) -> Self {
        Self {
            bundles,
            other: Map::new(),
        }
    }

    /// Reads a provenance object of at most [`MAX_PROVENANCE_BYTES`]. Unknown keys are kept; so are objects of early
    /// index versions, with `"claims": null` and `"environment": ""`. One without bundles is read: it verifies nothing.
    pub fn parse(json: &[u8]) -> Result<Self, ProvenanceError> {
        let value = json::read(json, MAX_PROVENANCE_BYTES)?;
        let object = Object::new(&value, "the provenance object")?;
        attestation::version_one(&object).map_err(|found| ProvenanceError::Version { found })?;
        let bundles = object.array("attestation_bundles", MAX_BUNDLES)?;
        let bundles = bundles
            .iter()
            .enumerate()
            .map(|(at, bundle)| Object::numbered(bundle, "bundle", at + 1));
        let bundles: Vec<Object<'_>> = bundles.collect::<Result<_, _>>()?;
        for bundle in &bundles {
            bundle.array("attestations", MAX_ATTESTATIONS)?;
        }
        // The shape is known by now, so a second reading for the texts finds as many.
        let texts: Texts<'_> = serde_json::from_slice(json).map_err(JsonError::Syntax)?;
        let texts = texts.attestation_bundles.iter();
        let bundles = bundles.iter().zip(texts).enumerate();
        Ok(Self {
            bundles: bundles
                .map(|(at, (bundle, texts))| AttestationBundle::read(bundle, texts, at + 1))
                .collect::<Result<_, _>>()?,
            other: others(object.fields(), &["version", "attestation_bundles"]),
        })
    }

    /// The object as the Integrity API serves it: keys sorted, no white space, ASCII only; each attestation with the
    /// keys, order and spelling that it came with.
    pub fn to_json(&self) -> Vec<u8> {
        let bundles: Vec<String> = self
            .bundles
            .iter()
            .map(AttestationBundle::to_json)
            .collect();
        let fields = [
            ("version", "1".to_owned()),
            ("attestation_bundles", format!("[{}]", bundles.join(","))),
        ];
        json::compact_ascii(&sorted_object(fields, &self.other)).into_bytes()
    }
}

impl AttestationBundle {
    /// Attestations by `publisher`.
    pub fn new(publisher: Publisher, attestations: Vec<Attestation>) -> Self {
        Self {
            publisher,
            attestations,
            publisher_other: Map::new(),
            other: Map::new(),
        }
    }

    fn read(
        object: &Object<'_>,
        texts: &BundleTexts<'_>,
        bundle: usize,
    ) -> Result<Self, ProvenanceError> {
        let given = object.required("publisher")?;
        let publisher = Publisher::from_value(given);
        let publisher =
            publisher.map_err(|source| ProvenanceError::Publisher { bundle, source })?;
        let attestations = object.array("attestations", MAX_ATTESTATIONS)?;
        if attestations.is_empty() {
            return Err(ProvenanceError::NoAttestations { bundle });
        }
        let read = |(at, (value, text)): (usize, (&Value, &&RawValue))| {
            let position = at + 1;
            let attestation = Attestation::from_value(value, text.get());
            attestation.map_err(|source| ProvenanceError::Attestation {
                bundle,
                position,
                source,
            })
        };
        let known = publisher.to_json();
        let known: Vec<&str> = known
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .collect();
        Ok(Self {
            attestations: attestations
                .iter()
                .zip(&texts.attestations)
                .enumerate()
                .map(read)
                .collect::<Result<_, _>>()?,
            publisher_other: others(Object::new(given, "the publisher")?.fields(), &known),
            publisher,
            other: others(object.fields(), &["publisher", "attestations"]),
        })
    }

    /// What the object adds to the publisher: the identity token's claims, by its own account.
    pub fn publisher_claims(&self) -> Option<&Map<String, Value>> {
        self.publisher_other
            .get("claims")
            .and_then(Value::as_object)
    }

    fn to_json(&self) -> String {
        let mut publisher = self.publisher_other.clone();
        if let Value::Object(fields) = self.publisher.to_json() {
            publisher.extend(fields);
        }
        let attestations: Vec<&str> = self.attestations.iter().map(Attestation::json).collect();
        let fields = [
            ("publisher", sorted_object([], &publisher)),
            ("attestations", format!("[{}]", attestations.join(","))),
        ];
        sorted_object(fields, &self.other)
    }
}

fn others(fields: &Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    let others = fields
        .iter()
        .filter(|(key, _)| !known.contains(&key.as_str()));
    others
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// An object of `fields`, whose values are JSON already, and `other`, by key.
fn sorted_object<const N: usize>(
    fields: [(&str, String); N],
    other: &Map<String, Value>,
) -> String {
    let other = other
        .iter()
        .map(|(key, value)| (key.as_str(), sorted(value)));
    let fields: BTreeMap<&str, String> = other.chain(fields).collect();
    let fields = fields
        .iter()
        .map(|(key, value)| format!("{}:{value}", Value::from(*key)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// `value` with the keys of each object sorted, whichever order the JSON library keeps.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(fields) => sorted_object([], fields),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(sorted).collect::<Vec<_>>().join(",")
        ),
        other => other.to_string(),
    }
}

/// Why a provenance object does not vouch for a file.
#[derive(Debug, thiserror::Error)]
pub enum ProvenanceVerifyError {
    /// An object without bundles is well formed and says nothing.
    #[error("the provenance object has no attestation: it vouches for nothing")]
    NoBundles,
    /// One attestation does not verify.
    #[error("attestation {position} of bundle {bundle} does not verify")]
    Attestation {
        /// Which bundle, counted from 1.
        bundle: usize,
        /// Which of its attestations, counted from 1.
        position: usize,
        /// The rule that it breaks.
        source: VerifyError,
    },
    /// The object names another publisher than the certificate.
    #[error(
        "attestation {position} of bundle {bundle} is not by the publisher that the object names"
    )]
    Publisher {
        /// Which bundle, counted from 1.
        bundle: usize,
        /// Which of its attestations, counted from 1.
        position: usize,
        /// How they differ.
        source: Mismatch,
    },
    /// The object's claims contradict the certificate.
    #[error(
        "attestation {position} of bundle {bundle} contradicts the claims that the object adds"
    )]
    Claims {
        /// Which bundle, counted from 1.
        bundle: usize,
        /// Which of its attestations, counted from 1.
        position: usize,
        /// How they differ.
        source: ClaimContradicted,
    },
    /// The certificate is not that of an expected publisher.
    #[error("attestation {position} of bundle {bundle} is not by an expected publisher")]
    Unexpected {
        /// Which bundle, counted from 1.
        bundle: usize,
        /// Which of its attestations, counted from 1.
        position: usize,
        /// How it differs from each.
        source: NoMatch,
    },
}

/// Verifies each attestation of `provenance` for `file`: it must hold, be by its bundle's publisher, not contradict the
/// bundle's claims and, where `expected` names any, be by one of those. All must; the result has one item for each.
///
/// The object's own publisher is never an expectation: without `expected`, this says who it was, not that they may.
pub fn verify_provenance(
    file: &FileFacts,
    provenance: &Provenance,
    expected: &[Publisher],
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Vec<Verified>, ProvenanceVerifyError> {
    let mut memory = CertificateMemory::new();
    verify_provenance_remembering(&mut memory, file, provenance, expected, root, now)
}

/// [`verify_provenance`], for many files: see [`verify_remembering`](verify::verify_remembering).
pub fn verify_provenance_remembering(
    memory: &mut CertificateMemory,
    file: &FileFacts,
    provenance: &Provenance,
    expected: &[Publisher],
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Vec<Verified>, ProvenanceVerifyError> {
    use ProvenanceVerifyError as Error;
    let mut verified = Vec::new();
    for (bundle_at, bundle) in provenance.bundles.iter().enumerate() {
        for (at, attestation) in bundle.attestations.iter().enumerate() {
            let (bundle_number, position) = (bundle_at + 1, at + 1);
            let proven = verify::verify_remembering(memory, file, attestation, root, now);
            let proven = proven.map_err(|source| Error::Attestation {
                bundle: bundle_number,
                position,
                source,
            })?;
            let named = proven.by(&bundle.publisher);
            let named = named.map_err(|source| Error::Publisher {
                bundle: bundle_number,
                position,
                source,
            })?;
            if let Some(stated) = bundle.publisher_claims() {
                let checked = named.proven().check_claims(&bundle.publisher, stated);
                checked.map_err(|source| Error::Claims {
                    bundle: bundle_number,
                    position,
                    source,
                })?;
            }
            verified.push(if expected.is_empty() {
                named
            } else {
                let expected = named.proven().clone().by_any(expected);
                expected.map_err(|source| Error::Unexpected {
                    bundle: bundle_number,
                    position,
                    source,
                })?
            });
        }
    }
    if verified.is_empty() {
        return Err(Error::NoBundles);
    }
    Ok(verified)
}
