//! Keys at rest: PKCS#8, encrypted (PBES2), as PEM that OpenSSL reads too.

use std::fmt;

use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand;
use der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo, SecretDocument};

use super::{KeyKind, SigningKey};

const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// A key file that we made has more entropy than any key, so that guessing is hopeless without a slow derivation: the
/// rounds are OpenSSL's usual ones, and a server starts at once.
const ROUNDS: u32 = 2048;

/// For what people choose: scrypt as OWASP recommends where 16 MiB must do, which is also all that OpenSSL reads without
/// being told of more memory.
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 5;
/// The derived key is AES-256's.
const KEY_BYTES: usize = 32;

/// Bytes of a secret that we make.
const SECRET_BYTES: usize = 32;
/// Begins a secret that we made, so that it is not taken for a passphrase.
const MADE: &str = "touchplate-key-file:1:";

/// A passphrase; longer ones are files of something else.
const MAX_SECRET_BYTES: usize = 1024;

/// What keys are encrypted with: the contents of a key file, which may hold a passphrase.
#[derive(Clone)]
pub struct Secret(String);

/// The contents of a file are no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a line of 1 to {MAX_SECRET_BYTES} bytes of UTF-8 to decrypt keys with")]
pub struct InvalidSecret;

/// Why a key could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The system has no randomness, or the key cannot be written.
    #[error("a key could not be made or used")]
    Crypto(#[from] Unspecified),
    /// The text is no encrypted PKCS#8 in PEM.
    #[error("expected an encrypted private key (PKCS#8 in PEM, `BEGIN {LABEL}`)")]
    Form,
    /// It is one, with another secret or another way of encryption.
    #[error("the key cannot be decrypted; is this the key file that it was encrypted with?")]
    Locked,
    /// Decrypted, it is no key of ours.
    #[error("expected a key on P-256, P-384 or Ed25519")]
    Rejected(#[from] KeyRejected),
    /// A key of that kind has no file.
    #[error("keys of this kind are not kept")]
    Kind,
}

impl Secret {
    /// A new one, of 32 random bytes.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self, Unspecified> {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes)?;
        Ok(Self(format!("{MADE}{}", hex::encode(bytes))))
    }

    /// The contents of a key file; spaces and line breaks around it do not belong to it.
    ///
    /// # Errors
    /// When it is empty, no text, several lines or too long.
    pub fn from_file(contents: &[u8]) -> Result<Self, InvalidSecret> {
        let text = std::str::from_utf8(contents).map_err(|_| InvalidSecret)?;
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_SECRET_BYTES || text.contains(['\n', '\r', '\0']) {
            return Err(InvalidSecret);
        }
        Ok(Self(text.to_owned()))
    }

    /// What goes into a key file.
    pub fn to_file(&self) -> String {
        format!("{}\n", self.0)
    }

    fn was_made(&self) -> bool {
        self.0
            .strip_prefix(MADE)
            .is_some_and(|rest| rest.len() == 2 * SECRET_BYTES)
    }
}

