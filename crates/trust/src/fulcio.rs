//! What Fulcio's certificates hold beside what every certificate does: names, claims and timestamps of a certificate log.

use der::Encode as _;
use der::asn1::{Any, Ia5String, ObjectIdentifier, OctetString, Utf8StringRef};
use touchplate_attest::SubjectName;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};

use crate::forge::TrustError;

pub(crate) const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
pub(crate) const SCT_LIST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
pub(crate) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// Fulcio's otherName for an account that has no address.
const USERNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

pub(crate) fn general_name(name: &SubjectName) -> Result<GeneralName, TrustError> {
    Ok(match name {
        SubjectName::Email(email) => GeneralName::Rfc822Name(Ia5String::new(email)?),
        SubjectName::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?),
        SubjectName::Username(name) => GeneralName::OtherName(OtherName {
            type_id: USERNAME,
            value: Any::from(Utf8StringRef::new(name)?),
        }),
    })
}

/// Fulcio's claims .1 to .6 hold bare text, the later ones a UTF8String.
pub(crate) fn claim(number: u32, value: &str) -> Result<Extension, TrustError> {
    let oid = ObjectIdentifier::new(&format!("1.3.6.1.4.1.57264.1.{number}"))
        .map_err(|_| TrustError::Oid)?;
    let value = if number <= 6 {
        value.as_bytes().to_vec()
    } else {
        Utf8StringRef::new(value)?.to_der()?
    };
    Ok(Extension {
        extn_id: oid,
        critical: false,
        extn_value: OctetString::new(value)?,
    })
}

/// What a certificate log signs (RFC 6962 §3.2) for a certificate whose body without its timestamps is `body`; byte for
/// byte §3.4's leaf: the only difference between the two is a type code that is 0 in both.
pub(crate) fn timestamped_entry(
    millis: u64,
    body: &[u8],
    issuer_key_hash: &[u8; 32],
) -> Result<Vec<u8>, TrustError> {
    let [0, length @ ..] = u32::try_from(body.len())
        .map_err(|_| TrustError::TooLong)?
        .to_be_bytes()
    else {
        return Err(TrustError::TooLong);
    };
    let mut entry = vec![0, 0]; // version 1; certificate timestamp, or timestamped entry
    entry.extend(millis.to_be_bytes());
    entry.extend([0, 1]); // precertificate
    entry.extend(issuer_key_hash);
    entry.extend(length);
    entry.extend(body);
    entry.extend([0, 0]); // no extensions
    Ok(entry)
}

/// A signed certificate timestamp (§3.2) of the log `log_id`, with its ECDSA signature.
pub(crate) fn timestamp(
    log_id: &[u8; 32],
    millis: u64,
    signature: &[u8],
) -> Result<Vec<u8>, TrustError> {
    let mut timestamp = vec![0]; // version 1
    timestamp.extend(log_id);
    timestamp.extend(millis.to_be_bytes());
    timestamp.extend([0, 0, 4, 3]); // no extensions; SHA-256, ECDSA
    timestamp.extend(prefixed(signature)?);
    Ok(timestamp)
}

/// `bytes` with their length in two bytes in front, as TLS writes vectors.
pub(crate) fn prefixed(bytes: &[u8]) -> Result<Vec<u8>, TrustError> {
    let length = u16::try_from(bytes.len()).map_err(|_| TrustError::TooLong)?;
    Ok([&length.to_be_bytes(), bytes].concat())
}
