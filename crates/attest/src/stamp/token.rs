//! Reading a token: the response around it, the CMS message, and its one signer (RFC 3161 §2.4.2, RFC 5652 §5).

use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{DigestAlgorithmIdentifiers, EncapsulatedContentInfo, SignerIdentifier};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, ErrorKind, Reader, SliceReader, Tag, TagNumber, Tagged as _};
use jiff::Timestamp;
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_tsp::TimeStampResp;

use super::StampError;
use super::attributes::Attributes;
use super::info::{self, Imprint};
use crate::crypto::Hash;

/// The longest token that is read. Sigstore's have 500 to 1,400 bytes; those of public authorities, with three RSA
/// certificates, 7 kB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Certificates that a token may embed: its signer's and those above it, four in the longest public chains.
pub const MAX_EMBEDDED_CERTIFICATES: usize = 8;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// PKIStatus `granted` and `grantedWithMods` (RFC 3161 §2.4.2).
const GRANTED: [u8; 2] = [0, 1];

/// A timestamp, read and held against its format. Nothing in it is proved before [`Token::verify`].
#[derive(Clone, Debug)]
pub struct Token {
    der: Vec<u8>,
    time: Timestamp,
    pub(super) imprint: Imprint,
    nonce: Option<Vec<u8>>,
    pub(super) signer: SignerIdentifier,
    /// What the signer hashes with.
    pub(super) hash: Hash,
    pub(super) attributes: Attributes,
    pub(super) signature_algorithm: ObjectIdentifier,
    pub(super) signature: Vec<u8>,
    certificates: Vec<Vec<u8>>,
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Token {}

impl Token {
    /// Reads a TimeStampResp, which must be granted, or the bare token (a CMS ContentInfo), in DER.
    ///
    /// # Errors
    ///
    /// What [`StampError`] has under "Reading".
    pub fn parse(der: &[u8]) -> Result<Self, StampError> {
        if der.len() > MAX_TOKEN_BYTES {
            return Err(StampError::TooLong { found: der.len() });
        }
        let signed_data = read_content(whole(der)?)?;
        let message = Message::read(signed_data.value()).map_err(StampError::Malformed)?;
        if message.content.econtent_type != TST_INFO {
            return Err(StampError::ContentType {
                oid: message.content.econtent_type.to_string(),
            });
        }
        let content = message.content.econtent.ok_or(StampError::NoContent)?;
        let content: OctetStringRef<'_> = content.decode_as().map_err(StampError::Malformed)?;
        let certificates = read_certificates(message.certificates)?;
        let signer = read_signer(message.signers)?;

        let info = info::read(content.as_bytes())?;
        let hash = Hash::of_oid(signer.digest).ok_or_else(|| StampError::DigestAlgorithm {
            oid: signer.digest.to_string(),
        })?;
        let attributes = signer.attributes.ok_or(StampError::NoAttributes)?;
        let attributes = Attributes::read(attributes)?;
        attributes.are_about(content.as_bytes(), hash)?;
        Ok(Self {
            der: der.to_vec(),
            time: info.time,
            imprint: info.imprint,
            nonce: info.nonce,
            signer: signer.identifier,
            hash,
            attributes,
            signature_algorithm: signer.signature_algorithm,
            signature: signer.signature.to_vec(),
            certificates,
        })
    }

    /// The bytes that it was read from.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// When, by the token's own word, its authority saw the message.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The octets of the number that the request gave, by which its sender knows the answer.
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    /// The digest of the message, and what it is a digest by.
    pub fn message_digest(&self) -> (Hash, &[u8]) {
        (self.imprint.hash, &self.imprint.digest)
    }

    /// The X.509 certificates that the token embeds, DER, in its order. Hints: anybody can embed any.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }
}

/// The one DER value that the bytes are.
fn whole(der: &[u8]) -> Result<&[u8], StampError> {
    let mut reader = SliceReader::new(der).map_err(StampError::Malformed)?;
    let value = reader.tlv_bytes().map_err(StampError::Malformed)?;
    match der.len().saturating_sub(value.len()) {
        0 => Ok(value),
        found => Err(StampError::TrailingBytes { found }),
    }
}

/// The SignedData of a response or of a bare token.
fn read_content(der: &[u8]) -> Result<der::Any, StampError> {
    let first = first_tag(der).map_err(StampError::Malformed)?;
    let token = if first == Tag::ObjectIdentifier {
        ContentInfo::from_der(der).map_err(StampError::Malformed)?
    } else {
        let response = TimeStampResp::from_der(der).map_err(StampError::Malformed)?;
        let status = response.status.status as u8;
        if !GRANTED.contains(&status) {
            return Err(StampError::NotGranted { status });
        }
        response.time_stamp_token.ok_or(StampError::NoToken)?
    };
    if token.content_type != SIGNED_DATA {
        return Err(StampError::NotSignedData {
            oid: token.content_type.to_string(),
        });
    }
    let content = token.content;
    content
        .tag()
        .assert_eq(Tag::Sequence)
        .map_err(StampError::Malformed)?;
    Ok(content)
}

/// The tag of a sequence's first field: a response begins with a sequence, a bare token with an OID.
fn first_tag(der: &[u8]) -> der::Result<Tag> {
    let sequence = AnyRef::from_der(der)?;
    sequence.tag().assert_eq(Tag::Sequence)?;
    SliceReader::new(sequence.value())?.peek_tag()
}

/// A SignedData's fields, as far as they matter.
struct Message<'d> {
    content: EncapsulatedContentInfo,
    /// Elements of the set of certificates.
    certificates: &'d [u8],
    /// Elements of the set of signers.
    signers: &'d [u8],
}

