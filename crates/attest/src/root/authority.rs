//! Certificate authorities: the certificates of a root that may have issued a signing certificate.

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use touchplate_packaging::Sha256;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};

use super::{MAX_AUTHORITIES_AND_LOGS, TrustRootError, Window};
use crate::certificate::{self, SigningCertificate};
use crate::crypto::{Algorithm, Hash, KeyKind, Provider, PublicKey};

const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// A certificate of the root that may have issued a signing certificate.
pub(crate) struct Issuer {
    /// Its subject, DER.
    name: Vec<u8>,
    /// Its subject key identifier, if it has one.
    key_id: Option<Vec<u8>>,
    /// SHA-256 of its public key: certificate logs sign it with each certificate (RFC 6962 §3.2).
    pub(crate) key_hash: [u8; 32],
    key_kind: Option<KeyKind>,
    /// Its key for each algorithm that it may sign with.
    keys: Vec<(Algorithm, Box<dyn PublicKey>)>,
    /// When the root believes its authority.
    window: Window,
    /// It and the certificates above it, up to the top of its chain.
    path: Vec<PathCertificate>,
}

/// What must hold at signing time of a certificate above the signing one.
#[derive(Clone, Debug)]
struct PathCertificate {
    subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
    /// Certificates of authorities that may stand below it.
    path_length: Option<u8>,
}

/// Why an issuer says nothing at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotInForce {
    /// The root did not believe it then.
    Authority { time: Timestamp },
    /// It or a certificate above it was not valid then.
    Certificate(NotValid),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotValid {
    pub(crate) subject: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) time: Timestamp,
}

/// Why an issuer did not sign a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuanceError {
    /// The certificate's signature algorithm does not fit the authority's key.
    #[error("the signature's algorithm {0} does not fit the authority's key")]
    Algorithm(ObjectIdentifier),
    /// The signature does not hold.
    #[error(transparent)]
    Signature(#[from] crate::crypto::BadSignature),
}

impl Issuer {
    /// Whether the signing certificate says that this is its issuer.
    pub(crate) fn is_named_by(&self, certificate: &SigningCertificate) -> bool {
        let same_key = match (&self.key_id, &certificate.authority_key_id) {
            (Some(id), Some(named)) => id == named,
            _ => true,
        };
        self.name == certificate.issuer_name && same_key
    }

    /// Whether it and the certificates above it were in force.
    pub(crate) fn in_force(&self, time: Timestamp) -> Result<(), NotInForce> {
        if !self.window.contains(time) {
            return Err(NotInForce::Authority { time });
        }
        let invalid = self
            .path
            .iter()
            .find(|it| time < it.not_before || it.not_after < time);
        invalid.map_or(Ok(()), |it| {
            Err(NotInForce::Certificate(NotValid {
                subject: it.subject.clone(),
                not_before: it.not_before,
                not_after: it.not_after,
                time,
            }))
        })
    }

    /// Whether it signed the certificate.
    pub(crate) fn signed(&self, certificate: &SigningCertificate) -> Result<(), IssuanceError> {
        let oid = certificate.signature_algorithm;
        let key = self.key(oid).ok_or(IssuanceError::Algorithm(oid))?;
        Ok(key.verify(&certificate.body, &certificate.signature)?)
    }

    fn key(&self, signature_algorithm: ObjectIdentifier) -> Option<&dyn PublicKey> {
        let wanted = Algorithm::of_signature(signature_algorithm, self.key_kind?)?;
        let found = self.keys.iter().find(|(it, _)| *it == wanted);
        found.map(|(_, key)| key.as_ref())
    }
}

