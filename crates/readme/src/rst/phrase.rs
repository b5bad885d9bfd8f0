//! What is in a line as HTML.

use super::inline::{Kind, Unended, embedded, marked, unescaped};
use super::names::{Substitution, Target, normalised};
use super::write::Writer;
use crate::plain::escape;

/// Substitutions in each other.
const MAX_SUBSTITUTIONS: usize = 3;

impl Writer<'_> {
    pub(super) fn inline(&mut self, text: &str) {
        const MARKS: &[char] = &['*', '`', '|', '_', '[', '\\'];
        let mut unended = Unended::default();
        let (mut told, mut at) = (0, 0);
        while let Some(found) = text.get(at..).and_then(|rest| rest.find(MARKS)) {
            let here = at + found;
            if self.is_full() {
                return;
            }
            if text.get(here..).is_some_and(|rest| rest.starts_with('\\')) {
                let next = text.get(here + 1..).and_then(|rest| rest.chars().next());
                at = here + 1 + next.map_or(0, char::len_utf8);
                continue;
            }
            match marked(text, told, here, &mut unended) {
                Some(piece) => {
                    self.text(text.get(told..piece.start).unwrap_or_default());
                    self.kind(
                        &piece.kind,
                        text.get(piece.start..piece.end).unwrap_or_default(),
                    );
                    told = piece.end;
                    at = piece.end;
                }
                None => at = here + 1,
            }
        }
        self.text(text.get(told..).unwrap_or_default());
    }

    fn kind(&mut self, kind: &Kind<'_>, whole: &str) {
        match *kind {
            Kind::Emphasis(text) => self.element("em", |writer| writer.text(text)),
            Kind::Strong(text) => self.element("strong", |writer| writer.text(text)),
            Kind::Literal(text) => {
                self.element("code", |writer| escape(text, true, &mut writer.html));
            }
            Kind::Role(role, text) => self.role(role, text),
            Kind::Reference { text, named } => {
                let href = if named {
                    self.names.href(text)
                } else {
                    self.next_unnamed()
                };
                self.link(text, href, whole);
            }
            Kind::Phrase { text, named } => {
                let (text, target) = embedded(text);
                let href = match target {
                    Some(target) => match target.strip_suffix('_') {
                        Some(name) if !target.contains(':') => self.names.href(name),
                        _ => {
                            let url: String = unescaped(target).split_whitespace().collect();
                            // A named reference with its target gives the name to it.
                            if named {
                                self.names.give(text, Target::Url(url.clone()));
                            }
                            Some(url)
                        }
                    },
                    None if named => self.names.href(text),
                    None => self.next_unnamed(),
                };
                self.link(text, href, whole);
            }
            Kind::Substitution { name, link } => self.substituted(name, link, whole),
            Kind::Note(label) => self.note(label, whole),
            Kind::Target(text) => {
                let place = self.names.place(text);
                self.push("<span id=\"");
                escape(&place, true, &mut self.html);
                self.push("\">");
                self.text(text);
                self.push("</span>");
            }
        }
    }

    fn role(&mut self, role: Option<&str>, text: &str) {
        let role = role.unwrap_or("title-reference").to_ascii_lowercase();
        let number = text.trim();
        let tag = match &*role {
            "emphasis" => "em",
            "strong" => "strong",
            "sub" | "subscript" => "sub",
            "sup" | "superscript" => "sup",
            "title-reference" | "title" | "t" => "cite",
            "abbr" | "abbreviation" | "ac" | "acronym" => "span",
            "code" | "literal" | "math" => "code",
            "pep" => return self.link(&format!("PEP {number}"), pep(number), number),
            "rfc" => {
                let href = format!("https://datatracker.ietf.org/doc/html/rfc{number}.html");
                return self.link(&format!("RFC {number}"), Some(href), number);
            }
            // Other programs' roles are of code, nearly all.
            _ => {
                self.doubtful = true;
                "code"
            }
        };
        self.element(tag, |writer| writer.text(text));
    }

    fn note(&mut self, label: &str, whole: &str) {
        let href = if label == "#" {
            let place = self.names.numbered.get(self.numbered).cloned();
            self.numbered += 1;
            place.map(|place| format!("#{place}"))
        } else {
            self.names.href(&format!("[{label}"))
        };
        let shown = if label == "#" {
            self.numbered.to_string()
        } else {
            label.to_owned()
        };
        self.link(&format!("[{}]", shown.trim_start_matches('#')), href, whole);
    }

    fn substituted(&mut self, name: &str, link: bool, whole: &str) {
        let known = self.names.substitutions.get(&normalised(name));
        let Some(known) = known
            .cloned()
            .filter(|_| self.substitutions < MAX_SUBSTITUTIONS)
        else {
            self.doubtful = true;
            return escape(whole, false, &mut self.html);
        };
        let href = if link { self.names.href(name) } else { None };
        self.substitutions += 1;
        self.open_link(href.as_deref());
        match known {
            Substitution::Text(text) => self.inline(&text),
            Substitution::Image(image) => self.image(&image),
        }
        self.close_link(href.as_deref());
        self.substitutions -= 1;
    }

    fn next_unnamed(&mut self) -> Option<String> {
        self.unnamed += 1;
        self.names.unnamed(self.unnamed - 1)
    }

    /// A link, or what was written where it leads nowhere.
    fn link(&mut self, text: &str, href: Option<String>, whole: &str) {
        match href {
            Some(href) => {
                self.open_link(Some(&href));
                self.text(text);
                self.close_link(Some(&href));
            }
            None => {
                self.doubtful = true;
                escape(whole, false, &mut self.html);
            }
        }
    }

    pub(super) fn open_link(&mut self, href: Option<&str>) {
        if let Some(href) = href.filter(|_| !self.in_link) {
            self.push("<a href=\"");
            escape(href, true, &mut self.html);
            self.push("\">");
        }
    }

    pub(super) fn close_link(&mut self, href: Option<&str>) {
        if href.is_some() && !self.in_link {
            self.push("</a>");
        }
    }

    fn text(&mut self, text: &str) {
        if text.contains('\\') {
            escape(&unescaped(text), false, &mut self.html);
        } else {
            escape(text, false, &mut self.html);
        }
    }
}

fn pep(number: &str) -> Option<String> {
    let number: u32 = number.parse().ok()?;
    Some(format!("https://peps.python.org/pep-{number:04}"))
}
