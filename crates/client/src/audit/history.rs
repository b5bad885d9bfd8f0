//! A release among its project's others: as much of the last attested earlier release as is needed to say whether a builder
//! is new.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use touchplate_attest::{CertificateMemory, FileFacts, PinnedIds};
use touchplate_packaging::Version;
use touchplate_policy::history::{FileProvenance, ReleaseFacts};
use touchplate_policy::verdict::{Evidence, HistoryFacts, Proof};
use touchplate_policy::{Builder, verdict::IdPair};
use url::Url;

use super::matching::Matched;
use super::prove::{Outcome, Prover};
use super::{AT_ONCE, Auditor, Proved};
use crate::crew;
use crate::fetch::{Announced, FileEntry, Page};

/// Files of an earlier release that are looked at before nothing more is said of it. The largest releases have some hundred.
const MAX_EARLIER_FILES: usize = 200;

impl Auditor<'_> {
    /// The history of each entry; none where there is no page, or one that cannot say.
    pub(super) fn histories(
        &self,
        matched: &[Matched<'_>],
        proved: &[Vec<Proved>],
    ) -> Vec<Option<HistoryFacts>> {
        let both: Vec<_> = matched.iter().zip(proved).collect();
        let done = AtomicUsize::new(0);
        let histories = crew::each(
            AT_ONCE,
            &both,
            |_| true,
            |_, (matched, proved)| {
                let history = self.history(matched, proved);
                (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, both.len());
                history
            },
        );
        histories.into_iter().map(Option::flatten).collect()
    }

    fn history(&self, matched: &Matched<'_>, proved: &[Proved]) -> Option<HistoryFacts> {
        let (page, index) = (matched.page?, matched.index?);
        if page
            .files
            .iter()
            .any(|file| file.provenance == Announced::Unsaid)
        {
            return None;
        }
        let listed = matched
            .files
            .iter()
            .find_map(|file| file.listed.as_ref().ok());
        let version = listed?.0.filename.version();
        let proofs: Vec<&Proof> = proved.iter().flat_map(proofs).collect();
        let mut history = HistoryFacts {
            release: own(page, version, matched, proved),
            earlier: None,
            ids: BTreeMap::new(),
            unread: Vec::new(),
        };
        let Some(earlier) = earlier(page, &history.release) else {
            return Some(history);
        };
        // Who is pinned may build it, whoever built it before: nothing needs to be asked.
        let asks = proved.iter().any(Proved::is_open);
        let files = page.release(&earlier.version);
        let mut looked = Looked {
            facts: ReleaseFacts::new(earlier.version, earlier.created_at),
            wanted: if asks { proofs } else { Vec::new() },
            history: &mut history,
        };
        let mut prover = Prover::new(self, CertificateMemory::new());
        for (number, file) in files.into_iter().enumerate() {
            looked.file(&mut prover, index, file, number);
        }
        history.earlier = Some(looked.end());
        Some(history)
    }
}

/// An earlier release while it is looked at.
struct Looked<'h, 'p> {
    facts: ReleaseFacts,
    /// Proofs of the later release whose builder has not been seen yet, with its numbers.
    wanted: Vec<&'p Proof>,
    history: &'h mut HistoryFacts,
}

impl Looked<'_, '_> {
    fn file(&mut self, prover: &mut Prover<'_>, index: &Url, file: &FileEntry, number: usize) {
        if !file.is_attested() {
            self.facts.count(FileProvenance::Absent);
            return;
        }
        if self.wanted.is_empty() {
            // That it is attested is enough to know.
            self.facts.count(FileProvenance::By(BTreeSet::new()));
            return;
        }
        let unread = match file.sha256 {
            _ if number >= MAX_EARLIER_FILES => {
                vec![format!("it has more than {MAX_EARLIER_FILES} files")]
            }
            None => vec![format!("the index names no digest of `{}`", file.filename)],
            Some(sha256) => {
                let filename = file.filename.clone();
                match prover.outcome(index, file, &FileFacts { filename, sha256 }) {
                    Outcome::Verified(verified) => {
                        let mut builders = BTreeSet::new();
                        for verified in &verified {
                            let builder = Builder::from(&verified.record());
                            self.seen(&builder, &verified.ids());
                            builders.insert(builder);
                        }
                        self.facts.count(FileProvenance::By(builders));
                        return;
                    }
                    Outcome::Absent => vec![format!("`{}` has none", file.filename)],
                    Outcome::Refused(finding) => {
                        let why = std::iter::once(format!("`{}`: {finding}", file.filename));
                        why.chain(finding.causes().iter().cloned()).collect()
                    }
                }
            }
        };
        self.history.unread = unread;
        self.facts.count(FileProvenance::Unreadable);
    }

    fn seen(&mut self, builder: &Builder, ids: &PinnedIds) {
        let known = self.history.ids.entry(builder.clone()).or_default();
        let pair: IdPair = (ids.repository_id.clone(), ids.owner_id.clone());
        known.insert(pair);
        self.wanted
            .retain(|proof| proof.builder != *builder || ids.check_ids(&proof.ids).is_err());
    }

    /// What is known of it: where every builder was found, what could not be read is beside the point.
    fn end(mut self) -> ReleaseFacts {
        if self.wanted.is_empty() {
            self.facts.unreadable = 0;
            self.history.unread.clear();
        }
        self.facts
    }
}

fn proofs(proved: &Proved) -> &[Proof] {
    match &proved.facts.evidence {
        Evidence::Proven(proofs) => proofs,
        Evidence::Found(_) | Evidence::Absent => &[],
    }
}

/// The release itself: what the page announces of each file, and who built those that were looked at.
fn own(page: &Page, version: &Version, matched: &Matched<'_>, proved: &[Proved]) -> ReleaseFacts {
    let files = page.release(version);
    let mut facts = ReleaseFacts::new(version.clone(), created_at(&files));
    for file in files {
        if !file.is_attested() {
            facts.count(FileProvenance::Absent);
            continue;
        }
        let mut both = matched.files.iter().zip(proved);
        let proved = both.find(|(matched, _)| {
            let listed = matched.listed.as_ref().ok();
            listed.is_some_and(|(_, listed)| std::ptr::eq(*listed, file))
        });
        let builders = proved.map(|(_, proved)| proofs(proved)).unwrap_or_default();
        let builders = builders.iter().map(|proof| proof.builder.clone());
        facts.count(FileProvenance::By(builders.collect()));
    }
    facts
}

/// A release that came before.
struct Earlier {
    version: Version,
    created_at: Timestamp,
}

/// The last release before this one that has provenance: by when they came, and of those that came at once by version.
fn earlier(page: &Page, release: &ReleaseFacts) -> Option<Earlier> {
    let mut last: Option<Earlier> = None;
    for version in page.versions() {
        let files = page.release(version);
        if !files.iter().any(|file| file.is_attested()) {
            continue;
        }
        let candidate = Earlier {
            version: version.clone(),
            created_at: created_at(&files),
        };
        let order = |it: &Earlier| (it.created_at, it.version.clone());
        let before = order(&candidate) < (release.created_at, release.version.clone());
        if before
            && last
                .as_ref()
                .is_none_or(|last| order(last) < order(&candidate))
        {
            last = Some(candidate);
        }
    }
    last
}

/// When the first file came; the same for all where the index does not say.
fn created_at(files: &[&FileEntry]) -> Timestamp {
    let times = files.iter().filter_map(|file| file.uploaded_at);
    times.min().unwrap_or(Timestamp::UNIX_EPOCH)
}
