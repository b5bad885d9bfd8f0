//! What `verify` found, in words and as JSON.

mod json;
mod text;

use jiff::Timestamp;
use touchplate_client::fetch::IndexUrl;

use super::expected::Expectation;
use super::judge::Judged;
use crate::report::Failure;
use crate::root::Trust;

pub(crate) use json::{json, record};
pub(crate) use text::text;

/// What `verify` found.
#[derive(Debug)]
pub(crate) struct Report {
    /// Each file that could be judged.
    pub(crate) files: Vec<Judged>,
    /// What was asked for and could not be judged, and why.
    pub(crate) failures: Vec<(String, Failure)>,
    /// What was judged by.
    pub(crate) trust: Trust,
    /// Who was expected.
    pub(crate) expectation: Expectation,
    /// The index that was asked.
    pub(crate) index: Option<IndexUrl>,
    /// When.
    pub(crate) now: Timestamp,
}

impl Report {
    /// Whether everything that was asked for is verified.
    pub(crate) fn is_verified(&self) -> bool {
        self.failures.is_empty() && self.files.iter().all(Judged::is_verified)
    }
}

/// The answer for one file, in one word.
enum Headline {
    Verified,
    NobodyExpected,
    NoAttestation,
    Refused,
}

fn headline(judged: &Judged) -> Headline {
    let mut findings = judged.findings.iter();
    if judged.findings.is_empty() {
        Headline::NoAttestation
    } else if judged.is_verified() {
        Headline::Verified
    } else if findings.any(|finding| finding.result.is_err()) {
        Headline::Refused
    } else {
        Headline::NobodyExpected
    }
}
