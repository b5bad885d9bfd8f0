//! A bar on a terminal, for what can take longer than a second.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};

/// Hashing runs at some 300 MB/s without help from the processor: below this it takes less than a second.
const SHOW_FROM_BYTES: u64 = 256 << 20;

/// One file's signatures take a millisecond or so.
const SHOW_FROM_FILES: u64 = 500;

/// How far a run is.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    files: u64,
}

impl Progress {
    /// A run over this many files with this many bytes, as far as that is known; a network is slow whatever the number.
    pub(crate) fn of(files: usize, bytes: u64, is_remote: bool) -> Self {
        let files = files as u64;
        let slow = is_remote || bytes >= SHOW_FROM_BYTES || files >= SHOW_FROM_FILES;
        if !slow || !io::stderr().is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::new(bytes);
        let style = ProgressStyle::with_template(
            "verifying {wide_msg} {bar:20} {bytes}/{total_bytes} {eta}",
        );
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        let progress = Self { bar, files };
        progress.done(0);
        progress
    }

    /// Nothing is shown.
    pub(crate) fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            files: 0,
        }
    }

    /// One file is begun. Without a `size` its bytes are added to the whole as they come.
    pub(crate) fn file(&self, size: Option<u64>) -> FileProgress<'_> {
        FileProgress {
            bar: &self.bar,
            is_counted: size.is_some(),
            count: 0,
        }
    }

    /// So many files are done.
    pub(crate) fn done(&self, count: usize) {
        if !self.bar.is_hidden() {
            self.bar
                .set_message(format!("{count}/{} files", self.files));
        }
    }

    /// So many of these steps are done; one number of steps may follow another.
    pub(crate) fn steps(&self, done: usize, of: usize) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{done}/{of}"));
        }
    }

    /// The bar goes, and leaves no trace.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How far one file is.
#[derive(Debug)]
pub(crate) struct FileProgress<'p> {
    bar: &'p ProgressBar,
    is_counted: bool,
    count: u64,
}

impl FileProgress<'_> {
    /// So many of its bytes are done; fewer than before if it was begun anew.
    pub(crate) fn at(&mut self, count: u64) {
        match count.checked_sub(self.count) {
            Some(more) => {
                if !self.is_counted {
                    self.bar.inc_length(more);
                }
                self.bar.inc(more);
            }
            None => self.bar.dec(self.count - count),
        }
        self.count = count;
    }
}
