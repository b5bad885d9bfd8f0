//! The parts of an X.509 certificate as they stand in its bytes (RFC 5280 §4.1). Nothing is copied, and nothing is
//! encoded anew: whoever signed a part signed these bytes.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{
    Decode as _, Encode as _, ErrorKind, Length, Reader as _, SliceReader, Tag, Tagged as _,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_cert::time::Validity;

/// Tags of the body's optional parts, as octets; `[1]` and `[2]` are IMPLICIT.
const VERSION: u8 = 0xa0;
const ISSUER_UNIQUE_ID: u8 = 0x81;
const SUBJECT_UNIQUE_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;
const SEQUENCE: u8 = 0x30;

/// A certificate taken apart.
pub(super) struct Parts<'c> {
    /// What the issuer signed, with which algorithm, and its signature.
    pub(super) body: &'c [u8],
    pub(super) signature_algorithm: AlgorithmIdentifierRef<'c>,
    pub(super) signature: &'c [u8],
    /// 2 is version 3.
    pub(super) version: u8,
    /// The algorithm as the body has it.
    pub(super) body_algorithm: AlgorithmIdentifierRef<'c>,
    /// The issuer's name, DER.
    pub(super) issuer: &'c [u8],
    pub(super) validity: Validity,
    pub(super) has_subject: bool,
    /// SubjectPublicKeyInfo, DER.
    pub(super) spki: &'c [u8],
    pub(super) extensions: Vec<Extension<'c>>,
    /// The content of the body up to its extensions.
    before_extensions: &'c [u8],
}

/// One extension.
pub(super) struct Extension<'c> {
    /// Its identifier's octets (X.690 §8.19): comparing these is all that is done with most.
    pub(super) oid: &'c [u8],
    pub(super) critical: bool,
    /// What its OCTET STRING holds.
    pub(super) value: &'c [u8],
    /// All of it, DER.
    whole: &'c [u8],
}

impl<'c> Parts<'c> {
    pub(super) fn read(certificate: &'c [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(certificate)?;
        let (body, signature_algorithm, signature) = reader.sequence(|reader| {
            let body = reader.tlv_bytes()?;
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            let signature = BitStringRef::decode(reader)?;
            Ok((body, algorithm, signature))
        })?;
        reader.finish(())?;
        let (_, content) = sequence(&mut SliceReader::new(body)?)?;
        let mut reader = SliceReader::new(content)?;
        let version = tagged(&mut reader, VERSION)?
            .map(u8::from_der)
            .transpose()?;
        let _serial: SerialNumber = SerialNumber::decode(&mut reader)?;
        let body_algorithm = AlgorithmIdentifierRef::decode(&mut reader)?;
        let (issuer, _) = sequence(&mut reader)?;
        let validity = Validity::decode(&mut reader)?;
        let (subject, names) = sequence(&mut reader)?;
        if !names.is_empty() {
            Name::from_der(subject)?;
        }
        let spki = reader.tlv_bytes()?;
        // Nobody uses these two.
        tagged(&mut reader, ISSUER_UNIQUE_ID)?;
        tagged(&mut reader, SUBJECT_UNIQUE_ID)?;
        let before_extensions = content.get(..usize::try_from(reader.position())?);
        let extensions = tagged(&mut reader, EXTENSIONS)?;
        let extensions = extensions.map(read_extensions).transpose()?;
        reader.finish(Self {
            body,
            signature_algorithm,
            signature: signature.as_bytes().ok_or(ErrorKind::Value {
                tag: Tag::BitString,
            })?,
            version: version.unwrap_or(0),
            body_algorithm,
            issuer,
            validity,
            has_subject: !names.is_empty(),
            spki,
            extensions: extensions.unwrap_or_default(),
            before_extensions: before_extensions.unwrap_or_default(),
        })
    }

