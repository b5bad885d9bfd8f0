//! HTML of an author's making, made into a fragment for our page.
//!
//! What comes out is balanced, not deep, of few elements, and has none of the author's attributes but those that are parsed
//! here; so whoever reads it next builds the tree that is written, and its size follows the text's. Left alone, HTML's own rules
//! for mending misnested formatting make a page of gigabytes from a hundred kilobytes.
//!
//! It is not the sanitiser: that is [`clean`](mod@crate::clean), which runs after it.

mod attribute;
mod bare;
mod element;
mod ids;
mod target;
mod tree;

use html5gum::{DefaultEmitter, Token, Tokenizer};

use crate::Images;
use crate::plain::escape;

use attribute::{Attributes, Written};
use element::{Element, Kind, is_left_out};
use ids::Ids;

use target::Picture;

pub(crate) use ids::ID_PREFIX;

/// Elements in each other. GitHub's own pages have about twenty between list items of the third rank; it bounds every search
/// through what is open.
const MAX_DEPTH: usize = 64;

/// Of the fragment: ten times the longest text, which ordinary markup stays far below.
const MAX_HTML_BYTES: usize = 1_000_000;

/// The fragment; none if it became too large.
pub(crate) fn shaped(html: &str, images: Images) -> Option<String> {
    let mut shaper = Shaper::new(html.len(), images);
    let mut emitter = DefaultEmitter::default();
    // Scripts, styles and titles are read as browsers read them.
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        shaper.token(token);
        if shaper.out.len() > MAX_HTML_BYTES {
            return None;
        }
    }
    Some(shaper.finished())
}

struct Shaper {
    out: String,
    open: Vec<Open>,
    /// Text since the last tag.
    text: String,
    /// Start tags left out for their depth, whose end tags will come.
    too_deep: usize,
    /// The element whose content is left out, and how many of its name are open.
    left_out: Option<(Vec<u8>, usize)>,
    /// Texts and pictures so far.
    visible: usize,
    /// Text of the heading that is open.
    heading: String,
    ids: Ids,
    images: Images,
}

/// An element that has begun.
struct Open {
    element: &'static Element,
    attributes: Written,
    /// Where its content begins.
    start: usize,
    /// How much was visible before it.
    visible: usize,
}

impl Shaper {
    fn new(size: usize, images: Images) -> Self {
        Self {
            out: String::with_capacity(size + size / 4),
            open: Vec::new(),
            text: String::new(),
            too_deep: 0,
            left_out: None,
            visible: 0,
            heading: String::new(),
            ids: Ids::default(),
            images,
        }
    }

    fn finished(mut self) -> String {
        self.end_text();
        self.close_to(0);
        self.out
    }

    fn token(&mut self, token: Token) {
        match token {
            Token::String(text) => {
                if self.left_out.is_none() {
                    self.text.push_str(&String::from_utf8_lossy(&text.value));
                }
            }
            Token::StartTag(tag) => {
                self.end_text();
                if self.is_left_out(&tag.name, tag.self_closing) {
                    return;
                }
                if let Some(element) = Element::named(&tag.name) {
                    self.start(element, &Attributes::of(&tag.attributes));
                }
            }
            Token::EndTag(tag) => {
                self.end_text();
                match &mut self.left_out {
                    Some((name, depth)) if **name == **tag.name => {
                        *depth -= 1;
                        if *depth == 0 {
                            self.left_out = None;
                        }
                    }
                    Some(_) => {}
                    None => {
                        if let Some(element) = Element::named(&tag.name) {
                            self.end(element);
                        }
                    }
                }
            }
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }

    /// Whether this start tag is within, or begins, what is left out.
    fn is_left_out(&mut self, name: &[u8], self_closing: bool) -> bool {
        match &mut self.left_out {
            Some((open, depth)) => {
                if **open == *name {
                    *depth += 1;
                }
                true
            }
            None if is_left_out(name) => {
                // Only foreign elements end themselves.
                if !(self_closing && matches!(name, b"svg" | b"math")) {
                    self.left_out = Some((name.to_owned(), 1));
                }
                true
            }
            None => false,
        }
    }

    /// Writes what came since the last tag.
    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            self.out.push_str(&text);
            return;
        }
        self.open_content();
        self.visible += 1;
        if self.is_open(|open| open.element.kind == Kind::Heading) {
            self.heading.push_str(&text);
        }
        let in_code =
            self.is_open(|open| open.element.kind == Kind::Code || open.element.name == "pre");
        if in_code || self.is_open(|open| open.attributes.href) {
            escape(&text, in_code, &mut self.out);
        } else {
            bare::linked(&text, &mut self.out);
        }
    }

    /// A picture: a link to it with its alternative text, which is only the text within a link. Its name stands in for the text.
    fn image(&mut self, attributes: &Attributes<'_>) {
        let Some(picture) = Picture::of(attributes) else {
            return;
        };
        self.open_content();
        self.visible += 1;
        if self.is_open(|open| open.element.kind == Kind::Heading) {
            self.heading.push_str(&picture.text);
        }
        let in_link = self.is_open(|open| open.attributes.href);
        picture.write(self.images, in_link, &mut self.out);
    }
}