/// Each certificate of an authority as a possible issuer. A chain may begin below its root: what a root lists is
/// believed as it is, but where a certificate names another one of the list as its issuer, that must have signed it.
pub(super) fn read(
    uri: &str,
    window: Window,
    certificates: &[Vec<u8>],
    provider: &dyn Provider,
) -> Result<Vec<Issuer>, TrustRootError> {
    let mut parsed = Vec::new();
    for (at, der) in certificates.iter().enumerate() {
        parsed.push(
            AuthorityCertificate::read(der, provider)
                .map_err(|refused| refused.within(uri, at + 1))?,
        );
    }
    for (at, certificate) in parsed.iter().enumerate() {
        let mut parents = parsed
            .iter()
            .filter(|parent| parent.subject == certificate.issuer)
            .peekable();
        if parents.peek().is_some() && !parents.any(|parent| parent.signed(certificate)) {
            return Err(TrustRootError::BrokenChain {
                authority: uri.to_owned(),
                position: at + 1,
            });
        }
    }
    let paths: Vec<_> = (0..parsed.len()).map(|at| path(&parsed, at)).collect();
    if let Some(position) = paths.iter().position(|path| !is_short_enough(path)) {
        return Err(TrustRootError::PathLength {
            authority: uri.to_owned(),
            position: position + 1,
        });
    }
    let issuers = parsed.into_iter().zip(paths);
    Ok(issuers
        .map(|(certificate, path)| Issuer {
            name: certificate.subject,
            key_id: certificate.key_id,
            key_hash: certificate.key_hash,
            key_kind: certificate.key_kind,
            keys: certificate.keys,
            window,
            path,
        })
        .collect())
}

/// An issuer that a bundle brings along, where one of `issuers` stands above it.
pub(crate) fn below(der: &[u8], issuers: &[Issuer], provider: &dyn Provider) -> Option<Issuer> {
    let certificate = AuthorityCertificate::read(der, provider).ok()?;
    let above = issuers.iter().find(|issuer| {
        let signed = || {
            let key = issuer.key(certificate.signature_algorithm)?;
            key.verify(&certificate.body, &certificate.signature).ok()
        };
        issuer.name == certificate.issuer && signed().is_some()
    })?;
    let mut path = vec![certificate.facts];
    path.extend(above.path.iter().cloned());
    is_short_enough(&path).then(|| Issuer {
        name: certificate.subject,
        key_id: certificate.key_id,
        key_hash: certificate.key_hash,
        key_kind: certificate.key_kind,
        keys: certificate.keys,
        window: above.window,
        path,
    })
}

/// Each certificate permits the ones below it: as many as its place in the path says.
fn is_short_enough(path: &[PathCertificate]) -> bool {
    let permits = |(below, certificate): (usize, &PathCertificate)| {
        certificate
            .path_length
            .is_none_or(|most| below <= usize::from(most))
    };
    path.iter().enumerate().all(permits)
}

/// The certificate at `at` and those above it.
fn path(certificates: &[AuthorityCertificate], at: usize) -> Vec<PathCertificate> {
    let mut path = Vec::new();
    let mut next = certificates.get(at);
    while let Some(certificate) = next {
        path.push(certificate.facts.clone());
        let is_root = certificate.subject == certificate.issuer;
        let above = || {
            certificates
                .iter()
                .find(|parent| parent.subject == certificate.issuer && parent.signed(certificate))
        };
        // Names in a circle end after as many steps as there are certificates.
        next = if is_root || path.len() >= certificates.len().min(MAX_AUTHORITIES_AND_LOGS) {
            None
        } else {
            above()
        };
    }
    path
}

/// A certificate that may issue others.
struct AuthorityCertificate {
    subject: Vec<u8>,
    issuer: Vec<u8>,
    key_id: Option<Vec<u8>>,
    key_hash: [u8; 32],
    key_kind: Option<KeyKind>,
    keys: Vec<(Algorithm, Box<dyn PublicKey>)>,
    body: Vec<u8>,
    signature_algorithm: ObjectIdentifier,
    signature: Vec<u8>,
    facts: PathCertificate,
}

/// Why a certificate cannot be an authority's.
enum Refused {
    Malformed(der::Error),
    NotAuthority,
    Constraint(ObjectIdentifier),
}

impl Refused {
    fn within(self, uri: &str, position: usize) -> TrustRootError {
        let authority = uri.to_owned();
        match self {
            Self::Malformed(source) => TrustRootError::Certificate {
                authority,
                position,
                source: source.into(),
            },
            Self::NotAuthority => TrustRootError::NotAuthority {
                authority,
                position,
            },
            Self::Constraint(oid) => TrustRootError::Constraint {
                authority,
                position,
                oid: oid.to_string(),
            },
        }
    }
}

