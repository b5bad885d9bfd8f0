//! The certificate authority: Fulcio's `/api/v2/signingCert`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchplate_attest::CertificateFacts;
use url::Url;

use super::LEEWAY;
use super::error::SignError;
use super::key::EphemeralKey;
use super::service::{self, Kind};
use crate::fetch::{Agent, Question, Secret};
use crate::identity::IdentityToken;

/// A certificate for the key of this run.
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) facts: CertificateFacts,
}

impl Certificate {
    /// As logs of version 1 want it, and compare it: PEM with line feeds and one at the end.
    pub(super) fn pem(&self) -> Result<String, SignError> {
        let pem = der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, &self.der);
        pem.map_err(|error| SignError::Key(der::Error::from(error).into()))
    }

    /// Refuses to go on with a certificate whose time is over, rather than to log signatures that nobody accepts.
    pub(super) fn is_still_valid(&self, now: Timestamp) -> Result<(), SignError> {
        let at = self.facts.not_after;
        if at < now {
            return Err(SignError::CertificateExpired { at });
        }
        Ok(())
    }
}

/// Asks for a certificate by a signing request. The token goes along twice: into the body, as Fulcio's interface has it,
/// and as a bearer's, as sigstore-python sends it; servers differ in which one they look at.
pub(super) fn certify(
    agent: &Agent,
    base: &Url,
    key: &EphemeralKey,
    token: &IdentityToken,
    now: Timestamp,
) -> Result<Certificate, SignError> {
    let url = service::below(base, "api/v2/signingCert");
    let body = json!({
        "credentials": {"oidcIdentityToken": token.secret()},
        "certificateSigningRequest": STANDARD.encode(key.request()?),
    })
    .to_string();
    let authorization = format!("Bearer {}", token.secret());
    let mut question = Question::post(&url, "application/json", body.as_bytes());
    question.authorization = Some(Secret(&authorization));
    let answer = service::ask(agent, Kind::Authority, &question)?;
    if !matches!(answer.status, 200 | 201) {
        return Err(service::refused(Kind::Authority, &url, &answer));
    }
    let document = service::json(Kind::Authority, &url, &answer)?;
    let der = leaf(&document).ok_or_else(|| SignError::Answer {
        service: Kind::Authority,
        url,
        expected: "a certificate that carries its log's timestamp (`signedCertificateEmbeddedSct`)",
    })?;
    check(der, key, token, now)
}

fn leaf(document: &Value) -> Option<Vec<u8>> {
    let certificates = document
        .get("signedCertificateEmbeddedSct")?
        .get("chain")?
        .get("certificates")?;
    let pem = certificates.get(0)?.as_str()?;
    let (label, der) = der::pem::decode_vec(pem.trim().as_bytes()).ok()?;
    (label == "CERTIFICATE").then_some(der)
}

/// Before anything is logged: is it ours, and now? Whether the authority is the right one, verifying what is written says.
fn check(
    der: Vec<u8>,
    key: &EphemeralKey,
    token: &IdentityToken,
    now: Timestamp,
) -> Result<Certificate, SignError> {
    let facts = CertificateFacts::parse(&der)?;
    if facts.public_key != key.public() {
        return Err(SignError::OtherKey);
    }
    let (expected, found) = (token.vouching_issuer(), facts.identity.issuer());
    if found != expected && found != token.issuer() {
        return Err(SignError::OtherIssuer {
            expected: expected.to_owned(),
            found: found.to_owned(),
        });
    }
    let (not_before, not_after) = (facts.not_before, facts.not_after);
    let leeway = SignedDuration::from_secs(LEEWAY);
    if not_before.duration_since(now) > leeway || now > not_after {
        return Err(SignError::NotValidNow {
            not_before,
            not_after,
            now,
        });
    }
    Ok(Certificate { der, facts })
}
