//! A signing certificate, to Fulcio's profile: no subject, one alternative name, code signing, the claims.

use aws_lc_rs::rand;
use der::asn1::OctetString;
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use touchplate_attest::Sha256;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::RdnSequence;
use x509_cert::serial_number::SerialNumber;
use x509_cert::{Certificate, TbsCertificate};

use super::error::{AuthorityError, IssueError};
use super::{CertifiedIdentity, Issuing, ProvenKey};
use crate::certificate::{
    AUTHORITY_KEY_ID, Body, EXTENDED_KEY_USAGE, KEY_USAGE, SUBJECT_KEY_ID, extension, validity,
};
use crate::forge::TrustError;
use crate::fulcio::{CODE_SIGNING, SCT_LIST, SUBJECT_ALT_NAME, claim, general_name, prefixed};

/// RFC 5280 §4.1.2.2: at most 20 bytes; random, so that nobody can tell the next one.
const SERIAL_BYTES: usize = 20;

/// The body without timestamps: what the log gets to see.
pub(super) fn body(
    identity: &CertifiedIdentity,
    key: &ProvenKey,
    issuing: &Issuing,
    from: Timestamp,
    until: Timestamp,
) -> Result<TbsCertificate, IssueError> {
    let body = Body {
        issuer: issuing.certificate.tbs_certificate.subject.clone(),
        subject: RdnSequence::default(),
        validity: validity(from, until)?,
        key: key.spki(),
        extensions: extensions(identity, key, issuing.key_id.clone())?,
    };
    let mut body = body.to_tbs(&issuing.held.key)?;
    body.serial_number = serial_number()?;
    Ok(body)
}

/// The one timestamp, into the body.
pub(super) fn add_timestamp(body: &mut TbsCertificate, timestamp: &[u8]) -> Result<(), IssueError> {
    let list = prefixed(&prefixed(timestamp)?)?;
    let list = OctetString::new(list)?;
    let extensions = body.extensions.get_or_insert_default();
    extensions.push(extension(SCT_LIST, false, &list)?);
    Ok(())
}

/// What the issuing certificate calls its key, as its certificates are to name it.
pub(super) fn issuing_key_id(issuing: &Certificate) -> Result<Extension, AuthorityError> {
    let extensions = issuing.tbs_certificate.extensions.as_deref();
    let mut extensions = extensions.unwrap_or_default().iter();
    let found = extensions.find(|extension| extension.extn_id == SUBJECT_KEY_ID);
    let found = found.ok_or(AuthorityError::NoKeyId)?;
    let SubjectKeyIdentifier(id) = SubjectKeyIdentifier::from_der(found.extn_value.as_bytes())?;
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(id),
        ..AuthorityKeyIdentifier::default()
    };
    Ok(Extension {
        extn_id: AUTHORITY_KEY_ID,
        critical: false,
        extn_value: OctetString::new(identifier.to_der()?)?,
    })
}

/// In Fulcio's order.
fn extensions(
    identity: &CertifiedIdentity,
    key: &ProvenKey,
    issuing_key: Extension,
) -> Result<Vec<Extension>, TrustError> {
    let usage = KeyUsage(KeyUsages::DigitalSignature.into());
    // RFC 7093 §2: the first 160 bits of the key's SHA-256.
    let key_id = Sha256::of(key.spki());
    let key_id = SubjectKeyIdentifier(OctetString::new(&key_id.as_bytes()[..20])?);
    let name = SubjectAltName(vec![general_name(identity.name())?]);
    let mut extensions = vec![
        extension(KEY_USAGE, true, &usage)?,
        extension(
            EXTENDED_KEY_USAGE,
            false,
            &ExtendedKeyUsage(vec![CODE_SIGNING]),
        )?,
        extension(SUBJECT_KEY_ID, false, &key_id)?,
        issuing_key,
        // Critical: with an empty subject it is the only name (RFC 5280 §4.2.1.6).
        extension(SUBJECT_ALT_NAME, true, &name)?,
    ];
    let issuer = [(1, identity.issuer()), (8, identity.issuer())];
    let mut claims: Vec<_> = issuer
        .into_iter()
        .chain(identity.claims().numbered())
        .collect();
    claims.sort_by_key(|(number, _)| *number);
    for (number, value) in claims {
        extensions.push(claim(number, value)?);
    }
    Ok(extensions)
}

fn serial_number() -> Result<SerialNumber, IssueError> {
    let mut serial = [0; SERIAL_BYTES];
    rand::fill(&mut serial)?;
    serial[0] &= 0x7f; // positive
    serial[0] |= 0x40; // and of full length
    Ok(SerialNumber::new(&serial)?)
}
