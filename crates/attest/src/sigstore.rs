//! The one place that knows the Sigstore crates: keys from the trust root, and every check of a signature or proof.
//!
//! `sigstore-verify` composes those checks. It is given exactly one log entry, one log key and one issuing certificate
//! at a time, those that the attestation names: left to itself it tries every key whose four-byte hint fits, and every
//! authority. The rules beside the cryptography are in [`verify`](crate::verify()), before this is called.

use std::error::Error;

use jiff::Timestamp;
use sigstore_trust_root::{
    CertificateAuthority, SIGSTORE_PRODUCTION_TRUSTED_ROOT, TimeRange, TrustedRoot,
};
use sigstore_types::bundle::{
    Bundle, CertificateContent, CheckpointData, InclusionPromise, KindVersion, LogId, MediaType,
    SignatureContent, TransparencyLogEntry, VerificationMaterial, VerificationMaterialContent,
};
use sigstore_types::{
    CanonicalizedBody, DerCertificate, DerPublicKey, DsseEnvelope, DsseSignature, KeyId, LogIndex,
    LogKeyId, PayloadBytes, Sha256Hash, SignatureBytes, SignedTimestamp,
};
use sigstore_verify::crypto::{KeyAlgorithm, SigningScheme, VerificationKey};
use sigstore_verify::{CertificateError, TransparencyLogError, VerificationPolicy, Verifier};
use touchplate_packaging::Sha256;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, SubjectKeyIdentifier};

use crate::attestation::{Attestation, InclusionProof, TransparencyEntry};
use crate::root::{
    CertificateLog, Issuer, Log, MAX_AUTHORITIES_AND_LOGS, PathCertificate, TrustRootError, Window,
};
use crate::statement::PAYLOAD_TYPE;

/// The embedded root of Sigstore's public-good instance.
pub(crate) const PUBLIC_GOOD: &str = SIGSTORE_PRODUCTION_TRUSTED_ROOT;

type Cause = Box<dyn Error + Send + Sync>;

/// What the cryptography refused.
#[derive(Debug)]
pub(crate) enum Refused {
    Chain(Cause),
    CertificateTimestamp(Cause),
    Promise(Cause),
    InclusionProof(Cause),
    Checkpoint(Cause),
    Signature(Cause),
    /// A rule of the library that no rule of ours covers.
    Other(Cause),
}

/// The keys and certificates of a trust root, with a verifier for each pair of issuer and log.
pub(crate) struct Material {
    logs: Vec<Log>,
    certificate_logs: Vec<CertificateLog>,
    issuers: Vec<Issuer>,
    /// By issuer, then by log.
    verifiers: Vec<Vec<Verifier>>,
}

impl Material {
    pub(crate) fn log(&self, id: &[u8; 32]) -> Option<(usize, &Log)> {
        self.logs.iter().enumerate().find(|(_, log)| log.id == *id)
    }

    pub(crate) fn certificate_log(&self, id: &[u8; 32]) -> Option<&CertificateLog> {
        self.certificate_logs.iter().find(|log| log.id == *id)
    }

    pub(crate) fn issuers(&self) -> impl Iterator<Item = (usize, &Issuer)> {
        self.issuers.iter().enumerate()
    }

    /// Reads `trusted_root.json`, already known to be strict JSON.
    pub(crate) fn read(json: &str) -> Result<Self, TrustRootError> {
        const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
        let mut root = TrustedRoot::from_json(json)
            .map_err(|error| TrustRootError::Malformed(error.into()))?;
        if root.media_type != MEDIA_TYPE {
            return Err(TrustRootError::MediaType {
                expected: MEDIA_TYPE,
                found: crate::json::shown(&root.media_type),
            });
        }
        // PEP 740 has no place for their timestamps, and a key of a new kind among them must not make the root unusable.
        root.timestamp_authorities.clear();
        root.tlogs
            .retain(|log| VerificationKey::from_spki(&log.public_key.raw_bytes).is_ok());
        root.ctlogs
            .retain(|log| is_certificate_log_key(&log.public_key.raw_bytes));
        let certificates = root
            .certificate_authorities
            .iter()
            .map(|authority| authority.cert_chain.certificates.len());
        for (what, found) in [
            ("transparency logs", root.tlogs.len()),
            ("certificate logs", root.ctlogs.len()),
            ("certificates of authorities", certificates.sum()),
        ] {
            if found > MAX_AUTHORITIES_AND_LOGS {
                return Err(TrustRootError::TooMany { what, found });
            }
        }
        let logs = read_logs(&root)?;
        let certificate_logs = read_certificate_logs(&root)?;
        let mut issuers = Vec::new();
        let mut verifiers = Vec::new();
        for authority in &root.certificate_authorities {
            for (issuer, alone) in read_authority(authority)? {
                issuers.push(issuer);
                let verifier = |at: usize| {
                    let mut pair = root.clone();
                    pair.certificate_authorities = vec![alone.clone()];
                    pair.tlogs = root.tlogs.get(at..=at).unwrap_or_default().to_vec();
                    Verifier::new(&pair).map_err(|error| TrustRootError::Unusable(error.into()))
                };
                verifiers.push((0..logs.len()).map(verifier).collect::<Result<_, _>>()?);
            }
        }
        Ok(Self {
            logs,
            certificate_logs,
            issuers,
            verifiers,
        })
    }

