//! A signer's signed attributes: what it binds its signature to (RFC 5652 §11, RFC 5035 §3, RFC 5816).

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, SetOfVec};
use der::{Decode as _, Encode as _, Reader, SliceReader, Tag};
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierRef;

use super::StampError;
use super::certificate::Certificate;
use super::token::TST_INFO;
use crate::crypto::Hash;

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// By SHA-1 (RFC 2634 §5.4).
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// The tag of a SET OF. Attributes are sent under an implicit tag and signed under this one (RFC 5652 §5.4).
const SET_OF: u8 = 0x31;

/// Signed attributes as they are signed.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    /// A SET OF, DER.
    pub(super) der: Vec<u8>,
    values: SetOfVec<Attribute>,
}

impl Attributes {
    /// From the implicitly tagged field of a SignerInfo.
    pub(super) fn read(field: &[u8]) -> Result<Self, StampError> {
        let mut der = field.to_vec();
        if let Some(tag) = der.first_mut() {
            *tag = SET_OF;
        }
        let values = SetOfVec::<Attribute>::from_der(&der).map_err(StampError::Attributes)?;
        // `der` sorts sets as it reads them: only writing shows whether they were sorted.
        if values.to_der().map_err(StampError::Attributes)? != der {
            return Err(StampError::AttributesNotDer);
        }
        for (position, attribute) in values.iter().enumerate() {
            if values
                .iter()
                .skip(position + 1)
                .any(|it| it.oid == attribute.oid)
            {
                return Err(StampError::RepeatedAttribute {
                    oid: attribute.oid.to_string(),
                });
            }
        }
        Ok(Self { der, values })
    }

    /// The one value of an attribute.
    fn value(&self, oid: ObjectIdentifier) -> Result<Option<AnyRef<'_>>, StampError> {
        let Some(attribute) = self.values.iter().find(|it| it.oid == oid) else {
            return Ok(None);
        };
        let [value] = attribute.values.as_slice() else {
            return Err(StampError::AttributeValues {
                oid: oid.to_string(),
                found: attribute.values.len(),
            });
        };
        Ok(Some(value.into()))
    }

    /// The attributes are about a TSTInfo, and about this one.
    pub(super) fn are_about(&self, content: &[u8], hash: Hash) -> Result<(), StampError> {
        let content_type = self.value(CONTENT_TYPE)?.ok_or(StampError::NoContentType)?;
        let content_type: ObjectIdentifier =
            content_type.decode_as().map_err(StampError::Attributes)?;
        if content_type != TST_INFO {
            return Err(StampError::OtherContentType {
                oid: content_type.to_string(),
            });
        }
        let digest = self.value(MESSAGE_DIGEST)?;
        let digest = digest.ok_or(StampError::NoMessageDigest)?;
        let digest: OctetStringRef<'_> = digest.decode_as().map_err(StampError::Attributes)?;
        if hash.of(content) != digest.as_bytes() {
            return Err(StampError::OtherContent);
        }
        Ok(())
    }

    /// The certificate that the signer says is its own.
    pub(super) fn signing_certificate(&self) -> Result<SigningCertificate, StampError> {
        let Some(value) = self.value(SIGNING_CERTIFICATE_V2)? else {
            return Err(match self.value(SIGNING_CERTIFICATE)? {
                Some(_) => StampError::OldSigningCertificate,
                None => StampError::NoSigningCertificate,
            });
        };
        let der = value.to_der().map_err(StampError::Attributes)?;
        let fields = read_first_certificate(&der).map_err(StampError::Attributes)?;
        let hash = match fields.algorithm {
            None => Hash::Sha256,
            Some(oid) => {
                Hash::of_oid(oid).ok_or_else(|| StampError::SigningCertificateAlgorithm {
                    oid: oid.to_string(),
                })?
            }
        };
        Ok(SigningCertificate {
            hash,
            digest: fields.digest,
            issuer_and_serial: fields.issuer_and_serial,
        })
    }
}

/// What an ESSCertIDv2 says of a certificate.
#[derive(Clone, Debug)]
pub(super) struct SigningCertificate {
    hash: Hash,
    digest: Vec<u8>,
    issuer_and_serial: Option<(GeneralNames, SerialNumber)>,
}

impl SigningCertificate {
    /// Whether this is `certificate`, and the issuer and serial number that may stand beside its digest are its.
    pub(super) fn names(&self, certificate: &Certificate) -> bool {
        let is_issuer = |name: &GeneralName| matches!(name, GeneralName::DirectoryName(name) if *name == certificate.issuer);
        self.hash.of(&certificate.der) == self.digest
            && self
                .issuer_and_serial
                .as_ref()
                .is_none_or(|(issuer, serial)| {
                    issuer.iter().any(is_issuer) && *serial == certificate.serial
                })
    }
}

struct Fields {
    algorithm: Option<ObjectIdentifier>,
    digest: Vec<u8>,
    issuer_and_serial: Option<(GeneralNames, SerialNumber)>,
}

/// The first certificate of a SigningCertificateV2: the signer's. Any others are those above it (RFC 5035 §3).
///
/// ```text
/// SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies SEQUENCE OF PolicyInformation OPTIONAL }
/// ESSCertIDv2 ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT sha256, certHash OCTET STRING,
///                            issuerSerial SEQUENCE { issuer GeneralNames, serialNumber INTEGER } OPTIONAL }
/// ```
fn read_first_certificate(der: &[u8]) -> der::Result<Fields> {
    let mut reader = SliceReader::new(der)?;
    let fields = reader.sequence(|reader| {
        let first = reader.sequence(|reader| {
            let first = reader.sequence(read_certificate_id)?;
            while !reader.is_finished() {
                reader.sequence(read_certificate_id)?;
            }
            Ok(first)
        })?;
        if !reader.is_finished() {
            let policies: AnyRef<'_> = reader.decode()?;
            der::Tagged::tag(&policies).assert_eq(Tag::Sequence)?;
        }
        Ok(first)
    })?;
    reader.finish(fields)
}

fn read_certificate_id<'d>(reader: &mut impl Reader<'d>) -> der::Result<Fields> {
    let algorithm: Option<AlgorithmIdentifierRef<'d>> = reader.decode()?;
    let digest: OctetStringRef<'d> = reader.decode()?;
    let issuer_and_serial = if reader.is_finished() {
        None
    } else {
        Some(reader.sequence(|reader| Ok((reader.decode()?, reader.decode()?)))?)
    };
    Ok(Fields {
        algorithm: algorithm.map(|it| it.oid),
        digest: digest.as_bytes().to_vec(),
        issuer_and_serial,
    })
}
