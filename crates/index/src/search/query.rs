//! What somebody looks for, read from the text that they typed. Any text is a query: what cannot be looked for is left out,
//! and the page says what was understood.

use super::words::{address, squashed, words};

/// What is read of a query. More than anybody types; a pasted page is cut.
pub const MAX_QUERY_CHARS: usize = 300;

/// Each word is one more list to intersect. Hardly a question has more.
const MAX_WORDS: usize = 6;

/// As many places and workflows that must all have built a project are more than one ever has.
const MAX_FILTERS: usize = 4;

/// A question to search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that a project has in its name, its summary, its keywords or who built it.
    pub words: Vec<String>,
    /// Places or people that built one of its files: `github.com/acme`, `alice@example.org`.
    pub publishers: Vec<String>,
    /// Workflows that built one of its files: `release.yml`.
    pub workflows: Vec<String>,
    /// Whether the text had more than is looked for.
    pub cut: bool,
}

impl Query {
    /// Reads a query.
    pub fn read(text: &str) -> Self {
        let mut query = Self::default();
        let kept: String = text.chars().take(MAX_QUERY_CHARS).collect();
        query.cut = kept.len() < text.len();
        // Control characters, NUL among them, separate as spaces do.
        for part in kept.split(|c: char| c.is_whitespace() || c.is_control()) {
            query.take(part.trim_matches(['"', '\'', ',', ';', '(', ')']));
        }
        query
    }

    fn take(&mut self, part: &str) {
        match part.split_once(':') {
            Some((key, value)) if key.eq_ignore_ascii_case("publisher") => {
                self.take_publisher(value);
            }
            Some((key, value)) if key.eq_ignore_ascii_case("workflow") => self.take_workflow(value),
            _ if is_place(part) => self.take_publisher(part),
            _ if is_workflow(part) => self.take_workflow(part),
            _ => words(part).for_each(|word| keep(&mut self.words, word, MAX_WORDS, &mut self.cut)),
        }
    }

    fn take_publisher(&mut self, given: &str) {
        let place = place(given);
        if !place.is_empty() {
            keep(&mut self.publishers, place, MAX_FILTERS, &mut self.cut);
        }
    }

    fn take_workflow(&mut self, given: &str) {
        let workflow = address(given.trim_matches('/'));
        if !workflow.is_empty() {
            keep(&mut self.workflows, workflow, MAX_FILTERS, &mut self.cut);
        }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && !self.has_filters()
    }

    /// Whether it asks who built a project.
    pub fn has_filters(&self) -> bool {
        !(self.publishers.is_empty() && self.workflows.is_empty())
    }

    /// The words as one name without separators.
    pub(super) fn squashed(&self) -> String {
        squashed(&self.words.concat())
    }
}

/// Keeps `new` unless it is there or there are `most`.
fn keep(list: &mut Vec<String>, new: String, most: usize, cut: &mut bool) {
    if list.contains(&new) {
        return;
    }
    if list.len() < most {
        list.push(new);
    } else {
        *cut = true;
    }
}

/// `github.com/acme`, with or without scheme; `alice@example.org`.
fn is_place(part: &str) -> bool {
    let rest = part.split_once("://").map_or(part, |(_, rest)| rest);
    let is_host = |host: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        host.contains('.')
            && host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && host.chars().all(plain)
    };
    let at_host = |(user, host): (&str, &str)| !user.is_empty() && is_host(host);
    rest.split_once('/').is_some_and(|(host, _)| is_host(host))
        || rest.split_once('@').is_some_and(at_host)
}

fn is_workflow(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    [".yml", ".yaml"]
        .iter()
        .any(|ending| lower.len() > ending.len() && lower.ends_with(ending))
}

/// A place as it is compared, from what a browser's address bar may hold.
fn place(given: &str) -> String {
    let rest = given.split_once("://").map_or(given, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = address(rest.trim_matches('/'));
    path.strip_suffix(".git").unwrap_or(&path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let query = Query::read(text);
        (query.words, query.publishers, query.workflows)
    }

    fn of(
        words: &[&str],
        publishers: &[&str],
        workflows: &[&str],
    ) -> (Vec<String>, Vec<String>, Vec<String>) {
        let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        (owned(words), owned(publishers), owned(workflows))
    }

    #[test]
    fn words_places_and_workflows_are_told_apart() {
        for (text, expected) in [
            ("HTTP client", of(&["http", "client"], &[], &[])),
            ("Scikit-Learn", of(&["scikit", "learn"], &[], &[])),
            (
                "publisher:github.com/Acme",
                of(&[], &["github.com/acme"], &[]),
            ),
            (
                "Publisher:acme workflow:Release.yml",
                of(&[], &["acme"], &["release.yml"]),
            ),
            (
                "built from https://github.com/acme/widget.git",
                of(&["built", "from"], &["github.com/acme/widget"], &[]),
            ),
            (
                "github.com/acme/?tab=repositories",
                of(&[], &["github.com/acme"], &[]),
            ),
            ("release.yaml ci", of(&["ci"], &[], &["release.yaml"])),
            ("alice@example.org", of(&[], &["alice@example.org"], &[])),
            (
                "acme/widget and/or",
                of(&["acme", "widget", "and", "or"], &[], &[]),
            ),
            (
                "\"quoted words\", (more)",
                of(&["quoted", "words", "more"], &[], &[]),
            ),
            ("publisher: workflow:/", of(&[], &[], &[])),
            ("a:b x x", of(&["a", "b", "x"], &[], &[])),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_questions_too() {
        for text in [
            "",
            " \t\n",
            "\0",
            "***",
            "\"\"\"",
            "() OR NOT",
            "%_'; DROP TABLE x--",
            "-.-",
            "://",
            "/",
            "@",
            ".yml",
        ] {
            let query = Query::read(text);
            assert!(!query.cut, "{text}");
            for word in &query.words {
                assert!(word.chars().all(char::is_alphanumeric), "{text}: {word}");
            }
        }
        assert!(Query::read("\0*\"().").is_empty());
        assert_eq!(read("a\0b"), of(&["a", "b"], &[], &[]));
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        assert!(Query::read(&"x".repeat(10_000)).cut);
        let many: String = (0..100).map(|number| format!("w{number} ")).collect();
        let query = Query::read(&many);
        assert_eq!((query.words.len(), query.cut), (MAX_WORDS, true));
        let places: String = (0..9)
            .map(|number| format!("publisher:{number} "))
            .collect();
        assert_eq!(Query::read(&places).publishers.len(), MAX_FILTERS);
    }
}