impl AuthorityCertificate {
    fn read(der: &[u8], provider: &dyn Provider) -> Result<Self, Refused> {
        let certificate = Certificate::from_der(der).map_err(Refused::Malformed)?;
        let path_length = may_issue(&certificate)?;
        let body = &certificate.tbs_certificate;
        let key_id = body
            .get::<SubjectKeyIdentifier>()
            .map_err(Refused::Malformed)?
            .map(|(_, id)| id.0.into_bytes());
        let spki = body.subject_public_key_info.to_der();
        let spki = spki.map_err(Refused::Malformed)?;
        // A key of a kind that is newer than this program signs nothing here, and does not spoil the root.
        let key_kind = KeyKind::of_spki(&spki).ok();
        let prepare = |hash| {
            let algorithm = Algorithm::with_hash(key_kind?, hash);
            let key = provider.key(algorithm, &spki).ok()?;
            Some((algorithm, key))
        };
        let hashes = match key_kind {
            Some(KeyKind::Ed25519) => &[Hash::Sha512][..],
            _ => &[Hash::Sha256, Hash::Sha384, Hash::Sha512],
        };
        Ok(Self {
            subject: body.subject.to_der().map_err(Refused::Malformed)?,
            issuer: body.issuer.to_der().map_err(Refused::Malformed)?,
            key_id,
            key_hash: *Sha256::of(&spki).as_bytes(),
            key_kind,
            keys: hashes.iter().copied().filter_map(prepare).collect(),
            body: certificate::signed_body(der)
                .map_err(Refused::Malformed)?
                .to_vec(),
            signature_algorithm: certificate.signature_algorithm.oid,
            signature: certificate
                .signature
                .as_bytes()
                .unwrap_or_default()
                .to_vec(),
            facts: PathCertificate {
                subject: body.subject.to_string(),
                not_before: certificate::timestamp(&body.validity.not_before),
                not_after: certificate::timestamp(&body.validity.not_after),
                path_length,
            },
        })
    }

    /// Whether it signed `certificate`.
    fn signed(&self, certificate: &Self) -> bool {
        let algorithm = self
            .key_kind
            .and_then(|kind| Algorithm::of_signature(certificate.signature_algorithm, kind));
        let key = self.keys.iter().find(|(it, _)| Some(*it) == algorithm);
        key.is_some_and(|(_, key)| {
            key.verify(&certificate.body, &certificate.signature)
                .is_ok()
        })
    }
}

/// The path length that a certificate which may issue signing certificates permits.
fn may_issue(certificate: &Certificate) -> Result<Option<u8>, Refused> {
    const UNDERSTOOD: [ObjectIdentifier; 3] = [
        ObjectIdentifier::new_unwrap("2.5.29.19"),
        ObjectIdentifier::new_unwrap("2.5.29.15"),
        ObjectIdentifier::new_unwrap("2.5.29.37"),
    ];
    let body = &certificate.tbs_certificate;
    for extension in body.extensions.iter().flatten() {
        let oid = extension.extn_id;
        if oid == NAME_CONSTRAINTS || (extension.critical && !UNDERSTOOD.contains(&oid)) {
            return Err(Refused::Constraint(oid));
        }
    }
    let constraints = body.get::<BasicConstraints>().map_err(Refused::Malformed)?;
    let constraints = constraints.map(|(_, constraints)| constraints);
    let constraints = constraints
        .filter(|constraints| constraints.ca)
        .ok_or(Refused::NotAuthority)?;
    let usage = body.get::<KeyUsage>().map_err(Refused::Malformed)?;
    if usage.is_some_and(|(_, usage)| !usage.0.contains(KeyUsages::KeyCertSign)) {
        return Err(Refused::NotAuthority);
    }
    let extended = body.get::<ExtendedKeyUsage>().map_err(Refused::Malformed)?;
    let permits = |usages: &[ObjectIdentifier]| {
        usages
            .iter()
            .any(|usage| [CODE_SIGNING, ANY_USAGE].contains(usage))
    };
    if extended.is_some_and(|(_, extended)| !permits(&extended.0)) {
        return Err(Refused::NotAuthority);
    }
    Ok(constraints.path_len_constraint)
}
