//! A project as search keeps it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{DisplayName, ProjectName, Sha256, Version};

use super::source::Source;
use super::words::{singular, squashed, words};
use crate::ports::{Blurb, CataloguedProject, CataloguedRelease};

/// By which rules documents are made. Another number where words, keys or what is told change: every index is then made
/// anew, beside the old one.
pub(super) const FORMAT: u32 = 1;

/// Of a summary, and of all keywords together: a line and a list, not an essay.
const MAX_TEXT_CHARS: usize = 1000;

/// Of one project. Some have a new workflow for each release; nobody looks for the hundredth.
const MAX_SOURCES: usize = 32;

/// Told beside a project in a list.
const MAX_TOLD_SOURCES: usize = 2;

/// Where a document stands among those that a question finds alike: lower comes first. Made of nothing but what the project
/// is, so that the order is the same whichever index was made in whichever order of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub i64);

/// What is told of a project in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its name as its owner writes it.
    pub display: DisplayName,
    /// What the latest release says of it.
    pub summary: Option<String>,
    /// The latest release; none: it has no files.
    pub latest: Option<ToldRelease>,
    /// Who built files of the latest release, as their attestations prove; some of them.
    pub sources: Vec<Source>,
    /// Its status, where that is not active.
    pub status: Option<String>,
}

/// What is told of a project's latest release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRelease {
    /// Its version.
    pub version: Version,
    /// When its first file came.
    pub at: Timestamp,
    /// Whether it is yanked; then every release is.
    pub yanked: bool,
    /// How many files it has.
    pub files: u32,
    /// How many of them have provenance.
    pub attested: u32,
}

/// A project as search keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it stands.
    pub key: Key,
    /// Whose it is.
    pub name: ProjectName,
    /// The name without separators.
    pub squashed: String,
    /// What it is found under: plain words, and marked ones (`=` a whole name, `~` a word of the name, `@` who built it).
    pub terms: Vec<String>,
    /// What is told of it.
    pub told: Told,
}

impl Document {
    /// The document of a project whose latest release says `blurb`.
    pub(super) fn new(of: &CataloguedProject, blurb: &Blurb) -> Self {
        let project = &of.project;
        let latest = latest(&of.releases);
        let told_release = latest.map(|release| ToldRelease {
            version: release.version.clone(),
            at: release.created_at,
            yanked: release.yanked,
            files: release.files,
            attested: release.attested,
        });
        let by_latest = |version: &Version| latest.is_some_and(|it| it.version == *version);
        let latest_sources = of
            .publishers
            .iter()
            .filter(|(version, _)| by_latest(version));
        let sources: BTreeSet<Source> = latest_sources.map(|(_, it)| Source::of(it)).collect();
        let told = Told {
            display: project.display.clone(),
            summary: blurb.summary.as_deref().map(short),
            latest: told_release,
            sources: sources.iter().take(MAX_TOLD_SOURCES).cloned().collect(),
            status: (project.status != ProjectStatus::Active)
                .then(|| project.status.as_str().to_owned()),
        };
        // Of the latest release first: where there are too many, the oldest are left out.
        let others = of.publishers.iter().map(|(_, it)| Source::of(it));
        let mut all: Vec<Source> = sources.into_iter().collect();
        for source in others {
            if all.len() < MAX_SOURCES && !all.contains(&source) {
                all.push(source);
            }
        }
        Self {
            key: Key::new(&project.name, standing(of, &told)),
            name: project.name.clone(),
            squashed: squashed(project.name.as_str()),
            terms: terms(&project.name, blurb, &all),
            told,
        }
    }
}

/// What an installer would take: not yanked before yanked, no pre-release before pre-releases, then the highest.
pub(super) fn latest(releases: &[CataloguedRelease]) -> Option<&CataloguedRelease> {
    let rank =
        |it: &&CataloguedRelease| (!it.yanked, !it.version.is_prerelease(), it.version.clone());
    releases.iter().max_by_key(rank)
}

impl Key {
    /// By standing, the higher first; then shorter names; then in an order that means nothing and is always the same.
    fn new(name: &ProjectName, standing: u8) -> Self {
        let digest = Sha256::of(name.as_str().as_bytes());
        let tie = digest
            .as_bytes()
            .iter()
            .take(7)
            .fold(0, |tie, byte| (tie << 8) | i64::from(*byte));
        let length = i64::try_from(name.as_str().len().min(127)).unwrap_or(127);
        let standing = i64::from(MAX_STANDING.saturating_sub(standing));
        // 4 bits, 7 bits, 52 bits: positive, and two names of one length and standing meet once in millions of indexes.
        Self((standing << 59) | (length << 52) | (tie & ((1 << 52) - 1)))
    }
}

/// The sum of what [`standing`] counts.
const MAX_STANDING: u8 = 15;

/// How much there is to a project, from 0 to 15, by facts alone that the index knows for itself: that there is something to
/// install (3), that the owner goes on with it (3), that it says what it is (1), how often it was released (up to 4), and
/// whether the latest release has provenance (4; 2 where only some of its files have it).
fn standing(of: &CataloguedProject, told: &Told) -> u8 {
    let latest = told.latest.as_ref();
    let installable = if latest.is_some_and(|it| !it.yanked) {
        3
    } else {
        0
    };
    let kept_up = if told.status.is_none() { 3 } else { 0 };
    let described = u8::from(told.summary.is_some());
    let released = match of.releases.len() {
        0 => 0,
        1 => 1,
        2..=3 => 2,
        4..=7 => 3,
        _ => 4,
    };
    let proved = match latest {
        Some(it) if it.files > 0 && it.attested == it.files => 4,
        Some(it) if it.attested > 0 => 2,
        Some(_) | None => 0,
    };
    installable + kept_up + described + released + proved
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}

fn terms(name: &ProjectName, blurb: &Blurb, sources: &[Source]) -> Vec<String> {
    let mut terms = BTreeSet::new();
    terms.insert(term::whole(&squashed(name.as_str())));
    for word in words(name.as_str()) {
        terms.extend(singular(&word).map(|word| term::of_name(&word)));
        terms.insert(term::of_name(&word));
    }
    let keywords = short(&blurb.keywords.join(" "));
    let summary = short(blurb.summary.as_deref().unwrap_or_default());
    let built_by = sources
        .iter()
        .flat_map(|it| [Some(it.at.as_str()), it.workflow.as_deref()]);
    let built_by = built_by.flatten().map(short).collect::<Vec<_>>();
    let texts = [name.as_str(), &summary, &keywords];
    for text in texts.into_iter().chain(built_by.iter().map(String::as_str)) {
        for word in words(text) {
            terms.extend(singular(&word));
            terms.insert(word);
        }
    }
    for source in sources {
        terms.extend(source.addresses().iter().map(|it| term::publisher(it)));
        terms.extend(source.workflows().iter().map(|it| term::workflow(it)));
    }
    terms.into_iter().collect()
}

/// Marked words, which no text has: a mark is neither letter nor digit.
pub(super) mod term {
    pub(in crate::search) fn whole(squashed: &str) -> String {
        format!("={squashed}")
    }

    pub(in crate::search) fn of_name(word: &str) -> String {
        format!("~{word}")
    }

    pub(in crate::search) fn publisher(address: &str) -> String {
        format!("@by:{address}")
    }

    pub(in crate::search) fn workflow(path: &str) -> String {
        format!("@in:{path}")
    }
}
