//! Six uploads that must be refused, each wrong in one way. For each, what the index answers is held against the rule
//! that `attest` itself names, and nothing may be left of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use touchplate_attest::{
    Attestation, AttestationError, EntryError, FileFacts, Mismatch, Sha256, TrustRoot, VerifyError,
    verify,
};

use super::narrator::Narrator;
use super::release::simple_page;
use super::sample_project::{Distribution, NAME};
use super::stage::Stage;
use super::{DemoError, REPOSITORY, expect, publisher};
use crate::report::{Failure, causes};

const VERSION: &str = "1.1";
/// Whose workflow is not the project's publisher.
const STRANGER: &str = "mallory/sampleproject";
const OTHER_FILENAME: &str = "sampleproject-1.0.tar.gz";

/// An upload that is wrong in one way.
struct Attempt {
    what: &'static str,
    file: Distribution,
    attestation: Vec<u8>,
    /// Whether this is the rule that must refuse it.
    is_the_rule: fn(&Refused) -> bool,
}

/// Why an attestation is none by the project's publisher.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Malformed(#[from] AttestationError),
    #[error(transparent)]
    Unverified(#[from] VerifyError),
    #[error(transparent)]
    Stranger(#[from] Mismatch),
}

/// Makes the six attempts, and then the one that is right.
pub(crate) fn show(
    stage: &Stage,
    token: &str,
    clock: impl Fn() -> Timestamp + Sync,
    narrator: &mut Narrator,
) -> Result<(), Failure> {
    narrator.section("Six uploads that are refused")?;
    let file =
        Distribution::sdist(VERSION).map_err(DemoError::machine("build the sample project"))?;
    let sign = |repository: &str, filename: &str| sign(stage, repository, filename, &file, &clock);
    let right = sign(REPOSITORY, &file.filename)?;
    let before = (simple_page(stage)?, stage.contents()?);
    for attempt in attempts(&file, &right, &sign)? {
        let message = refused(stage, token, &attempt, clock())?;
        narrator.step(&format!("refused: {}", attempt.what))?;
        narrator.detail(&format!("400 {message}"))?;
    }
    let after = (simple_page(stage)?, stage.contents()?);
    expect(
        before == after,
        "nothing left of the refused uploads",
        "that something changed",
    )?;
    narrator
        .step("nothing of them is left: no row in the database, no release, no bytes on disk")?;

    let answer = stage
        .client()
        .upload(token, &file, &[&right])
        .map_err(DemoError::machine("upload a file"))?;
    expect(
        answer.status == 200,
        "status 200",
        format!("{}: {}", answer.status, answer.message()),
    )?;
    narrator.step("the same file with the right attestation is accepted")
}

/// Signs the file as a repository's workflow, under a filename.
type Sign<'s> = dyn Fn(&str, &str) -> Result<Vec<u8>, DemoError> + 's;

fn attempts(file: &Distribution, right: &[u8], sign: &Sign<'_>) -> Result<Vec<Attempt>, DemoError> {
    let attempt = |what, attestation, is_the_rule| Attempt {
        what,
        file: file.clone(),
        attestation,
        is_the_rule,
    };
    Ok(vec![
        Attempt {
            file: file.with_one_byte_changed(),
            ..attempt("one byte of the file changed", right.to_vec(), |refused| {
                matches!(
                    refused,
                    Refused::Unverified(VerifyError::OtherSha256 { .. })
                )
            })
        },
        attempt(
            "one byte of the attestation's signature changed",
            with_one_byte_changed(right)?,
            |refused| is_entry(refused, |error| matches!(error, EntryError::BodySignature)),
        ),
        attempt(
            "signed by another repository's workflow",
            sign(STRANGER, &file.filename)?,
            |refused| matches!(refused, Refused::Stranger(_)),
        ),
        attempt(
            "an attestation for another filename",
            sign(REPOSITORY, OTHER_FILENAME)?,
            |refused| matches!(refused, Refused::Unverified(VerifyError::OtherFile { .. })),
        ),
        attempt(
            "the log entry's time set an hour back",
            with_entry_changed(right, "/integratedTime", |time| {
                let seconds: i64 = time.as_str()?.parse().ok()?;
                Some(seconds.saturating_sub(3600).to_string().into())
            })?,
            |refused| {
                is_entry(refused, |error| {
                    matches!(error, EntryError::BeforeCertificate { .. })
                })
            },
        ),
        attempt(
            "logged in a log that the trust root does not know",
            with_entry_changed(right, "/logId/keyId", |_| {
                Some(
                    STANDARD
                        .encode(Sha256::of(b"another log").as_bytes())
                        .into(),
                )
            })?,
            |refused| {
                is_entry(refused, |error| {
                    matches!(error, EntryError::UnknownLog { .. })
                })
            },
        ),
    ])
}

fn is_entry(refused: &Refused, is: fn(&EntryError) -> bool) -> bool {
    match refused {
        Refused::Unverified(VerifyError::Entry { source, .. }) => is(source),
        Refused::Malformed(_) | Refused::Unverified(_) | Refused::Stranger(_) => false,
    }
}

fn sign(
    stage: &Stage,
    repository: &str,
    filename: &str,
    file: &Distribution,
    clock: &(dyn Fn() -> Timestamp + Sync),
) -> Result<Vec<u8>, DemoError> {
    let files = [(filename, file.digests().sha256)];
    let mut signed = stage.signing().sign(repository, VERSION, &files, clock)?;
    signed.pop().ok_or_else(|| DemoError::Unlike {
        expected: "an attestation".into(),
        found: "none".into(),
    })
}

/// The attestation with one value of its log entry changed.
fn with_entry_changed(
    attestation: &[u8],
    place: &str,
    change: impl FnOnce(&Value) -> Option<Value>,
) -> Result<Vec<u8>, DemoError> {
    let changed = || {
        let mut json: Value = serde_json::from_slice(attestation).ok()?;
        let entry = "/verification_material/transparency_entries/0";
        let value = json.pointer_mut(&format!("{entry}{place}"))?;
        *value = change(value)?;
        Some(json.to_string().into_bytes())
    };
    changed().ok_or_else(|| DemoError::Unlike {
        expected: "an attestation with a log entry".into(),
        found: "none".into(),
    })
}

/// The attestation with one bit of its signature's middle byte changed, and still well formed.
fn with_one_byte_changed(attestation: &[u8]) -> Result<Vec<u8>, DemoError> {
    let changed = || {
        let mut json: Value = serde_json::from_slice(attestation).ok()?;
        let signature = json.pointer_mut("/envelope/signature")?;
        let mut bytes = STANDARD.decode(signature.as_str()?).ok()?;
        let middle = bytes.len() / 2;
        *bytes.get_mut(middle)? ^= 1;
        *signature = STANDARD.encode(bytes).into();
        Some(json.to_string().into_bytes())
    };
    changed().ok_or_else(|| DemoError::Unlike {
        expected: "an attestation with a signature".into(),
        found: "none".into(),
    })
}

/// Uploads the attempt; the answer must be 400 and say what the rule says that must refuse it. Returns the answer.
fn refused(
    stage: &Stage,
    token: &str,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<String, DemoError> {
    let filename = attempt
        .file
        .filename
        .parse()
        .map_err(DemoError::machine("read a filename"))?;
    let facts = FileFacts {
        filename,
        sha256: attempt.file.digests().sha256,
    };
    let rule = match judge(&facts, &attempt.attestation, stage.root(), now) {
        Err(rule) => rule,
        Ok(()) => {
            return expect(false, format!("a refusal ({})", attempt.what), "none")
                .map(|()| String::new());
        }
    };
    let text = causes(&rule).last().unwrap_or_default();
    expect(
        (attempt.is_the_rule)(&rule),
        format!("the rule about: {}", attempt.what),
        &text,
    )?;

    let answer = stage
        .client()
        .upload(token, &attempt.file, &[&attempt.attestation]);
    let answer = answer.map_err(DemoError::machine("upload a file"))?;
    let message = answer.message();
    let said = match &rule {
        Refused::Malformed(_) | Refused::Unverified(_) => message.contains(&text),
        // The index tried each publisher that could match and found none: it names the stranger and the project.
        Refused::Stranger(_) => {
            message.contains(STRANGER) && message.contains(&format!("no publisher of `{NAME}`"))
        }
    };
    expect(
        answer.status == 400 && said,
        format!("status 400, saying: {text}"),
        format!("{}: {message}", answer.status),
    )?;
    Ok(message)
}

fn judge(file: &FileFacts, json: &[u8], root: &TrustRoot, now: Timestamp) -> Result<(), Refused> {
    verify(file, &Attestation::parse(json)?, root, now)?.by(&publisher())?;
    Ok(())
}
