//! Where each file of each distribution belongs.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use touchplate_packaging::Sha256;

use super::super::contents::WheelMember;
use super::super::environment::{Item, dist_info, on_disk};
use crate::environment::Site;

/// One file that a distribution has at a place.
pub(super) struct Place<'c> {
    pub(super) owner: usize,
    pub(super) sha256: Option<Sha256>,
    pub(super) size: Option<u64>,
    /// As the wheel has it; none where only RECORD on the disk is known.
    pub(super) member: Option<&'c WheelMember>,
}

/// The files of a site's distributions.
pub(super) struct Places<'c> {
    /// By path in the site's folder.
    pub(super) expected: HashMap<String, Vec<Place<'c>>>,
    /// Outside of the site's folder, as scripts are.
    pub(super) outside: Vec<(PathBuf, Place<'c>)>,
    /// What RECORD on the disk names outside of the site's folder, and the environment's own folder.
    pub(super) rows: Vec<(usize, Reach)>,
    /// What RECORD on the disk names and the wheel has not, by path in the site's folder.
    pub(super) claimed: HashMap<String, usize>,
    /// `.dist-info` directories.
    pub(super) dist_infos: HashMap<String, usize>,
    /// What is left of distributions of which there is nothing to read.
    unkept: HashSet<String>,
    /// The owner of each directory that some distribution has files in.
    folders: HashMap<String, usize>,
}

/// Where a row of RECORD leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// In the site's folder.
    Within(String),
    /// Elsewhere in the environment.
    Environment(PathBuf),
    /// Out of the environment: nothing there is looked at.
    Out(String),
}

impl<'c> Places<'c> {
    pub(super) fn of(site: &Site, number: usize, items: &'c [Item<'_>]) -> Self {
        let mut places = Self {
            expected: HashMap::new(),
            outside: Vec::new(),
            rows: Vec::new(),
            claimed: HashMap::new(),
            dist_infos: HashMap::new(),
            unkept: HashSet::new(),
            folders: HashMap::new(),
        };
        let root = Root::of(site);
        let here = |(_, item): &(usize, &Item<'_>)| item.site == number;
        // First what wheels say: RECORD on the disk is anybody's.
        for (owner, item) in items.iter().enumerate().filter(here) {
            let name = item.installed.name.clone();
            if item.installed.left.is_err() {
                places.unkept.insert(name);
                continue;
            }
            places.folders.insert(name.clone(), owner);
            places.dist_infos.insert(name, owner);
            if let Some((filename, contents)) = item.held_against() {
                let inside = dist_info(filename);
                for member in &contents.files {
                    places.member(site, owner, item, inside.as_deref(), member);
                }
            }
        }
        for (owner, item) in items.iter().enumerate().filter(here) {
            let Ok(left) = &item.installed.left else {
                continue;
            };
            for row in &left.record.rows {
                match root.reach(&row.path) {
                    Reach::Within(path) if places.expected.contains_key(&path) => {}
                    Reach::Within(path) if item.wheel.is_some() => {
                        places.claimed.entry(path).or_insert(owner);
                    }
                    Reach::Within(path) => {
                        let place = Place {
                            owner,
                            // Its own files an installer writes again and again.
                            sha256: row.sha256.filter(|_| !path.ends_with(".pyc")),
                            size: row.size,
                            member: None,
                        };
                        places.place(path, place);
                    }
                    reach => places.rows.push((owner, reach)),
                }
            }
        }
        places
    }

    fn member(
        &mut self,
        site: &Site,
        owner: usize,
        item: &Item<'_>,
        inside: Option<&str>,
        member: &'c WheelMember,
    ) {
        let place = Place {
            owner,
            sha256: Some(member.sha256),
            size: Some(member.size),
            member: Some(member),
        };
        let data = inside.and_then(|inside| inside.strip_suffix(".dist-info"));
        let below = data.and_then(|data| member.path.strip_prefix(data)?.strip_prefix(".data/"));
        let Some((key, rest)) = below.and_then(|below| below.split_once('/')) else {
            let path = on_disk(&member.path, inside, &item.installed.name);
            let own = path.strip_prefix(item.installed.name.as_str());
            // RECORD is written anew, and its signatures with it.
            if !own.is_some_and(|own| matches!(own, "/RECORD" | "/RECORD.jws" | "/RECORD.p7s")) {
                self.place(path.into_owned(), place);
            }
            return;
        };
        match key {
            "purelib" | "platlib" => self.place(rest.to_owned(), place),
            "scripts" => self.outside.push((site.scripts.join(rest), place)),
            "data" => self.outside.push((site.prefix.join(rest), place)),
            // Where headers go depends on the interpreter's version; RECORD says it.
            _ => {
                let ending = format!("/{rest}");
                let rows = item
                    .installed
                    .left
                    .iter()
                    .flat_map(|left| &left.record.rows);
                let mut rows = rows.filter(|row| row.path.ends_with(&ending));
                let found = rows.find(|row| row.path.split('/').any(|part| part == "include"));
                let path = found.map_or_else(|| format!("{key}/{rest}"), |row| row.path.clone());
                self.outside.push((site.folder.join(path), place));
            }
        }
    }

    fn place(&mut self, path: String, place: Place<'c>) {
        let mut folder = path.as_str();
        while let Some((above, _)) = folder.rsplit_once('/') {
            self.folders.entry(above.to_owned()).or_insert(place.owner);
            folder = above;
        }
        self.expected.entry(path).or_default().push(place);
    }

    /// Whether it is what an installer left of a distribution of which there is nothing to read.
    pub(super) fn is_unkept(&self, path: &str) -> bool {
        let first = path.split('/').next().unwrap_or_default();
        self.unkept.contains(first)
    }

    /// Whose files lie around this one.
    pub(super) fn owner(&self, path: &str) -> Option<usize> {
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            if let Some(owner) = self.folders.get(above) {
                return Some(*owner);
            }
            folder = above;
        }
        None
    }

    /// What wheels have, and the site's folder has not.
    pub(super) fn missing<'m>(
        &'m self,
        site: &'m Site,
    ) -> impl Iterator<Item = (usize, &'m str)> + 'm {
        let absent = |path: &String| {
            site.files.binary_search(path).is_err() && site.links.binary_search(path).is_err()
        };
        let all = self.expected.iter();
        let absent = all.filter(move |(path, _)| absent(path));
        absent.filter_map(|(path, places)| {
            let of_wheel = places.iter().find(|place| place.member.is_some());
            Some((of_wheel?.owner, path.as_str()))
        })
    }
}

