//! What is in a line: emphasis, literals, roles, references.
//!
//! Each kind of mark is searched for its end once: where one had none to the end of the text, a later one has none either.

use super::explicit::is_label;

/// A piece of a text that is marked, and where it begins and ends with its marks.
pub(super) struct Marked<'t> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind<'t>,
}

pub(super) enum Kind<'t> {
    Emphasis(&'t str),
    Strong(&'t str),
    Literal(&'t str),
    /// Text with the name of what it is; none: the default, a title.
    Role(Option<&'t str>, &'t str),
    /// A reference by a name, or without one.
    Reference {
        text: &'t str,
        named: bool,
    },
    /// The text in backquotes of a reference, which may hold its target.
    Phrase {
        text: &'t str,
        named: bool,
    },
    Substitution {
        name: &'t str,
        link: bool,
    },
    Note(&'t str),
    Target(&'t str),
}

/// Marks that have no end.
#[derive(Default)]
pub(super) struct Unended {
    marks: Vec<&'static str>,
}

/// Of a reference without backquotes, and of a role's name.
const MAX_NAME_BYTES: usize = 100;

/// What is marked at `at`, where a mark's character is. `from` is where the text before is spoken for.
pub(super) fn marked<'t>(
    text: &'t str,
    from: usize,
    at: usize,
    unended: &mut Unended,
) -> Option<Marked<'t>> {
    let rest = text.get(at..)?;
    if rest.starts_with("**") {
        return simple(text, at, "**", unended, Kind::Strong);
    }
    if rest.starts_with('*') {
        return simple(text, at, "*", unended, Kind::Emphasis);
    }
    if rest.starts_with("``") {
        return simple(text, at, "``", unended, Kind::Literal);
    }
    if rest.starts_with('`') {
        return backquoted(text, from, at, unended);
    }
    if rest.starts_with("_`") && may_begin(text, at, 2) {
        let (inner, end) = ended(text, at + 2, "`", unended)?;
        return Some(Marked {
            start: at,
            end,
            kind: Kind::Target(inner),
        });
    }
    if rest.starts_with('_') {
        return reference(text, from, at);
    }
    if rest.starts_with('|') && may_begin(text, at, 1) {
        let (name, end) = ended(text, at + 1, "|", unended)?;
        let tail = text.get(end..)?;
        let marks = tail.len() - tail.trim_start_matches('_').len();
        let (marks, link) = if marks <= 2 && may_end(text, end + marks) {
            (marks, marks > 0)
        } else {
            (0, false)
        };
        return Some(Marked {
            start: at,
            end: end + marks,
            kind: Kind::Substitution { name, link },
        });
    }
    if rest.starts_with('[') && may_begin(text, at, 1) {
        let inner = rest.get(1..)?;
        let close = inner.bytes().take(MAX_NAME_BYTES).position(|b| b == b']')?;
        let label = inner.get(..close).filter(|label| is_label(label))?;
        let end = at + close + 3;
        let whole = inner.get(close..)?.starts_with("]_") && may_end(text, end);
        return whole.then_some(Marked {
            start: at,
            end,
            kind: Kind::Note(label),
        });
    }
    None
}

fn simple<'t>(
    text: &'t str,
    at: usize,
    mark: &'static str,
    unended: &mut Unended,
    kind: impl Fn(&'t str) -> Kind<'t>,
) -> Option<Marked<'t>> {
    if !may_begin(text, at, mark.len()) {
        return None;
    }
    let (inner, end) = ended(text, at + mark.len(), mark, unended)?;
    Some(Marked {
        start: at,
        end,
        kind: kind(inner),
    })
}

/// Text in single backquotes: a reference if `_` is behind it, else of a role.
fn backquoted<'t>(
    text: &'t str,
    from: usize,
    at: usize,
    unended: &mut Unended,
) -> Option<Marked<'t>> {
    let role = role_before(text, from, at);
    let start = role.map_or(at, |role| at - role.len() - 2);
    if !may_begin(text, start, at + 1 - start) {
        return None;
    }
    let (inner, end) = ended(text, at + 1, "`", unended)?;
    let tail = text.get(end..)?;
    if role.is_none() && tail.starts_with("__") && may_end(text, end + 2) {
        return Some(Marked {
            start,
            end: end + 2,
            kind: Kind::Phrase {
                text: inner,
                named: false,
            },
        });
    }
    if role.is_none() && tail.starts_with('_') && may_end(text, end + 1) {
        return Some(Marked {
            start,
            end: end + 1,
            kind: Kind::Phrase {
                text: inner,
                named: true,
            },
        });
    }
    let behind = tail.strip_prefix(':').and_then(|tail| {
        let name = tail.split(':').next().filter(|name| is_role(name))?;
        let end = end + name.len() + 2;
        (tail.len() > name.len() && may_end(text, end)).then_some((name, end))
    });
    let (role, end) = match behind.filter(|_| role.is_none()) {
        Some((role, end)) => (Some(role), end),
        None => (role, end),
    };
    Some(Marked {
        start,
        end,
        kind: Kind::Role(role, inner),
    })
}

