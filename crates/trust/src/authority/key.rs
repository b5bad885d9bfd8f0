//! Public keys whose holders have shown the private half.

use der::{DecodePem as _, Encode as _};
use touchplate_attest::crypto::{Algorithm, AwsLc, KeyKind, Provider as _};
use x509_cert::request::CertReq;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::error::KeyRequestError;

/// The longest request or key that is read, PEM. Those of P-256 have 200 to 600 bytes; requests may carry attributes,
/// which are not looked at.
pub const MAX_REQUEST_BYTES: usize = 8 << 10;

/// An uncompressed point on P-256 (SEC 1 §2.3.3).
const POINT_BYTES: usize = 65;
const UNCOMPRESSED: u8 = 4;

/// A P-256 key that its sender has the other half of: only a signature makes one.
#[derive(Clone, Debug)]
pub struct ProvenKey {
    /// SubjectPublicKeyInfo, DER.
    spki: Vec<u8>,
}

impl ProvenKey {
    /// From a certificate signing request (PKCS #10, PEM), which the key has signed. Its subject and the extensions that it
    /// asks for are not looked at: the ID token says who it is.
    ///
    /// # Errors
    /// See [`KeyRequestError`].
    pub fn from_request(pem: &[u8]) -> Result<Self, KeyRequestError> {
        within_bounds(pem)?;
        let request = CertReq::from_pem(pem).map_err(KeyRequestError::Request)?;
        let key = Self::of(&request.info.public_key)?;
        let oid = request.algorithm.oid;
        let algorithm = Algorithm::of_signature(oid, KeyKind::P256);
        let algorithm = algorithm.ok_or_else(|| KeyRequestError::Algorithm {
            found: oid.to_string(),
        })?;
        let signed = request.info.to_der().map_err(KeyRequestError::Request)?;
        let signature = request.signature.as_bytes();
        key.proved_by(algorithm, &signed, signature.unwrap_or_default())
    }

    /// From a public key (PEM) and its signature over one of `challenges`: what the token says of its holder.
    ///
    /// # Errors
    /// See [`KeyRequestError`].
    pub fn from_proof(
        pem: &[u8],
        proof: &[u8],
        challenges: &[String],
    ) -> Result<Self, KeyRequestError> {
        within_bounds(pem)?;
        let key = SubjectPublicKeyInfoOwned::from_pem(pem).map_err(KeyRequestError::PublicKey)?;
        let key = Self::of(&key)?;
        let proved = challenges.iter().find_map(|challenge| {
            let key = key.clone();
            key.proved_by(Algorithm::EcdsaP256Sha256, challenge.as_bytes(), proof)
                .ok()
        });
        proved.ok_or(KeyRequestError::Signature)
    }

    /// Not proved yet.
    fn of(key: &SubjectPublicKeyInfoOwned) -> Result<Self, KeyRequestError> {
        let spki = key.to_der().map_err(KeyRequestError::PublicKey)?;
        let kind = KeyKind::of_spki(&spki).ok();
        let point = key.subject_public_key.as_bytes().unwrap_or_default();
        let is_plain = point.len() == POINT_BYTES && point.first() == Some(&UNCOMPRESSED);
        if kind == Some(KeyKind::P256) && is_plain {
            return Ok(Self { spki });
        }
        let found = match kind {
            Some(KeyKind::P256) => "another form of its point".to_owned(),
            Some(KeyKind::P384) => "one on P-384".to_owned(),
            Some(KeyKind::P521) => "one on P-521".to_owned(),
            Some(KeyKind::Ed25519) => "an Ed25519 key".to_owned(),
            Some(KeyKind::Rsa) => "an RSA key".to_owned(),
            None => format!("a key of the algorithm {}", key.algorithm.oid),
        };
        Err(KeyRequestError::Kind { found })
    }

    fn proved_by(
        self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Self, KeyRequestError> {
        let key = AwsLc.key(algorithm, &self.spki);
        let held = key.map(|key| key.verify(message, signature).is_ok());
        if held.unwrap_or(false) {
            Ok(self)
        } else {
            Err(KeyRequestError::Signature)
        }
    }

    /// SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }
}

fn within_bounds(pem: &[u8]) -> Result<(), KeyRequestError> {
    if pem.len() > MAX_REQUEST_BYTES {
        return Err(KeyRequestError::TooLarge { found: pem.len() });
    }
    Ok(())
}
