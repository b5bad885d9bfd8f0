//! `/project/{project}/{version}/{filename}/attestations/{name}`: the evidence itself, for programs.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde_json::json;
use touchplate_attest::Attestation;
use touchplate_index::attesters::KnownFile;
use touchplate_index::ports::StoreError;
use touchplate_index::projects::ReadError;

use super::root::rests_on;
use crate::api::answer;
use crate::app::App;
use crate::cache::Rendered;
use crate::extract::{BelowFilePath, Reading};
use crate::problem::Problem;

/// What is served below a file's `attestations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raw {
    /// `1.json`: the attestation as it came (PEP 740).
    Attestation(usize),
    /// `1.sigstore.json`: the same as a Sigstore bundle.
    Bundle(usize),
    /// `1.statement.json`: what was signed.
    Statement(usize),
    /// `1.pem`: the signing certificate.
    Certificate(usize),
    /// `trusted_root.json`: the root that the file's first attestation is checked against today.
    Root,
    /// `trust_config.json`: the same as a ClientTrustConfig, for sigstore's own clients.
    Config,
}

impl Raw {
    fn named(name: &str) -> Option<Self> {
        match name {
            "trusted_root.json" => return Some(Self::Root),
            "trust_config.json" => return Some(Self::Config),
            _ => {}
        }
        let (number, kind) = name.split_once('.')?;
        let is_plain = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_plain)?;
        match kind {
            "json" => Some(Self::Attestation(number)),
            "sigstore.json" => Some(Self::Bundle(number)),
            "statement.json" => Some(Self::Statement(number)),
            "pem" => Some(Self::Certificate(number)),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Certificate(_) => "application/x-pem-file",
            Self::Bundle(_) => "application/vnd.dev.sigstore.bundle.v0.3+json",
            _ => "application/json",
        }
    }
}

/// `GET /project/{project}/{version}/{filename}/attestations/{name}`.
pub(crate) async fn raw(
    State(app): State<App>,
    Reading(reader): Reading,
    BelowFilePath { file, rest }: BelowFilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let raw = Raw::named(&rest).ok_or_else(Problem::not_found)?;
    let known = app
        .index
        .known_file(&reader, &file.project, &file.version, &file.filename)
        .await?;
    let bytes = bytes(&app, &known, raw).map_err(ReadError::from)?;
    let bytes = bytes.ok_or_else(Problem::not_found)?;
    let page = Rendered::new(bytes, None, known.found.is_public());
    let mut response = answer::page(&page, raw.content_type(), &headers);
    let headers = response.headers_mut();
    // What others wrote: a browser saves it and runs nothing of it.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{rest}\""));
    headers.insert(
        CONTENT_DISPOSITION,
        disposition.unwrap_or(HeaderValue::from_static("attachment")),
    );
    Ok(response)
}

/// None where there is no such thing.
fn bytes(app: &App, known: &KnownFile, raw: Raw) -> Result<Option<Vec<u8>>, StoreError> {
    let number = match raw {
        Raw::Root | Raw::Config => {
            let root = rests_on(&app.index.trust(), known, app.clock.now());
            return Ok(match raw {
                Raw::Config => root.and_then(|root| config(root.json())),
                _ => root.map(|root| root.json().to_vec()),
            });
        }
        Raw::Attestation(number)
        | Raw::Bundle(number)
        | Raw::Statement(number)
        | Raw::Certificate(number) => number,
    };
    let Some(stored) = known.attestations.get(number.wrapping_sub(1)) else {
        return Ok(None);
    };
    if matches!(raw, Raw::Attestation(_)) {
        return Ok(Some(stored.json.clone().into_bytes()));
    }
    let attestation = Attestation::parse(stored.json.as_bytes())
        .map_err(|cause| StoreError::new("read back an attestation that it stored", cause))?;
    Ok(Some(match raw {
        Raw::Certificate(_) => pem(attestation.certificate()),
        Raw::Statement(_) => attestation.payload().to_vec(),
        _ => attestation.to_bundle().to_string().into_bytes(),
    }))
}

/// What sigstore's own clients take as `--trust-config`. Nobody signs with it: it names no service.
fn config(root: &[u8]) -> Option<Vec<u8>> {
    let root: serde_json::Value = serde_json::from_slice(root).ok()?;
    let config = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": root,
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [],
            "oidcUrls": [],
            "rekorTlogUrls": [],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [],
            "tsaConfig": {"selector": "ANY"},
        },
    });
    Some(config.to_string().into_bytes())
}

/// RFC 7468 §5.
fn pem(der: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    /// Characters of a line, as RFC 7468 §2 asks of writers.
    const LINE: usize = 64;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(LINE) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        assert_eq!(Raw::named("1.sigstore.json"), Some(Raw::Bundle(1)));
        assert_eq!(Raw::named("12.pem"), Some(Raw::Certificate(12)));
        assert_eq!(Raw::named("trusted_root.json"), Some(Raw::Root));
        for none in [
            "0.json",
            "01.json",
            "1",
            "1.xml",
            "-1.json",
            "+1.json",
            "1.json/",
            "x.json",
            "",
            ".json",
            "99999999999999999999.json",
        ] {
            assert_eq!(Raw::named(none), None, "{none}");
        }
    }
}
