//! What kind of document a file is, and its reading by the parser of that kind.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::Value;
use touchplate_attest::log::Checkpoint;
use touchplate_attest::stamp::{StampError, Token};
use touchplate_attest::{Attestation, AttestationError, Provenance, ProvenanceError};

use super::bundle::{Bundle, BundleError};
use super::certificate::Certificate;
use super::root::{self, RootError};
use crate::report::Failure;

/// A document that can be told.
#[derive(Debug)]
pub(super) enum Document {
    /// One attestation.
    Attestation(Box<Attestation>),
    /// An array of them, as an upload carries it.
    Attestations(Vec<Attestation>),
    /// A provenance object.
    Provenance(Box<Provenance>),
    /// Certificates, one at least.
    Certificates(Vec<Certificate>),
    /// A Sigstore bundle.
    Bundle(Box<Bundle>),
    /// A trust root, or a configuration with one.
    Root(Box<root::Document>),
    /// A timestamp of RFC 3161, in DER, that parses.
    Timestamp(Vec<u8>),
    /// A log's signed checkpoint.
    Checkpoint(Box<Checkpoint>),
}

#[derive(Debug, thiserror::Error)]
enum KindError {
    #[error("`{}` is not an attestation that PEP 740 allows", .0.display())]
    Attestation(PathBuf, #[source] AttestationError),
    #[error("`{}` is not an array of attestations that PEP 740 allows", .0.display())]
    Attestations(PathBuf, #[source] AttestationError),
    #[error("`{}` is not a provenance object that PEP 740 allows", .0.display())]
    Provenance(PathBuf, #[source] ProvenanceError),
    #[error("`{}` is not an X.509 certificate", .0.display())]
    Certificate(PathBuf, #[source] der::Error),
    #[error("expected at most {MAX_CERTIFICATES} certificates in `{}`, found more", .0.display())]
    TooManyCertificates(PathBuf),
    #[error("a certificate in `{}` is not PEM: its base64 is malformed or its end is missing", .0.display())]
    Pem(PathBuf),
    #[error("`{}` cannot be told as a Sigstore bundle", .0.display())]
    Bundle(PathBuf, #[source] BundleError),
    #[error("`{}` cannot be told as a trust root or configuration", .0.display())]
    Root(PathBuf, #[source] RootError),
    #[error("`{}` is not a timestamp of RFC 3161", .0.display())]
    Timestamp(PathBuf, #[source] StampError),
    #[error(
        "expected an attestation, a provenance object, a Sigstore bundle, a trust root, certificates, a timestamp or a checkpoint, found {found} in `{}`",
        .path.display()
    )]
    Other { path: PathBuf, found: String },
}

/// Certificates of one PEM file. A chain has three or four.
const MAX_CERTIFICATES: usize = 32;

impl From<KindError> for Failure {
    fn from(error: KindError) -> Self {
        match error {
            KindError::Attestation(..)
            | KindError::Attestations(..)
            | KindError::Provenance(..)
            | KindError::Certificate(..)
            | KindError::TooManyCertificates(_)
            | KindError::Pem(_)
            | KindError::Bundle(..)
            | KindError::Root(..)
            | KindError::Timestamp(..) => Self::refused(error),
            KindError::Other { .. } => Self::usage(error),
        }
    }
}

impl Document {
    /// What it is, in words.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Attestation(_) => "a PEP 740 attestation",
            Self::Attestations(_) => "PEP 740 attestations, as an upload carries them",
            Self::Provenance(_) => "a PEP 740 provenance object",
            Self::Certificates(read) => match &**read {
                [only] => only.what(),
                _ => "certificates",
            },
            Self::Bundle(_) => "a Sigstore bundle",
            Self::Root(read) => read.what(),
            Self::Timestamp(_) => "a timestamp (RFC 3161)",
            Self::Checkpoint(_) => "a log's checkpoint",
        }
    }
}

/// Reads `bytes`, the contents of `path`, as whatever they are.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Document, Failure> {
    Ok(parse(path.to_owned(), bytes)?)
}

fn parse(path: PathBuf, bytes: &[u8]) -> Result<Document, KindError> {
    // ASN.1's SEQUENCE with a length in its long form; no JSON and no PEM goes on so.
    if let [0x30, 0x81..=0x83, ..] = bytes {
        return der(path, bytes);
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if text.contains(PEM_BEGIN) {
        return pem(path, text);
    }
    if text.contains("\n\n\u{2014} ")
        && let Ok(read) = Checkpoint::parse(text)
    {
        return Ok(Document::Checkpoint(Box::new(read)));
    }
    // Looks at the outermost keys alone; the parser of the kind then reads strictly.
    match serde_json::from_slice(bytes) {
        Ok(Value::Array(_)) => match Attestation::parse_array(bytes) {
            Ok(read) => Ok(Document::Attestations(read)),
            Err(error) => Err(KindError::Attestations(path, error)),
        },
        Ok(Value::Object(fields)) => object(path, bytes, &fields),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err(KindError::Other {
                path,
                found: "JSON that is no object".to_owned(),
            })
        }
        Err(_) => Err(KindError::Other {
            path,
            found: "something that is no JSON".to_owned(),
        }),
    }
}

fn object(
    path: PathBuf,
    bytes: &[u8],
    fields: &serde_json::Map<String, Value>,
) -> Result<Document, KindError> {
    let media_type = fields.get("mediaType").and_then(Value::as_str);
    let media_type = media_type.unwrap_or_default();
    if fields.contains_key("attestation_bundles") {
        match Provenance::parse(bytes) {
            Ok(read) => Ok(Document::Provenance(Box::new(read))),
            Err(error) => Err(KindError::Provenance(path, error)),
        }
    } else if fields.contains_key("verification_material") {
        match Attestation::parse(bytes) {
            Ok(read) => Ok(Document::Attestation(Box::new(read))),
            Err(error) => Err(KindError::Attestation(path, error)),
        }
    } else if root::is_one(media_type) {
        match root::Document::read(bytes) {
            Ok(read) => Ok(Document::Root(Box::new(read))),
            Err(error) => Err(KindError::Root(path, error)),
        }
    } else if media_type.contains("sigstore.bundle") || fields.contains_key("verificationMaterial")
    {
        match Bundle::read(bytes) {
            Ok(read) => Ok(Document::Bundle(Box::new(read))),
            Err(error) => Err(KindError::Bundle(path, error)),
        }
    } else {
        let keys = fields.keys().take(5).map(|key| format!("{key:?}"));
        let keys = keys.collect::<Vec<_>>().join(", ");
        Err(KindError::Other {
            path,
            found: format!("a JSON object with the keys {keys}"),
        })
    }
}

/// A certificate begins with its body, whose first part is a version, a number or an algorithm; a timestamp's answer with
/// a status or its content type. Each parser refuses the other's.
fn der(path: PathBuf, bytes: &[u8]) -> Result<Document, KindError> {
    let certificate = match Certificate::read(bytes) {
        Ok(read) => return Ok(Document::Certificates(vec![read])),
        Err(error) => error,
    };
    match Token::parse(bytes) {
        Ok(_) => Ok(Document::Timestamp(bytes.to_vec())),
        // It was one, then, or meant to be.
        Err(error) if is_timestamp(bytes) => Err(KindError::Timestamp(path, error)),
        Err(_) => Err(KindError::Certificate(path, certificate)),
    }
}

/// Whether the OID of signed data (CMS) is near the beginning.
fn is_timestamp(der: &[u8]) -> bool {
    const SIGNED_DATA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let head = der.get(..64).unwrap_or(der);
    head.windows(SIGNED_DATA.len()).any(|it| it == SIGNED_DATA)
}

const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";

/// Every certificate of a PEM file (RFC 7468), which may have text between them.
fn pem(path: PathBuf, text: &str) -> Result<Document, KindError> {
    let mut read = Vec::new();
    for block in text.split(PEM_BEGIN).skip(1) {
        if read.len() == MAX_CERTIFICATES {
            return Err(KindError::TooManyCertificates(path));
        }
        let body = block.split_once(PEM_END).map(|(body, _)| body);
        let body = body.map(|body| body.split_ascii_whitespace().collect::<String>());
        let der = body.and_then(|it| base64::engine::general_purpose::STANDARD.decode(it).ok());
        let Some(der) = der else {
            return Err(KindError::Pem(path));
        };
        match Certificate::read(&der) {
            Ok(certificate) => read.push(certificate),
            Err(error) => return Err(KindError::Certificate(path, error)),
        }
    }
    Ok(Document::Certificates(read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_of_these_is_named() {
        let found = |text: &str| match parse("f".into(), text.as_bytes()) {
            Err(KindError::Other { found, .. }) => found,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            found(r#"{"a":1,"b":2}"#),
            r#"a JSON object with the keys "a", "b""#
        );
        assert_eq!(found("7"), "JSON that is no object");
        assert_eq!(found("<html>"), "something that is no JSON");
        assert_eq!(found("0\u{81}"), "something that is no JSON");
        assert_eq!(found("a\n\n\u{2014} b"), "something that is no JSON");
    }

    #[test]
    fn what_is_meant_to_be_one_is_refused_as_that() {
        let refused = |bytes: &[u8]| parse("f".into(), bytes).unwrap_err();
        assert!(matches!(refused(b"[]"), KindError::Attestations(..)));
        assert!(matches!(
            refused(br#"{"verification_material":1}"#),
            KindError::Attestation(..)
        ));
        assert!(matches!(
            refused(br#"{"attestation_bundles":1}"#),
            KindError::Provenance(..)
        ));
        assert!(matches!(
            refused(br#"{"verificationMaterial":1}"#),
            KindError::Bundle(..)
        ));
        assert!(matches!(
            refused(br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":1}"#),
            KindError::Root(..)
        ));
        assert!(matches!(
            refused(b"\x30\x82\x00\x01"),
            KindError::Certificate(..)
        ));
        assert!(matches!(
            refused(b"\x30\x82\x00\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
            KindError::Timestamp(..)
        ));
        let block = format!("{PEM_BEGIN}\nMAA=\n{PEM_END}\n");
        assert!(matches!(
            refused(block.as_bytes()),
            KindError::Certificate(..)
        ));
        assert!(matches!(refused(PEM_BEGIN.as_bytes()), KindError::Pem(_)));
    }
}
