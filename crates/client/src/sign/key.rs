//! The key of one run of signing: it is made in memory, signs this release, and is gone.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use der::asn1::{BitString, ObjectIdentifier};
use der::{Decode as _, Encode as _, EncodePem as _};
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// ECDSA on P-256 with SHA-256: the one kind of key that PEP 740 version 1 knows.
pub(super) struct EphemeralKey {
    pair: EcdsaKeyPair,
    public: Vec<u8>,
}

/// Why there is no key, or no request for its certificate.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The crypto library would not.
    #[error("the signing key could not be made or used")]
    Crypto(#[from] Unspecified),
    /// What it made is no key in X.509's form.
    #[error("the request for a certificate could not be encoded")]
    Encoding(#[from] der::Error),
}

impl EphemeralKey {
    pub(super) fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
        let public = public.as_ref().to_vec();
        Ok(Self { pair, public })
    }

    /// SubjectPublicKeyInfo, DER.
    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }

    /// The signature of `message`, DER.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message)?;
        Ok(signature.as_ref().to_vec())
    }

    /// A request for a certificate (PKCS #10), PEM. Its subject is empty: whom the certificate names, the token says.
    pub(super) fn request(&self) -> Result<String, KeyError> {
        let info = CertReqInfo {
            version: Version::V1,
            subject: x509_cert::name::Name::default(),
            public_key: SubjectPublicKeyInfoOwned::from_der(&self.public)?,
            attributes: der::asn1::SetOfVec::new(),
        };
        let signature = self.sign(&info.to_der()?)?;
        let request = CertReq {
            info,
            algorithm: AlgorithmIdentifierOwned {
                oid: ECDSA_WITH_SHA256,
                parameters: None,
            },
            signature: BitString::from_bytes(&signature)?,
        };
        Ok(request.to_pem(der::pem::LineEnding::LF)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_by_the_key_that_it_is_for() {
        let key = EphemeralKey::generate().unwrap();
        let pem = key.request().unwrap();
        let (label, der) = der::pem::decode_vec(pem.as_bytes()).unwrap();
        assert_eq!(label, "CERTIFICATE REQUEST");
        let request = CertReq::from_der(&der).unwrap();
        assert!(request.info.subject.0.is_empty());
        let spki = request.info.public_key.to_der().unwrap();
        assert_eq!(spki, key.public());
        let public = aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1,
            request.info.public_key.subject_public_key.raw_bytes(),
        );
        let message = request.info.to_der().unwrap();
        public
            .verify(&message, request.signature.raw_bytes())
            .unwrap();
    }
}
