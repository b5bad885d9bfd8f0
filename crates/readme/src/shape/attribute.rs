//! What of an element's attributes is kept: what says something, in a form of ours.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use html5gum::{HtmlString, Spanned};

use super::element::{Element, Kind};
use super::ids::Ids;
use super::target::href;
use crate::plain::escape;

type Given = BTreeMap<HtmlString, Spanned<HtmlString, ()>>;

/// An author's attributes.
#[derive(Clone, Copy, Default)]
pub(super) struct Attributes<'t>(Option<&'t Given>);

/// What an element's start tag says beside its name.
#[derive(Default)]
pub(super) struct Written {
    pub(super) html: String,
    /// Whether a name of the place is among it.
    pub(super) id: bool,
    /// That name alone.
    pub(super) id_html: String,
    /// Whether it leads somewhere.
    pub(super) href: bool,
}

/// A cell that spans more is a browser's burden, not a table.
const MAX_SPAN: u16 = 50;

/// Of an abbreviation's meaning.
const MAX_TITLE_CHARS: usize = 200;

impl<'t> Attributes<'t> {
    pub(super) fn of(given: &'t Given) -> Self {
        Self(Some(given))
    }

    pub(super) fn value(&self, name: &str) -> Option<Cow<'t, str>> {
        let value = self.0?.get(name.as_bytes())?;
        Some(String::from_utf8_lossy(&value.value))
    }

    fn number(&self, name: &str, range: std::ops::RangeInclusive<u16>) -> Option<u16> {
        let number = self.value(name)?.trim().parse().ok()?;
        range.contains(&number).then_some(number)
    }

    pub(super) fn written(&self, element: &Element, ids: &mut Ids) -> Written {
        let mut written = Written::default();
        let place = self.value("id").or_else(|| {
            // Of a link, its place's name in older HTML.
            (element.name == "a").then(|| self.value("name")).flatten()
        });
        if let Some(place) = place {
            written.id = ids.given(&place, &mut written.id_html);
            written.html.push_str(&written.id_html);
        }
        self.write_own(element, &mut written);
        written
    }

    fn write_own(&self, element: &Element, written: &mut Written) {
        let html = &mut written.html;
        match element.name {
            "a" => {
                if let Some(target) = self.value("href").and_then(|given| href(&given)) {
                    html.push_str(" href=\"");
                    escape(&target, true, html);
                    html.push('"');
                    written.href = true;
                }
            }
            "abbr" | "acronym" => {
                if let Some(title) = self.value("title") {
                    let title: String = title.chars().take(MAX_TITLE_CHARS).collect();
                    html.push_str(" title=\"");
                    escape(&title, true, html);
                    html.push('"');
                }
            }
            "details" if self.value("open").is_some() => html.push_str(" open=\"\""),
            // Long lines scroll, by keys too.
            "pre" => html.push_str(" tabindex=\"0\""),
            "ol" => self.write_numbering(html),
            "td" | "th" => {
                for name in ["colspan", "rowspan"] {
                    if let Some(span) = self.number(name, 2..=MAX_SPAN) {
                        push(html, name, &span.to_string());
                    }
                }
                self.write_alignment(html);
            }
            "div"
                if self
                    .value("class")
                    .is_some_and(|class| class == "admonition") =>
            {
                push(html, "class", "admonition");
            }
            "p" | "div" => self.write_alignment(html),
            "center" => push(html, "align", "center"),
            _ if element.kind == Kind::Heading => self.write_alignment(html),
            _ => {}
        }
    }

    fn write_numbering(&self, html: &mut String) {
        if let Some(start) = self
            .number("start", 0..=u16::MAX)
            .filter(|start| *start != 1)
        {
            push(html, "start", &start.to_string());
        }
        if let Some(numerals) = self.value("type")
            && matches!(&*numerals, "a" | "A" | "i" | "I")
        {
            push(html, "type", &numerals);
        }
    }

    /// From its own attribute, or from the style that the Markdown parser writes for a table's columns.
    fn write_alignment(&self, html: &mut String) {
        let style = self.value("style");
        let styled = style
            .as_deref()
            .and_then(|style| style.strip_prefix("text-align: "));
        let align = self.value("align").map(|align| align.to_ascii_lowercase());
        if let Some(align) = align.as_deref().or(styled)
            && matches!(align, "left" | "center" | "right")
        {
            push(html, "align", align);
        }
    }
}

fn push(html: &mut String, name: &str, value: &str) {
    let written = write!(html, " {name}=\"{value}\"");
    debug_assert!(written.is_ok(), "a string takes what is written");
}
