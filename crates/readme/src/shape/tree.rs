//! What is open, and what an element's beginning and end do to it.

use super::attribute::Attributes;
use super::element::{Element, Kind, STRAY};
use super::{MAX_DEPTH, Open, Shaper};

impl Shaper {
    pub(super) fn start(&mut self, element: &'static Element, attributes: &Attributes<'_>) {
        match element.kind {
            Kind::Void if element.name == "img" => self.image(attributes),
            Kind::Void => {
                if element.name == "hr" {
                    self.close_nearest("p");
                }
                self.open_content();
                self.tag(element.tag, "");
            }
            Kind::Inline | Kind::Code => {
                if element.name == "a" {
                    self.close_nearest("a");
                }
                self.open_content();
                self.begin(element, attributes);
            }
            Kind::Block | Kind::Heading => self.begin_block(element, attributes),
            Kind::Part(parents) => self.begin_part(element, parents, attributes),
        }
    }

    fn begin_block(&mut self, element: &'static Element, attributes: &Attributes<'_>) {
        self.close_nearest("p");
        if element.kind == Kind::Heading
            && let Some(at) = self.nearest(|open| open.kind == Kind::Heading)
        {
            self.close_to(at);
        }
        self.open_content();
        self.begin(element, attributes);
    }

    fn begin_part(
        &mut self,
        element: &'static Element,
        parents: &[&str],
        attributes: &Attributes<'_>,
    ) {
        if self.close_to_parent(parents) {
            return self.begin(element, attributes);
        }
        if matches!(element.name, "td" | "th")
            && let Some(row) = Element::named(b"tr")
            && let Kind::Part(sections) = row.kind
            && self.close_to_parent(sections)
        {
            self.open(row, &Attributes::default());
            return self.begin(element, attributes);
        }
        self.begin_block(&STRAY, &Attributes::default());
    }

    /// Ends what stands between here and the nearest of `parents`, if there is one that is not another list's or table's.
    fn close_to_parent(&mut self, parents: &[&str]) -> bool {
        let is_parent = |element: &Element| parents.contains(&element.name);
        let Some(at) = self.nearest(|open| is_parent(open) || open.holds_own_parts()) else {
            return false;
        };
        let found = self
            .open
            .get(at)
            .is_some_and(|open| is_parent(open.element));
        if found {
            self.close_to(at + 1);
        }
        found
    }

    /// Text and inline elements stand in an item or a cell, not in a list or a table themselves.
    pub(super) fn open_content(&mut self) {
        while let Some(child) = self.open.last().and_then(|open| open.element.content()) {
            if !self.open(child, &Attributes::default()) {
                return;
            }
        }
    }

    fn begin(&mut self, element: &'static Element, attributes: &Attributes<'_>) {
        if !self.open(element, attributes) {
            self.too_deep += 1;
        }
    }

    fn open(&mut self, element: &'static Element, attributes: &Attributes<'_>) -> bool {
        if self.open.len() >= MAX_DEPTH {
            return false;
        }
        let attributes = attributes.written(element, &mut self.ids);
        if element.name == "table" {
            // A container of its own scrolls; whoever has no mouse scrolls it by keys, which needs a place to be.
            self.out
                .push_str("<div class=\"table-wrap\" tabindex=\"0\">");
        }
        if element.kind == Kind::Heading {
            self.heading.clear();
        } else if element.name != "a" {
            self.tag(element.tag, &attributes.html);
        }
        self.open.push(Open {
            element,
            attributes,
            start: self.out.len(),
            visible: self.visible,
        });
        true
    }

    /// An author's end tag.
    pub(super) fn end(&mut self, element: &'static Element) {
        if element.kind == Kind::Void {
            return;
        }
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        // Formatting does not reach out of its block, nothing but the table's own parts out of a cell.
        let edge = |open: &Element| match element.kind {
            Kind::Inline | Kind::Code => !open.is_inline(),
            _ if element.name == "table" => false,
            Kind::Part(_) => open.name == "table",
            _ => matches!(open.name, "td" | "th" | "caption"),
        };
        let same = |open: &Element| {
            open.name == element.name
                || (open.kind == Kind::Heading && element.kind == Kind::Heading)
        };
        let Some(at) = self.nearest(|open| same(open) || edge(open)) else {
            return;
        };
        if self.open.get(at).is_some_and(|open| same(open.element)) {
            self.close_to(at);
        }
    }

    fn close_nearest(&mut self, name: &str) {
        if let Some(at) = self.nearest(|open| open.name == name) {
            self.close_to(at);
        }
    }

    /// Where the innermost open element is that `wanted` tells.
    fn nearest(&self, wanted: impl Fn(&Element) -> bool) -> Option<usize> {
        self.open.iter().rposition(|open| wanted(open.element))
    }

    pub(super) fn is_open(&self, wanted: impl Fn(&Open) -> bool) -> bool {
        self.open.iter().any(wanted)
    }

    /// Ends elements until `count` are open.
    pub(super) fn close_to(&mut self, count: usize) {
        while self.open.len() > count
            && let Some(open) = self.open.pop()
        {
            self.close(&open);
        }
    }

    fn close(&mut self, open: &Open) {
        let visible = self.visible > open.visible;
        // Links and headings are written when they have ended: it is their content that says how.
        if open.element.name == "a" {
            let content = self.out.split_off(open.start);
            // A link without a text is a place that keys lead to and nobody can name.
            let tag = match (open.attributes.href && visible, open.attributes.id) {
                (true, _) => "a",
                (false, true) => "span",
                (false, false) => "",
            };
            let attributes = if tag == "span" {
                &open.attributes.id_html
            } else {
                &open.attributes.html
            };
            self.wrapped(tag, attributes, &content);
        } else if open.element.kind == Kind::Heading {
            let content = self.out.split_off(open.start);
            let mut attributes = open.attributes.html.clone();
            if !open.attributes.id {
                self.ids.of_heading(&self.heading, &mut attributes);
            }
            let tag = if visible { open.element.tag } else { "" };
            self.wrapped(tag, &attributes, &content);
        } else {
            self.end_tag(open.element.tag);
            if open.element.name == "table" {
                self.end_tag("div");
            }
        }
    }

    /// `content` in an element, or alone if `tag` is empty.
    fn wrapped(&mut self, tag: &str, attributes: &str, content: &str) {
        if tag.is_empty() {
            self.out.push_str(content);
        } else {
            self.tag(tag, attributes);
            self.out.push_str(content);
            self.end_tag(tag);
        }
    }

    fn tag(&mut self, tag: &str, attributes: &str) {
        for part in ["<", tag, attributes, ">"] {
            self.out.push_str(part);
        }
    }

    fn end_tag(&mut self, tag: &str) {
        for part in ["</", tag, ">"] {
            self.out.push_str(part);
        }
    }
}
