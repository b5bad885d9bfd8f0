//! What two releases' metadata says, field by field.

use std::collections::{BTreeMap, BTreeSet};

/// A field whose values differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The field, as upload forms name it.
    pub(super) field: &'static str,
    /// Values that only the old release has.
    pub(super) removed: Vec<String>,
    /// Values that only the new release has.
    pub(super) added: Vec<String>,
}

/// The differences, by the fields' names. The version differs anyhow.
pub(super) fn changes(
    old: &[(&'static str, String)],
    new: &[(&'static str, String)],
) -> Vec<Change> {
    let (old, new) = (by_field(old), by_field(new));
    let fields: BTreeSet<&'static str> = old.keys().chain(new.keys()).copied().collect();
    let none = BTreeSet::new();
    let mut changes = Vec::new();
    for field in fields.into_iter().filter(|field| *field != "version") {
        let before = old.get(field).unwrap_or(&none);
        let after = new.get(field).unwrap_or(&none);
        if before == after {
            continue;
        }
        let only = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| {
            let values = one.difference(other);
            values.map(|value| (*value).to_owned()).collect()
        };
        changes.push(Change {
            field,
            removed: only(before, after),
            added: only(after, before),
        });
    }
    changes
}

fn by_field<'f>(fields: &'f [(&'static str, String)]) -> BTreeMap<&'static str, BTreeSet<&'f str>> {
    let mut grouped: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (field, value) in fields {
        grouped.entry(*field).or_default().insert(value.as_str());
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_repeated_fields_are_a_set() {
        let fields = |requires: &[&str], summary: &str| {
            let mut fields = vec![
                ("version", summary.to_owned()),
                ("summary", summary.to_owned()),
            ];
            fields.extend(
                requires
                    .iter()
                    .map(|it| ("requires_dist", (*it).to_owned())),
            );
            fields
        };
        let old = fields(&["a", "b"], "one");
        assert_eq!(changes(&old, &old), []);
        let new = fields(&["c", "b"], "two");
        let change = |field, removed: &str, added: &str| Change {
            field,
            removed: vec![removed.to_owned()],
            added: vec![added.to_owned()],
        };
        assert_eq!(
            changes(&old, &new),
            [
                change("requires_dist", "a", "c"),
                change("summary", "one", "two")
            ]
        );
    }
}
