//! Entries of logs as those read them who watch a log: what is recorded, and who signed. Nothing of it is proved but that
//! the log has it: a log records what it is given.

use jiff::Timestamp;
use serde_json::Value;

use crate::certificate::{
    CertificateError, CertificateFacts, Profile, SigningCertificate, unsigned,
};
use crate::json::{self, FieldError, JsonError, Object};
use crate::root::TrustRoot;
use crate::verify::pem;

/// The longest entry that is read. Tiles have room for 64 kB; Rekor v1 took a megabyte once.
const MAX_ENTRY_BYTES: usize = 1 << 20;

/// An entry of a log.
#[derive(Clone, Debug)]
pub struct LoggedEntry {
    /// Its kind and version, such as `dsse 0.0.1`; `certificate` in a certificate log.
    pub kind: String,
    /// The digest of what was signed, in hex, as far as the entry has one.
    pub digest: Option<String>,
    /// When the certificate log says that it saw the certificate.
    pub at: Option<Timestamp>,
    /// Who signed, or who was certified; none where the entry has a bare key or no certificate of Fulcio's profile.
    pub signer: Option<CertificateFacts>,
    issued: Issued,
}

/// By whom the certificate is said to be.
#[derive(Clone, Debug)]
enum Issued {
    /// By nobody: there is none.
    None,
    /// By whoever signed this one, DER.
    Signed(Vec<u8>),
    /// By the holder of the key with this hash, as a certificate log says.
    Said([u8; ISSUER_BYTES]),
}

/// SHA-256 of an issuer's key (RFC 6962 §3.2).
const ISSUER_BYTES: usize = 32;

