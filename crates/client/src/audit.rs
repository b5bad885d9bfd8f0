//! Auditing lockfiles: for each file that one may be installed from, what is proved of it, by whom, and how that stands to
//! pins, to the lockfile's own record and to the project's earlier releases.
//!
//! [`Auditor::audit`] asks a [`Source`] (an index, or a pack), verifies every signature, and leaves the judgement to
//! [`touchplate_policy::verdict`]. Each entry has a result: what cannot be told is said.

mod bulk;
mod cache;
mod contents;
mod environment;
mod held;
mod history;
mod matching;
mod pack;
mod plan;
mod prove;
mod source;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;
use touchplate_attest::{CertificateMemory, TrustDomains};
use touchplate_packaging::lock::Entry;
use touchplate_packaging::{ProjectName, Sha256};
use touchplate_policy::verdict::{
    EntryFacts, Evidence, Finding, LockedFacts, Rules, Tie, Verdict, judge,
};
use url::Url;

use crate::crew;
use crate::fetch::{FileEntry, IndexError, Page};
use crate::pins::{Pin, Pins};

pub use cache::Cache;
pub use contents::{WheelContents, WheelMember};
pub use pack::{Pack, PackError, PackHead, Recorder};
pub use source::{Found, Online, Source, SourceError};

use matching::Matched;
use plan::Plan;
use prove::Prover;

/// Questions at once to a source that does not say how many it takes.
const AT_ONCE: usize = 16;

/// Files of one entry that one worker verifies in turn: they share their certificate, as a rule.
const CHUNK: usize = 8;

/// What an audit goes by.
#[derive(Clone, Copy)]
pub struct Auditor<'a> {
    /// Who is asked.
    pub source: &'a dyn Source,
    /// Whom to believe.
    pub domains: &'a TrustDomains,
    /// Who is expected, and what is accepted.
    pub pins: &'a Pins,
    /// The index that is asked, whatever the lockfile names.
    pub index: Option<&'a Url>,
    /// The index that is asked where the lockfile names none.
    pub default_index: Option<&'a Url>,
    /// The time of the check.
    pub now: Timestamp,
    /// Hears how many of how many steps are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// One entry, audited.
#[derive(Debug)]
pub struct Audited {
    /// As it stands in the lockfile.
    pub entry: Entry,
    /// What was audited in a folder: its place there.
    pub place: Option<String>,
    /// The index that was asked.
    pub index: Option<Url>,
    /// Its files, as the entry orders them.
    pub files: Vec<AuditedFile>,
    /// What is said of it.
    pub verdict: Verdict,
}

/// One file of an entry, audited.
#[derive(Debug)]
pub struct AuditedFile {
    /// Its name, as the lockfile or the index has it; else its digest.
    pub shown: String,
    /// The digest that is locked.
    pub sha256: Option<Sha256>,
    /// Each of its attestations that hold.
    pub seen: Vec<Seen>,
}

/// An attestation that holds, in short.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What is pinned on first use; none where there is no telling who it is.
    pub pin: Option<Pin>,
    /// Who it is, as a PEP 740 publisher object: by the certificate.
    pub publisher: serde_json::Value,
    /// The subject alternative name.
    pub san: String,
    /// Who vouches for it.
    pub issuer: String,
}

/// The page of each project at each index, or why there is none.
type Pages = HashMap<(Url, ProjectName), Result<Page, SourceError>>;

impl std::fmt::Debug for Auditor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auditor").finish_non_exhaustive()
    }
}