    /// The body without the extension `left_out`, as the certificate log signed it (RFC 6962 §3.2).
    pub(super) fn body_without(&self, left_out: ObjectIdentifier) -> der::Result<Vec<u8>> {
        let kept = self
            .extensions
            .iter()
            .filter(|it| it.oid != left_out.as_bytes());
        let kept: Vec<&[u8]> = kept.map(|it| it.whole).collect();
        if kept.len() == self.extensions.len() {
            return Ok(self.body.to_vec());
        }
        let extensions = wrapped(SEQUENCE, &kept)?;
        let extensions = wrapped(EXTENSIONS, &[&extensions])?;
        wrapped(SEQUENCE, &[self.before_extensions, &extensions])
    }
}

/// A certificate of this body, with an empty signature by the algorithm that the body names.
pub(super) fn around(body: &[u8]) -> der::Result<Vec<u8>> {
    /// No unused bits, and no others.
    const NO_SIGNATURE: [u8; 1] = [0];
    const BIT_STRING: u8 = 0x03;
    let (_, content) = sequence(&mut SliceReader::new(body)?)?;
    let mut reader = SliceReader::new(content)?;
    tagged(&mut reader, VERSION)?;
    let _serial: SerialNumber = SerialNumber::decode(&mut reader)?;
    let (algorithm, _) = sequence(&mut reader)?;
    wrapped(
        SEQUENCE,
        &[body, algorithm, &wrapped(BIT_STRING, &[&NO_SIGNATURE])?],
    )
}

/// The content of the next value if it has this tag.
fn tagged<'c>(reader: &mut SliceReader<'c>, tag: u8) -> der::Result<Option<&'c [u8]>> {
    if reader.peek_byte() != Some(tag) {
        return Ok(None);
    }
    Ok(Some(AnyRef::decode(reader)?.value()))
}

/// The next value, which is a SEQUENCE: all of it, and its content. A name is no more here: the issuer's is compared with
/// those of the trust root, octet by octet.
fn sequence<'c>(reader: &mut SliceReader<'c>) -> der::Result<(&'c [u8], &'c [u8])> {
    let whole = reader.tlv_bytes()?;
    let value = AnyRef::from_der(whole)?;
    value.tag().assert_eq(Tag::Sequence)?;
    Ok((whole, value.value()))
}

fn read_extensions(bytes: &[u8]) -> der::Result<Vec<Extension<'_>>> {
    let mut reader = SliceReader::new(bytes)?;
    let (_, content) = sequence(&mut reader)?;
    reader.finish(())?;
    let mut reader = SliceReader::new(content)?;
    let mut extensions = Vec::new();
    while !reader.is_finished() {
        let whole = reader.tlv_bytes()?;
        extensions.push(SliceReader::new(whole)?.sequence(|reader| {
            let oid = identifier(reader)?;
            let critical = Option::<bool>::decode(reader)?;
            if critical == Some(false) {
                // X.690 §11.5: a default is left out.
                return Err(ErrorKind::Noncanonical { tag: Tag::Boolean }.into());
            }
            let value = OctetStringRef::decode(reader)?.as_bytes();
            Ok(Extension {
                oid,
                critical: critical.is_some(),
                value,
                whole,
            })
        })?);
    }
    Ok(extensions)
}

/// The octets of an OBJECT IDENTIFIER, each arc in its shortest encoding (X.690 §8.19.2).
fn identifier<'c>(reader: &mut impl der::Reader<'c>) -> der::Result<&'c [u8]> {
    let octets = AnyRef::decode(reader)?;
    octets.tag().assert_eq(Tag::ObjectIdentifier)?;
    let octets = octets.value();
    let mut begins = true;
    for octet in octets {
        if begins && *octet == 0x80 {
            return Err(ErrorKind::OidMalformed.into());
        }
        begins = octet & 0x80 == 0;
    }
    if octets.is_empty() || !begins {
        return Err(ErrorKind::OidMalformed.into());
    }
    Ok(octets)
}

/// A DER value of these parts.
fn wrapped(tag: u8, parts: &[&[u8]]) -> der::Result<Vec<u8>> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(length + 6);
    bytes.push(tag);
    Length::try_from(length)?.encode_to_vec(&mut bytes)?;
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    Ok(bytes)
}