    /// Every signature and proof of one log entry, under the issuer and the log with these numbers: the certificate's
    /// chain and timestamp, the entry's promise, inclusion proof and checkpoint, and the signature of the statement.
    ///
    /// The library compares the entry's time with the system's clock as well; that can refuse more, never less.
    pub(crate) fn check(
        &self,
        issuer: usize,
        log: usize,
        attestation: &Attestation,
        entry: &TransparencyEntry,
        sha256: &Sha256,
    ) -> Result<(), Refused> {
        let verifier = self.verifiers.get(issuer).and_then(|logs| logs.get(log));
        let verifier = verifier.ok_or_else(|| Refused::Other("no such issuer or log".into()))?;
        let name = self.logs.get(log).map(Log::name).unwrap_or_default();
        let bundle = bundle(attestation, entry, name).map_err(Refused::Other)?;
        let digest = Sha256Hash::new(*sha256.as_bytes());
        match verifier.verify(digest, &bundle, &VerificationPolicy::any_identity()) {
            Ok(result)
                if result.certificate_verified()
                    && result.sct_verified()
                    && result.tlog_verified() =>
            {
                Ok(())
            }
            Ok(_) => Err(Refused::Other("the library left out a check".into())),
            Err(error) => Err(Refused::from(error)),
        }
    }
}

impl From<sigstore_verify::Error> for Refused {
    fn from(error: sigstore_verify::Error) -> Self {
        use sigstore_verify::Error as E;
        let refused = match &error {
            E::SignatureInvalid(_) => Self::Signature,
            E::Certificate(CertificateError::ChainInvalid(_)) => Self::Chain,
            E::Certificate(CertificateError::Sct(_)) => Self::CertificateTimestamp,
            E::TransparencyLog(TransparencyLogError::InclusionPromise(_)) => Self::Promise,
            E::TransparencyLog(TransparencyLogError::InclusionProof(_)) => Self::InclusionProof,
            E::TransparencyLog(TransparencyLogError::Checkpoint(_)) => Self::Checkpoint,
            _ => Self::Other,
        };
        refused(error.into())
    }
}

/// The attestation with one of its entries, as a Sigstore bundle; of the checkpoint's signatures, those by `log`.
fn bundle(
    attestation: &Attestation,
    entry: &TransparencyEntry,
    log: &str,
) -> Result<Bundle, Cause> {
    let certificate = DerCertificate::from_bytes(&attestation.certificate);
    let mut log_entry = TransparencyLogEntry::new(
        LogIndex::new(entry.log_index)?,
        LogId::new(LogKeyId::from_bytes(&entry.log_id)),
        KindVersion::DsseV001,
        CanonicalizedBody::from_bytes(&entry.body),
    );
    if let Some(seconds) = entry.integrated_time {
        log_entry = log_entry.with_integrated_time(Timestamp::from_second(seconds)?);
    }
    if let Some(promise) = &entry.promise {
        let promise = InclusionPromise::new(SignedTimestamp::from_bytes(promise));
        log_entry = log_entry.with_inclusion_promise(promise);
    }
    if let Some(proof) = &entry.proof {
        log_entry = log_entry.with_inclusion_proof(inclusion_proof(proof, log)?);
    }
    let content = VerificationMaterialContent::Certificate(CertificateContent::new(certificate));
    let signature = DsseSignature::new(
        SignatureBytes::from_bytes(&attestation.signature),
        KeyId::default(),
    );
    let payload = PayloadBytes::from_bytes(&attestation.payload);
    Ok(Bundle::new(
        MediaType::Bundle0_3,
        VerificationMaterial::new(content).with_tlog_entries(vec![log_entry]),
        SignatureContent::DsseEnvelope(DsseEnvelope::new(PAYLOAD_TYPE, payload, signature)),
    ))
}

