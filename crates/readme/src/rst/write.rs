//! Blocks as HTML.

use super::names::Names;
use super::{Block, Cell, Contents, Image, Parser, Row, Term, Written};
use crate::plain::escape;

/// Of the HTML. References and substitutions repeat what is defined once, so that a short text can stand for a long one.
const MAX_HTML_BYTES: usize = 1_000_000;

pub(super) fn written(blocks: &[Block<'_>], parser: Parser<'_>) -> Option<Written> {
    let mut writer = Writer {
        html: String::new(),
        names: parser.names,
        doubtful: parser.doubtful,
        unnamed: 0,
        numbered: 0,
        substitutions: 0,
        contents: false,
        in_link: false,
    };
    writer.blocks(blocks);
    (!writer.is_full()).then_some(Written {
        html: writer.html,
        doubtful: writer.doubtful,
    })
}

pub(super) struct Writer<'t> {
    pub(super) html: String,
    pub(super) names: Names<'t>,
    pub(super) doubtful: bool,
    /// References without a name so far, and footnotes that number themselves.
    pub(super) unnamed: usize,
    pub(super) numbered: usize,
    /// Substitutions that are being written.
    pub(super) substitutions: usize,
    /// Whether the table of contents was written.
    contents: bool,
    /// Whether what is written is in a link, where no other may be.
    pub(super) in_link: bool,
}

impl<'t> Writer<'t> {
    pub(super) fn is_full(&self) -> bool {
        self.html.len() > MAX_HTML_BYTES
    }

