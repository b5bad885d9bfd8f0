//! A timestamp authority's certificate, read, and the rules for it (RFC 3161 §2.3, RFC 5280 §6.1).

use cms::signed_data::SignerIdentifier;
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _, ErrorKind, Reader as _, SliceReader, Tag};
use jiff::Timestamp;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Time;

use super::StampError;
use crate::crypto::{Algorithm, KeyKind, Provider};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Extensions that may be critical. Alternative names are, where the subject is empty; they decide nothing here.
const UNDERSTOOD: [ObjectIdentifier; 4] = [
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    EXTENDED_KEY_USAGE,
    SUBJECT_ALT_NAME,
];

const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// `anyExtendedKeyUsage`, for authorities above only.
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// A certificate, read.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    /// The part of `der` that is signed.
    signed: Vec<u8>,
    pub(super) subject: Name,
    pub(super) issuer: Name,
    pub(super) serial: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
    /// SubjectPublicKeyInfo, DER.
    pub(super) key: Vec<u8>,
    signature_algorithm: ObjectIdentifier,
    signature: Vec<u8>,
    key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<(ExtendedKeyUsage, bool)>,
    /// The first critical extension that is not understood.
    not_understood: Option<ObjectIdentifier>,
}

impl Certificate {
    pub(super) fn read(der: &[u8]) -> der::Result<Self> {
        let certificate = x509_cert::Certificate::from_der(der)?;
        let signed = SliceReader::new(der)?.sequence(|reader| {
            let signed = reader.tlv_bytes()?;
            let _algorithm = reader.tlv_bytes()?;
            let _signature = reader.tlv_bytes()?;
            Ok(signed)
        })?;
        let tbs = certificate.tbs_certificate;
        // RFC 5280 §4.1.1.2; only the inner one is signed.
        if tbs.signature != certificate.signature_algorithm {
            return Err(ErrorKind::Value { tag: Tag::Sequence }.into());
        }
        let extensions = Extensions::new(tbs.extensions.as_deref().unwrap_or_default())?;
        let key_id = extensions.read::<SubjectKeyIdentifier>(SUBJECT_KEY_ID)?;
        let authority_key_id = extensions.read::<AuthorityKeyIdentifier>(AUTHORITY_KEY_ID)?;
        let authority_key_id = authority_key_id.and_then(|it| it.key_identifier);
        let extended_key_usage = extensions.read(EXTENDED_KEY_USAGE)?;
        Ok(Self {
            der: der.to_vec(),
            signed: signed.to_vec(),
            not_before: timestamp(tbs.validity.not_before),
            not_after: timestamp(tbs.validity.not_after),
            key: tbs.subject_public_key_info.to_der()?,
            signature_algorithm: certificate.signature_algorithm.oid,
            signature: certificate.signature.raw_bytes().to_vec(),
            key_id: key_id.map(|it| it.0.into_bytes()),
            authority_key_id: authority_key_id.map(der::asn1::OctetString::into_bytes),
            constraints: extensions.read(BASIC_CONSTRAINTS)?,
            key_usage: extensions.read(KEY_USAGE)?,
            extended_key_usage: extended_key_usage
                .map(|usage| (usage, extensions.is_critical(EXTENDED_KEY_USAGE))),
            not_understood: extensions.not_understood(),
            subject: tbs.subject,
            issuer: tbs.issuer,
            serial: tbs.serial_number,
        })
    }

    pub(super) fn subject(&self) -> String {
        self.subject.to_string()
    }

    pub(super) fn is_authority(&self) -> bool {
        self.constraints.as_ref().is_some_and(|it| it.ca)
    }

    /// Whether a signer is called so. Without a key identifier in the certificate it cannot be called by one.
    pub(super) fn is(&self, signer: &SignerIdentifier) -> bool {
        match signer {
            SignerIdentifier::IssuerAndSerialNumber(it) => {
                it.issuer == self.issuer && it.serial_number == self.serial
            }
            SignerIdentifier::SubjectKeyIdentifier(it) => {
                self.key_id.as_deref() == Some(it.0.as_bytes())
            }
        }
    }

    /// Whether the certificate says that `issuer` is its issuer: by name, and by key where both tell theirs.
    pub(super) fn names_issuer(&self, issuer: &Self) -> bool {
        let same_key = match (&self.authority_key_id, &issuer.key_id) {
            (Some(named), Some(id)) => named == id,
            _ => true,
        };
        self.issuer == issuer.subject && same_key
    }

