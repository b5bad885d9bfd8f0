//! Where things stand in a text.

use std::ops::Range;

/// Finds lines of ever later positions in one pass over the text.
pub(super) struct Lines<'t> {
    text: &'t str,
    position: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            position: 0,
            line: 1,
        }
    }

    /// The line, counted from 1, of the beginning of `span`. A position before the last one asked for gets its line.
    pub(super) fn at(&mut self, span: Range<usize>) -> usize {
        let between = self.text.as_bytes().get(self.position..span.start);
        let newlines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
        self.line += between.map_or(0, newlines);
        self.position = self.position.max(span.start);
        self.line
    }
}
