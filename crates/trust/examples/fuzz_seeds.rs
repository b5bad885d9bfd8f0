//! Mints what the fuzz targets begin with: `cargo run -p touchplate-trust --example fuzz_seeds -- fuzz`.
//!
//! The keys end with the process, so every file is new each time, and they belong together.

use std::error::Error;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::BitString;
use der::pem::LineEnding;
use der::{Decode as _, Encode as _, EncodePem as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::Sha256;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_trust::{
    BundleRecipe, Domain, EntryForm, EntryRecipe, KeyKind, LocalIssuer, Predicate, Recipe,
    SigningKey, StampRecipe, Workload, github_claims,
};
use x509_cert::request::{CertReq, CertReqInfo};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

const FILE: &[u8] = b"the file's bytes";
const NAME: &str = "sampleproject-1.0.tar.gz";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or("usage: fuzz_seeds FOLDER")?;
    let now: Timestamp = "2025-06-15T12:00:00Z".parse()?;
    let domain = Domain::new("trust.example", now)?;
    let who = Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0");
    let recipe = |who: &Workload, predicate| -> Recipe {
        domain.recipe(who, NAME, &Sha256::of(FILE), predicate, now)
    };
    // A tree of several entries, so that there are proof hashes.
    for _ in 0..5 {
        domain.mint(&recipe(&who, Predicate::Publish))?;
    }
    let publish = domain.mint(&recipe(&who, Predicate::Publish))?;
    let slsa = domain.mint(&recipe(&who, Predicate::Slsa))?;
    let person = Workload::email("maintainer@example.org", "https://accounts.example.org");
    let person = domain.mint(&recipe(&person, Predicate::Publish))?;
    let root = domain.trusted_root_json();
    write(&folder, "fixtures", "attestation.json", &publish)?;
    write(&folder, "fixtures", "trusted_root.json", &root)?;
    let seeds = folder.join("seeds");
    let whole = |kind: u8, text: &[u8]| [&[kind], text].concat();
    write(&seeds, "verify", "itself", &whole(0xff, &publish))?;

    write_tokens(&folder, now)?;
    let stamped = recipe(&who, Predicate::Publish).in_rekor_v2(now);
    let attestation = domain.mint(&stamped)?;
    write(&folder, "fixtures", "attestation-v2.json", &attestation)?;
    write(&seeds, "attestation", "v2", &attestation)?;
    let statement = recipe(&who, Predicate::Publish).in_rekor_v2(now);
    let message = recipe(&who, Predicate::Publish).of_message(FILE);
    let mut intoto = recipe(&who, Predicate::Slsa);
    intoto.entries = vec![EntryRecipe::new(EntryForm::Intoto, now)];
    intoto.stamps.push(StampRecipe::new(now));
    intoto.bundle = BundleRecipe::of_version_0(2);
    for (name, recipe) in [
        ("statement", statement),
        ("message", message),
        ("intoto", intoto),
    ] {
        let bundle = domain.mint_bundle(&recipe)?.json;
        write(&folder, "fixtures", &format!("bundle-{name}.json"), &bundle)?;
        write(&seeds, "bundle", name, &bundle)?;
    }
    write(
        &seeds,
        "verify",
        "bundle",
        &whole(
            0xfe,
            &std::fs::read(folder.join("fixtures/bundle-statement.json"))?,
        ),
    )?;
    let document: Value = serde_json::from_slice(&attestation)?;
    let token = document
        .pointer("/verification_material/timestamps/0")
        .and_then(Value::as_str);
    write(
        &seeds,
        "timestamp",
        "token",
        &STANDARD.decode(token.ok_or("no timestamp")?)?,
    )?;
    // Each document, unchanged but for a first small change.
    for document in 0..5_u8 {
        write(
            &seeds,
            "verify",
            &format!("change-{document}"),
            &[document, 0, 9, 3, 0, 5, 1],
        )?;
    }

    proposals(&domain, &recipe(&who, Predicate::Publish), now, &seeds)?;
    write(&seeds, "trusted_root", "root", &root)?;
    write(&seeds, "trust_config", "root", &root)?;
    let config = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": serde_json::from_slice::<Value>(&root)?,
        "signingConfig": {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"},
    });
    write(
        &seeds,
        "trust_config",
        "config",
        config.to_string().as_bytes(),
    )?;
    for (name, text) in [("publish", &publish), ("slsa", &slsa), ("person", &person)] {
        let document: Value = serde_json::from_slice(text)?;
        write(&seeds, "attestation", name, text)?;
        write(&seeds, "strict_json", name, text)?;
        let inside = |pointer: &str| -> Result<Vec<u8>, Box<dyn Error>> {
            let text = document.pointer(pointer).and_then(Value::as_str);
            Ok(STANDARD.decode(text.ok_or("no such field")?)?)
        };
        write(&seeds, "statement", name, &inside("/envelope/statement")?)?;
        write(
            &seeds,
            "certificate",
            name,
            &inside("/verification_material/certificate")?,
        )?;
        let note =
            "/verification_material/transparency_entries/0/inclusionProof/checkpoint/envelope";
        let note = document
            .pointer(note)
            .and_then(Value::as_str)
            .ok_or("no checkpoint")?;
        write(&seeds, "checkpoint", name, note.as_bytes())?;
    }
    let publish: Value = serde_json::from_slice(&publish)?;
    let slsa: Value = serde_json::from_slice(&slsa)?;
    write(
        &seeds,
        "attestation",
        "upload",
        json!([publish, slsa]).to_string().as_bytes(),
    )?;
    let publishers = [
        (
            "github",
            json!({"kind": "GitHub", "repository": "example/sampleproject", "workflow": "release.yml", "environment": "release"}),
        ),
        (
            "gitlab",
            json!({"kind": "GitLab", "repository": "group/sub/sampleproject", "workflow_filepath": ".gitlab-ci.yml"}),
        ),
        (
            "google",
            json!({"kind": "Google", "email": "builder@example-project.iam.gserviceaccount.com"}),
        ),
        (
            "activestate",
            json!({"kind": "ActiveState", "organization": "example", "project": "sampleproject", "actor": "builder"}),
        ),
        (
            "circleci",
            json!({"kind": "CircleCI", "project_id": "a9b1f9a5-6fa0-4b5b-9d3a-7f0c0a1b2c3d", "pipeline_definition_id": "0d1e2f3a-4b5c-4d7e-8f9a-0b1c2d3e4f5a", "vcs_origin": "github.com/example/sampleproject", "vcs_ref": "refs/tags/v1.0"}),
        ),
        (
            "email",
            json!({"kind": "Email", "email": "maintainer@example.org", "issuer": "https://accounts.example.org"}),
        ),
    ];
    for (name, publisher) in publishers {
        write(&seeds, "publisher", name, publisher.to_string().as_bytes())?;
        let bundle = json!({"publisher": publisher, "attestations": [publish]});
        let provenance = json!({"version": 1, "attestation_bundles": [bundle]});
        write(
            &seeds,
            "provenance",
            name,
            provenance.to_string().as_bytes(),
        )?;
    }
    for (at, name) in [
        NAME,
        "sampleproject-1.0-py3-none-any.whl",
        "a_b-1!2.0.post1+local.1-2-cp312.cp313-abi3-manylinux_2_28_x86_64.whl",
        "a-1.zip",
    ]
    .iter()
    .enumerate()
    {
        write(&seeds, "filename", &at.to_string(), name.as_bytes())?;
    }
    Ok(())
}

