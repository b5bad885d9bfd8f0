//! Lists: of items, of numbered items, of terms, of fields, of options.

use super::lines::{body, dedented, indent, is_blank};
use super::{Block, Parser, Term};

impl<'t> Parser<'t> {
    pub(super) fn list(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> Option<usize> {
        let first = lines.first()?;
        if let Some(mark) = bullet(first) {
            let is_item = |line: &str| bullet(line) == Some(mark);
            let (items, taken) = self.items(lines, is_item, |_| Some(mark.len_utf8()));
            blocks.push(Block::Bullets(items));
            return Some(taken);
        }
        if let Some(number) = Number::of(first).filter(|_| is_whole_item(lines)) {
            let is_item = |line: &str| Number::of(line).is_some_and(|next| next.is_like(&number));
            let width = |line: &str| Number::of(line).map(|number| number.width);
            let (items, taken) = self.items(lines, is_item, width);
            blocks.push(Block::Numbered {
                start: number.value,
                numerals: number.numerals,
                items,
            });
            return Some(taken);
        }
        if field(first).is_some() {
            return Some(self.terms(lines, blocks, |line| {
                let (name, rest) = field(line)?;
                Some((Term::Field(name), rest))
            }));
        }
        if option(first).is_some() {
            return Some(self.terms(lines, blocks, |line| {
                let (option, rest) = option(line)?;
                Some((Term::Option(option), rest))
            }));
        }
        None
    }

    /// A term with what it means indented below it.
    pub(super) fn definition(
        &mut self,
        lines: &[&'t str],
        blocks: &mut Vec<Block<'t>>,
    ) -> Option<usize> {
        let is_term = |lines: &[&str]| {
            lines
                .first()
                .is_some_and(|line| indent(line) == 0 && !is_blank(line) && !line.ends_with("::"))
                && lines
                    .get(1)
                    .is_some_and(|line| indent(line) > 0 && !is_blank(line))
        };
        let mut terms = Vec::new();
        let mut taken = 0;
        while let Some(rest) = lines.get(taken..)
            && is_term(rest)
            && let Some((term, below)) = rest.split_first()
            && (taken == 0 || !begins_otherwise(rest))
        {
            let length = body(below);
            let meaning = self.blocks(&dedented(&below[..length]));
            terms.push((Term::Text(term), meaning));
            taken += 1 + length;
            taken += blank_before(lines, taken, is_term);
        }
        if terms.is_empty() {
            return None;
        }
        blocks.push(Block::Terms(terms));
        Some(taken)
    }

    /// Items that begin with a mark; says how many lines they took.
    fn items(
        &mut self,
        lines: &[&'t str],
        is_item: impl Fn(&str) -> bool,
        mark: impl Fn(&str) -> Option<usize>,
    ) -> (Vec<Vec<Block<'t>>>, usize) {
        let mut items = Vec::new();
        let mut taken = 0;
        while let Some((first, below)) = lines.get(taken..).and_then(<[_]>::split_first)
            && is_item(first)
            && let Some(mark) = mark(first)
        {
            let text = first.get(mark..).unwrap_or_default();
            // The margin of an item is where its text begins.
            let margin = mark + indent(text);
            let length = item_length(below, margin, text.is_empty());
            let mut own = vec![text.trim_start()];
            let below = &below[..length];
            if text.is_empty() {
                own = dedented(below);
            } else {
                own.extend(
                    below
                        .iter()
                        .map(|line| line.get(margin.min(indent(line))..).unwrap_or_default()),
                );
            }
            items.push(self.blocks(&own));
            taken += 1 + length;
            taken += blank_before(lines, taken, |rest| {
                rest.first().is_some_and(|line| is_item(line))
            });
        }
        (items, taken)
    }

    /// Terms that stand in the line where their meaning begins.
    fn terms(
        &mut self,
        lines: &[&'t str],
        blocks: &mut Vec<Block<'t>>,
        read: impl Fn(&'t str) -> Option<(Term<'t>, &'t str)>,
    ) -> usize {
        let mut terms = Vec::new();
        let mut taken = 0;
        while let Some((first, below)) = lines.get(taken..).and_then(<[_]>::split_first)
            && let Some((term, rest)) = read(first)
        {
            let length = body(below);
            let mut own = dedented(&below[..length]);
            if !rest.is_empty() {
                own.insert(0, rest);
            }
            terms.push((term, self.blocks(&own)));
            taken += 1 + length;
            taken += blank_before(lines, taken, |rest| {
                rest.first().is_some_and(|line| read(line).is_some())
            });
        }
        blocks.push(Block::Terms(terms));
        taken
    }
}

/// How many lines below its first an item has.
fn item_length(lines: &[&str], margin: usize, empty: bool) -> usize {
    let margin = if empty { 1 } else { margin };
    let own = lines
        .iter()
        .take_while(|line| is_blank(line) || indent(line) >= margin)
        .count();
    let trailing = lines[..own].iter().rev().take_while(|line| is_blank(line));
    own - trailing.count()
}

/// How many blank lines there are before more of the same.
fn blank_before<'t>(lines: &[&'t str], from: usize, more: impl Fn(&[&'t str]) -> bool) -> usize {
    let rest = lines.get(from..).unwrap_or_default();
    let blank = rest.iter().take_while(|line| is_blank(line)).count();
    let next = rest.get(blank..).unwrap_or_default();
    if more(next) { blank } else { 0 }
}

/// Whether something else than a term begins here, as far as terms must know.
fn begins_otherwise(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else {
        return true;
    };
    first.starts_with("..")
        || bullet(first).is_some()
        || field(first).is_some()
        || option(first).is_some()
        || Number::of(first).is_some_and(|_| is_whole_item(lines))
}

fn bullet(line: &str) -> Option<char> {
    let mark = line.chars().next()?;
    let rest = line.get(mark.len_utf8()..)?;
    let is_bullet = matches!(mark, '*' | '+' | '-' | '•' | '‣' | '⁃');
    (is_bullet && (rest.is_empty() || rest.starts_with(' '))).then_some(mark)
}

/// `1. `, `(a) `, `#) `.
struct Number {
    value: u32,
    numerals: &'static str,
    /// What is before and behind it.
    form: (bool, char),
    width: usize,
}

impl Number {
    fn of(line: &str) -> Option<Self> {
        let inner = line.strip_prefix('(');
        let text = inner.unwrap_or(line);
        let end = text.find(['.', ')'])?;
        let (number, rest) = text
            .split_at_checked(end)
            .filter(|(number, _)| number.len() <= 9)?;
        let behind = rest.chars().next()?;
        let after = rest.get(1..)?;
        if !(after.is_empty() || after.starts_with(' ')) || (inner.is_some() && behind != ')') {
            return None;
        }
        let (value, numerals) = match number {
            "#" => (1, "1"),
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => (digits.parse().ok()?, "1"),
            "i" | "ii" | "iii" | "iv" | "v" | "vi" | "vii" | "viii" | "ix" | "x" => {
                (roman(number), "i")
            }
            letter => match letter.as_bytes() {
                [b @ b'a'..=b'z'] => (u32::from(b - b'a') + 1, "a"),
                [b @ b'A'..=b'Z'] => (u32::from(b - b'A') + 1, "A"),
                _ => return None,
            },
        };
        Some(Self {
            value,
            numerals,
            form: (inner.is_some(), behind),
            width: usize::from(inner.is_some()) + end + 1,
        })
    }

    /// `i` may be a letter, so that numerals are not compared more closely.
    fn is_like(&self, first: &Self) -> bool {
        self.form == first.form && (self.numerals == "1") == (first.numerals == "1")
    }
}

fn roman(number: &str) -> u32 {
    const NUMBERS: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"];
    let at = NUMBERS.iter().position(|known| *known == number);
    at.map_or(1, |at| u32::try_from(at + 1).unwrap_or(1))
}

/// A line that begins like `1. ` is an item if the next one is blank, indented, or an item itself; else a sentence was broken there.
fn is_whole_item(lines: &[&str]) -> bool {
    lines
        .get(1)
        .is_none_or(|next| is_blank(next) || indent(next) > 0 || Number::of(next).is_some())
}

/// `:name: rest`.
fn field(line: &str) -> Option<(&str, &str)> {
    let text = line.strip_prefix(':')?;
    let end = text.match_indices(':').map(|(at, _)| at).find(|at| {
        let after = text.get(at + 1..).unwrap_or_default();
        after.is_empty() || after.starts_with(' ')
    })?;
    let (name, rest) = (text.get(..end)?, text.get(end + 1..)?);
    let fits =
        !name.is_empty() && !name.starts_with(' ') && !name.ends_with(' ') && !name.contains(":`");
    fits.then_some((name, rest.trim_start()))
}

/// `-o FILE, --output=FILE  what it does`.
fn option(line: &str) -> Option<(&str, &str)> {
    let first = line.strip_prefix("--").or_else(|| line.strip_prefix('-'))?;
    first.chars().next().filter(char::is_ascii_alphanumeric)?;
    let (options, rest) = line.split_once("  ").unwrap_or((line, ""));
    let each = options
        .split(", ")
        .all(|option| option.starts_with('-') && option.split([' ', '=']).count() <= 2);
    each.then_some((options, rest.trim_start()))
}
