//! Files that an operator renews while the server runs: looked at once a second, and read again when they have changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often files are looked at: a few calls of `stat`.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Files that belong together, as they were when they were read last.
#[derive(Debug)]
pub(crate) struct Renewed {
    paths: Vec<PathBuf>,
    /// As they were when they were read.
    read: Vec<Stamp>,
    /// As they were when they were last looked at.
    seen: Vec<Stamp>,
}

/// What changes with a file, through whatever links lead to it; none where it is missing.
type Stamp = Option<(SystemTime, u64, u64)>;

impl Renewed {
    /// Files that are read right after this, so that no change is missed.
    pub(crate) fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let paths: Vec<_> = paths.into_iter().collect();
        let read = stamps(&paths);
        Self {
            seen: read.clone(),
            paths,
            read,
        }
    }

    /// Whether they are to be read again: they differ, and have stood so since the last look. Files are written one after
    /// the other, and in between nobody means what they say.
    pub(crate) fn changed(&mut self) -> bool {
        let now = stamps(&self.paths);
        let settled = now == self.seen;
        self.seen.clone_from(&now);
        if !settled || now == self.read {
            return false;
        }
        self.read = now;
        true
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    paths.iter().map(|path| stamp(path)).collect()
}

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len(), number(&found)))
}

/// Who renews by renaming may keep the time and the length.
#[cfg(unix)]
fn number(found: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_once_it_has_settled_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        std::fs::write(&one, "1").unwrap();
        let mut files = Renewed::new([one.clone(), two.clone()]);
        assert!(!files.changed());
        std::fs::write(&one, "new").unwrap();
        assert!(!files.changed());
        // The second of them, a moment later.
        std::fs::write(&two, "new").unwrap();
        assert!(!files.changed());
        assert!(files.changed());
        assert!(!files.changed());
        std::fs::remove_file(&one).unwrap();
        assert!(!files.changed());
        assert!(files.changed());
        assert!(!files.changed());
    }

    #[test]
    fn what_was_changed_and_changed_back_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (file, kept) = (folder.path().join("file"), folder.path().join("kept"));
        std::fs::write(&file, "1").unwrap();
        let mut files = Renewed::new([file.clone()]);
        std::fs::rename(&file, &kept).unwrap();
        assert!(!files.changed());
        std::fs::rename(&kept, &file).unwrap();
        assert!(!files.changed());
        assert!(!files.changed());
    }
}
