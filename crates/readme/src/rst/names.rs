//! What a text gives names to, and who refers to it.

use std::collections::HashMap;

use super::Image;

/// Names and what they stand for.
#[derive(Default)]
pub(super) struct Names<'t> {
    targets: HashMap<String, Target>,
    /// Targets without a name, for references without one, each in its turn.
    unnamed: Vec<String>,
    pub(super) substitutions: HashMap<String, Substitution<'t>>,
    /// Headings: rank, text, place.
    pub(super) headings: Vec<(usize, String, String)>,
    /// Labels of footnotes that number themselves, in the order of the footnotes.
    pub(super) numbered: Vec<String>,
    places: HashMap<String, usize>,
}

/// What a reference leads to.
#[derive(Clone)]
pub(super) enum Target {
    Url(String),
    Place(String),
    /// Whatever that name leads to.
    Same(String),
}

#[derive(Clone)]
pub(super) enum Substitution<'t> {
    Text(String),
    Image(Image<'t>),
}

/// Names that stand for names that stand for names: a text for people has two in a row.
const MAX_SAME: usize = 8;

impl<'t> Names<'t> {
    /// The first to give a name keeps it.
    pub(super) fn give(&mut self, name: &str, target: Target) {
        self.targets.entry(normalised(name)).or_insert(target);
    }

    pub(super) fn give_unnamed(&mut self, url: &str) {
        self.unnamed.push(url.to_owned());
    }

    pub(super) fn substitute(&mut self, name: &str, with: Substitution<'t>) {
        self.substitutions.entry(normalised(name)).or_insert(with);
    }

    pub(super) fn unnamed(&self, at: usize) -> Option<String> {
        self.unnamed.get(at).cloned()
    }

    /// Where a name leads, as an `href`.
    pub(super) fn href(&self, name: &str) -> Option<String> {
        let mut name = normalised(name);
        for _ in 0..MAX_SAME {
            match self.targets.get(&name)? {
                Target::Url(url) => return Some(url.clone()),
                Target::Place(place) => return Some(format!("#{place}")),
                Target::Same(other) => name = normalised(other),
            }
        }
        None
    }

    /// A place for what is called `text`: an identifier that nothing else has.
    pub(super) fn place(&mut self, text: &str) -> String {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let place: String = words.join("-").to_lowercase().chars().take(80).collect();
        let place = if place.is_empty() {
            "section".to_owned()
        } else {
            place
        };
        let count = self.places.entry(place.clone()).or_insert(0);
        *count += 1;
        if *count == 1 {
            place
        } else {
            // Beyond what a heading's own name looks like.
            format!("{place}--{count}")
        }
    }
}

/// Names are alike whatever their case and spacing.
pub(super) fn normalised(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}
