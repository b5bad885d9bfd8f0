//! Signature checks behind a small provider, so that the cryptography can be changed without touching a rule.
//!
//! [`AwsLc`] (feature `aws-lc-rs`, on by default) is the fast one; `RustCrypto` (feature `rustcrypto`) is pure Rust and
//! also builds where no C compiler reaches. A key is prepared once and used many times.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

use std::fmt;

use der::Decode as _;
use der::asn1::ObjectIdentifier;
use sha2::Digest as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

#[cfg(feature = "aws-lc-rs")]
pub use aws_lc::AwsLc;
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::RustCrypto;

/// What checks signatures.
pub trait Provider: Send + Sync {
    /// Prepares a public key for one algorithm. `key` is a SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7); for RSA a
    /// bare RSAPublicKey (RFC 8017 §A.1.1) will do as well, as some trust roots have it.
    fn key(&self, algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn PublicKey>, KeyError>;
}

/// A prepared public key.
pub trait PublicKey: Send + Sync {
    /// Checks the signature of a message. ECDSA signatures are in DER (RFC 3279 §2.2.3).
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature>;

    /// Checks the signature of a message whose digest, by the algorithm's [hash](Algorithm::hash), is known. Ed25519
    /// signs the message itself, so there it always fails.
    fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature>;
}

/// The signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold for this key and message")]
pub struct BadSignature;

/// A public key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no key of that algorithm.
    #[error("expected a public key for {algorithm}, found other bytes")]
    Malformed {
        /// What the key should have been for.
        algorithm: Algorithm,
    },
    /// The provider does not have the algorithm.
    #[error("{algorithm} is not offered by {provider}")]
    NotOffered {
        /// The algorithm.
        algorithm: Algorithm,
        /// Whose limit it is.
        provider: &'static str,
    },
    /// The bytes are no SubjectPublicKeyInfo of a kind that is known here.
    #[error("expected a P-256, P-384, P-521, Ed25519 or RSA public key")]
    UnknownKind,
}

/// How a signature is made: scheme, curve and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-256 with SHA-384.
    EcdsaP256Sha384,
    /// ECDSA on P-256 with SHA-512.
    EcdsaP256Sha512,
    /// ECDSA on P-384 with SHA-256.
    EcdsaP384Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-384 with SHA-512.
    EcdsaP384Sha512,
    /// ECDSA on P-521 with SHA-256.
    EcdsaP521Sha256,
    /// ECDSA on P-521 with SHA-384.
    EcdsaP521Sha384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521Sha512,
    /// Ed25519 over the message itself (RFC 8032).
    Ed25519,
    /// RSA, PKCS #1 v1.5, SHA-256; keys of 2048 to 8192 bits.
    RsaPkcs1Sha256,
    /// RSA, PKCS #1 v1.5, SHA-384; keys of 2048 to 8192 bits.
    RsaPkcs1Sha384,
    /// RSA, PKCS #1 v1.5, SHA-512; keys of 2048 to 8192 bits.
    RsaPkcs1Sha512,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256Sha256 => "ECDSA P-256 with SHA-256",
            Self::EcdsaP256Sha384 => "ECDSA P-256 with SHA-384",
            Self::EcdsaP256Sha512 => "ECDSA P-256 with SHA-512",
            Self::EcdsaP384Sha256 => "ECDSA P-384 with SHA-256",
            Self::EcdsaP384Sha384 => "ECDSA P-384 with SHA-384",
            Self::EcdsaP384Sha512 => "ECDSA P-384 with SHA-512",
            Self::EcdsaP521Sha256 => "ECDSA P-521 with SHA-256",
            Self::EcdsaP521Sha384 => "ECDSA P-521 with SHA-384",
            Self::EcdsaP521Sha512 => "ECDSA P-521 with SHA-512",
            Self::Ed25519 => "Ed25519",
            Self::RsaPkcs1Sha256 => "RSA PKCS #1 v1.5 with SHA-256",
            Self::RsaPkcs1Sha384 => "RSA PKCS #1 v1.5 with SHA-384",
            Self::RsaPkcs1Sha512 => "RSA PKCS #1 v1.5 with SHA-512",
        })
    }
}

impl Algorithm {
    /// The hash that the signature is over; `None` for Ed25519, which signs the message itself.
    pub fn hash(self) -> Option<Hash> {
        match self {
            Self::EcdsaP256Sha256
            | Self::EcdsaP384Sha256
            | Self::EcdsaP521Sha256
            | Self::RsaPkcs1Sha256 => Some(Hash::Sha256),
            Self::EcdsaP256Sha384
            | Self::EcdsaP384Sha384
            | Self::EcdsaP521Sha384
            | Self::RsaPkcs1Sha384 => Some(Hash::Sha384),
            Self::EcdsaP256Sha512
            | Self::EcdsaP384Sha512
            | Self::EcdsaP521Sha512
            | Self::RsaPkcs1Sha512 => Some(Hash::Sha512),
            Self::Ed25519 => None,
        }
    }

