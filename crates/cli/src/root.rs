//! The trust root that a command judges by.

use std::path::{Path, PathBuf};

use touchplate_attest::root::MAX_TRUST_ROOT_BYTES;
use touchplate_attest::{TrustRoot, TrustRootError};

use crate::files;
use crate::report::Failure;

/// A trust root and where it is from.
#[derive(Debug)]
pub(crate) struct Root {
    root: TrustRoot,
    path: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
#[error("`{}` is not a usable trust root", .0.display())]
struct Unusable(PathBuf, #[source] TrustRootError);

const HINT: &str = "expected a Sigstore `trusted_root.json`; without --trusted-root the embedded public-good root is used";

impl Root {
    /// The root in `path`, or the embedded public-good one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self {
                root: TrustRoot::public_good(),
                path: None,
            });
        };
        let json = files::read(path, MAX_TRUST_ROOT_BYTES)?;
        let root = TrustRoot::from_json(&json);
        let root =
            root.map_err(|error| Failure::usage(Unusable(path.to_owned(), error)).hint(HINT))?;
        Ok(Self {
            root,
            path: Some(path.to_owned()),
        })
    }

    /// The root itself.
    pub(crate) fn trust_root(&self) -> &TrustRoot {
        &self.root
    }

    /// Where it is from, in words.
    pub(crate) fn origin(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "public-good Sigstore, embedded".to_owned(),
        }
    }
}
