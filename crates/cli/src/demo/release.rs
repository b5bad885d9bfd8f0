//! A release: built, signed, uploaded, then read back and verified by whoever wants to.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use touchplate_attest::{FileFacts, Provenance, Sha256, verify_provenance};

use super::narrator::Narrator;
use super::sample_project::{Distribution, NAME};
use super::stage::Stage;
use super::{DemoError, REPOSITORY, WORKFLOW, expect, publisher};
use crate::report::Failure;
use crate::screen::instant;

const VERSION: &str = "1.0";

/// What installers ask for (PEP 691).
const SIMPLE: &str = "application/vnd.pypi.simple.v1+json";

/// Publishes a release with a wheel and an sdist, each attested.
pub(crate) fn publish(
    stage: &Stage,
    token: &str,
    clock: impl Fn() -> Timestamp + Sync,
    narrator: &mut Narrator,
) -> Result<Vec<Distribution>, Failure> {
    narrator.section("A release comes in")?;
    let built = DemoError::machine("build the sample project");
    let files = Distribution::wheel(VERSION)
        .and_then(|wheel| Ok(vec![wheel, Distribution::sdist(VERSION)?]));
    let files = files.map_err(built)?;
    let sizes: Vec<_> = files
        .iter()
        .map(|file| format!("{} ({} bytes)", file.filename, file.bytes.len()))
        .collect();
    narrator.step(&format!("built {}", sizes.join(" and ")))?;

    let names = files.iter();
    let names: Vec<_> = names
        .map(|file| (file.filename.as_str(), file.digests().sha256))
        .collect();
    let signing = stage.signing();
    let attestations = signing.sign(REPOSITORY, VERSION, &names, &clock)?;
    narrator.step(&format!(
        "signed both as the workflow {WORKFLOW} of {REPOSITORY} (simulated), with one certificate of ten minutes and no key that is kept"
    ))?;
    for (file, attestation) in files.iter().zip(attestations) {
        let answer = stage.client().upload(token, file, &[&attestation]);
        let answer = answer.map_err(DemoError::machine("upload a file"))?;
        expect(
            answer.status == 200,
            "status 200",
            format!("{}: {}", answer.status, answer.message()),
        )?;
        narrator.step(&format!(
            "uploaded {} with its attestation, which was verified at the door",
            file.filename
        ))?;
    }
    Ok(files)
}

/// What was read back and verified, kept on disk for the reader.
#[derive(Debug)]
pub(crate) struct Verified {
    file: PathBuf,
    root: PathBuf,
}

/// Reads a file and its provenance from the index and verifies the one by the other.
pub(crate) fn read_back(
    stage: &Stage,
    published: &[Distribution],
    clock: impl Fn() -> Timestamp,
    narrator: &mut Narrator,
) -> Result<Verified, Failure> {
    narrator.section("Installers and readers get it")?;
    let page = simple_page(stage)?;
    let mut downloaded = None;
    for file in published {
        let listed = Listed::find(&page, &file.filename)?;
        expect(
            listed.sha256 == file.digests().sha256,
            "the uploaded file's sha256",
            listed.sha256.to_string(),
        )?;
        downloaded.get_or_insert((file, listed));
    }
    narrator.step(&format!(
        "/simple/{NAME}/ lists both files, with sha256 and the URL of their provenance"
    ))?;

    let (file, listed) = downloaded.ok_or(DemoError::Unlike {
        expected: "a file".into(),
        found: "none".into(),
    })?;
    let bytes = fetch(stage, &listed.url, "*/*")?;
    expect(
        bytes == file.bytes,
        "the bytes that were uploaded",
        "others",
    )?;
    narrator.step(&format!(
        "downloaded {}: the bytes are the uploaded ones",
        file.filename
    ))?;

    let json = fetch(stage, &listed.provenance, "application/json")?;
    let provenance =
        Provenance::parse(&json).map_err(DemoError::machine("read the served provenance"))?;
    let filename = file
        .filename
        .parse()
        .map_err(DemoError::machine("read a filename"))?;
    let facts = FileFacts {
        filename,
        sha256: Sha256::of(&bytes),
    };
    let proofs = verify_provenance(&facts, &provenance, &[publisher()], stage.root(), clock());
    let proofs = proofs.map_err(DemoError::machine("verify the served provenance"))?;
    let [proof] = proofs.as_slice() else {
        return Err(DemoError::Unlike {
            expected: "one attestation".into(),
            found: proofs.len().to_string(),
        }
        .into());
    };
    let proven = proof.proven();
    narrator.step(&format!(
        "verified the downloaded bytes by the served provenance: {}",
        proof.publisher().describe()
    ))?;
    for (_, label, value) in proven.claims().named() {
        if ["commit", "ref", "run"].contains(&label) {
            narrator.detail(&format!("{label} {value}"))?;
        }
    }
    for entry in proven.log_entries() {
        narrator.detail(&format!("entry {} of {}", entry.log_index, entry.log_url))?;
    }
    for signed in proven.times() {
        narrator.detail(&format!("signed at {}", instant(signed.time)))?;
    }
    let (file, root) = stage.keep_for_reader(&file.filename, &bytes, &json)?;
    Ok(Verified { file, root })
}

