//! Names that a slip of the finger away from a word: one letter too many, too few, wrong, or two in the wrong order.
//!
//! All of them are made and looked up, some hundreds: a list of names by spelling answers each in microseconds, and nothing
//! needs to be kept for it.

use std::collections::BTreeSet;

/// Shorter words are a slip away from too many names.
const MIN_CHARS: usize = 4;

/// Longer ones make too many to look up; who writes so much of a name finds it by its beginning.
const MAX_CHARS: usize = 32;

/// What names are made of, without separators.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// The spellings that are one slip away from `word`, which is squashed; none where that would be too many.
pub(super) fn near(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if !(MIN_CHARS..=MAX_CHARS).contains(&letters.len()) || !word.is_ascii() {
        return Vec::new();
    }
    let mut near = BTreeSet::new();
    for (at, letter) in letters.iter().enumerate() {
        let (before, rest) = letters.split_at(at);
        let behind = rest.get(1..).unwrap_or_default();
        near.insert(spelled(before, None, behind));
        if let Some((next, behind)) = behind.split_first() {
            let swapped = [*next, *letter];
            near.insert(before.iter().chain(&swapped).chain(behind).collect());
        }
        for other in LETTERS.chars() {
            near.insert(spelled(before, Some(other), behind));
            near.insert(spelled(before, Some(other), rest));
        }
    }
    for other in LETTERS.chars() {
        near.insert(spelled(&letters, Some(other), &[]));
    }
    near.remove(word);
    near.into_iter().collect()
}

fn spelled(before: &[char], between: Option<char>, behind: &[char]) -> String {
    before
        .iter()
        .copied()
        .chain(between)
        .chain(behind.iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_undone() {
        for slip in [
            "reqests",
            "requestss",
            "rekuests",
            "rqeuests",
            "equests",
            "request",
            "requessts",
        ] {
            assert!(near(slip).contains(&"requests".to_owned()), "{slip}");
        }
        assert!(!near("requests").contains(&"requests".to_owned()));
        assert!(!near("rqusts").contains(&"requests".to_owned()));
    }

    #[test]
    fn short_long_and_foreign_words_have_no_neighbours() {
        for word in ["", "abc", "größe", &"x".repeat(MAX_CHARS + 1)] {
            assert!(near(word).is_empty(), "{word}");
        }
        // What the longest may cost to look up.
        assert!(near("abcdefghijklmnopqrstuvwxyz012345").len() < 2500);
    }
}