/// `:role:` before a backquote.
fn role_before(text: &str, from: usize, at: usize) -> Option<&str> {
    let before = text.get(from..at)?.strip_suffix(':')?;
    let tail = before.len().saturating_sub(MAX_NAME_BYTES);
    let colon = before
        .bytes()
        .skip(tail)
        .rposition(|b| b == b':' || b.is_ascii_whitespace())?
        + tail;
    // A role of a domain has a colon itself: `:py:func:`.
    let mut begin = colon;
    while let Some(outer) = before.get(..begin).and_then(|outer| outer.rfind(':'))
        && before.get(outer + 1..).is_some_and(is_role)
    {
        begin = outer;
    }
    let name = before.get(begin..)?.strip_prefix(':')?;
    is_role(name).then_some(name)
}

fn is_role(name: &str) -> bool {
    let own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | ':');
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.chars().all(own)
        && !name.starts_with(':')
}

/// `name_` and `name__`, whose first underscore is at `at`.
fn reference(text: &str, from: usize, at: usize) -> Option<Marked<'_>> {
    let before = text.get(from..at)?;
    let own = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+');
    let length: usize = before
        .chars()
        .rev()
        .take(MAX_NAME_BYTES)
        .take_while(own)
        .map(char::len_utf8)
        .sum();
    let start = at - length;
    let name = text.get(start..at)?;
    let trimmed = name.trim_start_matches(|c: char| !c.is_alphanumeric());
    let start = at - trimmed.len();
    let named = !text.get(at..)?.starts_with("__");
    let end = at + if named { 1 } else { 2 };
    let fits =
        trimmed.ends_with(char::is_alphanumeric) && may_begin(text, start, 0) && may_end(text, end);
    fits.then_some(Marked {
        start,
        end,
        kind: Kind::Reference {
            text: trimmed,
            named,
        },
    })
}

/// The text up to the mark that ends it, and where that mark ends.
fn ended<'t>(
    text: &'t str,
    from: usize,
    mark: &'static str,
    unended: &mut Unended,
) -> Option<(&'t str, usize)> {
    if unended.marks.contains(&mark) {
        return None;
    }
    let rest = text.get(from..)?;
    let mut searched = 0;
    while let Some(found) = rest.get(searched..)?.find(mark) {
        let at = searched + found;
        let inner = rest.get(..at)?;
        let after = from + at + mark.len();
        let closes = !inner.is_empty()
            && !inner.ends_with(char::is_whitespace)
            && (mark == "``" || !inner.ends_with('\\'))
            && (may_end(text, after)
                || (mark != "*"
                    && text
                        .get(after..)
                        .is_some_and(|tail| tail.starts_with(['_', ':']))));
        if closes {
            return Some((inner, after));
        }
        searched = at + 1;
    }
    unended.marks.push(mark);
    None
}

/// Whether a mark of `length` may begin something at `at`.
fn may_begin(text: &str, at: usize, length: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text
        .get(at + length..)
        .and_then(|after| after.chars().next());
    let open = before.is_none_or(|c| {
        c.is_whitespace() || "-:/'\"<([{".contains(c) || (!c.is_ascii() && !c.is_alphanumeric())
    });
    let quoted = matches!(
        (before, after),
        (Some('"'), Some('"'))
            | (Some('\''), Some('\''))
            | (Some('('), Some(')'))
            | (Some('['), Some(']'))
            | (Some('{'), Some('}'))
            | (Some('<'), Some('>'))
    );
    open && !quoted && after.is_some_and(|c| !c.is_whitespace())
}

/// Whether a mark may have ended before `at`.
fn may_end(text: &str, at: usize) -> bool {
    let after = text.get(at..).and_then(|after| after.chars().next());
    after.is_none_or(|c| {
        c.is_whitespace()
            || "-.,:;!?\\/'\")]}>".contains(c)
            || (!c.is_ascii() && !c.is_alphanumeric())
    })
}

/// A phrase's own text, and the target in its angle brackets.
pub(super) fn embedded(phrase: &str) -> (&str, Option<&str>) {
    let target = phrase.strip_suffix('>').and_then(|open| {
        let at = open.rfind('<')?;
        let before = open.get(..at)?;
        let apart = before.is_empty() || before.ends_with(char::is_whitespace);
        apart.then_some((before.trim_end(), open.get(at + 1..)?))
    });
    match target {
        Some(("", target)) => (target, Some(target)),
        Some((text, target)) => (text, Some(target)),
        None => (phrase, None),
    }
}

/// The text without the backslashes that made characters mean themselves.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().filter(|next| !next.is_whitespace())),
            c => out.push(c),
        }
    }
    out
}
