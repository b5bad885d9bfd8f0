//! An environment that packages are installed in, as it lies on the disk. Nothing of it is run, and no link is followed out
//! of it.
//!
//! [`Environment::find`] finds its site-packages from a folder or an interpreter, lists every file in there, and reads what
//! installers left beside each distribution. What that is worth is for [`crate::audit`] to say.

mod disk;
mod find;
mod scan;

use std::io;
use std::path::PathBuf;

use touchplate_packaging::installed::{DirectUrl, Record, WheelFile};
use touchplate_packaging::{ProjectName, Sha256, Version};

pub(crate) use disk::{Disk, Off};

/// Of one environment. The largest have some hundred thousand.
pub const MAX_FILES: usize = 2_000_000;

/// An environment.
#[derive(Debug)]
pub struct Environment {
    /// As it was named.
    pub named: PathBuf,
    /// Where packages are.
    pub sites: Vec<Site>,
    /// Whether the packages of another environment, the one that it was made from, are seen in it.
    pub sees_system: bool,
}

/// One directory of packages, and where the rest of what they install goes.
#[derive(Debug)]
pub struct Site {
    /// The directory: `site-packages` as a rule.
    pub folder: PathBuf,
    /// The environment's own folder: what its files are told relative to, and what no link may lead out of.
    pub prefix: PathBuf,
    /// Where commands are.
    pub scripts: PathBuf,
    /// What is installed, by the names of their `.dist-info` directories.
    pub distributions: Vec<Installed>,
    /// Every file, relative to the directory, with `/`.
    pub files: Vec<String>,
    /// Links that lead out of the environment, to whatever.
    pub links: Vec<String>,
}

/// One distribution, by what its installer left.
#[derive(Debug)]
pub struct Installed {
    /// The name of its directory or file.
    pub name: String,
    /// Its project and version, by that name.
    pub release: Option<(ProjectName, Version)>,
    /// What there is to read of it, or why nothing can be.
    pub left: Result<Left, Unkept>,
}

/// What an installer left.
#[derive(Debug)]
pub struct Left {
    /// Which wheel it was.
    pub wheel: WheelFile,
    /// The digest of the file that says so.
    pub wheel_sha256: Sha256,
    /// What was written.
    pub record: Record,
    /// Where it came from, if not from an index.
    pub direct_url: Option<DirectUrl>,
}

/// Why there is no telling what a distribution was installed from.
#[derive(Debug)]
pub enum Unkept {
    /// It was installed in a way that keeps no record.
    Legacy,
    /// A file that should be there is not, or is no such file.
    Unreadable {
        /// Which.
        file: &'static str,
        /// Why.
        why: String,
    },
}

/// Why a folder or file is no environment that can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// Nothing is there.
    #[error("`{}` could not be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// It is none.
    #[error(
        "`{}` is no environment: expected a folder with lib/python*/site-packages in it, a site-packages folder itself, or an interpreter in the bin folder of an environment",
        .0.display()
    )]
    NotOne(PathBuf),
    /// More than any has.
    #[error("`{}` has more than {MAX_FILES} files", .0.display())]
    TooLarge(PathBuf),
}

impl Site {
    /// The path of a file in the site's folder as it is told: from the environment's own folder.
    pub(crate) fn shown(&self, path: &str) -> String {
        let folder = self.folder.strip_prefix(&self.prefix);
        match folder {
            Ok(folder) if !folder.as_os_str().is_empty() => {
                let folder = folder.to_string_lossy().replace('\\', "/");
                format!("{folder}/{path}")
            }
            _ => path.to_owned(),
        }
    }
}
