//! What kind of document a file is, and its reading by the strict parser of that kind.

use std::path::{Path, PathBuf};

use serde_json::Value;
use touchplate_attest::{Attestation, AttestationError, Provenance, ProvenanceError};

use super::certificate::Certificate;
use crate::report::Failure;

/// A document that can be told.
#[derive(Debug)]
pub(crate) enum Document {
    /// One attestation.
    Attestation(Box<Attestation>),
    /// An array of them, as an upload carries it.
    Attestations(Vec<Attestation>),
    /// A provenance object.
    Provenance(Box<Provenance>),
    /// A signing certificate.
    Certificate(Box<Certificate>),
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
    #[error("expected an attestation, a provenance object or a certificate, found {found} in `{}`", .path.display())]
    Other { path: PathBuf, found: String },
}

impl From<KindError> for Failure {
    fn from(error: KindError) -> Self {
        match error {
            KindError::Attestation(..)
            | KindError::Attestations(..)
            | KindError::Provenance(..)
            | KindError::Certificate(..) => Self::refused(error),
            KindError::Other { .. } => Self::usage(error),
        }
    }
}

/// Reads `bytes`, the contents of `path`, as whatever they are.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Document, Failure> {
    Ok(parse(path.to_owned(), bytes)?)
}

fn parse(path: PathBuf, bytes: &[u8]) -> Result<Document, KindError> {
    if let Some(der) = der_of(bytes) {
        let read = Certificate::read(&der).map_err(|error| KindError::Certificate(path, error))?;
        return Ok(Document::Certificate(Box::new(read)));
    }
    // Looks at the outermost keys alone; the parser of the kind then reads strictly.
    match serde_json::from_slice(bytes) {
        Ok(Value::Array(_)) => {
            let read = Attestation::parse_array(bytes)
                .map_err(|error| KindError::Attestations(path, error))?;
            Ok(Document::Attestations(read))
        }
        Ok(Value::Object(fields)) if fields.contains_key("attestation_bundles") => {
            let read =
                Provenance::parse(bytes).map_err(|error| KindError::Provenance(path, error))?;
            Ok(Document::Provenance(Box::new(read)))
        }
        Ok(Value::Object(fields)) if fields.contains_key("verification_material") => {
            let read =
                Attestation::parse(bytes).map_err(|error| KindError::Attestation(path, error))?;
            Ok(Document::Attestation(Box::new(read)))
        }
        Ok(Value::Object(fields)) => {
            let media_type = fields
                .get("mediaType")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let found =
                if media_type.contains("bundle") || fields.contains_key("verificationMaterial") {
                    "a Sigstore bundle (whose keys are spelled otherwise than PEP 740's)".to_owned()
                } else if media_type.contains("trustedroot") {
                    "a trust root".to_owned()
                } else {
                    let keys: Vec<_> = fields
                        .keys()
                        .take(5)
                        .map(|key| format!("{key:?}"))
                        .collect();
                    format!("a JSON object with the keys {}", keys.join(", "))
                };
            Err(KindError::Other { path, found })
        }
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

/// The DER of a certificate in PEM or DER, if `bytes` begin like either.
fn der_of(bytes: &[u8]) -> Option<Vec<u8>> {
    use base64::Engine as _;
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    // A DER certificate is a SEQUENCE with a length of two bytes.
    if bytes.starts_with(&[0x30, 0x82]) {
        return Some(bytes.to_vec());
    }
    let text = std::str::from_utf8(bytes)
        .ok()?
        .trim_start()
        .strip_prefix(BEGIN)?;
    let (body, _rest) = text.split_once(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_attestation_is_named() {
        let found = |text: &str| match parse("f".into(), text.as_bytes()) {
            Err(KindError::Other { found, .. }) => found,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            found(r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#),
            "a Sigstore bundle (whose keys are spelled otherwise than PEP 740's)"
        );
        assert_eq!(
            found(r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#),
            "a trust root"
        );
        assert_eq!(
            found(r#"{"a":1,"b":2}"#),
            r#"a JSON object with the keys "a", "b""#
        );
        assert_eq!(found("7"), "JSON that is no object");
        assert_eq!(found("<html>"), "something that is no JSON");
        assert!(matches!(
            parse("f".into(), b"[]"),
            Err(KindError::Attestations(..))
        ));
        assert!(matches!(
            parse("f".into(), br#"{"verification_material":1}"#),
            Err(KindError::Attestation(..))
        ));
        assert!(matches!(
            parse("f".into(), br#"{"attestation_bundles":1}"#),
            Err(KindError::Provenance(..))
        ));
        assert!(matches!(
            parse("f".into(), b"\x30\x82\x00\x01"),
            Err(KindError::Certificate(..))
        ));
    }
}
