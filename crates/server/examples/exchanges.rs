//! Load for `bench/mint`: CI jobs that exchange their ID tokens.
//!
//! `exchanges FOLDER…` makes an identity provider, writes its keys and `issuers.toml` into each FOLDER and a line to standard
//! output; then it reads lines from standard input and answers each with one:
//!
//! `token AUDIENCE REPOSITORY WORKFLOW`: an ID token of that workflow;
//! `mint ADDRESS CLIENTS EXCHANGES AUDIENCE REPOSITORY WORKFLOW`: so many exchanges, each of an ID token of its own, and what
//! they took, as JSON, with one of the minted tokens.

mod load;

use std::io::{BufRead as _, Write as _};
use std::path::Path;

use jiff::Timestamp;
use load::{Failure, Load, post};
use serde_json::{Value, json};
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_trust::{LocalIssuer, github_claims};

/// Its tokens bear it, and its keys are in a file, so nobody is asked.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn main() -> Result<(), Failure> {
    let issuer = LocalIssuer::new(GITHUB, "bench", TokenAlgorithm::RS256)?;
    for folder in std::env::args().skip(1) {
        announce(Path::new(&folder), &issuer)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    let mut number = 0_u64;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let asked: Vec<&str> = line.split(' ').collect();
        let told = match asked.as_slice() {
            ["token", audience, repository, workflow] => {
                number += 1;
                token(&issuer, number, audience, repository, workflow)?
            }
            [
                "mint",
                address,
                clients,
                exchanges,
                audience,
                repository,
                workflow,
            ] => {
                let mut requests = Vec::new();
                for _ in 0..exchanges.parse::<usize>()? {
                    number += 1;
                    let token = token(&issuer, number, audience, repository, workflow)?;
                    let body = json!({ "token": token }).to_string();
                    requests.push(post("/_/oidc/mint-token", &body));
                }
                let load = Load::new(address.parse()?, requests);
                let (told, answer) = runtime.block_on(load.run(clients.parse()?))?;
                let minted: Value = serde_json::from_str(&answer)?;
                let mut figures = told.figures("exchanges");
                figures.insert("token".to_owned(), minted["token"].clone());
                Value::Object(figures).to_string()
            }
            _ => return Err(format!("expected `token …` or `mint …`, found {line:?}").into()),
        };
        writeln!(out, "{told}")?;
    }
    Ok(())
}

/// RS256, as GitHub's tokens are.
fn announce(folder: &Path, issuer: &LocalIssuer) -> Result<(), Failure> {
    std::fs::write(folder.join("bench.json"), issuer.key_set()?)?;
    let list = format!(
        "[[issuer]]\nissuer = '{GITHUB}'\nkind = 'github'\nalgorithms = ['RS256']\njwks_file = 'bench.json'\n\
         allow = ['https://github.com/acme/*']\n"
    );
    Ok(std::fs::write(folder.join("issuers.toml"), list)?)
}

fn token(
    issuer: &LocalIssuer,
    number: u64,
    audience: &str,
    repository: &str,
    workflow: &str,
) -> Result<String, Failure> {
    let mut claims = github_claims(repository, workflow, "refs/tags/v1");
    claims["jti"] = format!("bench-{number}").into();
    let subject = format!("repo:{repository}");
    Ok(issuer.token(&subject, audience, claims, Timestamp::now())?)
}
