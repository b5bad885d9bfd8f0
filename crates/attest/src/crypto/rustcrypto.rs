//! RustCrypto: pure Rust, without a C compiler, and several times slower. It offers what attestations and bundles of
//! the known instances are signed with: ECDSA on P-256 and P-384, and Ed25519.

use der::Decode as _;
use ecdsa::signature::Verifier as _;
use ecdsa::signature::hazmat::PrehashVerifier as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::{Algorithm, BadSignature, Hash, KeyError, Provider, PublicKey};

/// Signature checks by RustCrypto's `p256`, `p384` and `ed25519-dalek`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

struct P256 {
    hash: Hash,
    key: p256::ecdsa::VerifyingKey,
}

struct P384 {
    hash: Hash,
    key: p384::ecdsa::VerifyingKey,
}

struct Ed25519(ed25519_dalek::VerifyingKey);

impl Provider for RustCrypto {
    fn key(&self, algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn PublicKey>, KeyError> {
        let malformed = || KeyError::Malformed { algorithm };
        let spki = || SubjectPublicKeyInfoRef::from_der(key).map_err(|_| malformed());
        match (algorithm, algorithm.hash()) {
            (
                Algorithm::EcdsaP256Sha256
                | Algorithm::EcdsaP256Sha384
                | Algorithm::EcdsaP256Sha512,
                Some(hash),
            ) => {
                let key = p256::ecdsa::VerifyingKey::try_from(spki()?).map_err(|_| malformed())?;
                Ok(Box::new(P256 { hash, key }))
            }
            (
                Algorithm::EcdsaP384Sha256
                | Algorithm::EcdsaP384Sha384
                | Algorithm::EcdsaP384Sha512,
                Some(hash),
            ) => {
                let key = p384::ecdsa::VerifyingKey::try_from(spki()?).map_err(|_| malformed())?;
                Ok(Box::new(P384 { hash, key }))
            }
            (Algorithm::Ed25519, _) => {
                let bytes = spki()?.subject_public_key.as_bytes().unwrap_or_default();
                let bytes = <&[u8; 32]>::try_from(bytes).map_err(|_| malformed())?;
                let key =
                    ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| malformed())?;
                Ok(Box::new(Ed25519(key)))
            }
            _ => Err(KeyError::NotOffered {
                algorithm,
                provider: "RustCrypto",
            }),
        }
    }
}

impl PublicKey for P256 {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_digest(&self.hash.of(message), signature)
    }

    fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| BadSignature)?;
        let checked = self.key.verify_prehash(digest, &signature);
        checked.map_err(|_| BadSignature)
    }
}

impl PublicKey for P384 {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_digest(&self.hash.of(message), signature)
    }

    fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = p384::ecdsa::Signature::from_der(signature).map_err(|_| BadSignature)?;
        let checked = self.key.verify_prehash(digest, &signature);
        checked.map_err(|_| BadSignature)
    }
}

impl PublicKey for Ed25519 {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature =
            ed25519_dalek::Signature::from_slice(signature).map_err(|_| BadSignature)?;
        let checked = self.0.verify(message, &signature);
        checked.map_err(|_| BadSignature)
    }

    fn verify_digest(&self, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Err(BadSignature)
    }
}
