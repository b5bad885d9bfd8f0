//! Addresses that stand in a text as they are, made links (GitHub's extended autolinks).

use super::target::href;
use crate::plain::escape;

/// What such an address begins with.
const BEGINNINGS: &[&str] = &["https://", "http://", "www."];

/// Appends the text with its addresses as links.
pub(super) fn linked(text: &str, html: &mut String) {
    let mut rest = text;
    while let Some((from, to)) = mailbox(rest) {
        let (before, address) = (rest.get(..from), rest.get(from..to));
        if let (Some(before), Some(address)) = (before, address) {
            on_the_web(before, html);
            html.push_str("<a href=\"mailto:");
            escape(address, true, html);
            html.push_str("\">");
            escape(address, false, html);
            html.push_str("</a>");
        }
        rest = rest.get(to..).unwrap_or_default();
    }
    on_the_web(rest, html);
}

/// Where the next e-mail address is. What may be in one is less than mail systems allow, and is what people use.
fn mailbox(text: &str) -> Option<(usize, usize)> {
    let local = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'_');
    let host = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let bytes = text.as_bytes();
    let mut searched = 0;
    while let Some(found) = text.get(searched..)?.find('@') {
        let at = searched + found;
        let before = bytes.get(searched..at)?;
        let own = before
            .iter()
            .rev()
            .take(MAX_PART)
            .take_while(|b| local(b))
            .count();
        let after = bytes.get(at + 1..)?;
        let length = after.iter().take(MAX_PART).take_while(|b| host(b)).count();
        let name = text
            .get(at + 1..at + 1 + length)?
            .trim_end_matches(['.', '-']);
        let from = at - own;
        // In an address on the web it is a part of that.
        let begins = text.get(..from)?.chars().next_back();
        let apart = begins.is_none_or(|c| c.is_whitespace() || "(<[{\"',;".contains(c));
        if own > 0 && apart && name.contains('.') && !name.starts_with('.') && !name.contains("..")
        {
            return Some((from, at + 1 + name.len()));
        }
        searched = at + 1;
    }
    None
}

/// Of either side of an e-mail address.
const MAX_PART: usize = 200;

fn on_the_web(text: &str, html: &mut String) {
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
