//! From facts to reasons.

use std::collections::BTreeSet;

use touchplate_attest::PinnedIds;

use super::{
    Class, EntryFacts, Evidence, Finding, HistoryFacts, LockedFacts, Proof, Reason, Rules,
    Standing, Tie, Verdict,
};
use crate::builder::Builder;
use crate::history::{History, JudgedRelease, State};

/// Judges one entry. Each thing that was found is one reason, with the files that it is about; what nobody has accepted
/// decides the standing.
pub fn judge(facts: &EntryFacts, rules: &Rules<'_>) -> Verdict {
    let mut found = Found::default();
    if let Some(untold) = &facts.untold {
        found.add(Finding::Untold(untold.clone()), None);
    } else if let Some(unasked) = &facts.unasked {
        found.add(unasked.clone(), None);
    } else {
        found.release(facts);
    }
    for (finding, files) in &facts.besides {
        found.0.push(Reason::new(finding.clone(), files.clone()));
    }
    if let Some(line) = facts.repeats {
        found.add(Finding::Repeated { line }, None);
    }
    let version = facts.version.as_ref();
    let reasons = found.0.into_iter();
    let mut reasons: Vec<Reason> = reasons.map(|it| rules.apply(it, version)).collect();
    reasons.sort_by_key(|reason| (!reason.stands(), reason.class()));
    Verdict {
        standing: standing(&reasons),
        reasons,
    }
}

fn standing(reasons: &[Reason]) -> Standing {
    let standing = |class: Class| {
        let mut reasons = reasons.iter();
        reasons.any(|reason| reason.stands() && reason.class() == class)
    };
    let mut grave = reasons.iter().filter(|it| it.class() != Class::Notice);
    let has = |wanted: fn(&Finding) -> bool| reasons.iter().any(|it| wanted(&it.finding));
    if standing(Class::Violation) {
        Standing::Violation
    } else if standing(Class::Unknown) {
        Standing::Unknown
    } else if grave.any(|reason| !reason.stands()) {
        Standing::Accepted
    } else if has(|it| matches!(it, Finding::Unattested)) {
        Standing::Unattested
    } else if has(|it| matches!(it, Finding::Unpinned { .. })) {
        Standing::Unpinned
    } else {
        Standing::Verified
    }
}

/// Reasons, each finding once.
#[derive(Default)]
struct Found(Vec<Reason>);

impl Found {
    fn add(&mut self, finding: Finding, file: Option<&str>) {
        let files = file.map(str::to_owned);
        match self.0.iter_mut().find(|it| it.finding == finding) {
            Some(reason) => reason.files.extend(files),
            None => self
                .0
                .push(Reason::new(finding, files.into_iter().collect())),
        }
    }

    /// Everything that files and their release say.
    fn release(&mut self, facts: &EntryFacts) {
        let judged = facts.history.as_ref().and_then(judged);
        for file in &facts.files {
            match &file.evidence {
                Evidence::Found(finding) => self.add(finding.clone(), Some(&file.shown)),
                Evidence::Absent => {
                    let finding = without_provenance(facts, judged.as_ref());
                    self.add(finding, Some(&file.shown));
                }
                Evidence::Proven(proofs) => {
                    let tied = proofs.iter().filter_map(|proof| tie(facts, proof));
                    tied.for_each(|finding| self.add(finding, Some(&file.shown)));
                    let recorded = proofs.iter().filter_map(|proof| record(facts, proof));
                    recorded.for_each(|finding| self.add(finding, Some(&file.shown)));
                }
            }
        }
        let proofs: Vec<&Proof> = facts.files.iter().flat_map(LockedFacts::proofs).collect();
        if !facts.recorded.is_empty() && !proofs.iter().any(|it| it.record == Tie::Expected) {
            let recorded = facts.recorded.clone();
            self.add(Finding::RecordedUnattested { recorded }, None);
        }
        // Who is pinned may build it, whoever built it before.
        if proofs.is_empty() || proofs.iter().any(|it| it.pin != Tie::Open) {
            return;
        }
        let recorded = proofs.iter().all(|it| it.record == Tie::Expected);
        if !recorded {
            let who = each_once(proofs.iter().map(|it| it.who.clone()));
            self.add(Finding::Unpinned { who }, None);
        }
        match (&facts.history, &judged) {
            (Some(history), Some(judged)) => {
                if !recorded {
                    self.history(history, judged);
                }
                self.numbers(history, &proofs);
            }
            (Some(_), None) => {}
            (None, _) => self.add(Finding::HistoryUntold, None),
        }
    }