    /// RFC 3161 §2.3: the extended key usage is critical and for timestamps alone; the key usage, if any, has signatures.
    pub(super) fn may_stamp(&self) -> Result<(), StampError> {
        self.is_understood()?;
        let subject = || self.subject();
        let Some((ExtendedKeyUsage(usages), critical)) = &self.extended_key_usage else {
            return Err(StampError::NoExtendedKeyUsage { subject: subject() });
        };
        if usages.as_slice() != [TIME_STAMPING] {
            return Err(StampError::ExtendedKeyUsage {
                subject: subject(),
                found: usages.iter().map(ToString::to_string).collect(),
            });
        }
        if !critical {
            return Err(StampError::ExtendedKeyUsageNotCritical { subject: subject() });
        }
        let signs = |usage: &KeyUsage| usage.0.contains(KeyUsages::DigitalSignature);
        if !self.key_usage.as_ref().is_none_or(signs) {
            return Err(StampError::KeyUsage { subject: subject() });
        }
        Ok(())
    }

    /// RFC 5280 §6.1.4 (k) to (n): a certificate authority, for certificates, with at most `below` others under it.
    pub(super) fn may_issue(&self, below: usize) -> Result<(), StampError> {
        self.is_understood()?;
        let subject = || self.subject();
        let constraints = self.constraints.as_ref().filter(|it| it.ca);
        let Some(constraints) = constraints else {
            return Err(StampError::NotAuthority { subject: subject() });
        };
        let issues = |usage: &KeyUsage| usage.0.contains(KeyUsages::KeyCertSign);
        if !self.key_usage.as_ref().is_none_or(issues) {
            return Err(StampError::MaySignNoCertificates { subject: subject() });
        }
        if let Some((usage, _)) = &self.extended_key_usage
            && !usage.0.contains(&TIME_STAMPING)
            && !usage.0.contains(&ANY_USAGE)
        {
            return Err(StampError::IssuerExtendedKeyUsage { subject: subject() });
        }
        match constraints.path_len_constraint {
            Some(allowed) if below > usize::from(allowed) => Err(StampError::PathTooLong {
                subject: subject(),
                allowed,
                found: below,
            }),
            _ => Ok(()),
        }
    }

    fn is_understood(&self) -> Result<(), StampError> {
        match self.not_understood {
            Some(oid) => Err(StampError::CertificateExtension {
                subject: self.subject(),
                oid: oid.to_string(),
            }),
            None => Ok(()),
        }
    }

    /// Both ends included (RFC 5280 §4.1.2.5).
    pub(super) fn is_valid_at(&self, time: Timestamp) -> Result<(), StampError> {
        let subject = || self.subject();
        if time < self.not_before {
            return Err(StampError::CertificateNotYetValid {
                subject: subject(),
                time,
            });
        }
        // A certificate's time has whole seconds: its last one is over when the next begins.
        if time.as_second() > self.not_after.as_second() {
            return Err(StampError::CertificateExpired {
                subject: subject(),
                time,
            });
        }
        Ok(())
    }

    pub(super) fn key_kind(&self) -> Result<KeyKind, StampError> {
        KeyKind::of_spki(&self.key).map_err(|source| StampError::Key {
            subject: self.subject(),
            source,
        })
    }

    pub(super) fn is_signed_by(
        &self,
        issuer: &Self,
        provider: &dyn Provider,
    ) -> Result<(), StampError> {
        let kind = issuer.key_kind()?;
        let algorithm =
            Algorithm::of_signature(self.signature_algorithm, kind).ok_or_else(|| {
                StampError::PathAlgorithm {
                    subject: self.subject(),
                    oid: self.signature_algorithm.to_string(),
                }
            })?;
        let key = provider.key(algorithm, &issuer.key);
        let key = key.map_err(|source| StampError::Key {
            subject: issuer.subject(),
            source,
        })?;
        let checked = key.verify(&self.signed, &self.signature);
        checked.map_err(|source| StampError::PathSignature {
            subject: self.subject(),
            source,
        })
    }
}

struct Extensions<'c>(&'c [Extension]);

impl<'c> Extensions<'c> {
    /// RFC 5280 §4.2: none twice.
    fn new(extensions: &'c [Extension]) -> der::Result<Self> {
        for (position, extension) in extensions.iter().enumerate() {
            let mut before = extensions.iter().take(position);
            if before.any(|it| it.extn_id == extension.extn_id) {
                return Err(ErrorKind::SetDuplicate.into());
            }
        }
        Ok(Self(extensions))
    }

    fn read<T: der::Decode<'c>>(&self, oid: ObjectIdentifier) -> der::Result<Option<T>> {
        let extension = self.0.iter().find(|it| it.extn_id == oid);
        extension
            .map(|it| T::from_der(it.extn_value.as_bytes()))
            .transpose()
    }

    fn is_critical(&self, oid: ObjectIdentifier) -> bool {
        let extension = self.0.iter().find(|it| it.extn_id == oid);
        extension.is_some_and(|it| it.critical)
    }

    fn not_understood(&self) -> Option<ObjectIdentifier> {
        let mut critical = self.0.iter().filter(|it| it.critical);
        critical
            .find(|it| !UNDERSTOOD.contains(&it.extn_id))
            .map(|it| it.extn_id)
    }
}

/// X.509 knows no time after the year 9999, and neither does a [`Timestamp`]; the last seconds of that year are one.
fn timestamp(time: Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
