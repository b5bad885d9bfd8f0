//! Stamps in the making: what RFC 3161 §2.4.2 wants in a CMS message.

use std::sync::Arc;

use aws_lc_rs::rand;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{
    Any, GeneralizedTime, Int, ObjectIdentifier, OctetString, OctetStringRef, SetOfVec,
};
use der::{Decode as _, Encode as _, Sequence};
use jiff::Timestamp;
use touchplate_attest::Sha256;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{Accuracy, TspVersion, TstInfo};

use super::request::StampRequest;
use super::{ACCURACY_SECONDS, StampRefusal};
use crate::certificate::algorithm;
use crate::forge::TrustError;
use crate::keys::SigningKey;
use crate::layout::Held;

/// That of Sigstore's timestamp authority, in every installation of it.
pub(super) const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Bytes of a serial number: drawn at random, so that processes need not agree on the next one.
const SERIAL_BYTES: usize = 16;

/// A key with all that is the same in each of its stamps.
pub(super) struct Signer {
    key: Arc<SigningKey>,
    chain: Vec<Vec<u8>>,
    id: SignerIdentifier,
    certificates: CertificateSet,
    digest: AlgorithmIdentifierOwned,
    signature: AlgorithmIdentifierOwned,
    content_type: Attribute,
    own_certificate: Attribute,
}

/// RFC 5035 §3; SHA-256 is the default and left out.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certificates: Vec<EssCertIdV2>,
}

#[derive(Sequence)]
struct EssCertIdV2 {
    hash: OctetString,
}

/// RFC 3161 §2.4.2, with a stamp.
#[derive(Sequence)]
struct Response {
    status: Status,
    token: ContentInfo,
}

#[derive(Sequence)]
struct Status {
    status: u8,
}

impl Signer {
    pub(super) fn new(held: &Held) -> Result<Self, TrustError> {
        let own = held.chain.first().ok_or(TrustError::Pem)?;
        let certificate = Certificate::from_der(own)?;
        let id = SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.tbs_certificate.issuer.clone(),
            serial_number: certificate.tbs_certificate.serial_number.clone(),
        });
        let ess = SigningCertificateV2 {
            certificates: vec![EssCertIdV2 {
                hash: OctetString::new(Sha256::of(own).as_bytes().as_slice())?,
            }],
        };
        Ok(Self {
            key: held.key.clone(),
            chain: held.chain.clone(),
            id,
            certificates: CertificateSet(SetOfVec::try_from(vec![
                CertificateChoices::Certificate(certificate),
            ])?),
            digest: AlgorithmIdentifierOwned {
                oid: SHA256,
                parameters: None,
            },
            signature: algorithm(&held.key),
            content_type: attribute(CONTENT_TYPE, Any::encode_from(&TST_INFO)?)?,
            own_certificate: attribute(SIGNING_CERTIFICATE_V2, Any::encode_from(&ess)?)?,
        })
    }

    pub(super) fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The response with a stamp of `time`.
    pub(super) fn sign(
        &self,
        request: &StampRequest,
        time: Timestamp,
    ) -> Result<Vec<u8>, StampRefusal> {
        self.response(request, time).map_err(StampRefusal::Make)
    }

    fn response(&self, request: &StampRequest, time: Timestamp) -> Result<Vec<u8>, TrustError> {
        let info = info(request, time)?.to_der()?;
        let signer = self.signer_info(&info)?;
        let content = EncapsulatedContentInfo {
            econtent_type: TST_INFO,
            econtent: Some(Any::encode_from(&OctetStringRef::new(&info)?)?),
        };
        let signed = SignedData {
            version: CmsVersion::V3, // RFC 5652 §5.1: the content is no plain data
            digest_algorithms: SetOfVec::try_from(vec![self.digest.clone()])?,
            encap_content_info: content,
            certificates: request.with_certificate.then(|| self.certificates.clone()),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        let response = Response {
            status: Status { status: 0 }, // granted
            token: ContentInfo {
                content_type: SIGNED_DATA,
                content: Any::encode_from(&signed)?,
            },
        };
        Ok(response.to_der()?)
    }

    fn signer_info(&self, info: &[u8]) -> Result<SignerInfo, TrustError> {
        let digest = Sha256::of(info);
        let digest = OctetStringRef::new(digest.as_bytes().as_slice())?;
        let attributes = SetOfVec::try_from(vec![
            self.content_type.clone(),
            attribute(MESSAGE_DIGEST, Any::encode_from(&digest)?)?,
            self.own_certificate.clone(),
        ])?;
        let signature = self.key.sign(&attributes.to_der()?)?;
        Ok(SignerInfo {
            version: CmsVersion::V1, // RFC 5652 §5.3: issuer and serial number
            sid: self.id.clone(),
            digest_alg: self.digest.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: self.signature.clone(),
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        })
    }
}

fn info(request: &StampRequest, time: Timestamp) -> Result<TstInfo, TrustError> {
    let since_1970 =
        u64::try_from(time.as_second()).map_err(|_| TrustError::Time { found: time })?;
    let since_1970 = std::time::Duration::from_secs(since_1970);
    let mut serial = [0; SERIAL_BYTES];
    rand::fill(&mut serial)?;
    serial[0] = (serial[0] & 0x7f) | 0x40; // positive, and of full length
    Ok(TstInfo {
        version: TspVersion::V1,
        policy: POLICY,
        message_imprint: request.imprint.clone(),
        serial_number: Int::new(&serial)?,
        gen_time: GeneralizedTime::from_unix_duration(since_1970)?,
        accuracy: Some(Accuracy {
            seconds: Some(ACCURACY_SECONDS),
            millis: None,
            micros: None,
        }),
        ordering: false,
        nonce: request.nonce.clone(),
        tsa: None,
        extensions: None,
    })
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, TrustError> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])?,
    })
}
