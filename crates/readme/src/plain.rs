//! Text as it is.

use crate::invisible::is_hidden;

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
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c if is_hidden(c, in_code) => {}
            c => html.push(c),
        }
    }
}
