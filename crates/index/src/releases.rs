//! Releases: yanking and deleting.

use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{Filename, ProjectName, Version};

use crate::Index;
use crate::origin::Origin;
use crate::ports::ChangeError;

impl Index {
    /// Yanks a release (PEP 592): installers skip it unless it is asked for by its exact version.
    pub async fn yank(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
        reason: Option<String>,
    ) -> Result<(), ChangeError> {
        self.ports
            .releases
            .set_yanked(origin, project, version, &Yanked::Yes(reason), None)
            .await
    }

    /// Takes a yank back.
    pub async fn unyank(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
    ) -> Result<(), ChangeError> {
        self.ports
            .releases
            .set_yanked(origin, project, version, &Yanked::No, None)
            .await
    }

    /// Deletes a release; its filenames stay burned.
    pub async fn delete_release(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
    ) -> Result<(), ChangeError> {
        self.ports
            .releases
            .delete_release(origin, project, version)
            .await
    }

    /// Deletes one file; its name stays burned.
    pub async fn delete_file(
        &self,
        origin: &Origin,
        filename: &Filename,
    ) -> Result<(), ChangeError> {
        self.ports.releases.delete_file(origin, filename).await
    }
}