/// Without the secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl SigningKey {
    /// The key, encrypted with `secret`, as PEM.
    ///
    /// # Errors
    /// When the system has no randomness, or keys of this kind are not kept.
    pub fn seal(&self, secret: &Secret) -> Result<String, SealError> {
        let plain = self.to_pkcs8()?;
        let info = PrivateKeyInfo::try_from(plain.as_bytes()).map_err(|_| SealError::Kind)?;
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        rand::fill(&mut salt)?;
        rand::fill(&mut iv)?;
        let parameters = if secret.was_made() {
            pbes2::Parameters::pbkdf2_sha256_aes256cbc(ROUNDS, &salt, &iv)
        } else {
            let cost = scrypt::Params::new(LOG_N, R, P, KEY_BYTES)
                .expect("the constants are within scrypt's bounds");
            pbes2::Parameters::scrypt_aes256cbc(cost, &salt, &iv)
        };
        let parameters = parameters.expect("salt and vector have the lengths that PBES2 takes");
        let sealed = info
            .encrypt_with_params(parameters, secret.0.as_bytes())
            .map_err(|_| Unspecified)?;
        let pem = sealed
            .to_pem(LABEL, LineEnding::LF)
            .map_err(|_| Unspecified)?;
        Ok(pem.as_str().to_owned())
    }

    /// A key that [`seal`](Self::seal) or OpenSSL wrote.
    ///
    /// # Errors
    /// When it is none, was encrypted with something else, or is of another kind.
    pub fn unseal(pem: &str, secret: &Secret) -> Result<Self, SealError> {
        let (label, sealed) = SecretDocument::from_pem(pem).map_err(|_| SealError::Form)?;
        if label != LABEL {
            return Err(SealError::Form);
        }
        let sealed =
            EncryptedPrivateKeyInfo::try_from(sealed.as_bytes()).map_err(|_| SealError::Form)?;
        let plain = sealed
            .decrypt(secret.0.as_bytes())
            .map_err(|_| SealError::Locked)?;
        Self::from_pkcs8(plain.as_bytes())
    }

    /// An unencrypted PKCS#8 document.
    fn to_pkcs8(&self) -> Result<SecretDocument, SealError> {
        use super::Pair;
        let plain = match (&self.pair, self.kind) {
            (Pair::Ecdsa(pair), KeyKind::P256 | KeyKind::P384) => pair.to_pkcs8v1()?,
            // Version 1: OpenSSL 3.0 does not read the public key of version 2.
            (Pair::Ed25519(pair), _) => pair.to_pkcs8v1()?,
            (Pair::Ecdsa(_) | Pair::Rsa(_), _) => return Err(SealError::Kind),
        };
        SecretDocument::try_from(plain.as_ref()).map_err(|_| SealError::Kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(kind: KeyKind, secret: &Secret) -> (SigningKey, SigningKey) {
        let key = SigningKey::generate(kind).unwrap();
        let pem = key.seal(secret).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let read = SigningKey::unseal(&pem, secret).unwrap();
        (key, read)
    }

    #[test]
    fn a_key_is_the_same_after_it_was_kept() {
        let made = Secret::random().unwrap();
        let made = Secret::from_file(made.to_file().as_bytes()).unwrap();
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519] {
            let (key, read) = again(kind, &made);
            assert_eq!((key.public(), key.kind()), (read.public(), read.kind()));
        }
        let chosen = Secret::from_file(b"correct horse battery staple\n").unwrap();
        let (key, read) = again(KeyKind::Ed25519, &chosen);
        assert_eq!(key.sign(b"x").unwrap(), read.sign(b"x").unwrap());
    }

    #[test]
    fn another_secret_opens_nothing() {
        let secret = Secret::random().unwrap();
        let key = SigningKey::generate(KeyKind::P256).unwrap();
        let pem = key.seal(&secret).unwrap();
        let other = SigningKey::unseal(&pem, &Secret::random().unwrap());
        // With one chance in 256 the padding looks right; then it is no key.
        assert!(matches!(
            other,
            Err(SealError::Locked | SealError::Rejected(_))
        ));
        let cut = pem.replace("ENCRYPTED PRIVATE", "PRIVATE");
        assert!(matches!(
            SigningKey::unseal(&cut, &secret),
            Err(SealError::Form)
        ));
        assert!(matches!(
            SigningKey::unseal("", &secret),
            Err(SealError::Form)
        ));
    }

    #[test]
    fn keys_of_other_kinds_are_not_kept() {
        let secret = Secret::random().unwrap();
        let key = SigningKey::generate(KeyKind::P521).unwrap();
        assert!(matches!(key.seal(&secret), Err(SealError::Kind)));
    }

    #[test]
    fn what_holds_no_secret_is_refused() {
        for contents in [&b""[..], b"  \n", b"a\nb", b"\xff", &[b'a'; 1025]] {
            assert_eq!(Secret::from_file(contents).err(), Some(InvalidSecret));
        }
        assert_eq!(
            format!("{:?}", Secret::from_file(b"x").unwrap()),
            "Secret(…)"
        );
    }
}
