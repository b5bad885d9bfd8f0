//! Tables: which kind, those with rules above columns, and CSV.

use super::lines::{is_blank, joined};
use super::{Block, Cell, Parser, Row};

/// A table for people has a dozen. Each line of a table is cut at all of them.
pub(super) const MAX_COLUMNS: usize = 100;

/// How far the end of a table is looked for.
pub(super) const MAX_LINES: usize = 2000;

impl<'t> Cell<'t> {
    pub(super) fn of(blocks: Vec<Block<'t>>) -> Self {
        Self {
            rows: 1,
            columns: 1,
            blocks,
        }
    }
}

impl<'t> Parser<'t> {
    pub(super) fn table(
        &mut self,
        lines: &[&'t str],
        blocks: &mut Vec<Block<'t>>,
    ) -> Option<usize> {
        let first = lines.first()?;
        if is_grid_rule(first) {
            let whole = lines.iter().take_while(|line| line.starts_with(['+', '|']));
            let taken = whole.count();
            let table = self.grid(&lines[..taken]);
            blocks.push(table.unwrap_or_else(|| {
                self.doubtful = true;
                Block::Literal(joined(&lines[..taken]))
            }));
            return Some(taken);
        }
        if is_simple_rule(first) {
            return self.simple(lines, blocks);
        }
        None
    }

    fn simple(&mut self, lines: &[&'t str], blocks: &mut Vec<Block<'t>>) -> Option<usize> {
        let columns = columns(lines.first()?);
        if columns.len() > MAX_COLUMNS {
            return None;
        }
        let mut rules = vec![0];
        let mut taken = 1;
        for (at, line) in lines.iter().enumerate().take(MAX_LINES).skip(1) {
            if is_simple_rule(line) || (columns.len() == 1 && *line == *lines.first()?) {
                rules.push(at);
                let ends = lines.get(at + 1).is_none_or(|next| is_blank(next));
                if ends {
                    taken = at + 1;
                    break;
                }
            }
        }
        let last = *rules.last()?;
        if rules.len() < 2 || last + 1 != taken {
            return None;
        }
        let head_end = if rules.len() > 2 { *rules.get(1)? } else { 0 };
        let head = self.simple_rows(lines.get(1..head_end.max(1))?, &columns);
        let body = self.simple_rows(lines.get(head_end + 1..last)?, &columns);
        blocks.push(Block::Table {
            caption: None,
            head,
            body,
        });
        Some(taken)
    }

    /// A line whose first column is empty goes on with the row before.
    fn simple_rows(&mut self, lines: &[&'t str], columns: &[(usize, usize)]) -> Vec<Row<'t>> {
        let mut rows: Vec<Vec<Vec<&'t str>>> = Vec::new();
        for line in lines {
            // A rule below some columns joins them; what is in them is read by column all the same.
            let is_rule = !is_blank(line) && line.chars().all(|c| matches!(c, '-' | '=' | ' '));
            if is_rule {
                continue;
            }
            let cells: Vec<&str> = (0..columns.len())
                .map(|at| cell(line, columns, at))
                .collect();
            let begins = cells.first().is_some_and(|cell| !is_blank(cell));
            match rows.last_mut() {
                Some(row) if !begins => {
                    for (lines, more) in row.iter_mut().zip(cells) {
                        lines.push(more);
                    }
                }
                _ if is_blank(line) => {}
                _ => rows.push(cells.into_iter().map(|cell| vec![cell]).collect()),
            }
        }
        let rows = rows.into_iter().map(|row| {
            let cells = row.into_iter();
            cells
                .map(|lines| Cell::of(self.blocks(&super::lines::dedented(&lines))))
                .collect()
        });
        rows.collect()
    }
}

/// What a line has in a column. Text may reach beyond the last one.
fn cell<'t>(line: &'t str, columns: &[(usize, usize)], at: usize) -> &'t str {
    let byte = |column: usize| {
        line.char_indices()
            .nth(column)
            .map_or(line.len(), |(byte, _)| byte)
    };
    let Some((from, _)) = columns.get(at) else {
        return "";
    };
    let to = columns
        .get(at + 1)
        .map_or(line.len(), |(next, _)| byte(*next));
    line.get(byte(*from)..to).unwrap_or_default().trim_end()
}

/// `+---+---+`, or with `=` below the head.
fn is_grid_rule(line: &str) -> bool {
    line.len() >= 3
        && line.starts_with('+')
        && line.ends_with('+')
        && line.chars().all(|c| matches!(c, '+' | '-' | '='))
        && line.contains(['-', '='])
}

/// `=== ===`.
fn is_simple_rule(line: &str) -> bool {
    line.contains(' ')
        && line.chars().all(|c| matches!(c, '=' | ' '))
        && line.starts_with('=')
        && line.contains("= ")
}

/// Where the columns begin and end.
fn columns(rule: &str) -> Vec<(usize, usize)> {
    let mut columns = Vec::new();
    let mut start = None;
    for (at, c) in rule.char_indices().chain([(rule.len(), ' ')]) {
        match (c, start) {
            ('=', None) => start = Some(at),
            (' ', Some(from)) => {
                columns.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    columns
}

/// The values of a line of CSV.
pub(super) fn csv(line: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, values.last_mut()) {
            ('"', Some(value)) if quoted && chars.next_if_eq(&'"').is_some() => value.push('"'),
            ('"', _) => quoted = !quoted,
            (',', _) if !quoted => values.push(String::new()),
            (c, Some(value)) => value.push(c),
            (_, None) => {}
        }
    }
    values.iter().map(|value| value.trim().to_owned()).collect()
}
