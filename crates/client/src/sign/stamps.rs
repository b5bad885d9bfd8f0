//! Timestamp authorities (RFC 3161).

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Encode as _, Sequence};
use touchplate_attest::Sha256;
use touchplate_attest::crypto::Hash;
use touchplate_attest::stamp::Token;
use url::Url;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::error::SignError;
use super::key::KeyError;
use super::service::{self, Kind};
use crate::fetch::{Agent, Question};

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// TimeStampReq (RFC 3161 §2.4.1).
#[derive(Sequence)]
struct Request {
    version: u8,
    imprint: Imprint,
    nonce: Int,
    with_certificates: bool,
}

#[derive(Sequence)]
struct Imprint {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

/// A timestamp of a signature, base64. Whose it is, verifying what is written says; that it answers this request, is
/// looked at here.
pub(super) fn stamp(agent: &Agent, url: &Url, signature: &[u8]) -> Result<String, SignError> {
    let digest = Sha256::of(signature);
    let nonce = nonce()?;
    let request = request(&digest, &nonce).map_err(KeyError::Encoding)?;
    let mut question = Question::post(url, "application/timestamp-query", &request);
    question.accept = "application/timestamp-reply";
    let answer = service::ask(agent, Kind::Stamps, &question)?;
    if !matches!(answer.status, 200 | 201) {
        return Err(service::refused(Kind::Stamps, url, &answer));
    }
    let token = Token::parse(&answer.bytes)?;
    let is_ours = token.message_digest() == (Hash::Sha256, digest.as_bytes().as_slice());
    if !is_ours || token.nonce() != Some(&nonce) {
        return Err(SignError::OtherStamp);
    }
    Ok(STANDARD.encode(token.der()))
}

fn request(digest: &Sha256, nonce: &[u8]) -> der::Result<Vec<u8>> {
    let request = Request {
        version: 1,
        imprint: Imprint {
            algorithm: AlgorithmIdentifierOwned {
                oid: SHA256,
                parameters: Some(der::asn1::Null.into()),
            },
            digest: OctetString::new(digest.as_bytes().as_slice())?,
        },
        nonce: Int::new(nonce)?,
        with_certificates: true,
    };
    request.to_der()
}

/// A positive number of 63 random bits, which no other request has; its first octet is not 0, as DER wants it.
fn nonce() -> Result<[u8; 8], SignError> {
    let mut nonce = [0; 8];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_: Unspecified| KeyError::Crypto(Unspecified))?;
    nonce[0] = (nonce[0] & 0x7f) | 0x40;
    Ok(nonce)
}
