//! Installed files held against the wheels that they should be from.
//!
//! A file is one of its wheel's, bit for bit; or one that an installer writes: its own files in `.dist-info`, a program that
//! does nothing but call what `entry_points.txt` names, a script with another first line, bytecode in `__pycache__`. Anything else
//! among a distribution's files is not its own.

mod placed;
mod programs;

use std::collections::HashMap;
use std::path::Path;
use std::thread;

use touchplate_packaging::Sha256;
use touchplate_packaging::installed::is_of_installer;
use touchplate_policy::verdict::Finding;

use super::environment::Item;
use crate::crew;
use crate::environment::{Disk, Off, Site};
use placed::{Place, Places};
use programs::Programs;

/// Files that one worker compares in turn.
const CHUNK: usize = 64;

/// What came of a site.
pub(super) struct Holding {
    /// Of each item, in their order.
    pub(super) besides: Vec<Vec<(Finding, Vec<String>)>>,
    /// Files of no distribution.
    pub(super) unowned: Vec<String>,
}

/// How a file stands to what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum State {
    Same,
    Changed,
    Extra,
    Missing,
    Unread,
    Rewritten,
    Bytecode,
}

/// Which file should have which digest; any of these, for two distributions may install the same path.
struct Check<'c> {
    path: &'c str,
    expected: &'c [Place<'c>],
}

/// Holds the distributions of one site against the disk.
pub(super) fn hold(site: &Site, number: usize, items: &[Item<'_>]) -> Holding {
    let disk = Disk::within([site.folder.as_path(), &site.prefix]);
    let places = Places::of(site, number, items);
    let mut found: Vec<HashMap<State, Vec<String>>> =
        items.iter().map(|_| HashMap::new()).collect();
    let mut told = |owner: usize, state: State, path: String| {
        if let (Some(of_item), true) = (found.get_mut(owner), state != State::Same) {
            of_item.entry(state).or_default().push(path);
        }
    };
    let programs = Programs::of(site, &disk, items, &places);
    for (owner, state, path) in programs.judged() {
        told(owner, state, path);
    }
    let mut say = |owner, state, path: &str| told(owner, state, site.shown(path));
    let mut unowned = Vec::new();
    let mut checks = Vec::new();
    for path in &site.files {
        match places.whose(path) {
            Whose::Wheel(expected) => checks.push(Check { path, expected }),
            Whose::Nobody => unowned.push(path.clone()),
            Whose::Installer => {}
            Whose::Item(owner, state) => say(owner, state, path),
        }
    }
    for (owner, state, path) in compared(site, &disk, &checks) {
        say(owner, state, path);
    }
    for (owner, path) in places.missing(site) {
        let behind = site.links.iter().any(|link| is_below(path, link));
        let state = if behind {
            State::Unread
        } else {
            State::Missing
        };
        say(owner, state, path);
    }
    for path in &site.links {
        match places.owner(path) {
            // What is behind it is told file by file where the wheel has it.
            Some(owner) => say(owner, State::Unread, path),
            None => unowned.push(path.clone()),
        }
    }
    Holding {
        besides: found.into_iter().map(findings).collect(),
        unowned: unowned.iter().map(|path| site.shown(path)).collect(),
    }
}

/// Whose a file is.
enum Whose<'c> {
    /// It is in a wheel.
    Wheel(&'c [Place<'c>]),
    /// An installer's own.
    Installer,
    /// A distribution's, and that is all there is to say.
    Item(usize, State),
    /// Nobody's.
    Nobody,
}

impl<'c> Places<'c> {
    fn whose(&'c self, path: &str) -> Whose<'c> {
        if let Some(expected) = self.expected.get(path) {
            return Whose::Wheel(expected);
        }
        if let Some((folder, name)) = path.split_once('/')
            && is_of_installer(name)
            && self.dist_infos.contains_key(folder)
        {
            return Whose::Installer;
        }
        if self.is_unkept(path) {
            return Whose::Installer;
        }
        let owner = self.owner(path);
        if let Some(source) = source_of(path) {
            let source = self.expected.get(source.as_str()).and_then(|it| it.first());
            let owner = source.map(|place| place.owner).or(owner);
            return owner.map_or(Whose::Nobody, |owner| Whose::Item(owner, State::Bytecode));
        }
        match self.claimed.get(path).copied().or(owner) {
            Some(owner) => Whose::Item(owner, State::Extra),
            None => Whose::Nobody,
        }
    }
}

/// The source of bytecode, which Python loads from nowhere but `__pycache__` beside it.
fn source_of(path: &str) -> Option<String> {
    let compiled = path.strip_suffix(".pyc")?;
    let (folder, name) = compiled.rsplit_once('/')?;
    let above = folder.strip_suffix("__pycache__")?;
    // `name.cpython-313`, `name.cpython-313.opt-1`
    let stem = name.split('.').next()?;
    (above.is_empty() || above.ends_with('/')).then(|| format!("{above}{stem}.py"))
}

fn compared<'c>(site: &Site, disk: &Disk, checks: &[Check<'c>]) -> Vec<(usize, State, &'c str)> {
    let chunks: Vec<&[Check<'c>]> = checks.chunks(CHUNK).collect();
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let compared = crew::each(
        at_once,
        &chunks,
        |_| true,
        |_, chunk| {
            let one = |check: &Check<'c>| {
                let owner = check.expected.first()?.owner;
                let state = one(disk, &site.folder.join(check.path), check.expected);
                Some((owner, state, check.path))
            };
            chunk.iter().filter_map(one).collect::<Vec<_>>()
        },
    );
    compared.into_iter().flatten().flatten().collect()
}

/// One file, which any of these may have written.
fn one(disk: &Disk, path: &Path, expected: &[Place<'_>]) -> State {
    let mut state = State::Changed;
    for place in expected {
        // Without a digest only its being there was recorded.
        let Some(sha256) = place.sha256 else {
            return State::Same;
        };
        match same(disk, path, sha256, place.size) {
            State::Same => return State::Same,
            other => state = other,
        }
    }
    state
}

fn same(disk: &Disk, path: &Path, sha256: Sha256, size: Option<u64>) -> State {
    let size = size.map_or_else(|| disk.length(path), Ok);
    let found = size.and_then(|size| disk.sha256(path, size));
    match found {
        Ok(Some(found)) if found == sha256 => State::Same,
        Ok(_) => State::Changed,
        Err(Off::Absent) => State::Missing,
        Err(Off::Outside | Off::Longer | Off::Failed(_)) => State::Unread,
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn findings(found: HashMap<State, Vec<String>>) -> Vec<(Finding, Vec<String>)> {
    let mut found: Vec<(State, Vec<String>)> = found.into_iter().collect();
    found.sort();
    let findings = found.into_iter().filter_map(|(state, mut paths)| {
        paths.sort_unstable();
        paths.dedup();
        let count = paths.len();
        let finding = match state {
            State::Same => return None,
            State::Changed => Finding::ChangedFile { count },
            State::Extra => Finding::ExtraFile { count },
            State::Missing => Finding::MissingFile { count },
            State::Unread => Finding::UnreadFile { count },
            State::Rewritten => Finding::Rewritten { count },
            // There is one for each module, as a rule: how many is enough.
            State::Bytecode => return Some((Finding::Bytecode { count }, Vec::new())),
        };
        Some((finding, paths))
    });
    findings.collect()
}
