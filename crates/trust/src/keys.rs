//! Signing keys, which never leave memory.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
};
use touchplate_attest::Sha256;

/// An ECDSA key that signs with the hash of its curve's size.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    public: Vec<u8>,
    curve: Curve,
}

/// The curves that Sigstore uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl SigningKey {
    pub(crate) fn generate(curve: Curve) -> Result<Self, Unspecified> {
        let algorithm = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        };
        let pair = EcdsaKeyPair::generate(algorithm)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
        let public = public.as_ref().to_vec();
        Ok(Self {
            pair,
            public,
            curve,
        })
    }

    /// SubjectPublicKeyInfo, DER.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// SHA-256 of the public key: what logs of RFC 6962 and Rekor v1 are known by.
    pub(crate) fn id(&self) -> [u8; 32] {
        *Sha256::of(&self.public).as_bytes()
    }

    pub(crate) fn curve(&self) -> Curve {
        self.curve
    }

    /// The DER signature of `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let signature = self.pair.sign(&SystemRandom::new(), message)?;
        Ok(signature.as_ref().to_vec())
    }
}
