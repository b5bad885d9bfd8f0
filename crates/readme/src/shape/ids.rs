//! Names of places within a description.

use std::collections::HashMap;

use crate::plain::escape;

/// Before each, so that none is one of the page's own.
pub(crate) const ID_PREFIX: &str = "readme-";

/// Of a name: beyond it is no heading that somebody links to.
const MAX_CHARS: usize = 100;

/// The names that are taken, with how many asked for each.
#[derive(Default)]
pub(super) struct Ids(HashMap<String, usize>);

impl Ids {
    /// Appends the attribute for an author's name of a place; false: it is none, or taken.
    pub(super) fn given(&mut self, name: &str, attributes: &mut String) -> bool {
        let fits = is_place(name) && !self.0.contains_key(name);
        if fits {
            self.0.insert(name.to_owned(), 1);
            write(name, attributes);
        }
        fits
    }

    /// Appends the attribute for a heading, named after its text as GitHub does it, since authors' tables of contents count on that.
    pub(super) fn of_heading(&mut self, text: &str, attributes: &mut String) {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let name: String = text
            .trim()
            .chars()
            .flat_map(char::to_lowercase)
            .filter(kept)
            .map(|c| if c == ' ' { '-' } else { c })
            .take(MAX_CHARS)
            .collect();
        if !is_place(&name) {
            return;
        }
        let count = self.0.entry(name.clone()).or_insert(0);
        let again = *count;
        *count += 1;
        let name = match again {
            0 => name,
            again => format!("{name}-{again}"),
        };
        // `a`, `a` and `a-1`: the last one goes without.
        if again == 0 || !self.0.contains_key(&name) {
            if again > 0 {
                self.0.insert(name.clone(), 1);
            }
            write(&name, attributes);
        }
    }
}

/// Whether `name` can be that of a place.
pub(super) fn is_place(name: &str) -> bool {
    !name.is_empty()
        && name.chars().take(MAX_CHARS + 1).count() <= MAX_CHARS
        && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn write(name: &str, attributes: &mut String) {
    attributes.push_str(" id=\"");
    attributes.push_str(ID_PREFIX);
    escape(name, true, attributes);
    attributes.push('"');
}
