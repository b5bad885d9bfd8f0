//! Texts as the words that search compares. Documents and questions go through the same functions, or nothing is found.

/// Of one word. The longest of natural languages are shorter; what is longer is base64.
const MAX_WORD_CHARS: usize = 48;

/// The words of a text, folded to lower case, in its order: letters and digits of any script; all else separates.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    parts.filter(|part| !part.is_empty()).map(|part| {
        let folded = part.chars().flat_map(char::to_lowercase);
        // Lower case may bring marks along that are no letters (`İ`): without them one word stays one word.
        let letters = folded.filter(|c| c.is_alphanumeric());
        letters.take(MAX_WORD_CHARS).collect()
    })
}

/// An English word without the ending of its plural, if it seems to have one. Wrong for some (`lens`), and the same for
/// document and question, so that the worst of it is a result too many.
pub(super) fn singular(word: &str) -> Option<String> {
    let stem = |ending: &str, room: usize| {
        let stem = word.strip_suffix(ending)?;
        (stem.len() >= room && word.is_ascii()).then(|| stem.to_owned())
    };
    if let Some(stem) = stem("ies", 2) {
        return Some(format!("{stem}y"));
    }
    for ending in ["sses", "xes", "zes", "ches", "shes"] {
        if stem(ending, 2).is_some() {
            return stem("es", 3);
        }
    }
    if ["ss", "us", "is"].iter().any(|not| word.ends_with(not)) {
        return None;
    }
    stem("s", 3)
}

/// Several words as one: what is left of a name without its separators.
pub(super) fn squashed(text: &str) -> String {
    words(text).collect()
}

/// A place or a person as it is compared: lower case, of the characters that such names are made of.
pub(super) fn address(text: &str) -> String {
    /// Repositories, workflows and addresses are shorter by far; both sides are cut alike.
    const MAX_CHARS: usize = 200;
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() || "./:@+-".contains(c) || c.is_alphanumeric() => c,
        _ => '-',
    };
    text.chars().map(plain).take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_words() {
        let of = |text: &str| words(text).collect::<Vec<_>>();
        assert_eq!(
            of("Fast HTTP-client, für C++!"),
            ["fast", "http", "client", "für", "c"]
        );
        assert_eq!(of("İ"), ["i"]);
        assert_eq!(of("\0 \"* ()"), Vec::<String>::new());
        assert_eq!(of(&"x".repeat(10_000)), ["x".repeat(MAX_WORD_CHARS)]);
    }

    #[test]
    fn plurals_lose_their_ending() {
        for (word, expected) in [
            ("libraries", Some("library")),
            ("clients", Some("client")),
            ("classes", Some("class")),
            ("boxes", Some("box")),
            ("class", None),
            ("status", None),
            ("analysis", None),
            ("is", None),
            ("aws", None),
            ("größes", None),
        ] {
            assert_eq!(singular(word).as_deref(), expected, "{word}");
        }
    }
}
