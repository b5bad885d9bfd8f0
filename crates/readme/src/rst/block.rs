//! Sections, paragraphs, literal blocks and quotes: what begins at the margin.

use super::lines::{body, dedented, indent, is_blank, joined, rule};
use super::names::Target;
use super::{Block, MAX_DEPTH, Parser};

/// A rule as short as this needs a title that is no longer; others are taken for a title's underline anyway, as docutils does.
const SHORT_RULE: usize = 4;

impl<'t> Parser<'t> {
    /// What the lines consist of; their own margin is the first column.
    pub(super) fn blocks(&mut self, lines: &[&'t str]) -> Vec<Block<'t>> {
        let mut blocks = Vec::new();
        if self.depth >= MAX_DEPTH {
            self.doubtful = true;
            blocks.push(Block::Literal(joined(&dedented(lines))));
            return blocks;
        }
        self.depth += 1;
        let mut rest = lines;
        while let Some(first) = rest.first() {
            let taken = if is_blank(first) {
                1
            } else if indent(first) > 0 {
                self.quote(rest, &mut blocks)
            } else {
                self.block(rest, &mut blocks)
            };
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        }
        self.depth -= 1;
        blocks
    }

    /// Reads what begins with the first line; says how many lines it took.
    fn block(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> usize {
        let markup = [
            Self::explicit,
            Self::table,
            Self::heading,
            Self::transition,
            Self::list,
            Self::verbatim,
            Self::definition,
        ];
        for read in markup {
            if let Some(taken) = read(self, lines, blocks) {
                return taken;
            }
        }
        self.paragraph(lines, blocks)
    }

    fn quote(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> usize {
        let taken = body(lines);
        let quoted = self.blocks(&dedented(&lines[..taken]));
        blocks.push(Block::Quote(quoted));
        taken
    }

    fn heading(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> Option<usize> {
        // Within lists and quotes there are no sections.
        if self.depth > 1 {
            return None;
        }
        let first = lines.first()?;
        let over = rule(first).filter(|_| lines.get(2).is_some_and(|third| third == first));
        let (mark, text, taken) = match over {
            Some(mark) => (mark, lines.get(1)?.trim(), 3),
            None => (rule(lines.get(1)?)?, *first, 2),
        };
        let under = lines.get(taken - 1)?.len();
        let width = text.chars().count();
        if text.is_empty() || (under < width && under < SHORT_RULE) || rule(text).is_some() {
            return None;
        }
        let style = (mark, over.is_some());
        let known = self.ranks.iter().position(|rank| *rank == style);
        let rank = known.unwrap_or_else(|| {
            self.ranks.push(style);
            self.ranks.len() - 1
        });
        let place = self.names.place(text);
        self.names.give(text, Target::Place(place.clone()));
        self.names
            .headings
            .push((rank, text.to_owned(), place.clone()));
        blocks.push(Block::Heading { rank, text, place });
        Some(taken)
    }

    fn transition(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> Option<usize> {
        let line = lines.first()?;
        rule(line).filter(|_| line.len() >= SHORT_RULE)?;
        if lines.get(1).is_some_and(|next| !is_blank(next)) {
            return None;
        }
        blocks.push(Block::Transition);
        Some(1)
    }

    /// Lines that stay as they are: `| ` before each, or a session of the interpreter.
    fn verbatim(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> Option<usize> {
        let first = lines.first()?;
        if first.starts_with(">>> ") || *first == ">>>" {
            let taken = lines.iter().take_while(|line| !is_blank(line)).count();
            blocks.push(Block::Literal(joined(&lines[..taken])));
            return Some(taken);
        }
        let is_line = |line: &str| line == "|" || line.starts_with("| ");
        if !is_line(first) {
            return None;
        }
        let mut told: Vec<(usize, String)> = Vec::new();
        let mut taken = 0;
        for line in lines {
            if is_line(line) {
                let text = line.get(1..).unwrap_or_default();
                told.push((indent(text), text.trim().to_owned()));
            } else if indent(line) > 0 && !is_blank(line) {
                // The line before goes on.
                if let Some((_, text)) = told.last_mut() {
                    text.push('\n');
                    text.push_str(line.trim());
                }
            } else {
                break;
            }
            taken += 1;
        }
        blocks.push(Block::Lines(told));
        Some(taken)
    }

    /// A paragraph, and the literal block that its last two colons announce.
    fn paragraph(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> usize {
        let own = lines
            .iter()
            .take_while(|line| !is_blank(line) && indent(line) == 0);
        let taken = own.count().max(1);
        let text = joined(&lines[..taken]);
        // Markdown's headings and fences, which mean nothing here.
        self.doubtful |= ["# ", "## ", "```"]
            .iter()
            .any(|mark| text.starts_with(mark));
        let Some(before) = text.strip_suffix("::") else {
            blocks.push(Block::Paragraph(text));
            return taken;
        };
        let shown = before.trim_end();
        if shown.len() < before.len() {
            blocks.push(Block::Paragraph(shown.to_owned()));
        } else if !shown.is_empty() {
            blocks.push(Block::Paragraph(format!("{shown}:")));
        }
        let rest = lines.get(taken..).unwrap_or_default();
        let blank = rest.iter().take_while(|line| is_blank(line)).count();
        let rest = rest.get(blank..).unwrap_or_default();
        let indented = body(rest);
        let literal = if indented > 0 {
            &rest[..indented]
        } else {
            // A literal block at the margin has the same mark before each line.
            let mark = rest
                .first()
                .and_then(|line| line.chars().next())
                .filter(char::is_ascii_punctuation);
            let quoted = rest.iter().take_while(|line| {
                !is_blank(line) && mark.is_some_and(|mark| line.starts_with(mark))
            });
            &rest[..quoted.count()]
        };
        if literal.is_empty() {
            self.doubtful = true;
            return taken;
        }
        blocks.push(Block::Literal(joined(&dedented(literal))));
        taken + blank + literal.len()
    }
}