fn inclusion_proof(
    proof: &InclusionProof,
    log: &str,
) -> Result<sigstore_types::InclusionProof, Cause> {
    Ok(sigstore_types::InclusionProof::new(
        LogIndex::new(proof.log_index)?,
        Sha256Hash::new(proof.root_hash),
        proof.tree_size,
        proof.hashes.iter().copied().map(Sha256Hash::new).collect(),
        CheckpointData::new(proof.checkpoint.signed_by(log).ok_or("unsigned")?)?,
    ))
}

fn is_certificate_log_key(key: &DerPublicKey) -> bool {
    VerificationKey::from_spki(key).is_ok()
        || VerificationKey::from_der(key, SigningScheme::RsaPkcs1Sha256).is_ok()
}

fn window(range: Option<TimeRange>, what: &str) -> Result<Window, TrustRootError> {
    let window = Window {
        start: range.map(|range| range.start),
        end: range.and_then(|range| range.end),
    };
    match (window.start, window.end) {
        (Some(start), Some(end)) if end < start => Err(TrustRootError::Window {
            what: what.to_owned(),
        }),
        _ => Ok(window),
    }
}

fn log_id(id: &LogId, seen: &mut Vec<[u8; 32]>) -> Result<[u8; 32], TrustRootError> {
    let id = Sha256Hash::try_from(id.key_id.as_bytes());
    let id = *id
        .map_err(|error| TrustRootError::Malformed(error.into()))?
        .as_bytes();
    if seen.contains(&id) {
        return Err(TrustRootError::DuplicateLog {
            id: hex::encode(id),
        });
    }
    seen.push(id);
    Ok(id)
}

fn read_logs(root: &TrustedRoot) -> Result<Vec<Log>, TrustRootError> {
    let mut seen = Vec::new();
    let read = |log: &sigstore_trust_root::TransparencyLog| {
        let id = log_id(&log.log_id, &mut seen)?;
        Ok(Log {
            id,
            url: log.base_url.clone(),
            window: window(log.public_key.valid_for, &log.base_url)?,
            is_rekor_v1: Sha256::of(log.public_key.raw_bytes.as_bytes()).as_bytes() == &id,
        })
    };
    root.tlogs.iter().map(read).collect()
}

fn read_certificate_logs(root: &TrustedRoot) -> Result<Vec<CertificateLog>, TrustRootError> {
    let mut seen = Vec::new();
    let read = |log: &sigstore_trust_root::CertificateTransparencyLog| {
        Ok(CertificateLog {
            id: log_id(&log.log_id, &mut seen)?,
            window: window(log.public_key.valid_for, &log.base_url)?,
        })
    };
    root.ctlogs.iter().map(read).collect()
}

/// Each certificate of an authority as a possible issuer, with the authority as if it had only this certificate.
fn read_authority(
    authority: &CertificateAuthority,
) -> Result<Vec<(Issuer, CertificateAuthority)>, TrustRootError> {
    let window = window(authority.valid_for, &authority.uri)?;
    let chain = Chain::read(authority)?;
    let issuer = |at: usize| {
        let certificate = chain.certificates.get(at)?;
        let mut alone = authority.clone();
        alone.cert_chain.certificates = authority.cert_chain.certificates.get(at..=at)?.to_vec();
        let issuer = Issuer {
            name: certificate.subject.clone(),
            key_id: certificate.key_id.clone(),
            window,
            path: chain.path(at),
        };
        Some((issuer, alone))
    };
    Ok((0..chain.certificates.len()).filter_map(issuer).collect())
}

/// The certificates of one authority, in any order.
struct Chain {
    certificates: Vec<ChainCertificate>,
}

struct ChainCertificate {
    subject: Vec<u8>,
    issuer: Vec<u8>,
    key_id: Option<Vec<u8>>,
    facts: PathCertificate,
}

