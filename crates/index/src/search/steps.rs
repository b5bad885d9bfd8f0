//! Ranking: the order in which a question's answers are looked for.

use super::HITS_A_PAGE;
use super::document::term;
use super::near::near;
use super::query::Query;
use super::words::singular;

/// Names of more words are found by their beginning, or as any other text.
const MAX_NAME_WORDS: usize = 4;

/// Who has typed more of them has said enough; a long list of words that begin alike, held against many others, is what costs most.
const MAX_WORDS_WITH_A_BEGINNING: usize = 3;

/// A letter alone begins a twentieth of all words.
const MIN_BEGINNING_CHARS: usize = 2;

/// Why a project is in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Its name is what was asked for, separators aside.
    Name,
    /// Its name begins with it.
    NameBegins,
    /// Its name is one slip of the finger away from it.
    NameNear,
    /// Its name has all the words.
    NameWords,
    /// Name, summary, keywords and who built it have all the words, or who built it is all that was asked for.
    Text,
    /// They have some of the words; looked for only where nothing has all.
    Some,
}

/// One step of a search: documents of one kind of match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What its documents are matched by.
    pub matched: Match,
    /// Whether to take it at all.
    pub when: When,
    /// What its documents have.
    pub wanted: Wanted,
}

/// When a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Unless a step before found a document by its name.
    WithoutName,
    /// If the steps before found fewer than so many.
    Below(usize),
}

/// What the documents of a step have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One term at least of each list.
    All(Vec<Vec<Term>>),
    /// One of these names without separators.
    Spelled(Vec<String>),
}

/// What a document may have among its terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// This one.
    Is(String),
    /// One that begins so.
    Begins(String),
}

impl Step {
    fn new(matched: Match, when: When, all: Vec<Vec<Term>>) -> Self {
        Self {
            matched,
            when,
            wanted: Wanted::All(all),
        }
    }
}

/// The steps of a question: exact about names first, forgiving about the rest. Whoever built it narrows every step.
pub(super) fn steps(query: &Query) -> Vec<Step> {
    let filters = filters(query);
    if query.words.is_empty() {
        return match filters.is_empty() {
            true => Vec::new(),
            false => vec![Step::new(Match::Text, When::Always, filters)],
        };
    }
    let narrowed = |more: Vec<Vec<Term>>| [filters.clone(), more].concat();
    let mut steps = names(query);
    if query.words.len() <= MAX_NAME_WORDS {
        let in_name = query
            .words
            .iter()
            .map(|word| spellings(word, term::of_name));
        let in_name = narrowed(in_name.collect());
        steps.push(Step::new(Match::NameWords, When::Always, in_name));
    }
    steps.extend(texts(query, &filters));
    steps
}

/// The steps that look at everything that a project says of itself, and at who built it.
fn texts(query: &Query, filters: &[Vec<Term>]) -> Vec<Step> {
    let narrowed = |more: Vec<Vec<Term>>| [filters.to_vec(), more].concat();
    let plain = |word: &str| word.to_owned();
    let mut anywhere: Vec<_> = query
        .words
        .iter()
        .map(|word| spellings(word, plain))
        .collect();
    let any = anywhere.concat();
    let whole = narrowed(anywhere.clone());
    let mut steps = vec![Step::new(Match::Text, When::Always, whole)];
    // Somebody may still be typing the last one. Not where there is a page without it: a list of all words that begin like a
    // common one is made before its first line can be read.
    if let (Some(list), Some(last)) = (anywhere.last_mut(), query.words.last())
        && last.chars().count() >= MIN_BEGINNING_CHARS
        && query.words.len() <= MAX_WORDS_WITH_A_BEGINNING
    {
        *list = vec![Term::Begins(last.clone())];
        let unfinished = narrowed(anywhere);
        steps.push(Step::new(Match::Text, When::Below(HITS_A_PAGE), unfinished));
    }
    if query.words.len() > 1 {
        let some = narrowed(vec![any]);
        steps.push(Step::new(Match::Some, When::Below(1), some));
    }
    steps
}

/// The steps that look at names alone: what is suggested to somebody who is typing.
pub(super) fn names(query: &Query) -> Vec<Step> {
    let whole = query.squashed();
    if whole.is_empty() {
        return Vec::new();
    }
    let filters = filters(query);
    let narrowed = |term: Term| [filters.clone(), vec![vec![term]]].concat();
    let exact = narrowed(Term::Is(term::whole(&whole)));
    let begins = narrowed(Term::Begins(term::whole(&whole)));
    let mut steps = vec![
        Step::new(Match::Name, When::Always, exact),
        Step::new(Match::NameBegins, When::Always, begins),
    ];
    let near = near(&whole);
    if !near.is_empty() && filters.is_empty() {
        steps.push(Step {
            matched: Match::NameNear,
            when: When::WithoutName,
            wanted: Wanted::Spelled(near),
        });
    }
    steps
}

fn filters(query: &Query) -> Vec<Vec<Term>> {
    let publishers = query.publishers.iter().map(|it| term::publisher(it));
    let workflows = query.workflows.iter().map(|it| term::workflow(it));
    publishers
        .chain(workflows)
        .map(|it| vec![Term::Is(it)])
        .collect()
}

/// A word, and what it is the plural of.
fn spellings(word: &str, marked: impl Fn(&str) -> String) -> Vec<Term> {
    let singular = singular(word).map(|word| Term::Is(marked(&word)));
    [Term::Is(marked(word))]
        .into_iter()
        .chain(singular)
        .collect()
}
