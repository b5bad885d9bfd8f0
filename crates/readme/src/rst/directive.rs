//! Directives: `.. name:: argument`, options, content.

use super::explicit::Marked;
use super::lines::{dedented, is_blank, joined};
use super::{Block, Contents, Image, Parser};

/// A directive's parts.
pub(super) struct Directive<'t> {
    name: String,
    argument: String,
    options: Vec<(&'t str, &'t str)>,
    content: Vec<&'t str>,
}

impl<'t> Directive<'t> {
    pub(super) fn of(name: &str, first: &'t str, below: &[&'t str]) -> Self {
        let lines = dedented(below);
        // The argument ends at a blank line or an option; what stands below without a blank line goes on with it.
        let under_mark = below.first().is_some_and(|line| !is_blank(line));
        let mut at = 0;
        let mut argument = first.to_owned();
        if under_mark {
            while let Some(line) = lines.get(at)
                && !is_blank(line)
                && !line.starts_with(':')
            {
                if !argument.is_empty() {
                    argument.push('\n');
                }
                argument.push_str(line);
                at += 1;
            }
        }
        let mut options = Vec::new();
        if under_mark {
            while let Some(option) = lines.get(at).and_then(|line| option(line)) {
                options.push(option);
                at += 1;
            }
        }
        let content = dedented(lines.get(at..).unwrap_or_default());
        Self {
            name: name.to_ascii_lowercase(),
            argument,
            options,
            content,
        }
    }

    fn option(&self, name: &str) -> Option<&'t str> {
        let found = self.options.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    /// What stands in it, its argument as the first paragraph: where the argument has no meaning of its own.
    fn whole(&self) -> Vec<String> {
        let argument = (!self.argument.is_empty()).then(|| self.argument.clone());
        argument.into_iter().collect()
    }

    pub(super) fn image(&self) -> Image<'t> {
        let sides = ["width", "height"].into_iter();
        Image {
            src: self.argument.split_whitespace().collect(),
            alt: self.option("alt").map(str::to_owned),
            target: self.option("target").map(str::to_owned),
            sides: sides
                .filter_map(|side| Some((side, self.option(side)?)))
                .collect(),
        }
    }
}

fn option(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix(':')?.split_once(':')?;
    let fits = !name.is_empty() && (value.is_empty() || value.starts_with(' '));
    fits.then_some((name, value.trim()))
}

impl<'t> Parser<'t> {
    /// A directive, or a comment.
    pub(super) fn directive(&mut self, marked: &Marked<'_, 't>, blocks: &mut Vec<Block<'t>>) {
        let Some((name, first)) = marked.first.split_once("::") else {
            return;
        };
        let is_name =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+');
        let name = name.trim_end();
        if name.is_empty()
            || !name.chars().all(is_name)
            || !(first.is_empty() || first.starts_with(' '))
        {
            return;
        }
        let directive = Directive::of(name, first.trim(), marked.below);
        match &*directive.name {
            "code" | "code-block" | "sourcecode" | "parsed-literal" | "math" => {
                self.code(&directive, blocks);
            }
            "image" => blocks.push(Block::Image(directive.image())),
            "figure" => {
                let caption = self.blocks(&directive.content);
                blocks.push(Block::Figure(directive.image(), caption));
            }
            "note" | "tip" | "hint" | "important" | "warning" | "caution" | "danger" | "error"
            | "attention" => {
                let mut title = directive.name.clone();
                if let Some(first) = title.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                if matches!(&*title, "Attention" | "Caution" | "Danger") {
                    title.push('!');
                }
                self.admonition(title, directive.whole(), &directive.content, blocks);
            }
            "admonition" | "topic" | "sidebar" => {
                self.admonition(
                    directive.argument.clone(),
                    Vec::new(),
                    &directive.content,
                    blocks,
                );
            }
            "contents" => blocks.push(Block::Contents(self.contents(&directive))),
            "rubric" => blocks.push(Block::Paragraph(format!("**{}**", directive.argument))),
            "epigraph" | "highlights" | "pull-quote" => {
                let mut quote = paragraphs(directive.whole());
                quote.extend(self.blocks(&directive.content));
                blocks.push(Block::Quote(quote));
            }
            "container" | "compound" | "class" => blocks.extend(self.blocks(&directive.content)),
            "table" => self.captioned(&directive, blocks),
            "list-table" => self.list_table(&directive, blocks),
            "csv-table" => self.csv_table(&directive, blocks),
            // For other programs.
            "sectnum" | "meta" | "highlight" | "role" | "default-role" | "title"
            | "currentmodule" | "header" | "footer" => {}
            // The author's own HTML, other files, other programs' directives.
            _ => {
                self.doubtful = true;
                blocks.push(Block::Literal(marked.as_written()));
            }
        }
    }

