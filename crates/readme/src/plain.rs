//! Text as it is.

use crate::invisible::{MAX_MARKS, is_hidden, is_mark};

/// The text in lines as they were written; long ones are wrapped.
pub(crate) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    html.push_str("<pre class=\"plain\">");
    escape(text, true, &mut html);
    html.push_str("</pre>");
    html
}

/// Appends `text` so that it means itself, between tags and in quoted attributes alike.
pub(crate) fn escape(text: &str, in_code: bool, html: &mut String) {
    let mut marks = 0;
    for c in text.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c if is_hidden(c, in_code) || marks > MAX_MARKS => {}
            c => html.push(c),
        }
    }
}
