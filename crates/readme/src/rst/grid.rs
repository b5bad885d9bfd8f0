//! Tables that are drawn: `+---+---+` above and below rows, `|` between columns. A cell may span rows and columns.

use super::lines::dedented;
use super::table::{MAX_COLUMNS, MAX_LINES};
use super::{Block, Cell, Parser, Row};

/// A drawing, measured.
struct Grid<'l, 't> {
    lines: &'l [&'t str],
    /// For each line, the bytes at which the columns' edges are.
    cuts: Vec<Vec<usize>>,
    /// The lines that have a rule below some column at least.
    rules: Vec<usize>,
    columns: usize,
}

impl<'t> Parser<'t> {
    /// None: lines that do not meet.
    pub(super) fn grid(&mut self, lines: &[&'t str]) -> Option<Block<'t>> {
        let grid = Grid::of(lines)?;
        let bands = grid.rules.len() - 1;
        let mut taken = vec![vec![false; grid.columns]; bands];
        let mut rows: Vec<Row<'t>> = Vec::new();
        for band in 0..bands {
            let mut row = Row::new();
            for column in 0..grid.columns {
                if taken.get(band)?.get(column) == Some(&true) {
                    continue;
                }
                let (to_band, to_column) = grid.extent(band, column)?;
                for covered in taken.get_mut(band..to_band)? {
                    covered.get_mut(column..to_column)?.fill(true);
                }
                let text = grid.text(band, to_band, column, to_column)?;
                row.push(Cell {
                    rows: to_band - band,
                    columns: to_column - column,
                    blocks: self.blocks(&dedented(&text)),
                });
            }
            rows.push(row);
        }
        let head = (1..bands).find(|rule| grid.is_double(*rule)).unwrap_or(0);
        let body = rows.split_off(head.min(rows.len()));
        Some(Block::Table {
            caption: None,
            head: rows,
            body,
        })
    }
}

impl<'l, 't> Grid<'l, 't> {
    fn of(lines: &'l [&'t str]) -> Option<Self> {
        if lines.len() > MAX_LINES {
            return None;
        }
        let mut edges: Vec<usize> = Vec::new();
        for line in lines {
            let chars: Vec<char> = line.chars().collect();
            for (at, _) in chars.iter().enumerate().filter(|(_, c)| **c == '+') {
                let before = at.checked_sub(1).and_then(|before| chars.get(before));
                let beside = [before, chars.get(at + 1)];
                if beside.iter().any(|c| matches!(c, Some('-' | '='))) {
                    edges.push(at);
                }
            }
            edges.sort_unstable();
            edges.dedup();
            if edges.len() > MAX_COLUMNS {
                return None;
            }
        }
        let cuts: Vec<Vec<usize>> = lines.iter().map(|line| cuts(line, &edges)).collect();
        let columns = edges.len().checked_sub(1)?;
        let mut grid = Self {
            lines,
            cuts,
            rules: Vec::new(),
            columns,
        };
        grid.rules = (0..lines.len())
            .filter(|line| (0..columns).any(|column| grid.is_ruled(*line, column)))
            .collect();
        let whole = |line: usize| (0..columns).all(|column| grid.is_ruled(line, column));
        let (first, last) = (*grid.rules.first()?, *grid.rules.last()?);
        let closed =
            first == 0 && last + 1 == lines.len() && first < last && whole(first) && whole(last);
        closed.then_some(grid)
    }

    fn slice(&self, line: usize, from: usize, to: usize) -> Option<&'t str> {
        let cuts = self.cuts.get(line)?;
        let start = cuts.get(from)? + 1;
        self.lines.get(line)?.get(start..*cuts.get(to)?)
    }

    fn is_ruled(&self, line: usize, column: usize) -> bool {
        let rule = self.slice(line, column, column + 1);
        let drawn =
            |rule: &str| !rule.is_empty() && rule.chars().all(|c| matches!(c, '-' | '=' | '+'));
        rule.is_some_and(drawn) && self.is_walled(line, column) && self.is_walled(line, column + 1)
    }

    fn is_walled(&self, line: usize, edge: usize) -> bool {
        let at = self.cuts.get(line).and_then(|cuts| cuts.get(edge));
        let rest = at.and_then(|at| self.lines.get(line)?.get(*at..));
        // A rule goes through the edges of the columns that it joins.
        rest.is_some_and(|rest| rest.starts_with(['|', '+', '-', '=']))
    }

    /// Whether the head ends at that rule.
    fn is_double(&self, rule: usize) -> bool {
        let line = self.rules.get(rule).and_then(|line| self.lines.get(*line));
        line.is_some_and(|line| line.contains("==") && line.chars().all(|c| matches!(c, '+' | '=')))
    }

    /// Where the cell that begins there ends.
    fn extent(&self, band: usize, column: usize) -> Option<(usize, usize)> {
        let lines = |band: usize| Some(self.rules.get(band)? + 1..*self.rules.get(band + 1)?);
        let walled = |band: usize, edge: usize| {
            lines(band).is_some_and(|mut lines| {
                lines.all(|line| {
                    let at = self.cuts.get(line).and_then(|cuts| cuts.get(edge));
                    let rest = at.and_then(|at| self.lines.get(line)?.get(*at..));
                    rest.is_some_and(|rest| rest.starts_with('|'))
                })
            })
        };
        let to_column = (column + 1..=self.columns).find(|edge| walled(band, *edge))?;
        let to_band = (band + 1..self.rules.len()).find(|rule| {
            let line = self.rules.get(*rule).copied().unwrap_or_default();
            (column..to_column).all(|column| self.is_ruled(line, column))
        })?;
        let closed = (band..to_band).all(|band| walled(band, column) && walled(band, to_column));
        closed.then_some((to_band, to_column))
    }

    fn text(
        &self,
        band: usize,
        to_band: usize,
        column: usize,
        to_column: usize,
    ) -> Option<Vec<&'t str>> {
        let (above, below) = (*self.rules.get(band)?, *self.rules.get(to_band)?);
        let lines = (above + 1..below).map(|line| self.slice(line, column, to_column));
        lines.map(|line| line.map(str::trim_end)).collect()
    }
}

/// Where each of the columns begins in bytes; beyond the line's end it is its end.
fn cuts(line: &str, columns: &[usize]) -> Vec<usize> {
    let mut wanted = columns.iter().peekable();
    let mut cuts = Vec::with_capacity(columns.len());
    for (column, (byte, _)) in line.char_indices().enumerate() {
        if wanted.next_if(|next| **next == column).is_some() {
            cuts.push(byte);
        }
    }
    cuts.resize(columns.len(), line.len());
    cuts
}
