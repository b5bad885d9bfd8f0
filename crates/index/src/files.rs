//! Distribution files: where they are, and their bytes.

use std::collections::HashMap;
use std::sync::Arc;

use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use crate::Index;
use crate::accounts::Reader;
use crate::ports::{Project, ProjectFiles, StoredFile};
use crate::projects::ReadError;

/// How pages refer to files and provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// Base of file URLs, without a slash at its end; empty for links relative to the host.
    pub files: String,
    /// Public base URL, without a slash at its end, if it is one that PEP 740 allows (https, or loopback): provenance URLs
    /// must be absolute and secure, or there is none.
    pub provenance: Option<String>,
}

impl Links {
    /// Where a file's bytes are: under its digest, so that the URL may be cached for ever.
    pub fn file(&self, file: &StoredFile) -> String {
        let digest = file.digests.sha256.to_string();
        let (first, rest) = digest.split_at(2);
        let (second, rest) = rest.split_at(2);
        format!(
            "{}/files/{first}/{second}/{rest}/{}",
            self.files, file.filename
        )
    }

    /// Where a file's provenance is.
    pub fn provenance(&self, project: &ProjectName, file: &StoredFile) -> Option<String> {
        let base = self.provenance.as_ref()?;
        let version = file.filename.version();
        Some(format!(
            "{base}/integrity/{project}/{version}/{}/provenance",
            file.filename
        ))
    }
}

/// A file that a reader may have.
#[derive(Clone, Debug)]
pub struct FoundFile {
    /// The project it belongs to.
    pub project: Project,
    /// The file.
    pub file: StoredFile,
}

impl FoundFile {
    /// Whether shared caches may keep it.
    pub fn is_public(&self) -> bool {
        self.project.is_public()
    }

    /// Whether it is served to who names that digest. While its project is quarantined no file is.
    fn is_offered_under(&self, digest: &Sha256) -> bool {
        self.file.digests.sha256 == *digest && self.project.status != ProjectStatus::Quarantined
    }
}

/// The files of a project, by name.
#[derive(Clone, Debug, Default)]
pub struct PublicFiles {
    files: HashMap<Filename, Arc<FoundFile>>,
}

impl PublicFiles {
    /// As [`Index::file`] for a reader that is nobody in particular.
    pub fn file(&self, filename: &Filename, digest: &Sha256) -> Option<Arc<FoundFile>> {
        let found = self.files.get(filename)?;
        found.is_offered_under(digest).then(|| found.clone())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Index {
    /// The file of that name with that digest, if the reader may see it. While its project is quarantined nobody may:
    /// PEP 792 says that its files should not be installable.
    pub async fn file(
        &self,
        reader: &Reader,
        filename: &Filename,
        digest: &Sha256,
    ) -> Result<FoundFile, ReadError> {
        let found = self.file_by_name(reader, filename).await?;
        if found.is_offered_under(digest) {
            Ok(found)
        } else {
            Err(ReadError::NotFound)
        }
    }

    /// The files of a project as anybody may see them, for callers that look up many.
    pub async fn public_files(&self, project: &ProjectName) -> Result<PublicFiles, ReadError> {
        let ProjectFiles { project, files } =
            self.project_files(&Reader::Anonymous, project).await?;
        let file = |file: StoredFile| {
            let project = project.clone();
            (file.filename.clone(), Arc::new(FoundFile { project, file }))
        };
        let files = files.into_iter().map(file).collect();
        Ok(PublicFiles { files })
    }

    /// The file of that name, if the reader may see it.
    pub async fn file_by_name(
        &self,
        reader: &Reader,
        filename: &Filename,
    ) -> Result<FoundFile, ReadError> {
        let viewer = reader.viewer(filename.project());
        let found = self.ports.releases.file(filename, viewer).await?;
        let (project, file) = found.ok_or(ReadError::NotFound)?;
        Ok(FoundFile { project, file })
    }

    /// The file of that name, if the reader may see it and it is that project's and version's, in any spelling.
    pub async fn file_in(
        &self,
        reader: &Reader,
        project: &ProjectName,
        version: &Version,
        filename: &Filename,
    ) -> Result<FoundFile, ReadError> {
        let found = self.file_by_name(reader, filename).await?;
        if found.project.name != *project || found.file.filename.version() != version {
            return Err(ReadError::NotFound);
        }
        Ok(found)
    }

    /// The bytes of a file, or a part of them. The range lies within the file.
    pub async fn bytes(
        &self,
        file: &FoundFile,
        range: std::ops::Range<u64>,
    ) -> Result<crate::ports::Bytestream, ReadError> {
        let digest = &file.file.digests.sha256;
        self.ports
            .blobs
            .read(digest, range)
            .await?
            .ok_or(ReadError::NotFound)
    }

    /// Where the bytes of a file may be fetched for some minutes without this index; none: here alone.
    pub async fn elsewhere(&self, file: &FoundFile) -> Result<Option<String>, ReadError> {
        let (digest, filename) = (&file.file.digests.sha256, &file.file.filename);
        Ok(self.ports.blobs.elsewhere(digest, filename).await?)
    }

    /// Whether readers are sent [elsewhere](Self::elsewhere).
    pub fn sends_elsewhere(&self) -> bool {
        self.ports.blobs.sends_elsewhere()
    }

    /// The METADATA file served beside a wheel (PEP 658).
    pub async fn core_metadata(&self, file: &FoundFile) -> Result<Vec<u8>, ReadError> {
        let digest = file
            .file
            .core_metadata
            .as_ref()
            .ok_or(ReadError::NotFound)?;
        self.ports
            .releases
            .core_metadata(digest)
            .await?
            .ok_or(ReadError::NotFound)
    }
}
