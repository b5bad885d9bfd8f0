//! Where a watcher's state is kept.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use touchplate_attest::Sha256;
use touchplate_client::monitor::{MAX_STATE_BYTES, State, StateError, Watched};

use crate::files;
use crate::report::Failure;

/// A file with a state, or where there will be one.
#[derive(Debug)]
pub(super) struct Remembered {
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
enum RememberedError {
    #[error(
        "there is no place to remember the log in: neither --state, $XDG_STATE_HOME nor $HOME is set"
    )]
    NoPlace,
    #[error("what is remembered in `{}` cannot be used", .0.display())]
    Unusable(PathBuf, #[source] StateError),
    #[error("what was read could not be remembered in `{}`", .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
}

impl Remembered {
    /// `--state`, else a file of its own for each log and identity.
    pub(super) fn find(given: Option<&Path>, watched: &Watched) -> Result<Self, Failure> {
        if let Some(path) = given {
            return Ok(Self {
                path: path.to_owned(),
            });
        }
        let set = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        // XDG Base Directory Specification: relative paths there are to be ignored.
        let state = set("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.filter(|path| path.is_absolute());
        let home = || Some(PathBuf::from(set("HOME")?).join(".local/state"));
        let state = state.or_else(home);
        let state = state.ok_or_else(|| Failure::usage(RememberedError::NoPlace))?;
        let url = watched.keys.first().map_or("", |key| key.url.as_str());
        let issuer = watched.issuer.as_deref().unwrap_or_default();
        let what = format!("{url}\n{}\n{issuer}", watched.identity);
        let name = format!("{}.json", Sha256::of(what.as_bytes()));
        Ok(Self {
            path: state.join("touchplate").join("monitor").join(name),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is remembered, if anything is.
    pub(super) fn state(&self) -> Result<Option<State>, Failure> {
        // What cannot be looked at counts as there: reading it says why, and nobody begins anew.
        if matches!(self.path.try_exists(), Ok(false)) {
            return Ok(None);
        }
        let json = files::read(&self.path, MAX_STATE_BYTES)?;
        let state = State::parse(&json).map_err(|error| {
            Failure::usage(RememberedError::Unusable(self.path.clone(), error))
                .hint("move it away to begin anew; what the log said before is then forgotten")
        });
        state.map(Some)
    }

    /// Remembers it: the next run finds all of it, or what was there before.
    pub(super) fn keep(&self, state: &State) -> Result<(), Failure> {
        let folder = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder)
            .and_then(|()| crate::sign::place(folder, &self.path, state.to_json().as_bytes()))
            .map_err(|error| {
                Failure::outside(RememberedError::Unwritable(self.path.clone(), error))
            })
    }
}
