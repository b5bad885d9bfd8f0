//! RECORD: the list of a wheel's files, as CSV with digest and size.

use std::collections::{BTreeMap, BTreeSet};

use csv::ReaderBuilder;

use crate::archive::members::Members;
use crate::archive::path;
use crate::archive::stated::{Kind, Row, Rows};
use crate::archive::{ArchiveError, Limits, Note, PathProblem};
use crate::excerpt::excerpt;

/// The rows of RECORD by path, with `/` for `\`; `None` if it is not text. What it says of itself and of its signatures,
/// which are made after it, is left out.
///
/// Of a path that comes twice, what says more holds; two digests cannot both be right, and one that is wrong refuses the wheel.
pub(in crate::archive) fn read(bytes: &[u8], dist_info: &str) -> Option<Rows> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = BTreeMap::new();
    for record in records.records() {
        let record = record.ok()?;
        let Some(path) = record.get(0) else { continue };
        let field = |at| record.get(at).unwrap_or_default();
        let row = Row {
            digest: field(1).to_owned(),
            size: field(2).trim().parse().ok(),
        };
        let known: &mut Row = rows.entry(path.replace('\\', "/")).or_default();
        known.join(row);
    }
    for path in exempt(dist_info) {
        rows.remove(&path);
    }
    Some(rows)
}

/// Installers that remove a wheel remove what RECORD lists, so nothing in it may lie elsewhere.
pub(super) fn check_paths(members: &Members, limits: &Limits) -> Result<(), ArchiveError> {
    for path in members.wish.stated.keys() {
        let problem = path::check(path, limits).err();
        let outside = |it: &PathProblem| matches!(it, PathProblem::Absolute | PathProblem::Parent);
        if let Some(problem) = problem.filter(outside) {
            return Err(ArchiveError::RecordPath {
                path: excerpt(path),
                problem,
            });
        }
    }
    Ok(())
}

/// Notes what stands on one side only, and what is listed with no digest or another size. RECORD's own signatures are never
/// listed, and directories need not be.
pub(super) fn compare(members: &Members, dist_info: &str, notes: &mut Vec<Note>) {
    let rows = &members.wish.stated;
    let exempt = exempt(dist_info);
    let counts =
        |path: &&String| !exempt.contains(path) && !path.ends_with('/') && !path.is_empty();
    // Few members have a backslash; a second set of all of them would be megabytes.
    let respelled = |path: &String| path.replace('\\', "/");
    let missing = members.files.iter();
    let missing =
        missing.filter(|path| !rows.contains_key(*path) && !rows.contains_key(&respelled(path)));
    let (files, count) = Note::shown(missing.filter(counts));
    if count > 0 {
        notes.push(Note::NotInRecord { files, count });
    }
    let with_backslashes = members.files.iter().filter(|path| path.contains('\\'));
    let with_backslashes: BTreeSet<String> = with_backslashes.map(respelled).collect();
    let is_there = |path: &String| members.files.contains(path) || with_backslashes.contains(path);
    let extra = rows.keys().filter(|path| !is_there(path));
    let (files, count) = Note::shown(extra.filter(counts));
    if count > 0 {
        notes.push(Note::OnlyInRecord { files, count });
    }
    let is_unproved = |row: &Row| matches!(row.kind(), Kind::Other | Kind::None);
    let unproved = rows
        .iter()
        .filter(|(path, row)| is_unproved(row) && is_there(path));
    let (files, count) = Note::shown(unproved.map(|(path, _)| path).filter(counts));
    if count > 0 {
        notes.push(Note::NoDigestInRecord { files, count });
    }
    let (files, count) = Note::shown(members.sizes_differ.iter());
    if count > 0 {
        notes.push(Note::SizeInRecord { files, count });
    }
}

fn exempt(dist_info: &str) -> [String; 3] {
    ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|name| format!("{dist_info}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn paths_are_the_first_column() {
        let text = "a/b.py,sha256=x,1\r\n\"a, b.py\",sha256=x,1\na\\c.py,,\n\"a\"\"b\",,\nx.dist-info/RECORD,,\n";
        let expected = ["a/b.py", "a, b.py", "a/c.py", "a\"b"];
        let paths = |bytes| read(bytes, "x.dist-info").map(|rows| rows.into_keys().collect());
        assert_eq!(paths(text.as_bytes()), Some(set(&expected)));
        assert_eq!(paths(b""), Some(set(&[])));
        assert_eq!(paths(b"a\xff,,"), None);
    }

    #[test]
    fn digest_and_size_are_the_others() {
        let row = |text: &str| {
            read(text.as_bytes(), "x.dist-info")
                .unwrap()
                .remove("a")
                .unwrap()
        };
        let is = |digest: &str, size| Row {
            digest: digest.to_owned(),
            size,
        };
        assert_eq!(row("a,sha256=x,1\n"), is("sha256=x", Some(1)));
        assert_eq!(row("a\n"), is("", None));
        assert_eq!(row("a,,many\n"), is("", None));
        // Twice: the digest of either is held against the file, and two of them agree with none.
        assert_eq!(row("a,,\na,sha256=x,1\n"), is("sha256=x", Some(1)));
        assert_eq!(row("a,sha256=x,1\na,,\n"), is("sha256=x", Some(1)));
        assert_eq!(row("a,sha256=x,1\na,sha256=x,1\n"), is("sha256=x", Some(1)));
        assert_eq!(
            row("a,sha256=x,1\na,md5=y,2\n"),
            is("sha256=x md5=y", Some(1))
        );
    }

    #[test]
    fn what_stands_on_one_side_only_is_noted() {
        let mut notes = Vec::new();
        let record = b"a.py,sha256=x,1\nonly.py,sha256=x,1\nbare.py,,\nold.py,md5=x,\ndir/,,\nx.dist-info/RECORD,,\n";
        let mut members = Members::default();
        members.wish.stated = read(record, "x.dist-info").unwrap();
        members.files = set(&[
            "a.py",
            "bare.py",
            "new.py",
            "old.py",
            "x.dist-info/RECORD",
            "x.dist-info/RECORD.jws",
        ]);
        members.sizes_differ = set(&["a.py"]);
        compare(&members, "x.dist-info", &mut notes);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            notes,
            [
                Note::NotInRecord {
                    files: names(&["new.py"]),
                    count: 1
                },
                Note::OnlyInRecord {
                    files: names(&["only.py"]),
                    count: 1
                },
                Note::NoDigestInRecord {
                    files: names(&["bare.py", "old.py"]),
                    count: 2
                },
                Note::SizeInRecord {
                    files: names(&["a.py"]),
                    count: 1
                }
            ]
        );
    }
}