    /// What is different from the earlier release.
    fn history(&mut self, history: &HistoryFacts, judged: &JudgedRelease) {
        if judged.is(State::Inconsistent) {
            let builders = judged.facts.builders.keys();
            let builders = builders.map(ToString::to_string).collect();
            self.add(Finding::Inconsistent { builders }, None);
        }
        let named = |builders: &BTreeSet<Builder>| {
            builders.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        match (&judged.change, &judged.earlier) {
            (Some(change), _) if !change.is_empty() => {
                let finding = Finding::Changed {
                    since: change.since.clone(),
                    added: named(&change.added),
                    removed: named(&change.removed),
                };
                self.add(finding, None);
            }
            (None, Some(earlier)) if !history.unread.is_empty() => {
                let (earlier, why) = (earlier.clone(), history.unread.clone());
                self.add(Finding::HistoryUnread { earlier, why }, None);
            }
            _ => {}
        }
    }

    /// What is behind the names: pins say it themselves, and what lockfiles record has no numbers.
    fn numbers(&mut self, history: &HistoryFacts, proofs: &[&Proof]) {
        for proof in proofs {
            if let Some(why) = history.renumbered(&proof.builder, &proof.ids) {
                let who = proof.who.clone();
                self.add(Finding::Renumbered { who, why }, None);
            }
        }
    }
}

impl LockedFacts {
    fn proofs(&self) -> &[Proof] {
        match &self.evidence {
            Evidence::Proven(proofs) => proofs,
            Evidence::Found(_) | Evidence::Absent => &[],
        }
    }
}

impl HistoryFacts {
    /// How a builder's numbers differ from all that it had in the earlier release.
    fn renumbered(&self, builder: &Builder, found: &PinnedIds) -> Option<String> {
        let mut differs = None;
        for (repository_id, owner_id) in self.ids.get(builder)? {
            let before = PinnedIds {
                repository_id: repository_id.clone(),
                owner_id: owner_id.clone(),
            };
            match before.check_ids(found) {
                Ok(_) => return None,
                Err(other) => differs = Some(other.to_string()),
            }
        }
        differs
    }
}

fn judged(facts: &HistoryFacts) -> Option<JudgedRelease> {
    let version = &facts.release.version;
    let releases = facts.earlier.iter().chain([&facts.release]).cloned();
    History::of(releases).release(version).cloned()
}

/// A file without any provenance: what that means depends on its neighbours, on what was before, and on the pins.
fn without_provenance(facts: &EntryFacts, judged: Option<&JudgedRelease>) -> Finding {
    if let Some(judged) = judged {
        if let (true, Some(earlier)) = (judged.is(State::Lost), &judged.earlier) {
            let earlier = earlier.clone();
            return Finding::Lost { earlier };
        }
        if judged.is(State::Partial) {
            return Finding::Partial {
                attested: judged.facts.attested,
                files: judged.facts.files,
            };
        }
    }
    if !facts.pinned.is_empty() {
        let pinned = facts.pinned.clone();
        return Finding::PinnedUnattested { pinned };
    }
    let proven = |file: &&LockedFacts| matches!(file.evidence, Evidence::Proven(_));
    match facts.files.iter().filter(proven).count() {
        0 => Finding::Unattested,
        proven => Finding::Partial {
            attested: u32::try_from(proven).unwrap_or(u32::MAX),
            files: u32::try_from(facts.files.len()).unwrap_or(u32::MAX),
        },
    }
}

fn tie(facts: &EntryFacts, proof: &Proof) -> Option<Finding> {
    match &proof.pin {
        Tie::Open | Tie::Expected => None,
        Tie::Other => Some(Finding::NotPinned {
            pinned: facts.pinned.clone(),
            found: proof.who.clone(),
        }),
        Tie::Renumbered { why } => Some(Finding::Renumbered {
            who: proof.who.clone(),
            why: why.clone(),
        }),
    }
}

fn record(facts: &EntryFacts, proof: &Proof) -> Option<Finding> {
    match &proof.record {
        Tie::Open | Tie::Expected | Tie::Renumbered { .. } => None,
        Tie::Other => Some(Finding::NotRecorded {
            recorded: facts.recorded.clone(),
            found: proof.who.clone(),
        }),
    }
}

fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut once = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}
