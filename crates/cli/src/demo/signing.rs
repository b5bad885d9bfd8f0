//! How the demo signs: as `touchplate sign` does, with tokens of an identity provider in this process that speaks as
//! GitHub's would.

use std::path::Path;

use jiff::Timestamp;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_attest::{FileFacts, Sha256, TrustRoot};
use touchplate_client::fetch::{Agent, Credentials, Proxies, Settings};
use touchplate_client::identity::IdentityToken;
use touchplate_client::sign::{Claim, RekorVersion, Signer, SigningConfig};
use touchplate_server::trust::{FOLDER, ISSUERS};
use touchplate_trust::layout::{Founding, Layout, Operator, SecretFile, StackUrl};
use touchplate_trust::{LocalIssuer, github_claims};

use super::{DemoError, WORKFLOW};
use crate::report::Failure;

/// Whose tokens the simulated ones are like.
const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// What Sigstore's authorities want a token to be for.
const AUDIENCE: &str = "sigstore";
const KEY_SET: &str = "issuer-keys.json";

/// A signer of anything, as any workflow.
pub(crate) struct Signing {
    issuer: LocalIssuer,
    agent: Agent,
    config: SigningConfig,
    root: TrustRoot,
    root_json: String,
}

impl Signing {
    /// Makes the stack that is to be served at `url`, in the data directory, and the provider whose tokens it believes.
    pub(crate) fn found(data: &Path, url: &str, now: Timestamp) -> Result<Self, Failure> {
        let url: StackUrl = url.parse().map_err(DemoError::machine("name the stack"))?;
        let founding = Founding {
            folder: data.join(FOLDER),
            operator: Operator::of_host(&url),
            url,
            domain: "demo"
                .parse()
                .map_err(DemoError::machine("name a domain"))?,
            projects: vec!["*".parse().map_err(DemoError::machine("name projects"))?],
            sign_in: None,
            secret: SecretFile::Beside,
            root_key: None,
        };
        let layout = founding.found(now)?;
        let issuer = issuer(&layout)?;
        let read = |name: &str| {
            let text = std::fs::read_to_string(layout.folder().join(name));
            text.map_err(DemoError::machine("read what the stack's clients need"))
        };
        let root_json = read("root.json")?;
        let root = TrustRoot::from_json(root_json.as_bytes());
        let config = SigningConfig::parse(read("signing_config.json")?.as_bytes());
        Ok(Self {
            issuer,
            agent: Agent::new(Settings {
                user_agent: concat!("touchplate-demo/", env!("CARGO_PKG_VERSION")).to_owned(),
                credentials: Credentials::default(),
                // An environment's proxy has no business with a loopback address.
                proxies: Proxies::default(),
            }),
            config: config.map_err(DemoError::machine("read the signing configuration"))?,
            root: root.map_err(DemoError::machine("read the trust root"))?,
            root_json,
        })
    }

    /// The stack's root.
    pub(crate) fn root(&self) -> &TrustRoot {
        &self.root
    }

    /// The same as JSON.
    pub(crate) fn root_json(&self) -> &str {
        &self.root_json
    }

    /// Publish attestations of these files by the workflow of `repository` for the tag of `version`: one certificate for
    /// all of them. Each was verified before it is returned.
    pub(crate) fn sign(
        &self,
        repository: &str,
        version: &str,
        files: &[(&str, Sha256)],
        clock: &(dyn Fn() -> Timestamp + Sync),
    ) -> Result<Vec<Vec<u8>>, DemoError> {
        let git_ref = format!("refs/tags/v{version}");
        let claims = github_claims(repository, WORKFLOW, &git_ref);
        let subject = format!("repo:{repository}:ref:{git_ref}");
        let token = self.issuer.token(&subject, AUDIENCE, claims, clock());
        let token = token.map_err(DemoError::machine("make an ID token"))?;
        let token = IdentityToken::parse(&token);
        let token = token.map_err(DemoError::machine("read an ID token"))?;
        // PEP 740's first version has no room for what the log of the second version needs.
        let services = self.config.services(RekorVersion::V1, clock());
        let services = services.map_err(DemoError::machine("find services to sign with"))?;
        let signer = Signer::new(&self.agent, services, self.root.clone(), &token, clock);
        let signer = signer.map_err(DemoError::machine("get a certificate"))?;
        let attest = |(filename, sha256): &(&str, Sha256)| {
            let filename = filename.parse();
            let facts = FileFacts {
                filename: filename.map_err(DemoError::machine("read a filename"))?,
                sha256: *sha256,
            };
            let signed = signer.attest(&facts, &Claim::publish());
            let signed = signed.map_err(DemoError::machine("sign a statement"))?;
            Ok(signed.json.into_bytes())
        };
        files.iter().map(attest).collect()
    }
}

/// A provider with GitHub's name, whose keys the stack has in a file: nobody is asked for them.
fn issuer(layout: &Layout) -> Result<LocalIssuer, DemoError> {
    let issuer = LocalIssuer::new(ISSUER, "demo", TokenAlgorithm::RS256);
    let issuer = issuer.map_err(DemoError::machine("make an identity provider"))?;
    let keys = issuer.key_set();
    let keys = keys.map_err(DemoError::machine("make an identity provider"))?;
    let list = format!(
        "[[issuer]]\nissuer = \"{ISSUER}\"\nkind = \"github\"\njwks_file = \"{KEY_SET}\"\nallow = [\"https://github.com/*\"]\n"
    );
    let folder = layout.folder();
    let written = std::fs::write(folder.join(KEY_SET), keys)
        .and_then(|()| std::fs::write(folder.join(ISSUERS), list));
    written.map_err(DemoError::machine("write the list of issuers"))?;
    Ok(issuer)
}