impl Auditor<'_> {
    /// Audits these entries: one result for each, in their order.
    pub fn audit(&self, entries: Vec<Entry>) -> Vec<Audited> {
        let plans: Vec<Plan> = entries.iter().map(|entry| self.plan(entry)).collect();
        let pages = self.pages(&plans);
        let repeats = repeats(&entries).into_iter();
        let subjects = entries.into_iter().zip(plans).zip(repeats);
        let subjects = subjects.map(|((entry, plan), repeats)| Subject {
            entry,
            plan,
            repeats,
            place: None,
            besides: Vec::new(),
        });
        self.judged(subjects.collect(), &pages)
    }

    /// What is proved of each, and what is to be said of that.
    fn judged(&self, subjects: Vec<Subject>, pages: &Pages) -> Vec<Audited> {
        let matched = subjects.iter();
        let matched: Vec<Matched<'_>> = matched
            .map(|it| matching::matched(&it.plan, &it.entry, pages))
            .collect();
        let proved = self.prove(&subjects, &matched);
        let histories = self.histories(&matched, &proved);
        let all = subjects.iter().zip(&matched).zip(&proved).zip(histories);
        let facts = all.map(|(((subject, matched), proved), history)| EntryFacts {
            version: matched.version(&subject.entry),
            untold: subject.plan.untold.clone(),
            unasked: matched.unasked.clone(),
            pinned: self.pinned(&subject.plan),
            recorded: prove::recorded(&subject.entry),
            repeats: subject.repeats,
            besides: subject.besides.clone(),
            history,
            files: proved.iter().map(|it| it.facts.clone()).collect(),
        });
        let facts: Vec<EntryFacts> = facts.collect();
        drop(matched);
        let all = subjects.into_iter().zip(proved).zip(facts);
        all.map(|((subject, proved), facts)| Audited {
            verdict: judge(&facts, &self.rules(&subject.plan)),
            entry: subject.entry,
            place: subject.place,
            index: subject.plan.index,
            files: proved.into_iter().map(Proved::audited).collect(),
        })
        .collect()
    }

    /// What the entry of a project is judged by.
    fn rules(&self, plan: &Plan) -> Rules<'_> {
        let project = plan.project.as_ref();
        Rules {
            accepted: project.map_or(&[], |project| self.pins.accepted(project)),
            today: self.now.to_zoned(jiff::tz::TimeZone::UTC).date(),
        }
    }

    fn pinned(&self, plan: &Plan) -> Vec<String> {
        let project = plan.project.as_ref();
        let pins = project.map_or(&[][..], |project| self.pins.of(project));
        pins.iter().map(|pin| pin.who.to_string()).collect()
    }

    /// Every page that is needed, each once.
    fn pages(&self, plans: &[Plan]) -> Pages {
        let mut wanted: Vec<(Url, ProjectName)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for plan in plans {
            if let (None, Some(index), Some(project)) = (&plan.untold, &plan.index, &plan.project) {
                let key = (index.clone(), project.clone());
                if seen.insert(key.clone()) {
                    wanted.push(key);
                }
            }
        }
        let done = AtomicUsize::new(0);
        let at_once = wanted.first().map(|(index, _)| self.source.at_once(index));
        let pages = crew::each(
            at_once.unwrap_or(AT_ONCE),
            &wanted,
            |_| true,
            |_, (index, project)| {
                let page = self.source.page(index, project);
                (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, wanted.len());
                page
            },
        );
        let pages = pages.into_iter().flatten();
        wanted.iter().cloned().zip(pages).collect()
    }

    /// Has the source fetch what will be asked of it, index by index.
    fn prepare(&self, matched: &[Matched<'_>]) {
        let mut wanted: BTreeMap<&Url, Vec<(&FileEntry, Sha256)>> = BTreeMap::new();
        for matched in matched {
            let listed = matched
                .files
                .iter()
                .filter_map(|file| file.listed.as_ref().ok());
            let Some(index) = matched.index else { continue };
            let of_index = wanted.entry(index).or_default();
            of_index.extend(listed.map(|(facts, listed)| (*listed, facts.sha256)));
        }
        for (index, wanted) in wanted {
            self.source.prepare(index, &wanted, self.progress);
        }
    }

    /// What is proved of each file of each entry.
    fn prove(&self, subjects: &[Subject], matched: &[Matched<'_>]) -> Vec<Vec<Proved>> {
        self.prepare(matched);
        let mut chunks = Vec::new();
        for (at, matched) in matched.iter().enumerate() {
            let files = matched.files.chunks(CHUNK);
            chunks.extend(files.zip(0..).map(|(files, part)| (at, part, files)));
        }
        let memories: Mutex<Vec<CertificateMemory>> = Mutex::default();
        let done = AtomicUsize::new(0);
        // What was fetched is at hand: now the processors have to work.
        let at_once = thread::available_parallelism().map_or(2, usize::from);
        let proved = crew::each(
            at_once,
            &chunks,
            |_| true,
            |_, &(at, _, files)| {
                let mut memories_left = memories.lock().unwrap_or_else(PoisonError::into_inner);
                let memory = memories_left.pop().unwrap_or_default();
                drop(memories_left);
                let mut prover = Prover::new(self, memory);
                let entry = subjects.get(at).map(|it| &it.entry);
                let index = matched.get(at).and_then(|it| it.index);
                let proved = files.iter().map(|file| prover.locked(entry, index, file));
                let proved: Vec<Proved> = proved.collect();
                let mut memories = memories.lock().unwrap_or_else(PoisonError::into_inner);
                memories.push(prover.memory);
                (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, chunks.len());
                proved
            },
        );
        let mut by_entry: Vec<Vec<Proved>> = matched.iter().map(|_| Vec::new()).collect();
        for (&(at, ..), proved) in chunks.iter().zip(proved) {
            if let Some(all) = by_entry.get_mut(at) {
                all.extend(proved.into_iter().flatten());
            }
        }
        by_entry
    }
}

/// An entry on its way to a verdict.
#[derive(Debug)]
struct Subject {
    entry: Entry,
    plan: Plan,
    /// The line on which the same release stands before.
    repeats: Option<usize>,
    /// What was audited in a folder: its place there.
    place: Option<String>,
    /// What was found of it already.
    besides: Vec<(Finding, Vec<String>)>,
}

/// Of each entry the line on which the same release stands before.
fn repeats(entries: &[Entry]) -> Vec<Option<usize>> {
    let mut lines = HashMap::new();
    let repeats = entries.iter().map(|entry| {
        let release = (entry.name.as_ref()?, entry.version.as_ref()?);
        match lines.entry(release) {
            std::collections::hash_map::Entry::Occupied(line) => Some(*line.get()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(entry.line);
                None
            }
        }
    });
    repeats.collect()
}

/// One file, and what is proved of it.
#[derive(Debug)]
pub(crate) struct Proved {
    facts: LockedFacts,
    sha256: Option<Sha256>,
    seen: Vec<Seen>,
}

impl Proved {
    fn audited(self) -> AuditedFile {
        AuditedFile {
            shown: self.facts.shown,
            sha256: self.sha256,
            seen: self.seen,
        }
    }

    /// Whether something of it is proved, and nobody is expected.
    fn is_open(&self) -> bool {
        match &self.facts.evidence {
            Evidence::Proven(proofs) => proofs.iter().all(|proof| proof.pin == Tie::Open),
            Evidence::Found(_) | Evidence::Absent => false,
        }
    }
}

impl Audited {
    /// Who is to be pinned on first use: everybody who built a file of it, each once. Nobody where something is wrong, or
    /// where there is no telling who it was.
    pub fn first_pins(&self) -> Vec<Pin> {
        use touchplate_policy::verdict::Standing;
        let mut pins: Vec<Pin> = Vec::new();
        if self.verdict.standing != Standing::Unpinned {
            return pins;
        }
        for seen in self.files.iter().flat_map(|file| &file.seen) {
            match &seen.pin {
                Some(pin) if !pins.contains(pin) => pins.push(pin.clone()),
                Some(_) => {}
                None => return Vec::new(),
            }
        }
        pins
    }

    /// How many attestations were verified.
    pub fn signatures(&self) -> usize {
        self.files.iter().map(|file| file.seen.len()).sum()
    }
}

/// An error's message and those of its causes, without any that only repeats the one before.
fn why(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let message = error.to_string();
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        next = error.source();
    }
    messages
}

impl From<IndexError> for SourceError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}