impl<'d> Message<'d> {
    /// By hand and not by the `SignedData` of `cms`, which copies each certificate and sorts the signed attributes.
    fn read(fields: &'d [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(fields)?;
        let _version: CmsVersion = reader.decode()?;
        let _algorithms: DigestAlgorithmIdentifiers = reader.decode()?;
        let content = reader.decode()?;
        let certificates = tagged(&mut reader, TagNumber::N0)?;
        let _revocations = tagged(&mut reader, TagNumber::N1)?;
        let signers: AnyRef<'d> = reader.decode()?;
        signers.tag().assert_eq(Tag::Set)?;
        reader.finish(Self {
            content,
            certificates: certificates.map(AnyRef::value).unwrap_or_default(),
            signers: signers.value(),
        })
    }
}

/// An optional field with a constructed, context-specific tag.
fn tagged<'d>(reader: &mut impl Reader<'d>, number: TagNumber) -> der::Result<Option<AnyRef<'d>>> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number,
    };
    if reader.is_finished() || reader.peek_tag()? != tag {
        return Ok(None);
    }
    reader.decode().map(Some)
}

fn read_certificates(elements: &[u8]) -> Result<Vec<Vec<u8>>, StampError> {
    let mut certificates = Vec::new();
    for (count, element) in elements_of(elements)?.into_iter().enumerate() {
        if count == MAX_EMBEDDED_CERTIFICATES {
            return Err(StampError::TooManyCertificates);
        }
        // The other choices, under context-specific tags, are obsolete kinds of certificates.
        if element.first() == Some(&u8::from(Tag::Sequence)) {
            certificates.push(element.to_vec());
        }
    }
    Ok(certificates)
}

fn elements_of(set: &[u8]) -> Result<Vec<&[u8]>, StampError> {
    let read = || {
        let mut elements = Vec::new();
        if set.is_empty() {
            return Ok(elements);
        }
        let mut reader = SliceReader::new(set)?;
        while !reader.is_finished() {
            elements.push(reader.tlv_bytes()?);
        }
        Ok(elements)
    };
    read().map_err(StampError::Malformed)
}

struct SignerFields<'d> {
    identifier: SignerIdentifier,
    digest: ObjectIdentifier,
    /// With its tag.
    attributes: Option<&'d [u8]>,
    signature_algorithm: ObjectIdentifier,
    signature: &'d [u8],
}

fn read_signer(signers: &[u8]) -> Result<SignerFields<'_>, StampError> {
    let signers = elements_of(signers)?;
    let [signer] = signers.as_slice() else {
        return Err(StampError::SignerCount {
            found: signers.len(),
        });
    };
    SignerFields::read(signer).map_err(StampError::Malformed)
}

impl<'d> SignerFields<'d> {
    fn read(der: &'d [u8]) -> der::Result<Self> {
        let signer = AnyRef::from_der(der)?;
        signer.tag().assert_eq(Tag::Sequence)?;
        let mut reader = SliceReader::new(signer.value())?;
        let _version: CmsVersion = reader.decode()?;
        let identifier = reader.decode()?;
        let digest: AlgorithmIdentifierRef<'d> = reader.decode()?;
        let attributes = match reader.peek_tag()? {
            Tag::ContextSpecific {
                constructed: true,
                number: TagNumber::N0,
            } => Some(reader.tlv_bytes()?),
            _ => None,
        };
        let signature_algorithm: AlgorithmIdentifierRef<'d> = reader.decode()?;
        let signature: OctetStringRef<'d> = reader.decode()?;
        let _unsigned = tagged(&mut reader, TagNumber::N1)?;
        if !reader.is_finished() {
            return Err(ErrorKind::TrailingData {
                decoded: reader.position(),
                remaining: reader.remaining_len(),
            }
            .into());
        }
        Ok(Self {
            identifier,
            digest: digest.oid,
            attributes,
            signature_algorithm: signature_algorithm.oid,
            signature: signature.as_bytes(),
        })
    }
}
