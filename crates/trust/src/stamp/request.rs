//! What is to be stamped.

use der::asn1::{Any, Int, ObjectIdentifier};
use der::{Decode as _, Tag, Tagged as _};
use x509_tsp::{MessageImprint, TimeStampReq};

use super::StampRefusal;
use super::token::POLICY;

/// The longest request: a digest of 64 bytes, a policy and a nonce take less than half of it.
pub const MAX_REQUEST_BYTES: usize = 512;

/// A hash function whose digests are stamped.
pub(super) struct Hash {
    pub(super) name: &'static str,
    oid: ObjectIdentifier,
    length: usize,
}

const fn hash(name: &'static str, oid: &str, length: usize) -> Hash {
    Hash {
        name,
        oid: ObjectIdentifier::new_unwrap(oid),
        length,
    }
}

/// Those that nobody can find two messages for.
pub(super) const HASHES: [Hash; 3] = [
    hash("SHA-256", "2.16.840.1.101.3.4.2.1", 32),
    hash("SHA-384", "2.16.840.1.101.3.4.2.2", 48),
    hash("SHA-512", "2.16.840.1.101.3.4.2.3", 64),
];

/// A request that can be answered.
pub(super) struct StampRequest {
    pub(super) imprint: MessageImprint,
    pub(super) nonce: Option<Int>,
    /// Whether the signer's certificate is to be in the stamp.
    pub(super) with_certificate: bool,
}

impl StampRequest {
    /// RFC 3161 §2.4.1.
    pub(super) fn parse(der: &[u8]) -> Result<Self, StampRefusal> {
        if der.len() > MAX_REQUEST_BYTES {
            return Err(StampRefusal::TooLong);
        }
        let request = TimeStampReq::from_der(der).map_err(StampRefusal::Malformed)?;
        check_imprint(&request.message_imprint)?;
        if let Some(policy) = request.req_policy.filter(|it| *it != POLICY) {
            let found = policy.to_string();
            return Err(StampRefusal::Policy { found });
        }
        if let Some(first) = request.extensions.iter().flatten().next() {
            let found = first.extn_id.to_string();
            return Err(StampRefusal::Extension { found });
        }
        Ok(Self {
            imprint: request.message_imprint,
            nonce: request.nonce,
            with_certificate: request.cert_req,
        })
    }
}

fn check_imprint(imprint: &MessageImprint) -> Result<(), StampRefusal> {
    let algorithm = &imprint.hash_algorithm;
    let known = HASHES.iter().find(|hash| hash.oid == algorithm.oid);
    let hash = known.ok_or_else(|| StampRefusal::Hash {
        found: algorithm.oid.to_string(),
    })?;
    let parameters = algorithm.parameters.as_ref().map(Any::tag);
    if parameters.is_some_and(|tag| tag != Tag::Null) {
        return Err(StampRefusal::HashParameters);
    }
    let found = imprint.hashed_message.as_bytes().len();
    if found != hash.length {
        let expected = hash.length;
        return Err(StampRefusal::DigestLength { expected, found });
    }
    Ok(())
}
