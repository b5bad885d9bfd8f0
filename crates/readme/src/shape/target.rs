//! Where links lead, and what pictures become.

use url::Url;

use super::attribute::Attributes;
use super::ids::{ID_PREFIX, is_place};
use crate::Images;
use crate::plain::escape;

/// Of an address. Browsers and proxies take eight thousand characters at most.
const MAX_URL_BYTES: usize = 4000;

/// Of a picture's alternative text, which is a sentence.
const MAX_TEXT_CHARS: usize = 300;

/// Of a picture's sides, in pixels: wider is scaled down to the page anyway.
const MAX_PIXELS: u16 = 4000;

/// Where a link may lead: to the web, to somebody's mailbox, or to a place in the description. None: anywhere else, such as a
/// file beside the README where it was written.
///
/// What is written is what the URL's parser read, never what the author wrote.
pub(super) fn href(given: &str) -> Option<String> {
    let given = given.trim();
    if given.len() > MAX_URL_BYTES {
        return None;
    }
    if let Some(place) = given.strip_prefix('#') {
        return is_place(place).then(|| format!("#{ID_PREFIX}{place}"));
    }
    let url = Url::parse(given).ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto").then(|| url.into())
}

/// A picture.
pub(super) struct Picture {
    /// What stands in for it.
    pub(super) text: String,
    src: Option<String>,
    sides: Vec<(&'static str, u16)>,
}

impl Picture {
    /// None: one that says nothing and is nowhere.
    pub(super) fn of(attributes: &Attributes<'_>) -> Option<Self> {
        let src = attributes.value("src").unwrap_or_default();
        let own = ["alt", "title"].into_iter().find_map(|name| {
            let text = attributes.value(name)?.trim().to_owned();
            (!text.is_empty()).then_some(text)
        });
        let text = own.or_else(|| name(&src))?;
        let sides = ["width", "height"].into_iter().filter_map(|side| {
            let given = attributes.value(side)?;
            let pixels = given.trim().trim_end_matches("px").parse().ok()?;
            (1..=MAX_PIXELS).contains(&pixels).then_some((side, pixels))
        });
        Some(Self {
            text: text.chars().take(MAX_TEXT_CHARS).collect(),
            src: href(&src).filter(|src| src.starts_with("http")),
            sides: sides.collect(),
        })
    }

    pub(super) fn write(&self, images: Images, in_link: bool, html: &mut String) {
        match (&self.src, images) {
            (Some(src), Images::Show) if src.starts_with("https://") => {
                html.push_str("<img loading=\"lazy\" src=\"");
                escape(src, true, html);
                html.push_str("\" alt=\"");
                escape(&self.text, false, html);
                html.push('"');
                for (side, pixels) in &self.sides {
                    html.push_str(&format!(" {side}=\"{pixels}\""));
                }
                html.push('>');
            }
            (Some(src), _) if !in_link => {
                html.push_str("<a class=\"image\" href=\"");
                escape(src, true, html);
                html.push_str("\">");
                escape(&self.text, false, html);
                html.push_str("</a>");
            }
            _ => {
                html.push_str("<span class=\"image\">");
                escape(&self.text, false, html);
                html.push_str("</span>");
            }
        }
    }
}

/// What a picture without a text is called: the last part of its address.
fn name(src: &str) -> Option<String> {
    let path = src.split(['?', '#']).next()?.trim_end_matches('/');
    let last = path.rsplit('/').next()?.trim();
    if src.trim_start().starts_with("data:") || last.is_empty() {
        return None;
    }
    Some(last.to_owned())
}
