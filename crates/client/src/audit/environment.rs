//! An environment: for each distribution that is installed, the wheel of the index that it can be, and whether that is what
//! lies on the disk. Then it is an entry like a lockfile's.

use touchplate_packaging::installed::DirectUrl;
use touchplate_packaging::lock::{Digest, Entry, LockedFile, LockedName, Source};
use touchplate_packaging::{Filename, ProjectName, WheelFilename};
use touchplate_policy::verdict::{Finding, Untold};

use super::contents::WheelContents;
use super::held::hold;
use super::plan::Plan;
use super::prove::of_source;
use super::{Audited, Auditor, Pages, Subject};
use crate::crew;
use crate::environment::{Environment, Installed, Left, Site, Unkept};
use crate::fetch::{FileEntry, without_credentials};

/// Wheels at once: each is fetched whole, and has to lie somewhere meanwhile.
const WHEELS_AT_ONCE: usize = 4;

/// Wheels of one release that are fetched for one distribution, where tags leave several.
const MAX_CANDIDATES: usize = 8;

/// What files of no distribution are called.
const UNOWNED: &str = "(files of no distribution)";

/// A distribution, its entry, and what of the index it is held against.
pub(super) struct Item<'e> {
    pub(super) site: usize,
    pub(super) installed: &'e Installed,
    pub(super) wheel: Option<WheelContents>,
    subject: Subject,
}

impl Auditor<'_> {
    /// Audits what is installed: one result for each distribution, and one for the files of none, if there are any.
    pub fn environment(&self, environment: &Environment) -> Vec<Audited> {
        let mut items: Vec<Item<'_>> = Vec::new();
        for (number, site) in environment.sites.iter().enumerate() {
            let installed = site.distributions.iter();
            items.extend(installed.map(|it| self.item(number, site, it)));
        }
        let plans: Vec<Plan> = items.iter().map(|it| it.subject.plan.clone()).collect();
        let pages = self.pages(&plans);
        self.wheels(&mut items, &pages);
        let mut unowned = Vec::new();
        for (number, site) in environment.sites.iter().enumerate() {
            let holding = hold(site, number, &items);
            for (item, besides) in items.iter_mut().zip(holding.besides) {
                item.subject.besides.extend(besides);
            }
            unowned.extend(holding.unowned);
        }
        let mut subjects: Vec<Subject> = items.into_iter().map(|it| it.subject).collect();
        subjects.extend(of_nobody(unowned, environment.sees_system));
        self.judged(subjects, &pages)
    }

    fn item<'e>(&self, number: usize, site: &Site, installed: &'e Installed) -> Item<'e> {
        let untold = untold(installed);
        let source = Source::Index(None);
        let index = self.index_of(&source);
        let (project, version) = installed.release.clone().unzip();
        let (untold, index) = match (untold, index) {
            (Some(untold), index) => (Some(untold), index.ok()),
            (None, Err(untold)) => (Some(untold), None),
            (None, Ok(index)) => (None, Some(index)),
        };
        let shown = project.as_ref().map(ProjectName::to_string);
        Item {
            site: number,
            installed,
            wheel: None,
            subject: Subject {
                entry: Entry {
                    line: 1,
                    shown: shown.unwrap_or_else(|| installed.name.clone()),
                    name: project.clone(),
                    version,
                    source,
                    files: Vec::new(),
                    identities: None,
                },
                plan: Plan {
                    untold,
                    project,
                    index,
                },
                repeats: None,
                place: Some(site.shown(&installed.name)),
                besides: Vec::new(),
            },
        }
    }

    /// The wheel of each, where the index has one that it can be.
    fn wheels(&self, items: &mut [Item<'_>], pages: &Pages) {
        let found = crew::each(
            WHEELS_AT_ONCE,
            items,
            |_| true,
            |_, item| self.wheel(item, pages),
        );
        for (item, found) in items.iter_mut().zip(found) {
            match found.flatten() {
                None => {}
                Some(Candidate::None(untold)) => item.subject.plan.untold = Some(untold),
                Some(Candidate::Unread(finding)) => {
                    item.subject.besides.push((finding, Vec::new()));
                }
                Some(Candidate::Wheel(filename, contents)) => {
                    item.subject.entry.files = vec![LockedFile {
                        name: LockedName::Of(Box::new(filename)),
                        digest: Digest::Sha256(contents.sha256),
                    }];
                    item.wheel = Some(contents);
                }
            }
        }
    }

    /// None where there is nothing to look for, or where the page's own trouble says it all.
    fn wheel(&self, item: &Item<'_>, pages: &Pages) -> Option<Candidate> {
        let plan = &item.subject.plan;
        let (None, Some(index), Some(project)) = (&plan.untold, &plan.index, &plan.project) else {
            return None;
        };
        let (Ok(left), Some((_, version))) = (&item.installed.left, &item.installed.release) else {
            return None;
        };
        let page = pages
            .get(&(index.clone(), project.clone()))?
            .as_ref()
            .ok()?;
        let release = page.release(version);
        if release.is_empty() {
            return None;
        }
        let mut others = None;
        let mut best: Option<(usize, Filename, WheelContents)> = None;
        for file in candidates(&release, left) {
            let contents = match self.source.contents(index, file) {
                Ok(contents) => contents,
                Err(error) => return Some(Candidate::Unread(of_source(&error))),
            };
            match differences(left, item.installed, &file.filename, &contents) {
                // WHEEL says by what it was built, and is written once.
                None => others = Some(file.filename.clone()),
                Some(count) if best.as_ref().is_none_or(|(least, ..)| count < *least) => {
                    best = Some((count, file.filename.clone(), contents));
                }
                Some(_) => {}
            }
        }
        Some(match (best, others) {
            (Some((_, filename, contents)), _) => Candidate::Wheel(filename, contents),
            (None, Some(other)) => Candidate::None(Untold::OtherBuild(other.to_string())),
            (None, None) => Candidate::None(Untold::NoWheel),
        })
    }
}

