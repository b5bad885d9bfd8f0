//! A bar on a terminal for each phase of a run; none when piped.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use touchplate_client::publish::Watch;

/// One phase of a run. Its bar goes when the phase ends, and leaves no trace.
#[derive(Debug)]
pub(super) struct Phase {
    bar: ProgressBar,
}

impl Phase {
    /// A phase that goes through files.
    pub(super) fn files(doing: &str, count: usize) -> Self {
        Self::new(doing, count as u64, "{pos}/{len} files")
    }

    fn new(doing: &str, length: u64, counted: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
            };
        }
        let bar = ProgressBar::new(length);
        let style = ProgressStyle::with_template(&format!("{doing} {{bar:30}} {counted} {{eta}}"));
        Self {
            bar: match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            },
        }
    }

    /// One more file is done.
    pub(super) fn one_more(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The phase that sends: bytes of all files together.
#[derive(Debug)]
pub(super) struct Sending {
    phase: Phase,
    sent: Mutex<Vec<u64>>,
}

impl Sending {
    /// So many files with so many bytes.
    pub(super) fn of(files: usize, bytes: u64) -> Self {
        Self {
            phase: Phase::new("uploading", bytes, "{bytes}/{total_bytes}"),
            sent: Mutex::new(vec![0; files]),
        }
    }
}

impl Watch for Sending {
    fn sent(&self, item: usize, bytes: u64) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = sent.get_mut(item) {
            *place = bytes;
        }
        self.phase.bar.set_position(sent.iter().sum());
    }

    fn done(&self, _item: usize) {}
}
