//! Digests of files, and the reader's companion that makes all of them in one pass.

use std::fmt;
use std::str::FromStr;

use blake2::digest::consts::U32;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// The text is no digest of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the {digits} hexadecimal digits of a {algorithm} digest, found {found}")]
pub struct InvalidDigest {
    /// The algorithm's name.
    pub algorithm: &'static str,
    /// How many digits it has.
    pub digits: usize,
    /// What was found instead: a length, or a character.
    pub found: String,
}

/// Three types, so that no digest stands where another is meant.
macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $algorithm:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The digest's bytes.
            pub fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// A digest that something else computed.
            pub fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }
        }

        impl FromStr for $name {
            type Err = InvalidDigest;

            /// Hexadecimal digits in either case.
            fn from_str(given: &str) -> Result<Self, InvalidDigest> {
                let refuse = |found| InvalidDigest { algorithm: $algorithm, digits: 2 * $bytes, found };
                if let Some(other) = given.chars().find(|c| !c.is_ascii_hexdigit()) {
                    return Err(refuse(format!("the character {other:?}")));
                }
                let mut bytes = [0; $bytes];
                hex::decode_to_slice(given, &mut bytes).map_err(|_| refuse(format!("{} digits", given.len())))?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidDigest;

            fn try_from(given: String) -> Result<Self, InvalidDigest> {
                given.parse()
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Not byte by byte through the formatter: each answer with a file in it writes two of them.
                let mut digits = [0; 2 * $bytes];
                hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

digest!(
    /// SHA-256 (FIPS 180-4): what identifies a file here.
    Sha256,
    32,
    "SHA-256"
);
digest!(
    /// BLAKE2b with 32 bytes of output (RFC 7693): what clients send as `blake2_256_digest`.
    Blake2b256,
    32,
    "BLAKE2b-256"
);
digest!(
    /// MD5 (RFC 1321): only compared with what old clients send; it identifies nothing.
    Md5,
    16,
    "MD5"
);

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// The digests that uploads and pages name, of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digests {
    /// SHA-256.
    pub sha256: Sha256,
    /// BLAKE2b-256.
    pub blake2b_256: Blake2b256,
    /// MD5.
    pub md5: Md5,
}

/// Makes every digest of a file in one pass, and counts its bytes.
#[derive(Clone, Debug, Default)]
pub struct Hasher {
    sha256: sha2::Sha256,
    blake2b_256: blake2::Blake2b<U32>,
    md5: md5::Md5,
    bytes: u64,
}

impl Hasher {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next part of the file.
    pub fn update(&mut self, part: &[u8]) {
        self.sha256.update(part);
        self.blake2b_256.update(part);
        self.md5.update(part);
        // Saturating, although no file has 2⁶⁴ bytes: a wrong count must not look like a small one.
        self.bytes = self.bytes.saturating_add(part.len() as u64);
    }

    /// The digests of everything taken, and its length in bytes.
    pub fn finish(self) -> (Digests, u64) {
        let digests = Digests {
            sha256: Sha256(self.sha256.finalize().into()),
            blake2b_256: Blake2b256(self.blake2b_256.finalize().into()),
            md5: Md5(self.md5.finalize().into()),
        };
        (digests, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4, RFC 7693's algorithm with 32 bytes (`b2sum -l 256`), RFC 1321: the digests of "abc".
    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const BLAKE2B_256: &str = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn one_pass_makes_every_digest_however_the_bytes_arrive() {
        for parts in [vec!["abc"], vec!["a", "", "bc"], vec!["a", "b", "c"]] {
            let mut hasher = Hasher::new();
            parts.iter().for_each(|part| hasher.update(part.as_bytes()));
            let (digests, bytes) = hasher.finish();
            assert_eq!(bytes, 3);
            assert_eq!(digests.sha256.to_string(), SHA256);
            assert_eq!(digests.blake2b_256.to_string(), BLAKE2B_256);
            assert_eq!(digests.md5.to_string(), MD5);
        }
        assert_eq!(Sha256::of(b"abc").to_string(), SHA256);
    }

    #[test]
    fn either_case_is_read_and_lower_case_written() {
        let digest: Sha256 = SHA256.to_uppercase().parse().unwrap();
        assert_eq!(digest, Sha256::of(b"abc"));
        assert_eq!(
            serde_json::to_string(&digest).unwrap(),
            format!("\"{SHA256}\"")
        );
        assert_eq!(format!("{digest:?}"), format!("Sha256({SHA256})"));
        assert_eq!(Sha256::from_bytes(*digest.as_bytes()), digest);
    }

    #[test]
    fn other_text_is_refused_with_what_was_found() {
        let odd = "a".repeat(63);
        let long = "a".repeat(66);
        let letter = format!("{}g", "a".repeat(63));
        for (given, found) in [
            ("", "0 digits"),
            (MD5, "32 digits"),
            (&odd, "63 digits"),
            (&long, "66 digits"),
            (&letter, "the character 'g'"),
            (" ba", "the character ' '"),
            ("é", "the character 'é'"),
        ] {
            let error = Sha256::from_str(given).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("expected the 64 hexadecimal digits of a SHA-256 digest, found {found}")
            );
            assert!(serde_json::from_value::<Sha256>(given.into()).is_err());
        }
        assert!(Md5::from_str(SHA256).is_err());
        assert!(Blake2b256::from_str(MD5).is_err());
    }
}
