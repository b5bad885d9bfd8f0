//! An index with a private trust stack, as `trust init` and `serve` make it, and an identity provider that it believes.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_testkit::http::{self, Part};
use touchplate_testkit::sample::{self, Sample};
use touchplate_trust::{LocalIssuer, github_claims};

use crate::run::{Run, Server, touchplate_in, touchplate_with};

/// Whose tokens the authority believes.
pub(crate) const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Whom it gives certificates to.
pub(crate) const SIGNER: &str =
    "https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1.0";

/// The index, running.
pub(crate) struct Stack {
    folder: TempDir,
    issuer: LocalIssuer,
    address: String,
    server: Option<Server>,
    tokens: AtomicU32,
}

impl Stack {
    /// `touchplate trust init` and `touchplate serve`.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = LocalIssuer::new(ISSUER, "key-1", TokenAlgorithm::ES256).unwrap();
        // Free now; the URL must be known before anybody listens, since it is in the logs' names.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let url = format!("http://{address}");
        let init = ["trust", "init", "--data", "index", "--url", &url];
        touchplate_in(folder.path(), &init).ended(0);
        let data = folder.path().join("index");
        fs::write(data.join("trust/github.json"), issuer.key_set().unwrap()).unwrap();
        let list = format!(
            "[[issuer]]\nissuer = '{ISSUER}'\nkind = 'github'\nalgorithms = ['ES256']\n\
             jwks_file = 'github.json'\nallow = ['https://github.com/acme/*']\n"
        );
        fs::write(data.join("trust/issuers.toml"), list).unwrap();
        let mut stack = Self {
            folder,
            issuer,
            address,
            server: None,
            tokens: AtomicU32::new(0),
        };
        stack.serve();
        for file in ["root.json", "signing_config.json", "trust_config.json"] {
            let server = stack.server.as_ref().unwrap();
            let (status, body) = server.fetch(&format!("/trust/{file}"), "*/*");
            assert_eq!(status, 200, "{body}");
            fs::write(stack.path().join(file), body).unwrap();
        }
        stack.token("sigstore", &json!({}));
        stack
    }

    fn serve(&mut self) {
        let data = self.path().join("index");
        // Machines that run tests may have no clock service.
        let unchecked = [("TOUCHPLATE_TRUST_CLOCK", "unchecked")];
        let server = Server::start_with(&self.address, &data, &unchecked);
        assert_eq!(server.url, self.url(""));
        self.server = Some(server);
    }

    /// The logs forget everything, and go on by the same keys: what a log does that wants to show something else.
    pub(crate) fn forget(&mut self) {
        let (status, stderr) = self.server.take().unwrap().stop("-TERM");
        assert_eq!(status, 0, "{stderr}");
        let trust = self.path().join("index/trust");
        for entry in fs::read_dir(&trust).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("log.sqlite") {
                fs::remove_file(&path).unwrap();
            }
        }
        // Full tiles; there are none yet where a log is short.
        let _ = fs::remove_dir_all(trust.join("tiles"));
        self.serve();
    }

    /// The folder that commands run in: with `root.json`, `trust_config.json`, `signing_config.json`, `token.jwt`.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the index answers at a path.
    pub(crate) fn fetch(&self, path: &str) -> (u16, String) {
        let server = self.server.as_ref().unwrap();
        server.fetch(path, "application/vnd.pypi.simple.v1+json, */*;q=0.1")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Writes `token.jwt`: what a job of acme/demo gets, with other claims.
    pub(crate) fn token(&self, audience: &str, claims: &Value) {
        self.token_as("token.jwt", audience, claims);
    }

    /// Writes `index.jwt`: what a job of acme/demo gets for the index, each time another one.
    pub(crate) fn index_token(&self, claims: &Value) {
        self.token_as("index.jwt", &format!("index-{}", self.address), claims);
    }

    /// Writes a token of that job into a file.
    pub(crate) fn token_as(&self, file: &str, audience: &str, claims: &Value) {
        let mut all = github_claims("acme/demo", "release.yml", "refs/tags/v1.0");
        // No two are the same, within a second either.
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        all["jti"] = format!("token-{number}").into();
        for (key, value) in claims.as_object().unwrap() {
            all[key] = value.clone();
        }
        let now = jiff::Timestamp::now();
        let subject = "repo:acme/demo:ref:refs/tags/v1.0";
        let token = self.issuer.token(subject, audience, all, now).unwrap();
        fs::write(self.path().join(file), token).unwrap();
    }

    /// Writes a wheel, and says what it is called.
    pub(crate) fn wheel(&self, version: &str) -> (Sample, String) {
        let wheel = sample::wheel("demo", version);
        fs::write(self.path().join(wheel.filename()), wheel.bytes()).unwrap();
        let name = wheel.filename();
        (wheel, name)
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        touchplate_in(self.path(), words)
    }

    pub(crate) fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Run {
        touchplate_with(self.path(), variables, words)
    }

    /// `touchplate sign` by the token.
    pub(crate) fn sign(&self, words: &[&str]) -> Run {
        let by = [
            "sign",
            "--trust-config",
            "trust_config.json",
            "--identity-token-file",
            "token.jwt",
        ];
        self.run(&[&by[..], words].concat())
    }

    /// Makes a user, a project and its publisher; the token to upload with.
    pub(crate) fn publisher(&self) -> String {
        let admin = |words: &[&str]| {
            let run = self.run(&[&["--data", "index", "admin"], words].concat());
            run.ended(0).stdout
        };
        admin(&["user", "add", "alice"]);
        admin(&["project", "create", "demo", "--owner", "alice"]);
        admin(&[
            "publisher",
            "add",
            "--project",
            "demo",
            "--kind",
            "github",
            "--repository",
            "acme/demo",
            "--workflow",
            "release.yml",
        ]);
        admin(&["token", "create", "--user", "alice"])
            .trim()
            .to_owned()
    }

    /// Uploads a file with the attestation that lies beside it.
    pub(crate) fn upload(&self, token: &str, file: &Sample) {
        let name = file.filename();
        let sidecar = self.path().join(format!("{name}.publish.attestation"));
        let sidecar = fs::read_to_string(sidecar).unwrap();
        let mut parts: Vec<Part> = file
            .fields()
            .into_iter()
            .map(|(name, value)| Part::text(&name, value))
            .collect();
        parts.push(Part::text("attestations", format!("[{sidecar}]")));
        parts.push(Part::file("content", &name, file.bytes()));
        let agent = ureq::Agent::from(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .proxy(None)
                .build(),
        );
        let mut answer = agent
            .post(self.url("/legacy/"))
            .header("content-type", http::multipart_type())
            .header("authorization", format!("Bearer {token}"))
            .send(&http::multipart(&parts)[..])
            .unwrap();
        let said = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status(), 200, "{said}");
    }
}
