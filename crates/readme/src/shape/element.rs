//! The elements of a description, and where each may stand.

use std::fmt;

/// An element that may stand in a description.
pub(super) struct Element {
    /// As authors write it.
    pub(super) name: &'static str,
    /// As it stands in the page.
    pub(super) tag: &'static str,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Without content or end.
    Void,
    /// Part of a line of text.
    Inline,
    /// Of code: as inline, and its text is taken as it is.
    Code,
    /// Ends the paragraph before it.
    Block,
    /// As a block; no heading is in another.
    Heading,
    /// Stands in these alone.
    Part(&'static [&'static str]),
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn element(name: &'static str, kind: Kind) -> Element {
    Element {
        name,
        tag: name,
        kind,
    }
}

const fn named(name: &'static str, tag: &'static str, kind: Kind) -> Element {
    Element { name, tag, kind }
}

const SECTIONS: &[&str] = &["thead", "tbody", "tfoot", "table"];

/// The page's own headings are of the first two ranks.
const ELEMENTS: &[Element] = &[
    element("a", Kind::Inline),
    element("p", Kind::Block),
    element("code", Kind::Code),
    element("li", Kind::Part(&["ul", "ol"])),
    element("ul", Kind::Block),
    element("br", Kind::Void),
    element("img", Kind::Void),
    element("strong", Kind::Inline),
    element("em", Kind::Inline),
    element("pre", Kind::Block),
    element("td", Kind::Part(&["tr"])),
    element("th", Kind::Part(&["tr"])),
    element("tr", Kind::Part(SECTIONS)),
    element("thead", Kind::Part(&["table"])),
    element("tbody", Kind::Part(&["table"])),
    element("tfoot", Kind::Part(&["table"])),
    element("caption", Kind::Part(&["table"])),
    element("table", Kind::Block),
    named("h1", "h3", Kind::Heading),
    named("h2", "h4", Kind::Heading),
    named("h3", "h5", Kind::Heading),
    named("h4", "h6", Kind::Heading),
    named("h5", "h6", Kind::Heading),
    named("h6", "h6", Kind::Heading),
    element("ol", Kind::Block),
    element("div", Kind::Block),
    element("span", Kind::Inline),
    element("blockquote", Kind::Block),
    element("hr", Kind::Void),
    element("b", Kind::Inline),
    element("i", Kind::Inline),
    element("sub", Kind::Inline),
    element("sup", Kind::Inline),
    element("kbd", Kind::Code),
    element("del", Kind::Inline),
    element("details", Kind::Block),
    element("summary", Kind::Part(&["details"])),
    element("dl", Kind::Block),
    element("dt", Kind::Part(&["dl"])),
    element("dd", Kind::Part(&["dl"])),
    element("figure", Kind::Block),
    element("figcaption", Kind::Part(&["figure"])),
    element("abbr", Kind::Inline),
    named("acronym", "abbr", Kind::Inline),
    element("cite", Kind::Inline),
    element("dfn", Kind::Inline),
    element("ins", Kind::Inline),
    element("mark", Kind::Inline),
    element("q", Kind::Inline),
    element("s", Kind::Inline),
    named("strike", "s", Kind::Inline),
    element("samp", Kind::Code),
    named("tt", "code", Kind::Code),
    element("small", Kind::Inline),
    element("u", Kind::Inline),
    element("var", Kind::Inline),
    element("wbr", Kind::Void),
    named("center", "div", Kind::Block),
    named("section", "div", Kind::Block),
    named("article", "div", Kind::Block),
    named("aside", "div", Kind::Block),
];

/// Their content is not for readers, or not HTML.
const NOT_SHOWN: &[&str] = &[
    "script",
    "style",
    "iframe",
    "noembed",
    "noframes",
    "xmp",
    "plaintext",
    "title",
    "textarea",
    "template",
    "svg",
    "math",
];

/// What a part becomes that stands outside of its parents.
pub(super) static STRAY: Element = element("div", Kind::Block);

impl Element {
    pub(super) fn named(name: &[u8]) -> Option<&'static Self> {
        ELEMENTS
            .iter()
            .find(|element| element.name.as_bytes() == name)
    }

    /// What must come between this one and text, if text may not stand in it.
    pub(super) fn content(&self) -> Option<&'static Self> {
        let child: &[u8] = match self.name {
            "ul" | "ol" => b"li",
            "dl" => b"dd",
            "table" | "thead" | "tbody" | "tfoot" => b"tr",
            "tr" => b"td",
            _ => return None,
        };
        Self::named(child)
    }

    /// Whether a search for a part's parent ends here without one.
    pub(super) fn holds_own_parts(&self) -> bool {
        matches!(
            self.name,
            "ul" | "ol" | "dl" | "table" | "details" | "figure"
        )
    }

    pub(super) fn is_inline(&self) -> bool {
        matches!(self.kind, Kind::Inline | Kind::Code)
    }
}

/// Whether everything within the element of that name is left out.
pub(super) fn is_left_out(name: &[u8]) -> bool {
    NOT_SHOWN.iter().any(|hidden| hidden.as_bytes() == name)
}
