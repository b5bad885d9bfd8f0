//! Whether what is stored is still what was stored.

use std::time::SystemTime;

use clap::Args;
use serde_json::{Value, json};
use touchplate_index::Index;
use touchplate_index::checking::{Asked, CheckError, Checked, Finding, Review};
use touchplate_index::ports::{Came, StoredBlob};
use touchplate_server::{Clock as _, SystemClock};

use crate::options::{Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, causes, say, say_json};
use crate::screen::{Page, instant};

/// Findings that a JSON report lists: so many are some ten megabytes. It counts the others.
const MOST_LISTED: usize = 10_000;

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Read no files: ask only whether their bytes are there, and how many they are
    #[arg(long)]
    fast: bool,
    /// Remove the bytes that nothing refers to, where they are older than an hour
    #[arg(long)]
    sweep: bool,
    #[command(flatten)]
    reporting: Reporting,
}

impl Check {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        let asked = Asked {
            digests: !self.fast,
            sweep: self.sweep,
        };
        let now = SystemClock.now();
        let review = index.review().await?;
        let (checked, said) = match self.reporting.format {
            Format::Text => {
                let mut said = Ok(());
                // Each as it is found: a large index takes hours.
                let mut tell = |finding| {
                    if said.is_ok() {
                        said = tell_text(&finding);
                    }
                };
                (index.check(asked, now, &mut tell).await, said)
            }
            Format::Json => {
                let mut listed = Vec::new();
                let mut list = |finding| {
                    if listed.len() < MOST_LISTED {
                        listed.push(told(&finding));
                    }
                };
                let checked = index.check(asked, now, &mut list).await;
                let said = checked.as_ref().map_or(Ok(()), |checked| {
                    say_json(&report(checked, &listed, review.as_ref()))
                });
                (checked, said)
            }
        };
        said?;
        let checked = checked?;
        if self.reporting.format == Format::Text {
            say(&summary(&checked, asked, review.as_ref()))?;
        }
        Ok(match checked.findings {
            0 => Outcome::Done,
            _ => Outcome::No,
        })
    }
}

/// What a finding is about, in words.
fn subject(finding: &Finding) -> String {
    match finding {
        Finding::File { filename, .. } => filename.clone(),
        Finding::Attestation {
            filename,
            came,
            row,
            ..
        } => {
            let what = match came {
                Came::WithUpload => "attestation",
                Came::Later => "later attestation",
            };
            format!("{filename}, {what} {row}")
        }
        Finding::Orphan(blob) => format!("blob {}", blob.digest),
    }
}

/// What is wrong, and each cause that adds something.
fn wrong(finding: &Finding) -> Vec<String> {
    match finding {
        Finding::File { wrong, .. } => causes(wrong).collect(),
        Finding::Attestation { wrong, .. } => causes(wrong).collect(),
        Finding::Orphan(blob) => vec![format!(
            "nothing refers to its {} bytes, which were stored {} minutes ago",
            blob.size,
            minutes_ago(blob)
        )],
    }
}

fn minutes_ago(blob: &StoredBlob) -> u64 {
    let ago = SystemTime::now().duration_since(blob.stored_at);
    ago.unwrap_or_default().as_secs() / 60
}

fn tell_text(finding: &Finding) -> Result<(), Failure> {
    let mut page = Page::new();
    page.bad(&format!(
        "{}: {}",
        subject(finding),
        wrong(finding).join(": ")
    ));
    say(&page.take())
}

fn told(finding: &Finding) -> Value {
    let mut told = json!({"finding": finding.name(), "messages": wrong(finding)});
    match finding {
        Finding::File { filename, .. } => told["filename"] = json!(filename),
        Finding::Attestation {
            filename,
            came,
            row,
            ..
        } => {
            told["filename"] = json!(filename);
            told["attestation"] = json!({"row": row, "later": *came == Came::Later});
        }
        Finding::Orphan(blob) => {
            told["sha256"] = json!(blob.digest.to_string());
            told["size"] = json!(blob.size);
        }
    }
    told
}

fn report(checked: &Checked, listed: &[Value], review: Option<&Review>) -> Value {
    json!({
        "version": REPORT_VERSION,
        "files": checked.files,
        "bytes": checked.bytes,
        "attestations": checked.attestations,
        "blobs": checked.blobs,
        "young": checked.young,
        "swept": checked.swept,
        "found": checked.findings,
        "findings": listed,
        "review": review.map(reviewed),
    })
}

/// What a server found when something else came to be believed.
fn reviewed(review: &Review) -> Value {
    json!({
        "believed": review.believed.to_string(),
        "began_at": review.began_at.to_string(),
        "ended_at": review.ended_at.map(|at| at.to_string()),
        "attestations": review.attestations,
        "unsound": review.unsound,
        "listed": review.listed,
    })
}

fn told_review(page: &mut Page, review: &Review) {
    let (looked_at, unsound) = (review.attestations, review.unsound);
    let when = match review.ended_at {
        Some(at) => format!(
            "a server verified {looked_at} attestations again at {}",
            instant(at)
        ),
        None => format!(
            "a server has verified {looked_at} attestations again since {}, and goes on",
            instant(review.began_at)
        ),
    };
    match unsound {
        0 => page.faint(&format!("{when}: all held")),
        1 => page.line(&format!("{when}: 1 no longer held")),
        _ => page.line(&format!("{when}: {unsound} no longer held")),
    }
    for found in &review.listed {
        page.row(
            &found.finding,
            &format!("{}: {}", found.filename, found.messages.join(": ")),
        );
    }
}

fn summary(checked: &Checked, asked: Asked, review: Option<&Review>) -> String {
    let mut page = Page::new();
    let how = if asked.digests {
        ""
    } else {
        ", their bytes unread"
    };
    let what = format!(
        "{} files of {} bytes{how}, {} attestations, {} blobs",
        checked.files, checked.bytes, checked.attestations, checked.blobs
    );
    match checked.findings {
        0 => page.good(&format!("checked {what}: nothing is wrong")),
        1 => page.line(&format!("checked {what}: 1 finding")),
        found => page.line(&format!("checked {what}: {found} findings")),
    }
    if checked.young > 0 {
        page.faint(&format!(
            "{} blobs are younger than an hour and nothing refers to them yet: uploads under way, or what the next sweep removes",
            checked.young
        ));
    }
    if checked.swept > 0 {
        page.line(&format!(
            "removed {} blobs that nothing refers to",
            checked.swept
        ));
    }
    if let Some(review) = review {
        told_review(&mut page, review);
    }
    if checked.findings > 0 {
        page.hint(
            "a damaged or missing file comes back from a backup, or by uploading it anew after `touchplate admin delete-file`\n  \
             under another name; blobs that nothing refers to go with `--sweep`, or with a server's next sweep",
        );
    }
    page.take()
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Store(error) => error.into(),
            CheckError::Blobs(error) => error.into(),
            CheckError::Interrupted(_) => Self::outside(error),
        }
    }
}