/// What signers send to the logs.
fn proposals(
    domain: &Domain,
    recipe: &Recipe,
    now: Timestamp,
    seeds: &Path,
) -> Result<(), Box<dyn Error>> {
    let minted = |recipe: &Recipe| -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_slice(&domain.mint_bundle(recipe)?.json)?)
    };
    let body = |bundle: &Value| -> Result<Value, Box<dyn Error>> {
        let body = &bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"];
        let body = STANDARD.decode(body.as_str().ok_or("no body")?)?;
        Ok(serde_json::from_slice(&body)?)
    };
    let bundle = minted(recipe)?;
    let verifier = &body(&bundle)?["spec"]["signatures"][0]["verifier"];
    let dsse = json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": {"proposedContent": {
        "envelope": bundle["dsseEnvelope"].to_string(), "verifiers": [verifier],
    }}});
    write(seeds, "rekor1", "dsse", dsse.to_string().as_bytes())?;
    // The body of an artifact's entry is what was proposed.
    let message = body(&minted(&recipe.clone().of_message(FILE))?)?;
    let proposal = message.to_string();
    write(seeds, "rekor1", "hashedrekord", proposal.as_bytes())?;
    let stamped = body(&minted(&recipe.clone().in_rekor_v2(now))?)?;
    let spec = &stamped["spec"]["hashedRekordV002"];
    let request = json!({"hashedRekordRequestV002": {
        "digest": spec["data"]["digest"], "signature": spec["signature"],
    }});
    write(seeds, "rekor2", "request", request.to_string().as_bytes())?;
    let query = json!({
        "email": "maintainer@example.org", "hash": format!("sha256:{}", Sha256::of(FILE)),
        "publicKey": {"format": "x509", "content": verifier}, "operator": "and",
    });
    write(seeds, "rekor_query", "all", query.to_string().as_bytes())?;
    Ok(())
}

fn write(folder: &Path, kind: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = folder.join(kind);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), bytes)
}

/// A token, the key set that it is checked by, and a request for a certificate.
fn write_tokens(folder: &Path, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let issuer = LocalIssuer::new("https://issuer.example", "key", TokenAlgorithm::ES256)?;
    let claims = github_claims("example/sampleproject", "release.yml", "refs/tags/v1.0");
    let token = issuer.token("job", "sigstore", claims, now)?;
    let keys = issuer.key_set()?;
    write(folder, "fixtures", "id_token.jwt", token.as_bytes())?;
    write(folder, "fixtures", "key_set.json", &keys)?;
    let seeds = folder.join("seeds");
    write(&seeds, "id_token", "github", token.as_bytes())?;
    write(&seeds, "key_set", "p256", &keys)?;
    let key = SigningKey::generate(KeyKind::P256)?;
    let info = CertReqInfo {
        version: Default::default(),
        subject: Default::default(),
        public_key: SubjectPublicKeyInfoOwned::from_der(key.public())?,
        attributes: Default::default(),
    };
    let signature = BitString::from_bytes(&key.sign(&info.to_der()?)?)?;
    let algorithm = AlgorithmIdentifierOwned {
        oid: "1.2.840.10045.4.3.2".parse()?, // ecdsa-with-SHA256
        parameters: None,
    };
    let request = CertReq {
        info,
        algorithm,
        signature,
    };
    let pem = request.to_pem(LineEnding::LF)?;
    Ok(write(&seeds, "signing_request", "p256", pem.as_bytes())?)
}
