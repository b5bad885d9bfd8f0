//! Addresses that stand in a text as they are, made links (GitHub's extended autolinks).

use super::target::href;
use crate::plain::escape;

/// What such an address begins with.
const BEGINNINGS: &[&str] = &["https://", "http://", "www."];

/// Appends the text with its addresses as links.
pub(super) fn linked(text: &str, html: &mut String) {
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some((at, address)) = next(rest, before) {
        let (text, from) = rest.split_at(at);
        let (shown, after) = from.split_at(address);
        escape(text, false, html);
        let target = if shown.starts_with("www.") {
            href(&format!("http://{shown}"))
        } else {
            href(shown)
        };
        match target {
            Some(target) => {
                html.push_str("<a href=\"");
                escape(&target, true, html);
                html.push_str("\">");
                escape(shown, false, html);
                html.push_str("</a>");
            }
            None => escape(shown, false, html),
        }
        before = shown.chars().next_back();
        rest = after;
    }
    escape(rest, false, html);
}

/// Where the next address begins, and how long it is.
fn next(text: &str, before: Option<char>) -> Option<(usize, usize)> {
    let mut from = 0;
    // Every address has one of these, and texts have few.
    while let Some(found) = text.get(from..)?.find(['h', 'w']) {
        let at = from + found;
        let rest = text.get(at..)?;
        let previous = text.get(..at)?.chars().next_back().or(before);
        let begins = previous.is_none_or(|c| c.is_whitespace() || "*_~(\"'[<".contains(c));
        if begins && let Some(beginning) = BEGINNINGS.iter().find(|b| rest.starts_with(**b)) {
            let length = length(rest);
            if length > beginning.len() {
                return Some((at, length));
            }
        }
        from = at + 1;
    }
    None
}

/// How far an address reaches: to a space, without the punctuation of the sentence that it stands in.
fn length(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || "<>\"`".contains(c));
    let mut address = &text[..end.unwrap_or(text.len())];
    let (mut opened, mut closed) = (address.matches('(').count(), address.matches(')').count());
    while let Some(last) = address.chars().next_back() {
        match last {
            ')' if closed > opened => closed -= 1,
            '(' => opened -= 1,
            '?' | '!' | '.' | ',' | ':' | '*' | '_' | '~' | '\'' | ';' | ']' => {}
            _ => break,
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address.len()
}
