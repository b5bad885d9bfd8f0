//! What a release's metadata say, told apart: what its certificates prove, and what its uploader claims.

use std::collections::{BTreeMap, HashSet};

use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::{FileId, StoredFile};
use touchplate_packaging::CoreMetadata;
use touchplate_policy::repository::leads_to;

use super::words;
use crate::pages::link::Link;
use crate::pages::text;

/// What follows from certificates.
pub(super) struct Proved {
    /// Each repository that a certificate names, and the certificates of how many files do.
    pub(super) repositories: Vec<(Link, String)>,
    /// Links of the metadata that lead to something in one of them, by label.
    pub(super) links: Vec<(String, Link)>,
}

/// What the uploader says; nobody checked it.
pub(super) struct Claimed {
    pub(super) links: Vec<(String, Link)>,
    pub(super) facts: Vec<(&'static str, Link)>,
    pub(super) keywords: Listed,
    pub(super) requires: Listed,
    /// By their first part, in the order given.
    pub(super) classifiers: Vec<(String, Vec<String>)>,
}

/// The first values of a list, and how many more there are.
pub(super) struct Listed {
    pub(super) values: Vec<String>,
    pub(super) of: usize,
}

/// Values of a list that are shown. Nobody reads more, and a metadata file may have 4,096 of 64 kB each.
const MAX_LISTED: usize = 100;

/// Splits what the first file of a release declared by what the certificates of its files show.
pub(super) fn split(
    found: &ProjectHistory,
    files: &[&StoredFile],
    metadata: &CoreMetadata,
) -> (Proved, Claimed) {
    let repositories = repositories(found, files);
    let is_proved = |url: &str| {
        repositories
            .keys()
            .any(|repository| leads_to(url, repository))
    };
    // Whose place the repository itself has taken.
    let is_same = |url: &str| {
        let mut repositories = repositories.keys();
        repositories.any(|repository| leads_to(url, repository) && leads_to(repository, url))
    };
    let (proved, claimed): (Vec<_>, Vec<_>) = links(metadata).partition(|(_, url)| is_proved(url));
    let as_links = |links: Vec<(&str, &str)>| {
        let links = links.into_iter().filter(|(_, url)| !is_same(url));
        let links = links.take(MAX_LISTED);
        links
            .map(|(label, url)| (text::line(label).into_owned(), place(url)))
            .collect()
    };
    let certified = |(repository, count): (&&str, &usize)| {
        let of = words::count(files.len(), "file", "files");
        let says = format!("named by the certificates of {count} of {of}");
        (place(repository), says)
    };
    let proved = Proved {
        repositories: repositories.iter().map(certified).collect(),
        links: as_links(proved),
    };
    let claimed = Claimed {
        links: as_links(claimed),
        facts: facts(metadata),
        keywords: Listed::of(&metadata.keywords),
        requires: Listed::of(&metadata.requires_dist),
        classifiers: classifiers(&metadata.classifiers),
    };
    (proved, claimed)
}

/// A link under its own URL, so that everybody sees where it leads.
fn place(url: &str) -> Link {
    Link::new(url.trim().strip_prefix("https://").unwrap_or(url), url)
}

/// The repositories that certificates name, and how many of the release's files each has.
fn repositories<'f>(found: &'f ProjectHistory, files: &[&StoredFile]) -> BTreeMap<&'f str, usize> {
    let own: HashSet<FileId> = files.iter().map(|file| file.id).collect();
    let attested = found.facts.attested.iter();
    let mut by_file: Vec<_> = attested
        .filter(|by| own.contains(&by.file))
        .filter_map(|by| Some((by.file.0, by.repository.as_deref()?)))
        .collect();
    by_file.sort_unstable();
    by_file.dedup();
    let mut counted = BTreeMap::new();
    for (_, repository) in by_file {
        *counted.entry(repository).or_default() += 1;
    }
    counted
}

/// Every link of the metadata, by label.
fn links(metadata: &CoreMetadata) -> impl Iterator<Item = (&str, &str)> {
    let named = metadata.project_urls.iter();
    let named = named.map(|(label, url)| (label.as_str(), url.as_str()));
    let home = metadata.home_page.as_deref().map(|url| ("Home page", url));
    let download = metadata.download_url.as_deref();
    let download = download.map(|url| ("Download page", url));
    home.into_iter().chain(named).chain(download)
}

fn facts(metadata: &CoreMetadata) -> Vec<(&'static str, Link)> {
    let fact = |label, value: &Option<String>| Some((label, Link::plain(value.clone()?)));
    let list = |label, values: &[String]| {
        (!values.is_empty()).then(|| (label, Link::plain(values.join(", "))))
    };
    let facts = [
        fact("Requires Python", &metadata.requires_python),
        fact("Licence", &metadata.license_expression)
            .or_else(|| fact("Licence", &first_line(metadata.license.as_deref()))),
        fact("Author", &metadata.author),
        fact("Author’s address", &metadata.author_email),
        fact("Maintainer", &metadata.maintainer),
        fact("Maintainer’s address", &metadata.maintainer_email),
        list("Extras", &metadata.provides_extra),
        list("Imported as", &metadata.import_names),
    ];
    facts.into_iter().flatten().collect()
}

/// Some put a whole licence into the field for its name.
fn first_line(text: Option<&str>) -> Option<String> {
    let mut lines = text?.lines().map(str::trim);
    lines.find(|line| !line.is_empty()).map(str::to_owned)
}

impl Listed {
    fn of(values: &[String]) -> Self {
        let shown = values.iter().take(MAX_LISTED);
        Self {
            values: shown.map(|value| text::line(value).into_owned()).collect(),
            of: values.len(),
        }
    }

    /// How many are not shown.
    pub(super) fn rest(&self) -> usize {
        self.of - self.values.len()
    }
}

fn classifiers(given: &[String]) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for classifier in &Listed::of(given).values {
        let (group, rest) = classifier
            .split_once(" :: ")
            .unwrap_or(("Other", classifier));
        match groups.iter_mut().find(|(name, _)| name == group) {
            Some((_, members)) => members.push(rest.to_owned()),
            None => groups.push((group.to_owned(), vec![rest.to_owned()])),
        }
    }
    groups
}
