//! What was counted, as people read it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use touchplate_index::coverage::{BuiltBy, Counted, IndexCoverage, LostProvenance, Share, Tally};
use touchplate_index::downloads::Day;

use super::super::project::page_path;
use super::super::{text, units};

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) part: u64,
    pub(super) whole: u64,
}

impl Part {
    /// `62%`, rounded; all and none are said of all and none alone.
    pub(super) fn share(self) -> String {
        if self.whole == 0 {
            return "–".to_owned();
        }
        let (part, whole) = (u128::from(self.part), u128::from(self.whole));
        let percent = (part * 200 + whole) / (whole * 2);
        match percent {
            0 if part > 0 => "under 1%".to_owned(),
            100 if part < whole => "99%".to_owned(),
            _ => format!("{percent}%"),
        }
    }

    /// `62 of 1,204`.
    pub(super) fn of(self) -> String {
        format!(
            "{} of {}",
            units::grouped(self.part),
            units::grouped(self.whole)
        )
    }
}

/// Files and releases of one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) files: Part,
    pub(super) full: u64,
    pub(super) partial: u64,
    pub(super) none: u64,
}

impl Sums {
    pub(super) fn of<'t>(tallies: impl IntoIterator<Item = &'t Tally>) -> Self {
        let mut sums = Self::default();
        for tally in tallies {
            sums.add(tally);
        }
        sums
    }

    fn add(&mut self, tally: &Tally) {
        let count = tally.count;
        match &tally.counted {
            Counted::File(by) => {
                self.files.whole += count;
                match by {
                    BuiltBy::Unknown => {}
                    BuiltBy::Kind(_) | BuiltBy::SeveralKinds | BuiltBy::Unreadable => {
                        self.files.part += count;
                    }
                }
            }
            Counted::Release(Share::Full) => self.full += count,
            Counted::Release(Share::Partial) => self.partial += count,
            Counted::Release(Share::None) => self.none += count,
        }
    }

    /// Releases with provenance for every file.
    pub(super) fn releases(self) -> Part {
        Part {
            part: self.full,
            whole: self.full + self.partial + self.none,
        }
    }
}

/// Sums by the first day of their span.
pub(super) fn by_start(tallies: &[Tally]) -> BTreeMap<Day, Sums> {
    let mut sums: BTreeMap<Day, Sums> = BTreeMap::new();
    for tally in tallies {
        sums.entry(tally.start).or_default().add(tally);
    }
    sums
}

/// A row of the table of publishers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KindTold {
    pub(super) words: String,
    pub(super) files: String,
    pub(super) share: String,
    pub(super) lately: String,
    /// How wide its bar is, as a share of the width.
    pub(super) width: String,
    pub(super) class: &'static str,
}

/// Files by the kind of their publisher, the most frequent first and those without provenance last.
pub(super) fn kinds(coverage: &IndexCoverage) -> Vec<KindTold> {
    let mut files: BTreeMap<&BuiltBy, (u64, u64)> = BTreeMap::new();
    for tally in &coverage.ever {
        if let Counted::File(by) = &tally.counted {
            files.entry(by).or_default().0 += tally.count;
        }
    }
    for tally in &coverage.days {
        if let Counted::File(by) = &tally.counted {
            files.entry(by).or_default().1 += tally.count;
        }
    }
    let whole = files.values().map(|(ever, _)| ever).sum();
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(by, (ever, _))| (**by == BuiltBy::Unknown, Reverse(*ever)));
    let told = |(by, (ever, lately)): (&BuiltBy, (u64, u64))| {
        let part = Part { part: ever, whole };
        let tenths = u128::from(ever) * 1000 / u128::from(whole.max(1));
        KindTold {
            words: words(by),
            files: units::grouped(ever),
            share: part.share(),
            lately: units::grouped(lately),
            width: format!("{}.{}%", tenths / 10, tenths % 10),
            class: match by {
                BuiltBy::Unknown => "without",
                BuiltBy::Kind(_) | BuiltBy::SeveralKinds | BuiltBy::Unreadable => "with",
            },
        }
    };
    files.into_iter().map(told).collect()
}

fn words(by: &BuiltBy) -> String {
    let words = match by {
        BuiltBy::Unknown => "Nobody knows: no provenance",
        BuiltBy::SeveralKinds => "Publishers of several kinds",
        BuiltBy::Unreadable => "Provenance that this version cannot read",
        BuiltBy::Kind(kind) => match kind.as_str() {
            "GitHub" => "GitHub Actions",
            "GitLab" => "GitLab CI/CD",
            "Google" => "Google Cloud service accounts",
            "Email" => "People, by their e-mail addresses",
            "Kubernetes" => "Kubernetes service accounts",
            "OIDC" => "Other identity providers",
            "GitHubEnterprise" => "GitHub Enterprise",
            "GitLabSelfManaged" => "Self-managed GitLab",
            other => return text::line(other).into_owned(),
        },
    };
    words.to_owned()
}

/// A project that lost its provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LostTold {
    pub(super) project: String,
    /// The first release without, and its page.
    pub(super) version: String,
    pub(super) version_page: String,
    /// The last one with, and its page.
    pub(super) had: String,
    pub(super) had_page: String,
    pub(super) day: String,
}

pub(super) fn lost(lost: &LostProvenance) -> LostTold {
    LostTold {
        project: lost.project.to_string(),
        version: lost.version.to_string(),
        version_page: page_path(lost.project.as_str(), &lost.version, ""),
        had_page: page_path(lost.project.as_str(), &lost.had, ""),
        had: lost.had.to_string(),
        day: units::day(lost.at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_none_are_said_of_all_and_none_alone() {
        for (part, whole, share) in [
            (0, 0, "–"),
            (0, 9, "0%"),
            (1, 1000, "under 1%"),
            (1, 100, "1%"),
            (2, 3, "67%"),
            (999, 1000, "99%"),
            (1000, 1000, "100%"),
            (u64::MAX, u64::MAX, "100%"),
        ] {
            assert_eq!(Part { part, whole }.share(), share);
        }
    }
}
