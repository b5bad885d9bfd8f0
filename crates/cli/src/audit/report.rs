//! What an audit came to, and how it ends.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use touchplate_client::audit::Audited;
use touchplate_client::fetch::IndexUrl;
use touchplate_client::pins::Pin;
use touchplate_packaging::lock::LockFormat;
use touchplate_packaging::{ProjectName, Sha256};
use touchplate_policy::verdict::{Class, Standing};

use super::FailOn;
use crate::report::{self, Failure, Outcome};
use crate::root::Trust;

/// What an audit came to.
#[derive(Debug)]
pub(crate) struct Report {
    /// Those that could be read, in the order given.
    pub(crate) lockfiles: Vec<AuditedLockfile>,
    /// Those that could not, and why.
    pub(crate) unread: Vec<(PathBuf, Failure)>,
    /// What signatures were verified by.
    pub(crate) trust: Trust,
    /// The file of pins.
    pub(crate) pins: PathBuf,
    /// Whether it was there, or is now.
    pub(crate) has_pins: bool,
    /// Who was pinned by this run.
    pub(crate) pinned: Vec<(ProjectName, Pin)>,
    /// The index that is asked where a lockfile names none, or `--index`.
    pub(crate) index: Option<IndexUrl>,
    /// The pack that was read or written.
    pub(crate) pack: Option<PackTold>,
    /// The time of the check.
    pub(crate) now: Timestamp,
}

/// A pack that was read or written.
#[derive(Debug)]
pub(crate) struct PackTold {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The digest of what is in it.
    pub(crate) seal: Sha256,
    /// When it was made.
    pub(crate) made_at: Timestamp,
}

/// What an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Some tool's lockfile.
    Lockfile(LockFormat),
    /// What is installed.
    Environment,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lockfile(format) => format.fmt(f),
            Self::Environment => f.write_str("environment"),
        }
    }
}

/// One lockfile, or environment, audited.
#[derive(Debug)]
pub(crate) struct AuditedLockfile {
    /// As it was named.
    pub(crate) path: PathBuf,
    /// Which tool's, or that it is an environment.
    pub(crate) format: Kind,
    /// One for each entry, in its order.
    pub(crate) entries: Vec<Audited>,
}

#[derive(Debug, thiserror::Error)]
#[error("an index gave no answer that can be used, or the pack has none, for {0} of the entries")]
struct CutOff(usize);

impl AuditedLockfile {
    /// The file that says that an entry is there: a lockfile, or what an installer left of a distribution.
    pub(crate) fn file_of(&self, audited: &Audited) -> PathBuf {
        match &audited.place {
            Some(place) => self.path.join(place).join("RECORD"),
            None => self.path.clone(),
        }
    }
}

impl Report {
    /// Every entry of every lockfile.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Audited> {
        self.lockfiles.iter().flat_map(|lockfile| &lockfile.entries)
    }

    /// How many attestations were verified.
    pub(crate) fn signatures(&self) -> usize {
        self.entries().map(Audited::signatures).sum()
    }

    /// How many entries have each standing; together they are all.
    pub(crate) fn counts(&self) -> BTreeMap<Standing, usize> {
        let mut counts: BTreeMap<Standing, usize> = Standing::ALL
            .into_iter()
            .map(|standing| (standing, 0))
            .collect();
        for audited in self.entries() {
            *counts.entry(audited.verdict.standing).or_default() += 1;
        }
        counts
    }

    /// Whether the answer is no.
    pub(crate) fn says_no(&self, fail_on: FailOn) -> bool {
        let least = match fail_on {
            FailOn::Violation => Class::Violation,
            FailOn::Unknown => Class::Unknown,
            FailOn::Notice => Class::Notice,
            FailOn::Never => return false,
            FailOn::Unrecorded => {
                let open = |it: &Audited| it.verdict.standing == Standing::Unpinned;
                return self.entries().any(open) || self.says_no(FailOn::Violation);
            }
        };
        self.entries().any(|audited| {
            let mut reasons = audited.verdict.reasons.iter().filter(|it| it.stands());
            reasons.any(|reason| reason.class() <= least && !self.is_pinned_now(audited, reason))
        })
    }

    /// What this run has mended: nobody was pinned, and somebody is now.
    fn is_pinned_now(
        &self,
        audited: &Audited,
        reason: &touchplate_policy::verdict::Reason,
    ) -> bool {
        let is_unpinned = reason.finding.word() == "unpinned";
        let mut pinned = self.pinned.iter();
        is_unpinned && pinned.any(|(project, _)| Some(project) == audited.entry.name.as_ref())
    }

    /// What is known to be wrong decides before what could not be known.
    pub(crate) fn end(self, fail_on: FailOn) -> Result<Outcome, Failure> {
        let says_no = self.says_no(fail_on);
        let cut_off = self.entries().filter(|it| it.verdict.is_cut_off()).count();
        let mut failures: Vec<Failure> = self.unread.into_iter().map(|(_, why)| why).collect();
        if cut_off > 0 && !says_no {
            failures
                .push(Failure::outside(CutOff(cut_off)).hint("what is known stands in the report"));
        }
        let rank = |failure: &Failure| match failure.kind() {
            report::Kind::Refused => 0,
            report::Kind::Outside => 1,
            report::Kind::Usage => 2,
        };
        failures.sort_by_key(rank);
        let mut failures = failures.into_iter();
        let deciding = failures.next();
        failures.for_each(|failure| failure.tell());
        match deciding {
            Some(failure) if says_no => {
                failure.tell();
                Ok(Outcome::No)
            }
            Some(failure) => Err(failure),
            None if says_no => Ok(Outcome::No),
            None => Ok(Outcome::Done),
        }
    }
}