    fn blocks(&mut self, blocks: &[Block<'t>]) {
        for block in blocks {
            if self.is_full() {
                return;
            }
            self.block(block);
            self.push("\n");
        }
    }

    fn block(&mut self, block: &Block<'t>) {
        match block {
            Block::Heading { rank, text, place } => self.heading(*rank, text, place),
            Block::Paragraph(text) => self.element("p", |writer| writer.inline(text)),
            Block::Literal(text) => self.code(text),
            Block::Quote(blocks) => self.element("blockquote", |writer| writer.blocks(blocks)),
            Block::Bullets(items) => self.element("ul", |writer| writer.items(items)),
            Block::Numbered {
                start,
                numerals,
                items,
            } => {
                self.push(&format!("<ol start=\"{start}\" type=\"{numerals}\">"));
                self.items(items);
                self.push("</ol>");
            }
            Block::Terms(terms) => self.element("dl", |writer| writer.terms(terms)),
            Block::Lines(lines) => self.element("p", |writer| writer.lines(lines)),
            Block::Table {
                caption,
                head,
                body,
            } => self.table(caption.as_deref(), head, body),
            Block::Image(image) => self.element("p", |writer| writer.image(image)),
            Block::Figure(image, caption) => self.element("figure", |writer| {
                writer.image(image);
                writer.element("figcaption", |writer| writer.flow(caption));
            }),
            Block::Admonition(title, blocks) => {
                self.push("<div class=\"admonition\"><p><strong>");
                self.inline(title);
                self.push("</strong></p>\n");
                self.blocks(blocks);
                self.push("</div>");
            }
            Block::Note {
                label,
                place,
                blocks,
            } => self.element("dl", |writer| {
                writer.push("<dt id=\"");
                escape(place, true, &mut writer.html);
                writer.push("\">[");
                escape(label, false, &mut writer.html);
                writer.push("]</dt>");
                writer.element("dd", |writer| writer.flow(blocks));
            }),
            Block::Place(place) => {
                self.push("<p id=\"");
                escape(place, true, &mut self.html);
                self.push("\"></p>");
            }
            Block::Contents(contents) => self.contents(contents),
            Block::Transition => self.push("<hr>"),
        }
    }

    /// A heading's text once more, which leads to the heading; what is in it leads nowhere, and does not count again.
    fn within_link(&mut self, text: &str) {
        let counted = (self.unnamed, self.numbered);
        self.in_link = true;
        self.inline(text);
        self.in_link = false;
        (self.unnamed, self.numbered) = counted;
    }

    fn heading(&mut self, rank: usize, text: &str, place: &str) {
        let tag = ["h1", "h2", "h3", "h4", "h5"].get(rank).unwrap_or(&"h6");
        self.push(&format!("<{tag} id=\""));
        escape(place, true, &mut self.html);
        self.push("\">");
        self.inline(text);
        self.push(&format!("</{tag}>"));
    }

    fn code(&mut self, text: &str) {
        self.push("<pre><code>");
        escape(text, true, &mut self.html);
        self.push("\n</code></pre>");
    }

    fn items(&mut self, items: &[Vec<Block<'t>>]) {
        for item in items {
            self.element("li", |writer| writer.flow(item));
            self.push("\n");
        }
    }

    /// A first paragraph without its element, if no other follows: in items, cells and meanings.
    fn flow(&mut self, blocks: &[Block<'t>]) {
        let paragraphs = blocks
            .iter()
            .filter(|block| matches!(block, Block::Paragraph(_)));
        match blocks.split_first() {
            Some((Block::Paragraph(text), rest)) if paragraphs.count() == 1 => {
                self.inline(text);
                if !rest.is_empty() {
                    self.push("\n");
                    self.blocks(rest);
                }
            }
            _ => self.blocks(blocks),
        }
    }

    fn terms(&mut self, terms: &[(Term<'t>, Vec<Block<'t>>)]) {
        for (term, meaning) in terms {
            self.element("dt", |writer| match term {
                Term::Text(text) => writer.inline(text),
                Term::Field(name) => {
                    writer.inline(name);
                    writer.push(":");
                }
                Term::Option(text) => {
                    writer.element("code", |writer| escape(text, true, &mut writer.html));
                }
            });
            self.element("dd", |writer| writer.flow(meaning));
            self.push("\n");
        }
    }

    fn lines(&mut self, lines: &[(usize, String)]) {
        let margin = lines
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(indent, _)| *indent);
        let margin = margin.min().unwrap_or(0);
        for (at, (indent, text)) in lines.iter().enumerate() {
            if at > 0 {
                self.push("<br>\n");
            }
            if !text.is_empty() {
                self.push(&"\u{a0}".repeat((indent - margin).min(40)));
            }
            self.inline(text);
        }
    }

    fn table(&mut self, caption: Option<&str>, head: &[Row<'t>], body: &[Row<'t>]) {
        self.push("<table>");
        if let Some(caption) = caption {
            self.element("caption", |writer| writer.inline(caption));
        }
        for (section, cell, rows) in [("thead", "th", head), ("tbody", "td", body)] {
            if rows.is_empty() {
                continue;
            }
            self.element(section, |writer| {
                for row in rows {
                    writer.push("<tr>");
                    for Cell {
                        rows,
                        columns,
                        blocks,
                    } in row
                    {
                        writer.push(&format!(
                            "<{cell} colspan=\"{columns}\" rowspan=\"{rows}\">"
                        ));
                        writer.flow(blocks);
                        writer.push(&format!("</{cell}>"));
                    }
                    writer.push("</tr>\n");
                }
            });
        }
        self.push("</table>");
    }

    /// The headings as a list of links; of several tables of contents the first.
    fn contents(&mut self, contents: &Contents) {
        if std::mem::replace(&mut self.contents, true) {
            return;
        }
        if let Some(title) = &contents.title {
            self.element("p", |writer| {
                writer.element("strong", |writer| writer.inline(title));
            });
        }
        let headings = std::mem::take(&mut self.names.headings);
        let own = headings.iter().skip(contents.after);
        let base = contents.below.map_or(0, |rank| rank + 1);
        let mut depth = 0;
        for (rank, text, place) in own.take_while(|(rank, _, _)| *rank >= base) {
            let wanted = rank + 1 - base;
            if wanted > contents.depth {
                continue;
            }
            if depth >= wanted {
                self.push("</li>");
            }
            for _ in wanted..depth {
                self.push("</ul></li>");
            }
            for level in depth..wanted {
                self.push(if level + 1 < wanted {
                    "<ul><li>"
                } else {
                    "\n<ul>"
                });
            }
            depth = wanted;
            self.push("<li><a href=\"#");
            escape(place, true, &mut self.html);
            self.push("\">");
            self.within_link(text);
            self.push("</a>");
        }
        for _ in 0..depth {
            self.push("</li></ul>");
        }
        self.names.headings = headings;
    }

    pub(super) fn image(&mut self, image: &Image<'_>) {
        let href = image
            .target
            .as_ref()
            .and_then(|target| match target.strip_suffix('_') {
                Some(name) if !target.contains("://") => self.names.href(name.trim_matches('`')),
                _ => Some(target.clone()),
            });
        self.open_link(href.as_deref());
        self.push("<img src=\"");
        escape(&image.src, true, &mut self.html);
        self.push("\"");
        let alt = image.alt.iter().map(|alt| ("alt", alt.as_str()));
        for (name, value) in alt.chain(image.sides.iter().copied()) {
            self.push(&format!(" {name}=\""));
            escape(value, false, &mut self.html);
            self.push("\"");
        }
        self.push(">");
        self.close_link(href.as_deref());
    }

    pub(super) fn element(&mut self, tag: &str, content: impl FnOnce(&mut Self)) {
        for part in ["<", tag, ">"] {
            self.push(part);
        }
        content(self);
        for part in ["</", tag, ">"] {
            self.push(part);
        }
    }

    pub(super) fn push(&mut self, html: &str) {
        self.html.push_str(html);
    }
}
