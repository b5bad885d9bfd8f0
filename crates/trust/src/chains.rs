//! The certificates of a stack's own authorities.

use std::str::FromStr as _;

use der::asn1::ObjectIdentifier;
use der::pem::LineEnding;
use der::{Decode as _, Encode as _, EncodePem as _};
use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::time::Validity;

use crate::certificate::{
    BASIC_CONSTRAINTS, Body, EXTENDED_KEY_USAGE, KEY_USAGE, SUBJECT_KEY_ID, authority_key_id,
    extension, key_id, sign, validity,
};
use crate::forge::TrustError;
use crate::keys::{KeyKind, SigningKey};

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// As Sigstore's own authorities have. Rotation ends a key's time long before.
const VALID: SignedDuration = SignedDuration::from_hours(24 * 365 * 10);

/// A key with its certificates, from its own up.
pub(crate) struct Chain {
    pub(crate) key: SigningKey,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Chain {
    /// The certificates, as PEM.
    pub(crate) fn to_pem(&self) -> Result<String, TrustError> {
        let mut pem = String::new();
        for der in &self.certificates {
            pem.push_str(&certificate_pem(der)?);
        }
        Ok(pem)
    }
}

/// A certificate as PEM.
///
/// # Errors
/// When it is none.
pub fn certificate_pem(der: &[u8]) -> Result<String, TrustError> {
    let certificate = Certificate::from_der(der)?;
    Ok(certificate.to_pem(LineEnding::LF)?)
}

/// A root's certificate of itself.
pub(crate) fn root(
    operator: &str,
    key: &SigningKey,
    start: Timestamp,
) -> Result<Vec<u8>, TrustError> {
    let body = Body {
        issuer: name("root", operator)?,
        subject: name("root", operator)?,
        validity: ten_years(start)?,
        key: key.public(),
        extensions: of_authority(key, key, 1)?,
    };
    Ok(sign(&body, key)?.to_der()?)
}

/// A new certificate authority below `root`, for certificates of signers of code alone.
pub(crate) fn authority(
    operator: &str,
    root: &Chain,
    start: Timestamp,
) -> Result<Chain, TrustError> {
    let key = SigningKey::generate(KeyKind::P256)?;
    let mut extensions = of_authority(&key, &root.key, 0)?;
    let usage = ExtendedKeyUsage(vec![CODE_SIGNING]);
    extensions.push(extension(EXTENDED_KEY_USAGE, false, &usage)?);
    let body = Body {
        issuer: name("root", operator)?,
        subject: name("intermediate", operator)?,
        validity: ten_years(start)?,
        key: key.public(),
        extensions,
    };
    let own = sign(&body, &root.key)?.to_der()?;
    Ok(Chain {
        key,
        certificates: std::iter::once(own)
            .chain(root.certificates.iter().cloned())
            .collect(),
    })
}

/// A new timestamp authority: a signer, and the root above it. The root's key signs this one certificate and is gone.
pub(crate) fn stamps(operator: &str, start: Timestamp) -> Result<Chain, TrustError> {
    let (root, key) = (
        SigningKey::generate(KeyKind::P256)?,
        SigningKey::generate(KeyKind::P256)?,
    );
    let of_root = Body {
        issuer: name("timestamps root", operator)?,
        subject: name("timestamps root", operator)?,
        validity: ten_years(start)?,
        key: root.public(),
        extensions: of_authority(&root, &root, 0)?,
    };
    // RFC 3161 §2.3: this use alone, and critical.
    let of_signer = vec![
        extension(
            KEY_USAGE,
            true,
            &KeyUsage(KeyUsages::DigitalSignature.into()),
        )?,
        extension(
            EXTENDED_KEY_USAGE,
            true,
            &ExtendedKeyUsage(vec![TIME_STAMPING]),
        )?,
        extension(SUBJECT_KEY_ID, false, &SubjectKeyIdentifier(key_id(&key)?))?,
        authority_key_id(&root)?,
    ];
    let own = Body {
        issuer: name("timestamps root", operator)?,
        subject: name("timestamps", operator)?,
        validity: ten_years(start)?,
        key: key.public(),
        extensions: of_signer,
    };
    Ok(Chain {
        certificates: vec![
            sign(&own, &root)?.to_der()?,
            sign(&of_root, &root)?.to_der()?,
        ],
        key,
    })
}

fn name(common: &str, operator: &str) -> Result<Name, TrustError> {
    Ok(Name::from_str(&format!("CN={common},O={operator}"))?)
}

fn ten_years(start: Timestamp) -> Result<Validity, TrustError> {
    validity(start, start.saturating_add(VALID).unwrap_or(start))
}

fn of_authority(
    key: &SigningKey,
    issuer: &SigningKey,
    below: u8,
) -> Result<Vec<Extension>, TrustError> {
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: Some(below),
    };
    Ok(vec![
        extension(KEY_USAGE, true, &usage)?,
        extension(BASIC_CONSTRAINTS, true, &constraints)?,
        extension(SUBJECT_KEY_ID, false, &SubjectKeyIdentifier(key_id(key)?))?,
        authority_key_id(issuer)?,
    ])
}
