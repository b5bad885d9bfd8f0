//! Judges each case of a corpus: `cargo run --release -p touchplate-attest --example corpus -- FOLDER [--kind …]`. With
//! `--features rustcrypto`, `--provider rustcrypto` has RustCrypto check the signatures.
//!
//! Prints one JSON line a row of `FOLDER/MANIFEST.json` and a last line of counts; exits 1 if a *must* row differs.

// What an example prints is its result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bundle;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest as _;
use touchplate_attest::crypto::{AwsLc, Provider, default_provider};
use touchplate_attest::{
    Attestation, FileFacts, Proven, Provenance, Publisher, TrustRoot, verify, verify_provenance,
    without_repeats,
};
use touchplate_packaging::Sha256;

const KINDS: [&str; 4] = ["pep740", "upload", "provenance", "bundle"];

#[derive(Deserialize)]
struct Manifest {
    cases: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    kind: String,
    path: PathBuf,
    #[serde(default)]
    artifact: Option<PathBuf>,
    #[serde(default)]
    artifact_name: Option<String>,
    #[serde(default)]
    artifact_sha256: Option<String>,
    #[serde(default)]
    artifact_digest: Option<BTreeMap<String, String>>,
    #[serde(default)]
    public_key: Option<PathBuf>,
    trusted_root: PathBuf,
    #[serde(default)]
    identity: Option<Identity>,
    #[serde(default)]
    publisher: Option<Value>,
    expected: String,
    level: String,
}

#[derive(Deserialize)]
struct Identity {
    san: Option<String>,
    issuer: Option<String>,
}

type Refusal = Box<dyn Error>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{}", in_full(&*error));
            ExitCode::from(2)
        }
    }
}

/// Whether every *must* row came out as expected.
fn run() -> Result<bool, Box<dyn Error>> {
    let Arguments {
        folder,
        kinds,
        provider,
    } = arguments(std::env::args().skip(1).collect())?;
    let manifest = std::fs::read(folder.join("MANIFEST.json"))?;
    let manifest: Manifest = serde_json::from_slice(&manifest)?;
    let mut roots = BTreeMap::new();
    let mut agree = 0;
    let mut differ: BTreeMap<&str, usize> = BTreeMap::new();
    for row in manifest
        .cases
        .iter()
        .filter(|row| kinds.contains(&row.kind))
    {
        let judged =
            root(&mut roots, row, &folder, provider).and_then(|root| match row.kind.as_str() {
                "bundle" => bundle::judge(row, &folder, &root),
                _ => judge(row, &folder, &root),
            });
        let (verdict, reason) = match judged {
            Ok(reason) => ("accept", reason),
            Err(error) => ("reject", in_full(&*error)),
        };
        println!(
            "{}",
            json!({"id": row.id, "expected": row.expected, "verdict": verdict, "reason": reason, "level": row.level})
        );
        if verdict == row.expected {
            agree += 1;
        } else {
            *differ.entry(&row.level).or_default() += 1;
        }
    }
    let of = |level: &str| differ.get(level).copied().unwrap_or_default();
    println!(
        "{agree} agree, {} differ (must {}, strict {}, policy {})",
        differ.values().sum::<usize>(),
        of("must"),
        of("strict"),
        of("policy")
    );
    Ok(of("must") == 0)
}

struct Arguments {
    folder: PathBuf,
    kinds: Vec<String>,
    provider: &'static dyn Provider,
}

fn arguments(given: Vec<String>) -> Result<Arguments, Box<dyn Error>> {
    let usage = format!(
        "FOLDER [--kind {}] [--provider aws-lc|rustcrypto]",
        KINDS.join(",")
    );
    let mut folder = None;
    let mut kinds: Vec<String> = KINDS.map(str::to_owned).to_vec();
    let mut provider = default_provider();
    let mut given = given.into_iter();
    while let Some(argument) = given.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument.clone(), None),
        };
        match name.as_str() {
            "--kind" => {
                let listed = value.or_else(|| given.next()).ok_or("--kind names none")?;
                kinds = listed.split(',').map(str::to_owned).collect();
            }
            "--provider" => {
                let name = value.or_else(|| given.next());
                provider = provider_of(&name.ok_or("--provider names none")?)?;
            }
            _ if folder.is_none() && !argument.starts_with('-') => {
                folder = Some(argument.into());
            }
            _ => return Err(format!("expected {usage}, found {argument}").into()),
        }
    }
    match kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        Some(unknown) => {
            Err(format!("expected kinds out of {}, found {unknown}", KINDS.join(",")).into())
        }
        None => Ok(Arguments {
            folder: folder.ok_or("expected a folder with a MANIFEST.json")?,
            kinds,
            provider,
        }),
    }
}

