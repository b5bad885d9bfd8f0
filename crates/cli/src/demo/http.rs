//! The demo's client: what an uploader and an installer send, over real HTTP to the loopback address.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

use super::sample_project::{Distribution, METADATA_VERSION, NAME, REQUIRES_PYTHON, SUMMARY};

/// The demo's own index answers in milliseconds; a machine that is swapping may take seconds.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The demo's files and pages have a few kilobytes.
const MAX_BODY_BYTES: u64 = 1 << 20;

/// Separates the form's parts. Random ones matter where a file could contain it; these files are ours.
const BOUNDARY: &str = "touchplate-demo-b7f3c1d29e";

/// A client of one index.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What it says to people: `message` of a JSON refusal, or the body as it is.
    pub(crate) fn message(&self) -> String {
        let json = self.json();
        let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
        message.map_or_else(
            || String::from_utf8_lossy(&self.body).trim().to_owned(),
            str::to_owned,
        )
    }
}

impl Client {
    /// A client of the index at `url`, which has no slash at its end.
    pub(crate) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            // An environment's proxy has no business with a loopback address.
            .proxy(None)
            .user_agent(concat!("touchplate-demo/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
            url: url.to_owned(),
        }
    }

    /// Fetches a path, or a URL.
    pub(crate) fn fetch(&self, path: &str, accept: &str) -> Result<Answer, ureq::Error> {
        let url = if path.starts_with('/') {
            format!("{}{path}", self.url)
        } else {
            path.to_owned()
        };
        answer(self.agent.get(url).header("Accept", accept).call()?)
    }

    /// Uploads a file as twine does, with its attestations.
    pub(crate) fn upload(
        &self,
        token: &str,
        file: &Distribution,
        attestations: &[&[u8]],
    ) -> Result<Answer, ureq::Error> {
        let credentials = STANDARD.encode(format!("__token__:{token}"));
        let request = self.agent.post(format!("{}/legacy/", self.url));
        let request = request
            .header("Authorization", format!("Basic {credentials}"))
            .header("Accept", "application/json")
            .header(
                "Content-Type",
                format!("multipart/form-data; boundary={BOUNDARY}"),
            );
        answer(request.send(form(file, attestations))?)
    }
}

fn answer(mut response: Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let status = response.status().as_u16();
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_BODY_BYTES)
        .read_to_vec()?;
    Ok(Answer { status, body })
}

fn form(file: &Distribution, attestations: &[&[u8]]) -> Vec<u8> {
    let digests = file.digests();
    let pyversion = match file.kind {
        touchplate_packaging::FileKind::Sdist => "source",
        touchplate_packaging::FileKind::Wheel => "py3",
    };
    let mut body = Vec::with_capacity(file.bytes.len() + 4096);
    let mut part = |disposition: &str, value: &[u8]| {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    };
    let fields = [
        (":action", "file_upload".to_owned()),
        ("protocol_version", "1".to_owned()),
        ("metadata_version", METADATA_VERSION.to_owned()),
        ("name", NAME.to_owned()),
        ("version", file.version.to_owned()),
        ("summary", SUMMARY.to_owned()),
        ("requires_python", REQUIRES_PYTHON.to_owned()),
        ("filetype", file.kind.to_string()),
        ("pyversion", pyversion.to_owned()),
        ("sha256_digest", digests.sha256.to_string()),
        ("blake2_256_digest", digests.blake2b_256.to_string()),
        ("md5_digest", digests.md5.to_string()),
    ];
    for (name, value) in &fields {
        part(&format!("name=\"{name}\""), value.as_bytes());
    }
    part(
        "name=\"attestations\"",
        &[b"[", attestations.join(&b","[..]).as_slice(), b"]"].concat(),
    );
    part(
        &format!(
            "name=\"content\"; filename=\"{}\"\r\nContent-Type: application/octet-stream",
            file.filename
        ),
        &file.bytes,
    );
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}
