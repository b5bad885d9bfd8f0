//! Reading bundles: protobuf's JSON, in which both spellings of a key are the same.

use serde_json::Value;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::{Bundle, BundleContent, BundleError, BundleSigner, MediaType};
use crate::crypto::Hash;
use crate::entry::{self, EntryFormError, MAX_TRANSPARENCY_ENTRIES, TransparencyEntry};
use crate::json::{self, Object};
use crate::stamp::Token;
use crate::statement::{PAYLOAD_TYPE, Statement};

/// The longest bundle that is read. Real ones have 5 to 20 kB; an SLSA predicate that names thousands of dependencies
/// has some hundred kB.
pub const MAX_BUNDLE_BYTES: usize = 4 * 1024 * 1024;

/// Certificates of a chain. Sigstore's have at most three.
pub const MAX_CHAIN_CERTIFICATES: usize = 8;

/// Timestamps of one bundle, as sigstore-python bounds them. Each costs a signature check or more.
pub const MAX_TIMESTAMPS: usize = 32;

impl Bundle {
    /// Reads a bundle of at most [`MAX_BUNDLE_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        let value = json::camel_case(json::read(json, MAX_BUNDLE_BYTES)?)?;
        let bundle = Object::new(&value, "the bundle")?;
        bundle.only(&[
            "mediaType",
            "verificationMaterial",
            "dsseEnvelope",
            "messageSignature",
        ])?;
        let media_type = read_media_type(bundle.text("mediaType")?)?;
        let material = bundle.object("verificationMaterial")?;
        material.only(&[
            "certificate",
            "x509CertificateChain",
            "publicKey",
            "tlogEntries",
            "timestampVerificationData",
        ])?;
        let signer = read_signer(&material, media_type)?;
        let entries = read_entries(&material, media_type)?;
        let timestamps = read_timestamps(&material)?;
        let envelope = bundle.optional_object("dsseEnvelope")?;
        let message = bundle.optional_object("messageSignature")?;
        let (content, signature) = match (envelope, message) {
            (Some(envelope), None) => read_envelope(&envelope)?,
            (None, Some(message)) => read_message(&message)?,
            (Some(_), Some(_)) => return Err(BundleError::Content { found: "both" }),
            (None, None) => return Err(BundleError::Content { found: "neither" }),
        };
        Ok(Self {
            media_type,
            signer,
            entries,
            timestamps,
            content,
            signature,
        })
    }
}

fn read_media_type(text: &str) -> Result<MediaType, BundleError> {
    match text {
        "application/vnd.dev.sigstore.bundle+json;version=0.1" => Ok(MediaType::V0_1),
        "application/vnd.dev.sigstore.bundle+json;version=0.2" => Ok(MediaType::V0_2),
        "application/vnd.dev.sigstore.bundle.v0.3+json"
        | "application/vnd.dev.sigstore.bundle+json;version=0.3" => Ok(MediaType::V0_3),
        other => Err(BundleError::MediaType {
            found: json::shown(other),
        }),
    }
}

fn read_signer(material: &Object<'_>, media_type: MediaType) -> Result<BundleSigner, BundleError> {
    let certificate = material.optional_object("certificate")?;
    let chain = material.optional_object("x509CertificateChain")?;
    let key = material.optional_object("publicKey")?;
    match (certificate, chain, key) {
        (Some(certificate), None, None) => {
            certificate.only(&["rawBytes"])?;
            Ok(BundleSigner::Certificates(vec![
                certificate.bytes("rawBytes")?,
            ]))
        }
        (None, Some(_), None) if media_type == MediaType::V0_3 => Err(BundleError::Chain),
        (None, Some(chain), None) => read_chain(&chain),
        (None, None, Some(key)) => {
            key.only(&["hint"])?;
            let hint = key.optional_text("hint")?.unwrap_or_default().to_owned();
            Ok(BundleSigner::Key { hint })
        }
        (certificate, chain, key) => Err(BundleError::Signer {
            found: [
                ("certificate", certificate.is_some()),
                ("x509CertificateChain", chain.is_some()),
                ("publicKey", key.is_some()),
            ]
            .into_iter()
            .filter_map(|(name, there)| there.then_some(name))
            .collect(),
        }),
    }
}