/// The project's page, as JSON.
pub(crate) fn simple_page(stage: &Stage) -> Result<Vec<u8>, Failure> {
    fetch(stage, &format!("/simple/{NAME}/"), SIMPLE)
}

fn fetch(stage: &Stage, path: &str, accept: &str) -> Result<Vec<u8>, Failure> {
    let answer = stage
        .client()
        .fetch(path, accept)
        .map_err(DemoError::machine("fetch from the index"))?;
    expect(
        answer.status == 200,
        format!("status 200 for {path}"),
        format!("{}: {}", answer.status, answer.message()),
    )?;
    Ok(answer.body)
}

/// What the Simple API says of a file.
#[derive(Debug)]
struct Listed {
    url: String,
    sha256: Sha256,
    provenance: String,
}

impl Listed {
    fn find(page: &[u8], filename: &str) -> Result<Self, DemoError> {
        let read = || {
            let page: Value = serde_json::from_slice(page).ok()?;
            let mut files = page.get("files")?.as_array()?.iter();
            let file = files
                .find(|file| file.get("filename").and_then(Value::as_str) == Some(filename))?;
            let text = |value: Option<&Value>| value?.as_str().map(str::to_owned);
            Some(Self {
                url: text(file.get("url"))?,
                sha256: text(file.get("hashes")?.get("sha256"))?.parse().ok()?,
                provenance: text(file.get("provenance"))?,
            })
        };
        let expected = format!("{filename} with url, hashes and provenance on the page");
        read().ok_or_else(|| DemoError::Unlike {
            expected,
            found: String::from_utf8_lossy(page).into_owned(),
        })
    }
}

impl Verified {
    /// The command that verifies it once more.
    pub(crate) fn tell(&self, narrator: &Narrator) -> Result<(), Failure> {
        let words = self.command();
        // The very words that are shown, run: a command that fails would be a poor end.
        expect(
            crate::verify::holds(&words)?,
            "the command below to verify the file",
            "that it does not",
        )?;
        let program = std::env::current_exe().map_or_else(
            |_| "touchplate".to_owned(),
            |path| path.display().to_string(),
        );
        let shown: Vec<_> = words
            .iter()
            .map(|word| crate::screen::quoted(word))
            .collect();
        narrator.say("Verify the downloaded file, with no server and no network (its provenance lies beside it):")?;
        narrator.say(&format!(
            "  {} {}",
            crate::screen::quoted(&program),
            shown.join(" ")
        ))
    }

    fn command(&self) -> Vec<String> {
        let publisher = crate::verify::without_nulls(&publisher());
        let text = |path: &PathBuf| path.display().to_string();
        let words = [
            "verify",
            &text(&self.file),
            "--trusted-root",
            &text(&self.root),
            "--publisher",
            &publisher,
        ];
        words.map(str::to_owned).to_vec()
    }
}
