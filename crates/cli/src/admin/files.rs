//! Releases and files: yanking, deleting, sweeping.

use std::time::SystemTime;

use clap::Args;
use serde_json::json;
use touchplate_index::Index;
use touchplate_index::chores::SWEEP_GRACE;
use touchplate_packaging::{Filename, ProjectName, Version};

use super::{done, origin};
use crate::options::{Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, say, say_json};

/// Arguments of `yank`.
#[derive(Args, Debug)]
pub(crate) struct Yank {
    /// The project
    project: ProjectName,
    /// The release
    version: Version,
    /// Why, for those who still install it
    #[arg(long)]
    reason: Option<String>,
}

impl Yank {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        let Self {
            project,
            version,
            reason,
        } = self;
        index.yank(&origin(), &project, &version, reason).await?;
        Ok(done(&format!("yanked {project} {version}")))
    }
}

/// Arguments of `unyank`.
#[derive(Args, Debug)]
pub(crate) struct Unyank {
    /// The project
    project: ProjectName,
    /// The release
    version: Version,
}

impl Unyank {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        let Self { project, version } = self;
        index.unyank(&origin(), &project, &version).await?;
        Ok(done(&format!("{project} {version} is no longer yanked")))
    }
}

/// Arguments of `delete-file`.
#[derive(Args, Debug)]
pub(crate) struct DeleteFile {
    /// The file's name
    filename: Filename,
}

impl DeleteFile {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        index.delete_file(&origin(), &self.filename).await?;
        Ok(done(&format!(
            "deleted {}; its name stays taken",
            self.filename
        )))
    }
}

/// Arguments of `delete-release`.
#[derive(Args, Debug)]
pub(crate) struct DeleteRelease {
    /// The project
    project: ProjectName,
    /// The release
    version: Version,
}

impl DeleteRelease {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        let Self { project, version } = self;
        index.delete_release(&origin(), &project, &version).await?;
        Ok(done(&format!(
            "deleted {project} {version}; the names of its files stay taken"
        )))
    }
}

/// Arguments of `sweep`.
#[derive(Args, Debug)]
pub(crate) struct Sweep {
    #[command(flatten)]
    reporting: Reporting,
}

impl Sweep {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        // The blobs' own times are the file system's, so this asks the same clock.
        let removed = index.sweep(SystemTime::now(), SWEEP_GRACE).await?;
        match self.reporting.format {
            Format::Text => say(&format!(
                "removed the bytes of {removed} files that nothing refers to\n"
            ))?,
            Format::Json => say_json(&json!({"version": REPORT_VERSION, "removed": removed}))?,
        }
        Ok(Outcome::Done)
    }
}