impl Chain {
    fn read(authority: &CertificateAuthority) -> Result<Self, TrustRootError> {
        let uri = &authority.uri;
        let mut parsed = Vec::new();
        for (at, entry) in authority.cert_chain.certificates.iter().enumerate() {
            let certificate = x509_cert::Certificate::from_der(entry.raw_bytes.as_bytes());
            let certificate = certificate
                .and_then(|certificate| Ok((ChainCertificate::read(&certificate)?, certificate)));
            parsed.push(certificate.map_err(|error| TrustRootError::Certificate {
                authority: uri.clone(),
                position: at + 1,
                source: error.into(),
            })?);
        }
        for (at, (facts, certificate)) in parsed.iter().enumerate() {
            let position = at + 1;
            if !may_issue(certificate) {
                return Err(TrustRootError::NotAuthority {
                    authority: uri.clone(),
                    position,
                });
            }
            let mut parents = parsed
                .iter()
                .filter(|(parent, _)| parent.subject == facts.issuer)
                .peekable();
            // A chain may begin below its root: what is listed is believed as it is.
            if parents.peek().is_some()
                && !parents.any(|(_, parent)| is_signed_by(certificate, parent))
            {
                return Err(TrustRootError::BrokenChain {
                    authority: uri.clone(),
                    position,
                });
            }
        }
        Ok(Self {
            certificates: parsed.into_iter().map(|(facts, _)| facts).collect(),
        })
    }

    /// The certificate at `at` and those above it.
    fn path(&self, at: usize) -> Vec<PathCertificate> {
        let mut path = Vec::new();
        let mut next = self.certificates.get(at);
        while let Some(certificate) = next {
            path.push(certificate.facts.clone());
            let is_root = certificate.subject == certificate.issuer;
            let above = || {
                self.certificates
                    .iter()
                    .find(|parent| parent.subject == certificate.issuer)
            };
            // Names in a circle end after as many steps as there are certificates.
            next = if is_root || path.len() >= self.certificates.len() {
                None
            } else {
                above()
            };
        }
        path
    }
}

impl ChainCertificate {
    fn read(certificate: &x509_cert::Certificate) -> Result<Self, x509_cert::der::Error> {
        let body = &certificate.tbs_certificate;
        let key_id = body
            .get::<SubjectKeyIdentifier>()?
            .map(|(_, id)| id.0.into_bytes());
        Ok(Self {
            subject: body.subject.to_der()?,
            issuer: body.issuer.to_der()?,
            key_id,
            facts: PathCertificate {
                subject: body.subject.to_string(),
                not_before: crate::certificate::timestamp(&body.validity.not_before),
                not_after: crate::certificate::timestamp(&body.validity.not_after),
            },
        })
    }
}

fn may_issue(certificate: &x509_cert::Certificate) -> bool {
    let constraints = certificate.tbs_certificate.get::<BasicConstraints>();
    constraints.is_ok_and(|constraints| constraints.is_some_and(|(_, constraints)| constraints.ca))
}

fn is_signed_by(certificate: &x509_cert::Certificate, parent: &x509_cert::Certificate) -> bool {
    let signed = || {
        let key = DerPublicKey::new(
            parent
                .tbs_certificate
                .subject_public_key_info
                .to_der()
                .ok()?,
        );
        let scheme = scheme(
            &certificate.signature_algorithm.oid.to_string(),
            KeyAlgorithm::from_spki(&key).ok()?,
        )?;
        let key = VerificationKey::from_spki_with_scheme(&key, scheme).ok()?;
        let signature = SignatureBytes::from_bytes(certificate.signature.as_bytes()?);
        key.verify(certificate.tbs_certificate.to_der().ok()?, &signature)
            .ok()
    };
    signed().is_some()
}

/// The signature schemes of X.509 that the library's chain check knows (RFC 5758, RFC 4055).
fn scheme(oid: &str, key: KeyAlgorithm) -> Option<SigningScheme> {
    match (oid, key) {
        ("1.2.840.10045.4.3.2", KeyAlgorithm::EcdsaP256) => Some(SigningScheme::EcdsaP256Sha256),
        ("1.2.840.10045.4.3.2", KeyAlgorithm::EcdsaP384) => Some(SigningScheme::EcdsaP384Sha256),
        ("1.2.840.10045.4.3.3", KeyAlgorithm::EcdsaP256) => Some(SigningScheme::EcdsaP256Sha384),
        ("1.2.840.10045.4.3.3", KeyAlgorithm::EcdsaP384) => Some(SigningScheme::EcdsaP384Sha384),
        ("1.3.101.112", KeyAlgorithm::Ed25519) => Some(SigningScheme::Ed25519),
        ("1.2.840.113549.1.1.11", KeyAlgorithm::Rsa) => Some(SigningScheme::RsaPkcs1Sha256),
        ("1.2.840.113549.1.1.12", KeyAlgorithm::Rsa) => Some(SigningScheme::RsaPkcs1Sha384),
        ("1.2.840.113549.1.1.13", KeyAlgorithm::Rsa) => Some(SigningScheme::RsaPkcs1Sha512),
        _ => None,
    }
}