/// What became of the search for a wheel.
enum Candidate {
    /// It is none of the index.
    None(Untold),
    /// There is one, and it could not be had.
    Unread(Finding),
    /// This one.
    Wheel(Filename, WheelContents),
}

/// Why a distribution is not looked up at all.
fn untold(installed: &Installed) -> Option<Untold> {
    let left = match &installed.left {
        Ok(left) => left,
        Err(Unkept::Legacy) => {
            let why = "it was installed in a way that keeps none";
            return Some(Untold::NoRecord(why.to_owned()));
        }
        Err(Unkept::Unreadable { file, why }) => {
            return Some(Untold::NoRecord(format!("{file}: {why}")));
        }
    };
    if installed.release.is_none() {
        return Some(Untold::NoName(installed.name.clone()));
    }
    let shown = |url: &str| without_credentials(url);
    Some(match left.direct_url.as_ref()? {
        DirectUrl::Editable(url) => Untold::Editable(shown(url)),
        DirectUrl::Directory(url) => Untold::Directory(shown(url)),
        DirectUrl::Vcs(url) => Untold::Vcs(shown(url)),
        DirectUrl::Archive(url) if url.starts_with("file:") => Untold::Path(shown(url)),
        DirectUrl::Archive(url) => Untold::Url(shown(url)),
    })
}

/// The release's wheels with the tags that WHEEL names; where there are none, those that share some, for in real wheels
/// WHEEL does not always say what the filename says.
fn candidates<'f>(release: &[&'f FileEntry], left: &Left) -> Vec<&'f FileEntry> {
    let wheels = |fits: &dyn Fn(&WheelFilename) -> bool| {
        let fits = release.iter().copied().filter(|file| match &file.filename {
            Filename::Wheel(wheel) => fits(wheel),
            Filename::Sdist(_) => false,
        });
        fits.take(MAX_CANDIDATES).collect::<Vec<_>>()
    };
    let exact = wheels(&|wheel| left.wheel.is_of(wheel));
    if exact.is_empty() {
        wheels(&|wheel| left.wheel.resembles(wheel))
    } else {
        exact
    }
}

/// In how many files RECORD on the disk says something else than the wheel; none where that is plainly another wheel.
fn differences(
    left: &Left,
    installed: &Installed,
    filename: &Filename,
    contents: &WheelContents,
) -> Option<usize> {
    let recorded: std::collections::HashMap<&str, _> = left
        .record
        .rows
        .iter()
        .map(|row| (row.path.as_str(), row.sha256))
        .collect();
    let inside = dist_info(filename);
    let (mut count, mut is_same) = (0, false);
    for member in &contents.files {
        let path = on_disk(&member.path, inside.as_deref(), &installed.name);
        let stated = recorded.get(path.as_ref()).copied().flatten();
        if path.strip_prefix(installed.name.as_str()) == Some("/WHEEL") {
            is_same = left.wheel_sha256 == member.sha256;
        }
        count += usize::from(stated != Some(member.sha256));
    }
    is_same.then_some(count)
}

/// What a wheel's own directory is called inside.
pub(super) fn dist_info(filename: &Filename) -> Option<String> {
    match filename {
        Filename::Wheel(wheel) => {
            let (name, version) = wheel.name_and_version();
            Some(format!("{name}-{version}.dist-info"))
        }
        Filename::Sdist(_) => None,
    }
}

/// A member's path where it is installed: some installers spell the directory anew.
pub(super) fn on_disk<'p>(
    path: &'p str,
    inside: Option<&str>,
    installed: &str,
) -> std::borrow::Cow<'p, str> {
    let below = inside.and_then(|inside| path.strip_prefix(inside));
    match below.filter(|below| below.starts_with('/')) {
        Some(below) => format!("{installed}{below}").into(),
        None => path.into(),
    }
}

impl Item<'_> {
    /// The wheel that it is held against, by its name.
    pub(super) fn held_against(&self) -> Option<(&Filename, &WheelContents)> {
        let file = self.subject.entry.files.first()?;
        match &file.name {
            LockedName::Of(filename) => Some((filename, self.wheel.as_ref()?)),
            LockedName::Absent | LockedName::Unreadable(_) => None,
        }
    }
}

/// Files of no distribution, and another environment that is seen in this one.
fn of_nobody(unowned: Vec<String>, sees_system: bool) -> Option<Subject> {
    let mut besides = Vec::new();
    if !unowned.is_empty() {
        let count = unowned.len();
        besides.push((Finding::Unowned { count }, unowned));
    }
    if sees_system {
        besides.push((Finding::SystemPackages, Vec::new()));
    }
    (!besides.is_empty()).then(|| Subject {
        entry: Entry {
            line: 1,
            shown: UNOWNED.to_owned(),
            name: None,
            version: None,
            source: Source::Index(None),
            files: Vec::new(),
            identities: None,
        },
        plan: Plan {
            untold: None,
            project: None,
            index: None,
        },
        repeats: None,
        place: None,
        besides,
    })
}
