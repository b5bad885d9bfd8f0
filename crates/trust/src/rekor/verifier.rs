//! What a proposal says that its signature is checked with: a certificate or a bare public key.

use der::pem::LineEnding;
use der::{Decode as _, Encode as _};
use touchplate_attest::crypto::{Algorithm, BadSignature, KeyError, KeyKind, default_provider};
use x509_cert::Certificate;
use x509_cert::der;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The longest certificate or key that is read. Fulcio's have about 900 bytes, an RSA key of 8,192 bits 1,062; one with many
/// claims stays under 4 KiB. All of it goes into the entry's body, which has room for 65,535 bytes.
const MAX_DER_BYTES: usize = 16 * 1024;

/// Its PEM: four characters for three bytes, line feeds, and the two boundaries.
const MAX_PEM_BYTES: usize = MAX_DER_BYTES / 3 * 4 + MAX_DER_BYTES / 48 + 64;

/// Names of one certificate that entries are found by. Fulcio writes one; a log's entry has few search keys.
const MAX_NAMES: usize = 2;

/// A certificate or a public key.
pub(super) struct Verifier {
    form: Form,
    der: Vec<u8>,
    spki: Vec<u8>,
    kind: KeyKind,
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Certificate,
    Key,
}

/// Why bytes are neither certificate nor key.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// More than any has.
    #[error("expected a certificate or public key of at most {MAX_DER_BYTES} bytes, found {found}")]
    TooLarge {
        /// How many there are.
        found: usize,
    },
    /// No PEM by RFC 7468.
    #[error("expected one certificate or public key in PEM, found other text")]
    Pem(#[source] der::Error),
    /// PEM of something else.
    #[error("expected PEM of a CERTIFICATE or a PUBLIC KEY, found {found:?}")]
    Label {
        /// What it says that it is.
        found: String,
    },
    /// The certificate cannot be read.
    #[error("the certificate is malformed")]
    Certificate(#[source] der::Error),
    /// The key is of no kind that is known here.
    #[error("the public key cannot be used")]
    Key(#[from] KeyError),
}

impl Verifier {
    /// Reads one PEM text, with either line ending.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, VerifierError> {
        if pem.len() > MAX_PEM_BYTES {
            return Err(VerifierError::TooLarge { found: pem.len() });
        }
        let (label, der) = der::pem::decode_vec(pem).map_err(pem_error)?;
        match label {
            "CERTIFICATE" => Self::certificate(der),
            "PUBLIC KEY" => Self::key(der),
            _ => Err(VerifierError::Label {
                found: label.chars().take(80).collect(),
            }),
        }
    }

    pub(super) fn certificate(der: Vec<u8>) -> Result<Self, VerifierError> {
        bounded(&der)?;
        let certificate = Certificate::from_der(&der).map_err(VerifierError::Certificate)?;
        let spki = &certificate.tbs_certificate.subject_public_key_info;
        let spki = spki.to_der().map_err(VerifierError::Certificate)?;
        Ok(Self {
            form: Form::Certificate,
            kind: KeyKind::of_spki(&spki)?,
            names: names(&certificate).map_err(VerifierError::Certificate)?,
            spki,
            der,
        })
    }

    pub(super) fn key(der: Vec<u8>) -> Result<Self, VerifierError> {
        bounded(&der)?;
        Ok(Self {
            form: Form::Key,
            kind: KeyKind::of_spki(&der)?,
            names: Vec::new(),
            spki: der.clone(),
            der,
        })
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The names in the certificate.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// PEM with line feeds, the last line's too: the one spelling in which Rekor keeps it, and which clients compare.
    pub(super) fn to_pem(&self) -> Result<String, VerifierError> {
        let label = match self.form {
            Form::Certificate => "CERTIFICATE",
            Form::Key => "PUBLIC KEY",
        };
        der::pem::encode_string(label, LineEnding::LF, &self.der).map_err(pem_error)
    }

    /// Whether the signature of `message` holds.
    pub(super) fn check(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CheckError> {
        let key = default_provider().key(algorithm, &self.spki)?;
        Ok(key.verify(message, signature)?)
    }

    /// Whether the signature of a message with this digest holds.
    pub(super) fn check_digest(
        &self,
        algorithm: Algorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), CheckError> {
        let key = default_provider().key(algorithm, &self.spki)?;
        Ok(key.verify_digest(digest, signature)?)
    }
}

/// Why a signature proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The key cannot be used for it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It does not hold.
    #[error(transparent)]
    Signature(#[from] BadSignature),
}

fn pem_error(error: der::pem::Error) -> VerifierError {
    VerifierError::Pem(error.into())
}

fn bounded(der: &[u8]) -> Result<(), VerifierError> {
    if der.len() > MAX_DER_BYTES {
        return Err(VerifierError::TooLarge { found: der.len() });
    }
    Ok(())
}

/// E-mail addresses, URIs and host names of the subject.
fn names(certificate: &Certificate) -> Result<Vec<String>, der::Error> {
    let found = certificate.tbs_certificate.get::<SubjectAltName>()?;
    let Some((_, SubjectAltName(names))) = found else {
        return Ok(Vec::new());
    };
    let name = |name: &GeneralName| match name {
        GeneralName::Rfc822Name(text) => Some(text.to_string()),
        GeneralName::UniformResourceIdentifier(text) => Some(text.to_string()),
        GeneralName::DnsName(text) => Some(text.to_string()),
        _ => None,
    };
    Ok(names.iter().filter_map(name).take(MAX_NAMES).collect())
}
