//! RECORD: the list of a wheel's files, as CSV with digest and size. Of uploads only the paths are compared; pages show
//! whether the digests agree.

use std::collections::{BTreeMap, BTreeSet};

use csv::ReaderBuilder;

use crate::archive::Note;

/// The paths that RECORD lists, with `/` for `\`; `None` if it is not text.
pub(super) fn read(bytes: &[u8]) -> Option<BTreeSet<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut paths = BTreeSet::new();
    for row in rows.records() {
        if let Some(path) = row.ok()?.get(0) {
            paths.insert(path.replace('\\', "/"));
        }
    }
    Some(paths)
}

/// What RECORD states of each path, such as `sha256=…`; empty where it states nothing. `None` if it is not text.
pub(in crate::archive) fn digests(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut stated = BTreeMap::new();
    for row in rows.records() {
        let row = row.ok()?;
        if let Some(path) = row.get(0) {
            let digest = row.get(1).unwrap_or_default().to_owned();
            stated.insert(path.replace('\\', "/"), digest);
        }
    }
    Some(stated)
}

/// Notes what stands on one side only. RECORD's own signatures are never listed, and directories need not be.
pub(super) fn compare(
    listed: &BTreeSet<String>,
    files: &BTreeSet<String>,
    dist_info: &str,
    notes: &mut Vec<Note>,
) {
    let exempt = ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|name| format!("{dist_info}/{name}"));
    let counts =
        |path: &&String| !exempt.contains(path) && !path.ends_with('/') && !path.is_empty();
    let files: BTreeSet<String> = files.iter().map(|path| path.replace('\\', "/")).collect();
    let (missing, count) = Note::shown(files.difference(listed).filter(counts));
    if count > 0 {
        notes.push(Note::NotInRecord {
            files: missing,
            count,
        });
    }
    let (extra, count) = Note::shown(listed.difference(&files).filter(counts));
    if count > 0 {
        notes.push(Note::OnlyInRecord {
            files: extra,
            count,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn paths_are_the_first_column() {
        let text = "a/b.py,sha256=x,1\r\n\"a, b.py\",sha256=x,1\na\\c.py,,\n\"a\"\"b\",,\na-1.dist-info/RECORD,,\n";
        let expected = [
            "a/b.py",
            "a, b.py",
            "a/c.py",
            "a\"b",
            "a-1.dist-info/RECORD",
        ];
        assert_eq!(read(text.as_bytes()), Some(set(&expected)));
        assert_eq!(read(b""), Some(set(&[])));
        assert_eq!(read(b"a\xff,,"), None);
    }

    #[test]
    fn what_stands_on_one_side_only_is_noted() {
        let mut notes = Vec::new();
        let listed = set(&["a.py", "only.py", "dir/", "x.dist-info/RECORD"]);
        let files = set(&[
            "a.py",
            "new.py",
            "x.dist-info/RECORD",
            "x.dist-info/RECORD.jws",
        ]);
        compare(&listed, &files, "x.dist-info", &mut notes);
        let one = |name: &str| (vec![name.to_owned()], 1);
        let ((new, _), (only, _)) = (one("new.py"), one("only.py"));
        assert_eq!(
            notes,
            [
                Note::NotInRecord {
                    files: new,
                    count: 1
                },
                Note::OnlyInRecord {
                    files: only,
                    count: 1
                }
            ]
        );
    }
}
