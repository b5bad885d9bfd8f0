//! aws-lc-rs: the fastest on P-384, which every public-good authority signs with.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};

use super::{Algorithm, BadSignature, Hash, KeyError, Provider, PublicKey};

/// Signature checks by aws-lc-rs.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

struct Key {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl Provider for AwsLc {
    fn key(&self, algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn PublicKey>, KeyError> {
        /// DER's tag of a SEQUENCE, which every SubjectPublicKeyInfo is.
        const SEQUENCE: u8 = 0x30;
        /// aws-lc-rs also reads bare curve points, and bare Ed25519 keys by their length.
        const BARE_ED25519: usize = 32;
        if key.first() != Some(&SEQUENCE) || key.len() == BARE_ED25519 {
            return Err(KeyError::Malformed { algorithm });
        }
        let key = ParsedPublicKey::new(implementation(algorithm), key)
            .map_err(|_| KeyError::Malformed { algorithm })?;
        Ok(Box::new(Key { algorithm, key }))
    }
}

impl PublicKey for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let checked = self.key.verify_sig(message, signature);
        checked.map_err(|_| BadSignature)
    }

    fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let hash = match self.algorithm.hash() {
            Some(Hash::Sha256) => &digest::SHA256,
            Some(Hash::Sha384) => &digest::SHA384,
            Some(Hash::Sha512) => &digest::SHA512,
            None => return Err(BadSignature),
        };
        // "Less safe" of it: that the digest is of the message is the caller's word, which is what is asked for here.
        let digest = Digest::import_less_safe(digest, hash).map_err(|_| BadSignature)?;
        let checked = self.key.verify_digest_sig(&digest, signature);
        checked.map_err(|_| BadSignature)
    }
}

fn implementation(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        Algorithm::EcdsaP256Sha384 => &ECDSA_P256_SHA384_ASN1,
        Algorithm::EcdsaP256Sha512 => &ECDSA_P256_SHA512_ASN1,
        Algorithm::EcdsaP384Sha256 => &ECDSA_P384_SHA256_ASN1,
        Algorithm::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
        Algorithm::EcdsaP384Sha512 => &ECDSA_P384_SHA512_ASN1,
        Algorithm::EcdsaP521Sha256 => &ECDSA_P521_SHA256_ASN1,
        Algorithm::EcdsaP521Sha384 => &ECDSA_P521_SHA384_ASN1,
        Algorithm::EcdsaP521Sha512 => &ECDSA_P521_SHA512_ASN1,
        Algorithm::Ed25519 => &ED25519,
        Algorithm::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RsaPkcs1Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RsaPkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
    }
}
