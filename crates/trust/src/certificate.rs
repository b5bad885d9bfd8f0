//! The parts of certificates: what each authority signs, and in which spelling.

use std::time::Duration;

use der::asn1::{Any, AnyRef, BitString, GeneralizedTime, ObjectIdentifier, OctetString, UtcTime};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use touchplate_attest::Sha256;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

use crate::forge::TrustError;
use crate::keys::{KeyKind, SigningKey};

pub(crate) const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
pub(crate) const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
pub(crate) const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
pub(crate) const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
pub(crate) const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// A certificate before it is signed.
pub(crate) struct Body<'k> {
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    pub(crate) validity: Validity,
    pub(crate) key: &'k [u8],
    pub(crate) extensions: Vec<Extension>,
}

impl Body<'_> {
    /// The serial number is made from the rest, so that the body is the same with and without timestamps.
    pub(crate) fn to_tbs(&self, signer: &SigningKey) -> Result<TbsCertificate, TrustError> {
        let moment = self
            .validity
            .not_before
            .to_unix_duration()
            .as_nanos()
            .to_be_bytes();
        let digest = Sha256::of(&[self.key, &moment].concat());
        let mut serial = digest.as_bytes()[..20].to_vec();
        serial[0] &= 0x7f; // positive (RFC 5280 §4.1.2.2)
        serial[0] |= 0x40; // and of full length
        Ok(TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&serial)?,
            signature: algorithm(signer),
            issuer: self.issuer.clone(),
            validity: self.validity,
            subject: self.subject.clone(),
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(self.key)?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions.clone()),
        })
    }
}

pub(crate) fn sign(body: &Body<'_>, signer: &SigningKey) -> Result<Certificate, TrustError> {
    signed(body.to_tbs(signer)?, signer)
}

pub(crate) fn signed(
    tbs_certificate: TbsCertificate,
    signer: &SigningKey,
) -> Result<Certificate, TrustError> {
    let signature = signer.sign(&tbs_certificate.to_der()?)?;
    Ok(Certificate {
        tbs_certificate,
        signature_algorithm: algorithm(signer),
        signature: BitString::from_bytes(&signature)?,
    })
}

pub(crate) fn algorithm(signer: &SigningKey) -> AlgorithmIdentifierOwned {
    let oid = match signer.kind() {
        KeyKind::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        KeyKind::P384 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
        KeyKind::P521 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
        KeyKind::Ed25519 => ObjectIdentifier::new_unwrap("1.3.101.112"),
        KeyKind::Rsa => ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"),
    };
    // RFC 4055 §5: RSA's parameters are NULL, those of the others absent (RFC 5758 §3.2, RFC 8410 §3).
    let parameters = (signer.kind() == KeyKind::Rsa).then(|| Any::from(AnyRef::NULL));
    AlgorithmIdentifierOwned { oid, parameters }
}

pub(crate) fn validity(from: Timestamp, to: Timestamp) -> Result<Validity, TrustError> {
    Ok(Validity {
        not_before: time(from)?,
        not_after: time(to)?,
    })
}

/// RFC 5280 §4.1.2.5: UTCTime before 2050. The `From` of `x509-cert` writes GeneralizedTime, which strict readers refuse.
fn time(at: Timestamp) -> Result<Time, TrustError> {
    match UtcTime::from_unix_duration(since_1970(at)?) {
        Ok(time) => Ok(Time::UtcTime(time)),
        Err(_) => general_time(at),
    }
}

pub(crate) fn general_time(at: Timestamp) -> Result<Time, TrustError> {
    Ok(Time::GeneralTime(GeneralizedTime::from_unix_duration(
        since_1970(at)?,
    )?))
}

fn since_1970(at: Timestamp) -> Result<Duration, TrustError> {
    let seconds = u64::try_from(at.as_second()).map_err(|_| TrustError::Time { found: at })?;
    Ok(Duration::from_secs(seconds))
}

pub(crate) fn extension(
    oid: ObjectIdentifier,
    critical: bool,
    value: &impl der::Encode,
) -> Result<Extension, TrustError> {
    Ok(Extension {
        extn_id: oid,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// RFC 7093 §2: the first 160 bits of the key's SHA-256.
pub(crate) fn key_id(key: &SigningKey) -> Result<OctetString, TrustError> {
    Ok(OctetString::new(&key.id()[..20])?)
}

pub(crate) fn authority_key_id(issuer: &SigningKey) -> Result<Extension, TrustError> {
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(key_id(issuer)?),
        ..AuthorityKeyIdentifier::default()
    };
    extension(AUTHORITY_KEY_ID, false, &identifier)
}

/// Certificates in PEM, one after another, as DER.
pub(crate) fn chain_from_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, TrustError> {
    // Not `load_pem_chain` of `x509-cert`, which panics at a file without any.
    let blocks = CertificateDer::pem_slice_iter(pem);
    let ders = blocks.map(|block| -> Result<_, TrustError> {
        let der = block.map_err(|_| TrustError::Pem)?;
        Certificate::from_der(&der)?;
        Ok(der.to_vec())
    });
    ders.collect()
}

/// Whether `certificate` is one of this key.
pub(crate) fn is_of(certificate: &[u8], key: &[u8]) -> bool {
    Certificate::from_der(certificate)
        .and_then(|it| it.tbs_certificate.subject_public_key_info.to_der())
        .is_ok_and(|found| found == key)
}