fn read_chain(chain: &Object<'_>) -> Result<BundleSigner, BundleError> {
    chain.only(&["certificates"])?;
    if chain.optional("certificates").is_none() {
        return Err(BundleError::EmptyChain);
    }
    let mut certificates = Vec::new();
    for (at, item) in chain
        .array("certificates", MAX_CHAIN_CERTIFICATES)?
        .iter()
        .enumerate()
    {
        let position = at + 1;
        let item = Object::new(item, format!("certificate {position} of the chain"))?;
        item.only(&["rawBytes"])?;
        let der = item.bytes("rawBytes")?;
        let certificate = Certificate::from_der(&der)
            .map_err(|source| BundleError::ChainCertificate { position, source })?;
        let body = certificate.tbs_certificate;
        if body.subject == body.issuer && !body.subject.is_empty() {
            return Err(BundleError::RootInChain { position });
        }
        certificates.push(der);
    }
    if certificates.is_empty() {
        return Err(BundleError::EmptyChain);
    }
    Ok(BundleSigner::Certificates(certificates))
}

fn read_entries(
    material: &Object<'_>,
    media_type: MediaType,
) -> Result<Vec<TransparencyEntry>, BundleError> {
    if material.optional("tlogEntries").is_none() {
        return Ok(Vec::new());
    }
    let mut entries: Vec<TransparencyEntry> = Vec::new();
    for (at, value) in material
        .array("tlogEntries", MAX_TRANSPARENCY_ENTRIES)?
        .iter()
        .enumerate()
    {
        let position = at + 1;
        let entry = entry::read(value, position).map_err(|error| match error {
            EntryFormError::Field(source) => BundleError::Field(source),
            EntryFormError::Checkpoint(source) => BundleError::Checkpoint { position, source },
        })?;
        if media_type == MediaType::V0_1 && entry.promise.is_none() {
            return Err(BundleError::NoPromise { position });
        }
        if entry.proof.is_none() {
            return Err(BundleError::NoProof { position });
        }
        let same = |other: &TransparencyEntry| {
            (other.log_id, other.log_index) == (entry.log_id, entry.log_index)
        };
        if entries.iter().any(same) {
            return Err(BundleError::RepeatedEntry { position });
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn read_timestamps(material: &Object<'_>) -> Result<Vec<Token>, BundleError> {
    let Some(data) = material.optional_object("timestampVerificationData")? else {
        return Ok(Vec::new());
    };
    data.only(&["rfc3161Timestamps"])?;
    if data.optional("rfc3161Timestamps").is_none() {
        return Ok(Vec::new());
    }
    let mut tokens = Vec::new();
    for (at, item) in data
        .array("rfc3161Timestamps", MAX_TIMESTAMPS)?
        .iter()
        .enumerate()
    {
        let position = at + 1;
        let item = Object::numbered(item, "timestamp", position)?;
        item.only(&["signedTimestamp"])?;
        let token = Token::parse(&item.bytes("signedTimestamp")?)
            .map_err(|source| BundleError::Timestamp { position, source })?;
        if tokens.contains(&token) {
            return Err(BundleError::RepeatedTimestamp { position });
        }
        tokens.push(token);
    }
    Ok(tokens)
}

fn read_envelope(envelope: &Object<'_>) -> Result<(BundleContent, Vec<u8>), BundleError> {
    envelope.only(&["payload", "payloadType", "signatures"])?;
    let payload_type = envelope.text("payloadType")?;
    if payload_type != PAYLOAD_TYPE {
        return Err(BundleError::PayloadType {
            found: json::shown(payload_type),
        });
    }
    let signatures = envelope.array("signatures", usize::MAX)?;
    let [signature] = signatures else {
        return Err(BundleError::SignatureCount {
            found: signatures.len(),
        });
    };
    let signature = signature_bytes(signature)?;
    let payload = envelope.bytes("payload")?;
    let statement = Box::new(Statement::parse(&payload, MAX_BUNDLE_BYTES)?);
    Ok((BundleContent::Statement { payload, statement }, signature))
}

fn signature_bytes(signature: &Value) -> Result<Vec<u8>, BundleError> {
    let signature = Object::new(signature, "the envelope's signature")?;
    // DSSE calls the key's identifier a hint that must not be believed.
    signature.only(&["sig", "keyid"])?;
    signature.optional_text("keyid")?;
    Ok(signature.bytes("sig")?)
}

fn read_message(message: &Object<'_>) -> Result<(BundleContent, Vec<u8>), BundleError> {
    message.only(&["messageDigest", "signature"])?;
    let digest = message.optional_object("messageDigest")?;
    let digest = digest.map(|digest| {
        digest.only(&["algorithm", "digest"])?;
        let algorithm = digest.text("algorithm")?;
        let hash = match algorithm {
            "SHA2_256" => Hash::Sha256,
            "SHA2_384" => Hash::Sha384,
            "SHA2_512" => Hash::Sha512,
            other => {
                return Err(BundleError::DigestAlgorithm {
                    found: json::shown(other),
                });
            }
        };
        Ok((hash, digest.bytes("digest")?))
    });
    let digest = digest.transpose()?;
    Ok((
        BundleContent::Artifact { digest },
        message.bytes("signature")?,
    ))
}
