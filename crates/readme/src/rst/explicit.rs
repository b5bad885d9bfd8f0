//! What begins with two dots: targets, footnotes, substitutions, directives, comments.

use super::lines::{body, dedented, indent, is_blank, joined};
use super::names::{Substitution, Target};
use super::{Block, Parser};

/// Lines that follow a mark and belong to it.
pub(super) struct Marked<'l, 't> {
    /// What is on the line of the mark, behind it.
    pub(super) first: &'t str,
    /// What is indented below.
    pub(super) below: &'l [&'t str],
    /// The mark's line and those below, as they were written.
    whole: &'l [&'t str],
}

impl<'t> Marked<'_, 't> {
    /// All of it without the mark.
    fn own(&self, first: &'t str) -> Vec<&'t str> {
        let mut own = dedented(self.below);
        if !first.is_empty() {
            own.insert(0, first);
        }
        own
    }

    pub(super) fn as_written(&self) -> String {
        joined(self.whole)
    }
}

impl<'t> Parser<'t> {
    pub(super) fn explicit(
        &mut self,
        lines: &[&'t str],
        blocks: &mut Vec<Block<'t>>,
    ) -> Option<usize> {
        let line = lines.first()?;
        if let Some(url) = line.strip_prefix("__ ") {
            self.names.give_unnamed(url.trim());
            return Some(1);
        }
        let first = match line.strip_prefix("..") {
            Some("") => "",
            Some(rest) if rest.starts_with(' ') => rest.trim_start(),
            _ => return None,
        };
        let below = lines.get(1..).unwrap_or_default();
        let length = if first.starts_with('_') {
            // An address is not text: it ends at a blank line.
            let own = |line: &&&str| !is_blank(line) && indent(line) > 0;
            below.iter().take_while(own).count()
        } else {
            body(below)
        };
        let taken = 1 + length;
        // Two dots alone, and a blank line: an empty comment, which ends what is before it.
        if first.is_empty() && lines.get(1).is_none_or(|next| next.trim().is_empty()) {
            return Some(1);
        }
        let marked = Marked {
            first,
            below: &lines[1..taken],
            whole: &lines[..taken],
        };
        if !(self.target(&marked, blocks)
            || self.note(&marked, blocks)
            || self.substitution(&marked))
        {
            self.directive(&marked, blocks);
        }
        Some(taken)
    }

    /// `_name: URL`, `__: URL`, `_name:` alone for the place where it stands.
    fn target(&mut self, marked: &Marked<'_, 't>, blocks: &mut Vec<Block<'t>>) -> bool {
        let Some(rest) = marked.first.strip_prefix('_') else {
            return false;
        };
        let own: Vec<&str> = marked.own("").into_iter().map(str::trim).collect();
        if let Some(url) = rest.strip_prefix("_:") {
            self.names
                .give_unnamed(&format!("{}{}", url.trim(), own.concat()));
            return true;
        }
        let Some((name, url)) = named(rest) else {
            return false;
        };
        let url = format!("{}{}", url.trim(), own.concat());
        let name = name.replace('\\', "");
        if url.is_empty() {
            let place = self.names.place(&name);
            self.names.give(&name, Target::Place(place.clone()));
            blocks.push(Block::Place(place));
        } else if let Some(other) = url.strip_suffix('_').filter(|other| !other.contains("://")) {
            let other = other.trim_matches('`').to_owned();
            self.names.give(&name, Target::Same(other));
        } else {
            self.names.give(&name, Target::Url(url.replace('\\', "")));
        }
        true
    }

    /// `[1] a footnote`, `[CIT2002] a citation`.
    fn note(&mut self, marked: &Marked<'_, 't>, blocks: &mut Vec<Block<'t>>) -> bool {
        let Some(inner) = marked.first.strip_prefix('[') else {
            return false;
        };
        let Some((label, rest)) = inner.split_once(']').filter(|(label, _)| is_label(label)) else {
            return false;
        };
        let place = self.names.place(&format!("note {label}"));
        let shown = match label.strip_prefix('#') {
            Some(name) => {
                let number = (self.names.numbered.len() + 1).to_string();
                self.names.numbered.push(place.clone());
                if !name.is_empty() {
                    self.names
                        .give(&format!("[{name}"), Target::Place(place.clone()));
                    self.names.give(name, Target::Place(place.clone()));
                }
                number
            }
            None => label.to_owned(),
        };
        self.names
            .give(&format!("[{label}"), Target::Place(place.clone()));
        self.names
            .give(&format!("[{shown}"), Target::Place(place.clone()));
        let note = self.blocks(&marked.own(rest.trim_start()));
        blocks.push(Block::Note {
            label: shown,
            place,
            blocks: note,
        });
        true
    }

    /// `|name| image:: URL`, `|name| replace:: text`.
    fn substitution(&mut self, marked: &Marked<'_, 't>) -> bool {
        let Some((name, rest)) = marked
            .first
            .strip_prefix('|')
            .and_then(|inner| inner.split_once('|'))
        else {
            return false;
        };
        let Some((kind, argument)) = rest.trim_start().split_once("::") else {
            return false;
        };
        let argument = argument.trim();
        let with = match kind.trim() {
            "image" => {
                let directive = super::directive::Directive::of("image", argument, marked.below);
                let mut image = directive.image();
                image.alt.get_or_insert_with(|| name.to_owned());
                Substitution::Image(image)
            }
            "replace" => Substitution::Text(joined(&marked.own(argument))),
            "unicode" => Substitution::Text(unicode(argument)),
            _ => {
                self.doubtful = true;
                Substitution::Text(name.to_owned())
            }
        };
        self.names.substitute(name, with);
        true
    }
}

/// A target's name and what is behind its colon; the name may be in backquotes to have a colon itself.
fn named(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('`') {
        let (name, rest) = quoted.split_once('`')?;
        return Some((name, rest.strip_prefix(':')?));
    }
    let end = text.match_indices(':').map(|(at, _)| at).find(|at| {
        let after = text.get(at + 1..).unwrap_or_default();
        let escaped = text.get(..*at).is_some_and(|before| before.ends_with('\\'));
        !escaped && (after.is_empty() || after.starts_with(' '))
    })?;
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then_some((name, rest.get(1..)?))
}

/// Of a footnote or a citation.
pub(super) fn is_label(label: &str) -> bool {
    let own = |c: char| c.is_alphanumeric() || matches!(c, '#' | '*' | '-' | '_' | '.' | ':' | '+');
    !label.is_empty() && label.len() <= 100 && label.chars().all(own)
}

/// `0xA9`, `U+00A9` and text between.
fn unicode(argument: &str) -> String {
    let code = |word: &str| {
        let digits = ["0x", "x", "\\x", "U+", "u+", "\\u"]
            .iter()
            .find_map(|prefix| word.strip_prefix(prefix))?;
        char::from_u32(u32::from_str_radix(digits, 16).ok()?)
    };
    let words = argument.split(" .. ").next().unwrap_or_default();
    let told = words.split_whitespace().map(|word| match code(word) {
        Some(c) => c.to_string(),
        None => word.to_owned(),
    });
    told.collect()
}