fn provider_of(name: &str) -> Result<&'static dyn Provider, Box<dyn Error>> {
    match name {
        "aws-lc" => Ok(&AwsLc),
        #[cfg(feature = "rustcrypto")]
        "rustcrypto" => Ok(&touchplate_attest::crypto::RustCrypto),
        other => Err(format!("no provider {other}: was it built with its feature?").into()),
    }
}

/// The row's trust root, read once.
fn root(
    roots: &mut BTreeMap<PathBuf, Result<TrustRoot, String>>,
    row: &Row,
    folder: &Path,
    provider: &'static dyn Provider,
) -> Result<TrustRoot, Refusal> {
    let read = || {
        let json =
            std::fs::read(folder.join(&row.trusted_root)).map_err(|error| error.to_string())?;
        TrustRoot::with_provider(&json, provider).map_err(|error| in_full(&error))
    };
    let root = roots.entry(row.trusted_root.clone()).or_insert_with(read);
    root.clone()
        .map_err(|error| format!("trust root: {error}").into())
}

/// What was accepted in words.
fn judge(row: &Row, folder: &Path, root: &TrustRoot) -> Result<String, Refusal> {
    let document = std::fs::read(folder.join(&row.path))?;
    let artifact = row
        .artifact
        .as_ref()
        .map(|path| std::fs::read(folder.join(path)))
        .transpose()?;
    let file = FileFacts {
        filename: row
            .artifact_name
            .as_deref()
            .ok_or("the row names no file")?
            .parse()?,
        sha256: match &artifact {
            Some(bytes) => Sha256::of(bytes),
            None => row
                .artifact_sha256
                .as_deref()
                .ok_or("the row has no digest")?
                .parse()?,
        },
    };
    let publisher = match &row.publisher {
        Some(publisher) => Some(Publisher::parse(publisher.to_string().as_bytes())?),
        None => None,
    };
    let now = Timestamp::now();
    let proven = match row.kind.as_str() {
        "pep740" => vec![verify(&file, &Attestation::parse(&document)?, root, now)?],
        "upload" => {
            let attestations = Attestation::parse_array(&document)?;
            let proven = attestations
                .iter()
                .map(|attestation| verify(&file, attestation, root, now));
            without_repeats(proven.collect::<Result<_, _>>()?)?
        }
        _ => {
            let provenance = Provenance::parse(&document)?;
            let verified = verify_provenance(&file, &provenance, publisher.as_slice(), root, now)?;
            verified
                .iter()
                .map(|verified| verified.proven().clone())
                .collect()
        }
    };
    let mut words = Vec::new();
    for proven in proven {
        words.push(belongs(
            proven,
            row,
            publisher.as_ref(),
            artifact.as_deref(),
        )?);
    }
    Ok(words.join("; "))
}

/// Holds what was proved against the row's publisher, identity and artifact.
fn belongs(
    proven: Proven,
    row: &Row,
    publisher: Option<&Publisher>,
    artifact: Option<&[u8]>,
) -> Result<String, Refusal> {
    if let Some(bytes) = artifact {
        proven.check_digest("sha512", &format!("{:x}", sha2::Sha512::digest(bytes)))?;
        proven.check_digest("sha384", &format!("{:x}", sha2::Sha384::digest(bytes)))?;
        proven.check_digest("sha224", &format!("{:x}", sha2::Sha224::digest(bytes)))?;
    }
    let mut words = format!("{} by {}", proven.predicate_type(), proven.identity().san());
    let identity = row
        .identity
        .as_ref()
        .and_then(|it| it.san.as_ref().zip(it.issuer.as_ref()));
    let proven = match identity {
        Some((san, issuer)) => proven.by_identity(san, issuer)?,
        None => proven,
    };
    if let Some(publisher) = publisher {
        words = format!(
            "{words}, which is {}",
            proven.by(publisher)?.publisher().describe()
        );
    }
    Ok(words)
}

/// An error and its causes on one line.
fn in_full(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error: &&dyn Error| (*error).source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
