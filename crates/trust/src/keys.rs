//! Signing keys.

mod sealed;

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use touchplate_attest::Sha256;

pub use sealed::{InvalidSecret, SealError, Secret};

/// A key that signs in the one way of its kind.
pub struct SigningKey {
    pair: Pair,
    public: Vec<u8>,
    kind: KeyKind,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// What a key is, and how it signs: what Sigstore's instances and public timestamp authorities use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// ECDSA on P-384 with SHA-384.
    P384,
    /// ECDSA on P-521 with SHA-512.
    P521,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 bits, PKCS #1 v1.5 with SHA-256. Made in a tenth of a second, and not in a thousandth as the others.
    Rsa,
}

/// Without the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = hex::encode(self.id());
        write!(f, "SigningKey({:?}, {id})", self.kind)
    }
}

impl SigningKey {
    /// A new key of that kind.
    pub fn generate(kind: KeyKind) -> Result<Self, Unspecified> {
        let ecdsa = |algorithm| EcdsaKeyPair::generate(algorithm).map(Pair::Ecdsa);
        let pair = match kind {
            KeyKind::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            KeyKind::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING)?,
            KeyKind::P521 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING)?,
            KeyKind::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate()?),
            KeyKind::Rsa => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
        };
        Self::of(pair, kind)
    }

    /// The key of an unencrypted PKCS#8 document; which kind it is, the document says.
    fn from_pkcs8(plain: &[u8]) -> Result<Self, SealError> {
        let ecdsa = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, plain).map(Pair::Ecdsa);
        let p256 = || ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING).map(|pair| (pair, KeyKind::P256));
        let p384 = || ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING).map(|pair| (pair, KeyKind::P384));
        let ed25519 = || -> Result<_, KeyRejected> {
            // Unchecked is the public key, which version 1 of the document does not have.
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(plain)?;
            Ok((Pair::Ed25519(pair), KeyKind::Ed25519))
        };
        let (pair, kind) = p256().or_else(|_| p384()).or_else(|_| ed25519())?;
        Ok(Self::of(pair, kind)?)
    }

    fn of(pair: Pair, kind: KeyKind) -> Result<Self, Unspecified> {
        let public: PublicKeyX509Der<'_> = match &pair {
            Pair::Ecdsa(pair) => pair.public_key().as_der()?,
            Pair::Ed25519(pair) => pair.public_key().as_der()?,
            Pair::Rsa(pair) => pair.public_key().as_der()?,
        };
        let public = public.as_ref().to_vec();
        Ok(Self { pair, public, kind })
    }

    /// SubjectPublicKeyInfo, DER.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// SHA-256 of the public key: what logs of RFC 6962 and Rekor v1 are known by.
    pub fn id(&self) -> [u8; 32] {
        *Sha256::of(&self.public).as_bytes()
    }

    /// What it is, and how it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The signature of `message`; ECDSA's in DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}
