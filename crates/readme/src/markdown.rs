//! Markdown as GitHub means it, to HTML that is not yet sanitised.

use pulldown_cmark::{BlockQuoteKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Block quotes and lists that one line may begin in each other. The parser walks through all that are open at each line, so
/// that a line of ten thousand makes ten thousand lines of one letter slow; a text for people has three.
const MAX_CONTAINERS: usize = 24;

/// None: the text is nested as no text for people is.
pub(crate) fn html(text: &str) -> Option<String> {
    if text.lines().any(|line| containers(line) > MAX_CONTAINERS) {
        return None;
    }
    let extensions = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    let mut html = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut html, Parser::new_ext(text, extensions).map(told));
    Some(html)
}

/// How many marks of quotes and list items a line begins with.
fn containers(line: &str) -> usize {
    let mut rest = line.trim_start();
    let mut count = 0;
    while let Some(after) = after_mark(rest) {
        count += 1;
        rest = after.trim_start();
    }
    count
}

fn after_mark(line: &str) -> Option<&str> {
    if let Some(after) = line.strip_prefix('>') {
        return Some(after);
    }
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let marks: &[char] = if digits.len() == line.len() {
        &['-', '+', '*']
    } else {
        &['.', ')']
    };
    let after = digits.strip_prefix(marks)?;
    after.starts_with([' ', '\t']).then_some(after)
}

/// What HTML has no element for is said in words and characters.
fn told(event: Event<'_>) -> Event<'_> {
    match event {
        Event::TaskListMarker(done) => {
            Event::Text(CowStr::Borrowed(if done { "☑ " } else { "☐ " }))
        }
        Event::Start(Tag::BlockQuote(Some(kind))) => {
            let word = match kind {
                BlockQuoteKind::Note => "Note",
                BlockQuoteKind::Tip => "Tip",
                BlockQuoteKind::Important => "Important",
                BlockQuoteKind::Warning => "Warning",
                BlockQuoteKind::Caution => "Caution",
            };
            let begun = format!("<div class=\"admonition\">\n<p><strong>{word}</strong></p>\n");
            Event::Html(begun.into())
        }
        Event::End(TagEnd::BlockQuote(Some(_))) => Event::Html(CowStr::Borrowed("</div>\n")),
        event => event,
    }
}
