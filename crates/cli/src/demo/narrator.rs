//! How the demo speaks: sections, one line a step, as they happen.

use std::time::Duration;

use crate::report::{Failure, say};
use crate::screen::{Page, lines};

/// Prints steps and counts them.
#[derive(Debug)]
pub(crate) struct Narrator {
    steps: u32,
}

impl Narrator {
    /// Nothing told yet.
    pub(crate) fn new() -> Self {
        Self { steps: 0 }
    }

    /// A plain line.
    pub(crate) fn say(&self, text: &str) -> Result<(), Failure> {
        say(&format!("{text}\n"))
    }

    /// A section of steps.
    pub(crate) fn section(&self, title: &str) -> Result<(), Failure> {
        Self::show(|page| {
            page.line("");
            page.title(title);
        })
    }

    /// A step that came out as it should.
    pub(crate) fn step(&mut self, text: &str) -> Result<(), Failure> {
        self.steps += 1;
        Self::show(|page| page.good(text))
    }

    /// What was answered in a step.
    pub(crate) fn detail(&self, text: &str) -> Result<(), Failure> {
        const INDENT: usize = 4;
        Self::show(|page| {
            for line in lines(text, INDENT) {
                page.faint(&format!("{:INDENT$}{line}", ""));
            }
        })
    }

    /// A labelled value.
    pub(crate) fn row(&self, label: &str, value: &str) -> Result<(), Failure> {
        Self::show(|page| page.row(label, value))
    }

    /// The last line.
    pub(crate) fn end(&mut self, after: Duration) -> Result<(), Failure> {
        let text = format!(
            "All {} steps came out as they should, in {:.1} s.",
            self.steps,
            after.as_secs_f64()
        );
        Self::show(|page| {
            page.line("");
            page.good(&text);
        })
    }

    fn show(write: impl FnOnce(&mut Page)) -> Result<(), Failure> {
        let mut page = Page::new();
        write(&mut page);
        say(&page.take())
    }
}