    /// The algorithm of a signature over `hash` by a key of this kind.
    pub fn with_hash(kind: KeyKind, hash: Hash) -> Self {
        match (kind, hash) {
            (KeyKind::P256, Hash::Sha256) => Self::EcdsaP256Sha256,
            (KeyKind::P256, Hash::Sha384) => Self::EcdsaP256Sha384,
            (KeyKind::P256, Hash::Sha512) => Self::EcdsaP256Sha512,
            (KeyKind::P384, Hash::Sha256) => Self::EcdsaP384Sha256,
            (KeyKind::P384, Hash::Sha384) => Self::EcdsaP384Sha384,
            (KeyKind::P384, Hash::Sha512) => Self::EcdsaP384Sha512,
            (KeyKind::P521, Hash::Sha256) => Self::EcdsaP521Sha256,
            (KeyKind::P521, Hash::Sha384) => Self::EcdsaP521Sha384,
            (KeyKind::P521, Hash::Sha512) => Self::EcdsaP521Sha512,
            (KeyKind::Ed25519, _) => Self::Ed25519,
            (KeyKind::Rsa, Hash::Sha256) => Self::RsaPkcs1Sha256,
            (KeyKind::Rsa, Hash::Sha384) => Self::RsaPkcs1Sha384,
            (KeyKind::Rsa, Hash::Sha512) => Self::RsaPkcs1Sha512,
        }
    }

    /// What Sigstore's clients sign with where only the key is known: the hash as strong as the curve.
    pub fn usual_for(kind: KeyKind) -> Self {
        let hash = match kind {
            KeyKind::P256 | KeyKind::Rsa | KeyKind::Ed25519 => Hash::Sha256,
            KeyKind::P384 => Hash::Sha384,
            KeyKind::P521 => Hash::Sha512,
        };
        Self::with_hash(kind, hash)
    }

    /// The algorithm that an X.509 or CMS signature names, for a key of this kind (RFC 5758, RFC 4055, RFC 8410).
    pub fn of_signature(oid: ObjectIdentifier, kind: KeyKind) -> Option<Self> {
        const ECDSA_WITH_SHA256: ObjectIdentifier =
            ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
        const ECDSA_WITH_SHA384: ObjectIdentifier =
            ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
        const ECDSA_WITH_SHA512: ObjectIdentifier =
            ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
        const RSA_WITH_SHA256: ObjectIdentifier =
            ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
        const RSA_WITH_SHA384: ObjectIdentifier =
            ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
        const RSA_WITH_SHA512: ObjectIdentifier =
            ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
        let is_curve = matches!(kind, KeyKind::P256 | KeyKind::P384 | KeyKind::P521);
        let hash = match oid {
            ECDSA_WITH_SHA256 if is_curve => Hash::Sha256,
            ECDSA_WITH_SHA384 if is_curve => Hash::Sha384,
            ECDSA_WITH_SHA512 if is_curve => Hash::Sha512,
            RSA_WITH_SHA256 if kind == KeyKind::Rsa => Hash::Sha256,
            RSA_WITH_SHA384 if kind == KeyKind::Rsa => Hash::Sha384,
            RSA_WITH_SHA512 if kind == KeyKind::Rsa => Hash::Sha512,
            ED25519 if kind == KeyKind::Ed25519 => return Some(Self::Ed25519),
            _ => return None,
        };
        Some(Self::with_hash(kind, hash))
    }
}

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A hash function of the SHA-2 family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

impl Hash {
    /// The digest of some bytes.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }

    /// The hash that an algorithm identifier names (RFC 5754 §2).
    pub fn of_oid(oid: ObjectIdentifier) -> Option<Self> {
        const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
        const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
        const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
        match oid {
            SHA256 => Some(Self::Sha256),
            SHA384 => Some(Self::Sha384),
            SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// What a public key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// An elliptic-curve key on NIST P-256.
    P256,
    /// An elliptic-curve key on NIST P-384.
    P384,
    /// An elliptic-curve key on NIST P-521.
    P521,
    /// An Ed25519 key.
    Ed25519,
    /// An RSA key.
    Rsa,
}

impl KeyKind {
    /// The kind of a SubjectPublicKeyInfo in DER.
    pub fn of_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let spki = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| KeyError::UnknownKind)?;
        let parameters = spki.algorithm.parameters;
        let curve = parameters.and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
        Self::of_oids(spki.algorithm.oid, curve).ok_or(KeyError::UnknownKind)
    }

    /// The kind by the OID of the algorithm and, for elliptic curves, that of the curve (RFC 5480, RFC 8410, RFC 3279).
    pub(crate) fn of_oids(
        algorithm: ObjectIdentifier,
        curve: Option<ObjectIdentifier>,
    ) -> Option<Self> {
        const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
        const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
        const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
        const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
        const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        match (algorithm, curve) {
            (EC, Some(P256)) => Some(Self::P256),
            (EC, Some(P384)) => Some(Self::P384),
            (EC, Some(P521)) => Some(Self::P521),
            (ED25519, _) => Some(Self::Ed25519),
            (RSA, _) => Some(Self::Rsa),
            _ => None,
        }
    }
}

/// The provider that is used where none is given: aws-lc-rs, or RustCrypto where that is all there is.
pub fn default_provider() -> &'static dyn Provider {
    #[cfg(feature = "aws-lc-rs")]
    return &AwsLc;
    #[cfg(all(not(feature = "aws-lc-rs"), feature = "rustcrypto"))]
    return &RustCrypto;
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
compile_error!("touchplate-attest needs one of its features `aws-lc-rs` and `rustcrypto`");
