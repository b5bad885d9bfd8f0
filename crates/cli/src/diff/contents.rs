//! What is in two archives, member by member.

use std::collections::BTreeMap;

use touchplate_packaging::archive::{Listing, Member};

/// What differs between the members of two archives.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Only in the new one, with their sizes in bytes.
    pub(super) added: Vec<(String, Option<u64>)>,
    /// Only in the old one.
    pub(super) removed: Vec<(String, Option<u64>)>,
    /// In both, with other bytes; sizes of old and new.
    pub(super) changed: Vec<(String, Option<u64>, Option<u64>)>,
    /// In both, with the same bytes.
    pub(super) same: usize,
    /// In both with the same size, in archives too large to be hashed.
    pub(super) not_compared: usize,
}

impl Contents {
    /// Holds two listings against each other. What the version makes differ in a path is left out of it.
    pub(super) fn between(old: &Listing, new: &Listing) -> Self {
        let mut before = by_path(old);
        let mut contents = Self::default();
        for (path, member) in by_path(new) {
            match before.remove(&path) {
                None => contents.added.push((path, member.size)),
                Some(other) => contents.compare(path, other, member),
            }
        }
        let removed = before.into_iter();
        contents.removed = removed.map(|(path, member)| (path, member.size)).collect();
        contents
    }

    fn compare(&mut self, path: String, old: &Member, new: &Member) {
        match (old.sha256, new.sha256) {
            (Some(one), Some(two)) if one == two => self.same += 1,
            (None, None) if old.size == new.size => self.not_compared += 1,
            _ => self.changed.push((path, old.size, new.size)),
        }
    }

    /// Whether anything differs.
    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// The members by path, without the directory that names the version: the top one of an sdist, `.dist-info` and `.data`
/// of a wheel. RECORD, and signatures of it, differ whenever anything does.
fn by_path(listing: &Listing) -> BTreeMap<String, &Member> {
    let top = top(listing);
    let members = listing.members.iter();
    let members = members.map(|member| (neutral(&member.path, top), member));
    members
        .filter(|(path, _)| !path.starts_with(".dist-info/RECORD"))
        .collect()
}

/// The one directory that all members are in.
fn top(listing: &Listing) -> Option<&str> {
    let mut members = listing.members.iter();
    let (top, _) = members.next()?.path.split_once('/')?;
    let below = |member: &Member| {
        let rest = member.path.strip_prefix(top);
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    members.all(below).then_some(top)
}

fn neutral(path: &str, top: Option<&str>) -> String {
    let below = top.and_then(|top| path.strip_prefix(top)?.strip_prefix('/'));
    if let Some(below) = below {
        return below.to_owned();
    }
    let Some((first, rest)) = path.split_once('/') else {
        return path.to_owned();
    };
    for ending in [".dist-info", ".data"] {
        if first.ends_with(ending) {
            return format!("{ending}/{rest}");
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(members: &[(&str, u64)]) -> Listing {
        let member = |(path, bytes): &(&str, u64)| Member {
            path: (*path).to_owned(),
            size: Some(*bytes),
            sha256: Some(touchplate_packaging::Sha256::of(&bytes.to_be_bytes())),
            recorded: None,
        };
        Listing {
            members: members.iter().map(member).collect(),
            bytes: 0,
            is_hashed: true,
        }
    }

    #[test]
    fn paths_are_compared_without_the_version() {
        let old = listing(&[
            ("demo/a.py", 1),
            ("demo/b.py", 2),
            ("demo-1.0.dist-info/METADATA", 3),
            ("demo-1.0.dist-info/RECORD", 4),
        ]);
        let new = listing(&[
            ("demo/a.py", 1),
            ("demo/c.py", 2),
            ("demo-1.1.dist-info/METADATA", 5),
            ("demo-1.1.dist-info/RECORD", 6),
        ]);
        let contents = Contents::between(&old, &new);
        assert_eq!(contents.added, [("demo/c.py".to_owned(), Some(2))]);
        assert_eq!(contents.removed, [("demo/b.py".to_owned(), Some(2))]);
        assert_eq!(
            contents.changed,
            [(".dist-info/METADATA".to_owned(), Some(3), Some(5))]
        );
        assert_eq!(contents.same, 1);
    }

    #[test]
    fn the_one_directory_of_an_sdist_is_left_out() {
        let old = listing(&[("demo-1.0/PKG-INFO", 1), ("demo-1.0/setup.py", 2)]);
        let new = listing(&[("demo-1.1/PKG-INFO", 3), ("demo-1.1/setup.py", 2)]);
        let contents = Contents::between(&old, &new);
        assert_eq!(
            contents.changed,
            [("PKG-INFO".to_owned(), Some(1), Some(3))]
        );
        assert_eq!((contents.same, contents.added.len()), (1, 0));
    }
}
