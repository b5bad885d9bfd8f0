//! Load for `bench/authority`: signers that ask a stack's authority for certificates.
//!
//! `certificates FOLDER` makes an identity provider, writes its keys and `issuers.toml` into FOLDER and a line to standard
//! output; then it reads lines `ADDRESS SIGNERS REQUESTS ALGORITHM` from standard input, asks, and writes a line of JSON for each.

mod load;

use std::io::{BufRead as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use load::{Failure, Load, post};
use serde_json::{Value, json};
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_trust::{KeyKind, LocalIssuer, SigningKey, github_claims};

/// Each may have 300 certificates in a minute.
const CERTIFICATES_EACH: usize = 250;

fn main() -> Result<(), Failure> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: certificates FOLDER")?;
    let issuers = [TokenAlgorithm::RS256, TokenAlgorithm::ES256].map(|algorithm| {
        let url = format!("https://{}.example", algorithm.as_str().to_lowercase());
        LocalIssuer::new(&url, "key", algorithm).map(|issuer| (algorithm, issuer))
    });
    let issuers = issuers.into_iter().collect::<Result<Vec<_>, _>>()?;
    announce(Path::new(&folder), &issuers)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let asked: Vec<&str> = line.split(' ').collect();
        let [address, signers, requests, algorithm] = asked.as_slice() else {
            return Err("expected ADDRESS SIGNERS REQUESTS ALGORITHM".into());
        };
        let algorithm: TokenAlgorithm = algorithm.parse()?;
        let mut issuers = issuers.iter();
        let (_, issuer) = issuers
            .find(|(known, _)| *known == algorithm)
            .ok_or("expected RS256 or ES256")?;
        let requests = prepare(issuer, requests.parse()?)?;
        let load = Load::new(address.parse()?, requests);
        let (told, _) = runtime.block_on(load.run(signers.parse()?))?;
        writeln!(out, "{}", Value::Object(told.figures("certificates")))?;
    }
    Ok(())
}

fn announce(folder: &Path, issuers: &[(TokenAlgorithm, LocalIssuer)]) -> Result<(), Failure> {
    let mut list = String::new();
    for (algorithm, issuer) in issuers {
        let file = format!("{algorithm}.json");
        std::fs::write(folder.join(&file), issuer.key_set()?)?;
        list += &format!(
            "[[issuer]]\nissuer = '{}'\nkind = 'github'\nurl = 'https://github.com'\nalgorithms = ['{algorithm}']\n\
             jwks_file = '{file}'\nallow = ['https://github.com/acme/*']\n",
            issuer.url()
        );
    }
    Ok(std::fs::write(folder.join("issuers.toml"), list)?)
}

/// Requests as they go over the wire, each with a key of its own: what a signer does is not measured.
fn prepare(issuer: &LocalIssuer, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let now = Timestamp::now();
    let mut prepared = Vec::with_capacity(count);
    let mut token = String::new();
    for number in 0..count {
        if number % CERTIFICATES_EACH == 0 {
            let workflow = format!("release-{}.yml", number / CERTIFICATES_EACH);
            let claims = github_claims("acme/tools", &workflow, "refs/tags/v1");
            token = issuer.token("repo:acme/tools", "sigstore", claims, now)?;
        }
        let key = SigningKey::generate(KeyKind::P256)?;
        let proof = key.sign(b"repo:acme/tools")?;
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            wrapped(&STANDARD.encode(key.public()))
        );
        let body = json!({
            "credentials": {"oidcIdentityToken": token},
            "publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": pem},
                "proofOfPossession": STANDARD.encode(proof),
            },
        })
        .to_string();
        prepared.push(post("/api/v2/signingCert", &body));
    }
    Ok(prepared)
}

/// PEM has lines of 64 (RFC 7468 §2).
fn wrapped(base64: &str) -> String {
    let lines: Vec<String> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    lines.join("\n")
}
