//! What the crates of sigstore-rust do with a stack: `sign SIGNING_CONFIG 1|2 TOKEN_FILE artifact|statement FILE` prints the bundle;
//! `read SIGNING_CONFIG SHA256` reads both logs, and prints what was found.

use std::error::Error;
use std::num::NonZeroU8;

use sigstore_sign::oidc::IdentityToken;
use sigstore_sign::rekor::{RekorApiVersion, RekorClient, RekorV2Client};
use sigstore_sign::trust_root::SigningConfig;
use sigstore_sign::types::Sha256Hash;
use sigstore_sign::{SigningContext, SigningServices};

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["sign", config, version, token, what, file] => {
            sign(&read_config(config)?, version, token, what, file).await
        }
        ["read", config, digest] => read(&read_config(config)?, digest).await,
        _ => Err("usage: sign SIGNING_CONFIG 1|2 TOKEN_FILE artifact|statement FILE, or read SIGNING_CONFIG SHA256".into()),
    }
}

fn read_config(path: &str) -> Result<SigningConfig, Box<dyn Error>> {
    Ok(SigningConfig::from_json(&std::fs::read_to_string(path)?)?)
}

async fn sign(
    config: &SigningConfig,
    version: &str,
    token: &str,
    what: &str,
    file: &str,
) -> Outcome {
    let version = match version {
        "1" => RekorApiVersion::V1,
        _ => RekorApiVersion::V2,
    };
    let services = SigningServices::from_signing_config_with_rekor_version(config, Some(version))?;
    let token = IdentityToken::from_jwt(std::fs::read_to_string(token)?.trim())?;
    let signer = SigningContext::new(services).signer(token);
    let bytes = std::fs::read(file)?;
    let bundle = match what {
        "statement" => signer.sign_raw_statement(&bytes).await?,
        _ => signer.sign(bytes.as_slice()).await?,
    };
    println!("{}", bundle.to_json()?);
    Ok(())
}

async fn read(config: &SigningConfig, digest: &str) -> Outcome {
    let url = |version| {
        let endpoint = config.rekor_url(Some(version));
        endpoint.map(|it| it.url.clone()).ok_or("no such log")
    };
    let log = RekorClient::new(url(1)?)?;
    let found = log.search_by_hash(&Sha256Hash::from_hex(digest)?).await?;
    for uuid in &found {
        let entry = log.get_entry_by_uuid(uuid).await?;
        let same = log.get_entry_by_index(entry.log_index).await?;
        if same.uuid != *uuid || same.body != entry.body {
            return Err(format!("index and UUID of {uuid} are of two entries").into());
        }
    }
    let log = RekorV2Client::new(url(2)?)?;
    let size = log.get_checkpoint().await?.tree_size();
    let width = u8::try_from(size).ok().and_then(NonZeroU8::new);
    let hashes = log.get_tile(0, 0, width).await?.bytes.len();
    let entries = log.get_entry_bundle(0, width).await?.bytes.len();
    println!("{} {size} {hashes} {entries}", found.len());
    Ok(())
}
