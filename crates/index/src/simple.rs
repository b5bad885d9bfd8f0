//! The Simple API's pages as values.

use touchplate_packaging::simple::{FileEntry, IndexEntry, IndexPage, ProjectPage, ProjectStatus};
use touchplate_packaging::{ProjectName, Sha256};

use crate::Index;
use crate::accounts::Reader;
use crate::files::Links;
use crate::ports::{Hints, JournalRow, Project, ProjectFiles, Serial, StoreError, StoredFile};
use crate::projects::{ReadError, Visibility};

mod sample;

/// A project's page, and whether anybody may have it.
pub struct ReadPage {
    /// The page.
    pub page: ProjectPage,
    /// Only a public project's page may be kept by shared caches.
    pub visibility: Visibility,
}

impl Index {
    /// `GET /simple/`: the public projects.
    pub async fn index_page(&self) -> Result<IndexPage, StoreError> {
        // The head first: a project that comes in between is listed under an older serial, and never missed by a mirror.
        let serial = self.ports.journal.head().await?;
        let projects = self.ports.projects.list_public().await?;
        let entry = |p: crate::ports::ProjectListing| IndexEntry {
            name: p.name,
            display: p.display,
            serial: p.serial.0,
        };
        Ok(IndexPage {
            serial: serial.0,
            projects: projects.into_iter().map(entry).collect(),
        })
    }

    /// `GET /simple/{project}/`: the files of one project.
    pub async fn project_page(
        &self,
        reader: &Reader,
        name: &ProjectName,
        links: &Links,
    ) -> Result<ReadPage, ReadError> {
        let ProjectFiles { project, files } = self.project_files(reader, name).await?;
        let visibility = project.visibility;
        Ok(ReadPage {
            page: page(project, files, links),
            visibility,
        })
    }

    /// A project and its files, if the reader may see them.
    pub(crate) async fn project_files(
        &self,
        reader: &Reader,
        name: &ProjectName,
    ) -> Result<ProjectFiles, ReadError> {
        let viewer = reader.viewer(name);
        let found = self.ports.releases.project_files(name, viewer).await?;
        found.ok_or(ReadError::NotFound)
    }

    /// The highest serial.
    pub async fn head(&self) -> Result<Serial, StoreError> {
        self.ports.journal.head().await
    }

    /// What changed after a serial, at most `limit` rows.
    pub async fn changes(&self, after: Serial, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        self.ports.journal.after(after, limit).await
    }

    /// Says when there may be changes.
    pub fn hints(&self) -> Hints {
        self.ports.journal.hints()
    }
}

/// A name for how this program renders pages with these links: a digest of what it makes of a project that has everything a page
/// can show. Another version that renders it otherwise, or another base URL, has another one.
pub fn made_by(links: &Links) -> String {
    let page = page(sample::project(), sample::files(), links);
    let mut rendered = page.to_json();
    rendered.extend(page.to_html());
    format!("{} {}", env!("CARGO_PKG_VERSION"), Sha256::of(&rendered))
}

fn page(project: Project, files: Vec<StoredFile>, links: &Links) -> ProjectPage {
    // PEP 792: a quarantined project is listed, its files are not offered.
    let offered = if project.status == ProjectStatus::Quarantined {
        Vec::new()
    } else {
        files
    };
    let entry = |file: StoredFile| FileEntry {
        url: links.file(&file),
        provenance: (file.attestations > 0)
            .then(|| links.provenance(&project.name, &file))
            .flatten(),
        filename: file.filename,
        sha256: file.digests.sha256,
        size: file.size,
        upload_time: file.uploaded_at,
        requires_python: file.requires_python,
        yanked: file.yanked,
        core_metadata: file.core_metadata,
    };
    ProjectPage {
        files: offered.into_iter().map(entry).collect(),
        serial: project.serial.0,
        status: project.status,
        status_reason: project.status_reason,
        name: project.name,
    }
}