/// The folders that paths are told apart by, by their spelling alone.
struct Root {
    site: PathBuf,
    prefix: PathBuf,
}

impl Root {
    fn of(site: &Site) -> Self {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self {
            site: real(&site.folder),
            prefix: real(&site.prefix),
        }
    }

    /// Where a path of RECORD leads, `..` taken at its word.
    fn reach(&self, path: &str) -> Reach {
        let mut real = self.site.clone();
        for part in Path::new(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    if !real.pop() {
                        return Reach::Out(path.to_owned());
                    }
                }
                Component::RootDir | Component::Prefix(_) => real = part.as_os_str().into(),
                Component::Normal(name) => real.push(name),
            }
        }
        if let Ok(within) = real.strip_prefix(&self.site) {
            return Reach::Within(within.to_string_lossy().replace('\\', "/"));
        }
        if real.starts_with(&self.prefix) {
            Reach::Environment(real)
        } else {
            Reach::Out(path.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_record_lead_nowhere_but_into_the_environment() {
        let root = Root {
            site: "/v/lib/python3/site-packages".into(),
            prefix: "/v".into(),
        };
        for (path, expected) in [
            ("demo/a.py", Reach::Within("demo/a.py".to_owned())),
            ("demo/../b.py", Reach::Within("b.py".to_owned())),
            (
                "/v/lib/python3/site-packages/c.py",
                Reach::Within("c.py".to_owned()),
            ),
            (
                "../../../bin/demo",
                Reach::Environment("/v/bin/demo".into()),
            ),
            ("/etc/passwd", Reach::Out("/etc/passwd".to_owned())),
            (
                "../../../../etc/passwd",
                Reach::Out("../../../../etc/passwd".to_owned()),
            ),
            (
                "../../../../../../../x",
                Reach::Out("../../../../../../../x".to_owned()),
            ),
            (
                "../../../../vv/x",
                Reach::Out("../../../../vv/x".to_owned()),
            ),
        ] {
            assert_eq!(root.reach(path), expected, "{path}");
        }
    }
}