    fn contents(&self, directive: &Directive<'t>) -> Contents {
        let local = directive.option("local").is_some();
        let last = self.names.headings.last().filter(|_| local);
        let own = (!directive.argument.is_empty()).then(|| directive.argument.clone());
        Contents {
            title: own.or_else(|| (!local).then(|| "Contents".to_owned())),
            after: if local { self.names.headings.len() } else { 0 },
            below: last.map(|(rank, _, _)| *rank),
            depth: directive
                .option("depth")
                .and_then(|depth| depth.parse().ok())
                .unwrap_or(usize::MAX),
        }
    }

    fn code(&mut self, directive: &Directive<'t>, blocks: &mut Vec<Block<'t>>) {
        let mut text = joined(&directive.content);
        // A formula may begin on the line of its mark; the language of code is what stands there.
        if directive.name == "math"
            || (directive.name == "parsed-literal" && !directive.argument.is_empty())
        {
            text = format!("{}\n{text}", directive.argument).trim().to_owned();
        }
        blocks.push(Block::Literal(text));
    }

    fn admonition(
        &mut self,
        title: String,
        first: Vec<String>,
        content: &[&'t str],
        blocks: &mut Vec<Block<'t>>,
    ) {
        let mut own = paragraphs(first);
        own.extend(self.blocks(content));
        blocks.push(Block::Admonition(title, own));
    }

    /// A table with its caption.
    fn captioned(&mut self, directive: &Directive<'t>, blocks: &mut Vec<Block<'t>>) {
        let mut own = self.blocks(&directive.content);
        if let Some(Block::Table { caption, .. }) = own.first_mut() {
            *caption = (!directive.argument.is_empty()).then(|| directive.argument.clone());
        }
        blocks.extend(own);
    }

    /// A list of lists as a table.
    fn list_table(&mut self, directive: &Directive<'t>, blocks: &mut Vec<Block<'t>>) {
        let mut rows = Vec::new();
        for block in self.blocks(&directive.content) {
            let Block::Bullets(items) = block else {
                continue;
            };
            for item in items {
                let cells = item.into_iter().filter_map(|inner| match inner {
                    Block::Bullets(cells) => Some(cells),
                    _ => None,
                });
                rows.push(cells.flatten().map(super::Cell::of).collect());
            }
        }
        self.rows(directive, rows, blocks);
    }

    fn csv_table(&mut self, directive: &Directive<'t>, blocks: &mut Vec<Block<'t>>) {
        let header = directive.option("header").map(super::table::csv);
        let told = directive.content.iter().filter(|line| !is_blank(line));
        let lines = header
            .clone()
            .into_iter()
            .chain(told.map(|line| super::table::csv(line)));
        let rows = lines.map(|line| {
            let cells = line.into_iter();
            cells
                .map(|text| super::Cell::of(vec![Block::Paragraph(text)]))
                .collect()
        });
        let mut rows: Vec<super::Row<'t>> = rows.collect();
        let first = header.is_some();
        let body = rows.split_off(usize::from(first).min(rows.len()));
        blocks.push(Block::Table {
            caption: (!directive.argument.is_empty()).then(|| directive.argument.clone()),
            head: rows,
            body,
        });
    }

    fn rows(
        &mut self,
        directive: &Directive<'t>,
        mut rows: Vec<super::Row<'t>>,
        blocks: &mut Vec<Block<'t>>,
    ) {
        let head = directive
            .option("header-rows")
            .and_then(|count| count.parse().ok());
        let body = rows.split_off(head.unwrap_or(0).min(rows.len()));
        blocks.push(Block::Table {
            caption: (!directive.argument.is_empty()).then(|| directive.argument.clone()),
            head: rows,
            body,
        });
    }
}

fn paragraphs<'t>(texts: Vec<String>) -> Vec<Block<'t>> {
    texts.into_iter().map(Block::Paragraph).collect()
}