/// Why bytes are no entry that can be read.
#[derive(Debug, thiserror::Error)]
pub enum LoggedError {
    /// No strict JSON.
    #[error("the entry is not readable")]
    Json(#[from] JsonError),
    /// Another shape.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// No entry of a certificate log (RFC 6962 §3.4).
    #[error("the entry is not a certificate log's")]
    NotALeaf,
    /// What it records is no certificate.
    #[error("the certificate in the entry cannot be read")]
    Certificate(#[from] CertificateError),
}

impl LoggedEntry {
    /// Reads an entry of Rekor, of either version and of any kind.
    ///
    /// # Errors
    /// When it is no entry at all. One of a kind that is not known here has no signer.
    pub fn of_rekor(body: &[u8]) -> Result<Self, LoggedError> {
        let value = json::read(body, MAX_ENTRY_BYTES)?;
        let entry = Object::new(&value, "the entry")?;
        let kind = format!("{} {}", entry.text("kind")?, entry.text("apiVersion")?);
        let spec = value.get("spec").unwrap_or(&Value::Null);
        let certificate = certificate(spec);
        let read = |der: &Vec<u8>| CertificateFacts::parse(der).ok();
        Ok(Self {
            digest: digest(spec).map(str::to_owned),
            signer: certificate.as_ref().and_then(read),
            issued: certificate.map_or(Issued::None, Issued::Signed),
            at: None,
            kind,
        })
    }

    /// Reads an entry of a certificate log: a MerkleTreeLeaf (RFC 6962 §3.4).
    ///
    /// # Errors
    /// When it is none.
    pub fn of_certificate_log(leaf: &[u8]) -> Result<Self, LoggedError> {
        let certified = certified(leaf).ok_or(LoggedError::NotALeaf)?;
        let (der, issued) = match certified.precertificate_of {
            Some(issuer) => (unsigned(certified.body)?, Issued::Said(issuer)),
            None => {
                let der = certified.body.to_vec();
                (der.clone(), Issued::Signed(der))
            }
        };
        Ok(Self {
            kind: "certificate".to_owned(),
            digest: None,
            at: Some(certified.at),
            signer: Some(CertificateFacts::parse(&der)?),
            issued,
        })
    }

    /// Whether an authority of the root gave the certificate. Anybody can have a log of signatures record one that names
    /// somebody else; a certificate log's word is taken for its own authorities' keys.
    pub fn is_issued_under(&self, root: &TrustRoot) -> bool {
        let issuers = &root.material().issuers;
        match &self.issued {
            Issued::None => false,
            Issued::Said(hash) => issuers.iter().any(|issuer| issuer.key_hash == *hash),
            Issued::Signed(der) => {
                let certificate = SigningCertificate::parse(der, Profile::Bundle);
                certificate.is_ok_and(|certificate| {
                    issuers
                        .iter()
                        .filter(|issuer| issuer.is_named_by(&certificate))
                        .any(|issuer| issuer.signed(&certificate).is_ok())
                })
            }
        }
    }
}

/// The leaf that a certificate's timestamp promises, and the id of the log that promised it (RFC 6962 §3.4: what is signed
/// and what is logged have the same octets). None where the certificate has no timestamp, or nobody of the root issued it.
pub fn promised_leaf(certificate: &[u8], root: &TrustRoot) -> Option<([u8; 32], Vec<u8>)> {
    let certificate = SigningCertificate::parse(certificate, Profile::Bundle).ok()?;
    let sct = certificate.sct.as_ref()?;
    let mut issuers = root.material().issuers.iter();
    let issuer = issuers.find(|issuer| issuer.is_named_by(&certificate))?;
    let leaf = sct.signed(&certificate.logged_body, &issuer.key_hash)?;
    Some((sct.log_id, leaf))
}

/// The certificate in an entry's `spec`, whichever kind it is: DER.
fn certificate(spec: &Value) -> Option<Vec<u8>> {
    let of_pem = |value: &Value| {
        let text = crate::encoding::base64(value.as_str()?).ok()?;
        pem("CERTIFICATE", &text)
    };
    // Rekor v2.
    if let Some(verifier) = spec.pointer("/hashedRekordV002/signature/verifier") {
        let bytes = verifier.pointer("/x509Certificate/rawBytes")?.as_str()?;
        return crate::encoding::base64(bytes).ok();
    }
    // Rekor v1: `dsse`, `hashedrekord`, `intoto` in its two versions.
    let places = [
        "/signatures/0/verifier",
        "/signature/publicKey/content",
        "/content/envelope/signatures/0/publicKey",
        "/publicKey",
    ];
    places.iter().find_map(|place| of_pem(spec.pointer(place)?))
}

/// The digest of what was signed, in hex: of a statement its payload's.
fn digest(spec: &Value) -> Option<&str> {
    let places = [
        "/payloadHash/value",
        "/data/hash/value",
        "/content/payloadHash/value",
    ];
    places
        .iter()
        .find_map(|place| spec.pointer(place)?.as_str())
}

/// What a certificate log's leaf is of.
struct Certified<'l> {
    at: Timestamp,
    /// The certificate; of a precertificate its body.
    body: &'l [u8],
    /// The hash of its issuer's key, where it is a precertificate.
    precertificate_of: Option<[u8; ISSUER_BYTES]>,
}

fn certified(leaf: &[u8]) -> Option<Certified<'_>> {
    /// Version 1 and `timestamped_entry`.
    const START: [u8; 2] = [0, 0];
    const CERTIFICATE: [u8; 2] = [0, 0];
    const PRECERTIFICATE: [u8; 2] = [0, 1];
    let rest = leaf.strip_prefix(&START)?;
    let (millis, rest) = rest.split_first_chunk::<8>()?;
    let at = i64::try_from(u64::from_be_bytes(*millis)).ok()?;
    let at = Timestamp::from_millisecond(at).ok()?;
    let (kind, rest) = rest.split_first_chunk::<2>()?;
    let (precertificate_of, rest) = match *kind {
        CERTIFICATE => (None, rest),
        PRECERTIFICATE => {
            let (issuer, rest) = rest.split_first_chunk::<ISSUER_BYTES>()?;
            (Some(*issuer), rest)
        }
        _ => return None,
    };
    let ([high, middle, low], rest) = rest.split_first_chunk::<3>()?;
    let length = u32::from_be_bytes([0, *high, *middle, *low]);
    let body = rest.get(..usize::try_from(length).ok()?)?;
    Some(Certified {
        at,
        body,
        precertificate_of,
    })
}
