//! Everything known of a file: what came with its upload and what was added later.

use std::collections::HashMap;

use jiff::Timestamp;
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use super::{AttestationRecord, Capacity, Expected};
use crate::Index;
use crate::accounts::{Reader, sees};
use crate::files::FoundFile;
use crate::ports::{AttestedFile, Findings, ProjectFiles, StoreError, StoredFile, UploadRun};
use crate::projects::ReadError;

/// When an attestation was added to a file that was there already, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateAddition {
    /// When.
    pub at: Timestamp,
    /// Who sent it (`user:alice`); who made it is the record's to say.
    pub by: String,
}

/// What is known of one attestation, without its own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationFacts {
    /// In which capacity it was made.
    pub capacity: Capacity,
    /// What was checked.
    pub record: AttestationRecord,
    /// None: it came with the upload.
    pub added: Option<LateAddition>,
}

/// One attestation and what is known of it.
#[derive(Clone, Debug)]
pub struct KnownAttestation {
    /// The JSON exactly as it came.
    pub json: String,
    /// What is known of it.
    pub facts: AttestationFacts,
}

/// A file and every attestation of it: those of its upload first, then the later ones, each oldest first.
#[derive(Clone, Debug)]
pub struct KnownFile {
    /// The file and its project.
    pub found: FoundFile,
    /// Its attestations.
    pub attestations: Vec<KnownAttestation>,
    /// The run that uploaded it, where that was trusted publishing.
    pub run: Option<UploadRun>,
    /// What was odd about it when it was accepted.
    pub findings: Findings,
}

/// Files of one project, and what is known of their attestations.
#[derive(Clone, Debug)]
pub struct KnownFiles {
    /// Whether shared caches may keep it.
    pub public: bool,
    /// The files.
    pub files: Vec<AttestedFile>,
}

impl KnownFile {
    /// Those of its attestations that its provenance object has
    /// ([`in_provenance`](crate::provenance::in_provenance)).
    pub fn in_provenance(&self) -> Vec<&KnownAttestation> {
        let served = |it: &&KnownAttestation| {
            it.facts.added.is_none() && it.facts.record.predicate_type.is_known_to_readers()
        };
        let readable = |it: &KnownAttestation| match &it.facts.record.expected {
            Expected::Publisher(publisher) => publisher.is_known_to_readers(),
            Expected::Identity(_) => false,
        };
        let served: Vec<&KnownAttestation> = self.attestations.iter().filter(served).collect();
        let any = served.iter().any(|it| readable(it));
        let mut served = served;
        served.retain(|it| !any || readable(it));
        served
    }
}

impl Index {
    /// Everything known of a file. The project and version must be the file's, in any spelling.
    pub async fn known_file(
        &self,
        reader: &Reader,
        project: &ProjectName,
        version: &Version,
        filename: &Filename,
    ) -> Result<KnownFile, ReadError> {
        let found = self.file_in(reader, project, version, filename).await?;
        let with_upload = self.ports.releases.attestations(found.file.id).await?;
        let later = self.ports.late.list(found.file.id).await?;
        let run = self.ports.trusted.run_of(found.file.id).await?;
        let findings = self.ports.releases.findings(found.file.id).await?;
        let with_upload = with_upload.into_iter().map(|stored| KnownAttestation {
            json: stored.json,
            facts: AttestationFacts {
                capacity: Capacity::Publisher,
                record: stored.record.into(),
                added: None,
            },
        });
        Ok(KnownFile {
            found,
            attestations: with_upload.chain(later).collect(),
            run,
            findings,
        })
    }

    /// At most `limit` files of a project whose name comes after `after`, by name, and what is known of their attestations.
    pub async fn known_files(
        &self,
        reader: &Reader,
        project: &ProjectName,
        after: Option<&str>,
        limit: usize,
    ) -> Result<KnownFiles, ReadError> {
        let ProjectFiles { project, files } = self.project_files(reader, project).await?;
        let mut files: Vec<StoredFile> = files
            .into_iter()
            .filter(|file| after.is_none_or(|after| file.filename.as_str() > after))
            .collect();
        files.sort_by(|one, two| one.filename.as_str().cmp(two.filename.as_str()));
        files.truncate(limit);
        let digests: Vec<Sha256> = files.iter().map(|file| file.digests.sha256).collect();
        let mut known = self.known_digests(reader, &digests).await?;
        let mut known_of = |file: &StoredFile| {
            let same = known.get_mut(&file.digests.sha256)?;
            let at = same.iter().position(|it| it.file.id == file.id)?;
            Some(same.swap_remove(at))
        };
        Ok(KnownFiles {
            public: project.is_public(),
            // One that was deleted in between is left out.
            files: files.iter().filter_map(&mut known_of).collect(),
        })
    }

    /// The files with these digests that the reader may see, and what is known of their attestations: for each digest
    /// the files, none where it is unknown to the reader.
    pub async fn known_digests(
        &self,
        reader: &Reader,
        digests: &[Sha256],
    ) -> Result<HashMap<Sha256, Vec<AttestedFile>>, StoreError> {
        let member = match reader {
            Reader::Anonymous => None,
            Reader::Account(caller) => Some(&caller.user),
        };
        let mut known: HashMap<Sha256, Vec<AttestedFile>> = HashMap::new();
        for found in self.ports.late.by_digest(digests, member).await? {
            if sees(reader, &found.project, found.is_member) {
                let files = known.entry(found.file.digests.sha256).or_default();
                files.push(found);
            }
        }
        Ok(known)
    }
}
