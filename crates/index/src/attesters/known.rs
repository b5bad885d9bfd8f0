//! Everything known of a file: what came with its upload and what was added later.

use std::collections::HashMap;

use jiff::Timestamp;
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use super::{AttestationRecord, Capacity, Expected};
use crate::Index;
use crate::accounts::{Reader, UserName, sees};
use crate::files::FoundFile;
use crate::ports::{
    AttestedFile, FileId, Findings, ProjectFiles, StoreError, StoredFile, UploadRun, WeighedFile,
};
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

/// Files of one project, with every attestation of them.
#[derive(Clone, Debug)]
pub struct KnownFiles {
    /// Whether shared caches may keep it.
    pub public: bool,
    /// The files.
    pub files: Vec<AttestedFile>,
    /// Whether there are others behind them.
    pub more: bool,
}

impl KnownFile {
    /// Those of its attestations that its provenance object has
    /// ([`in_provenance`](crate::provenance::in_provenance)).
    pub fn in_provenance(&self) -> Vec<&KnownAttestation> {
        let served = served(&self.attestations);
        let all = self.attestations.iter().zip(served);
        all.filter_map(|(it, served)| served.then_some(it))
            .collect()
    }
}

/// Whether each is one that the provenance object of their file has.
pub(crate) fn served(known: &[KnownAttestation]) -> Vec<bool> {
    let with_upload = |it: &KnownAttestation| {
        it.facts.added.is_none() && it.facts.record.predicate_type.is_known_to_readers()
    };
    let readable = |it: &KnownAttestation| match &it.facts.record.expected {
        Expected::Publisher(publisher) => publisher.is_known_to_readers(),
        Expected::Identity(_) => false,
    };
    let any = known.iter().any(|it| with_upload(it) && readable(it));
    let served = |it: &KnownAttestation| with_upload(it) && (!any || readable(it));
    known.iter().map(served).collect()
}

/// Files of which more is to be read than is read at once: the texts and records of a batch's attestations have about this many
/// bytes at most, unless it is one file. A thousand files with an attestation each are some ten batches.
const BATCH_BYTES: u64 = 1 << 20;

/// The same of one page of a project's files, which is made in memory as a whole: some hundred files with an attestation each.
const PAGE_BYTES: u64 = 4 << 20;

/// In batches that keep the order and have about `most` bytes, one file at least.
fn batches(files: &[WeighedFile], most: u64) -> impl Iterator<Item = &[WeighedFile]> {
    let mut rest = files;
    std::iter::from_fn(move || {
        let (batch, behind) = rest.split_at(first_batch(rest, most));
        rest = behind;
        (!batch.is_empty()).then_some(batch)
    })
}

/// How many of the first files have `most` bytes together; one at least, if there is one.
fn first_batch(files: &[WeighedFile], most: u64) -> usize {
    let mut room = most;
    let fit = files.iter().take_while(|file| {
        let fits = room.checked_sub(file.bytes);
        room = fits.unwrap_or(0);
        fits.is_some()
    });
    fit.count().max(1).min(files.len())
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

    /// At most `limit` files of a project whose name comes after `after`, by name, with every attestation of them; fewer where
    /// these are many or large.
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
        let beyond_limit = files.len() > limit;
        files.truncate(limit);
        let digests: Vec<Sha256> = files.iter().map(|file| file.digests.sha256).collect();
        let weighed = self.weighed(reader, &digests).await?;
        let weighed: HashMap<FileId, WeighedFile> =
            weighed.into_iter().map(|file| (file.id, file)).collect();
        // One that was deleted in between is left out.
        let weighed = files.iter().filter_map(|file| weighed.get(&file.id));
        let weighed: Vec<WeighedFile> = weighed.copied().collect();
        let page = first_batch(&weighed, PAGE_BYTES);
        Ok(KnownFiles {
            public: project.is_public(),
            more: beyond_limit || page < weighed.len(),
            files: self.attested(reader, &weighed[..page]).await?,
        })
    }

    /// The files with these digests that the reader may see, in the order of the digests, each digest's oldest first, in batches
    /// whose attestations [`attested`](Self::attested) reads at once.
    pub async fn known_digests(
        &self,
        reader: &Reader,
        digests: &[Sha256],
    ) -> Result<Vec<Vec<WeighedFile>>, StoreError> {
        let mut files = self.weighed(reader, digests).await?;
        let order: HashMap<&Sha256, usize> = digests.iter().zip(0..).collect();
        files.sort_by_key(|file| order.get(&file.sha256));
        Ok(batches(&files, BATCH_BYTES).map(<[_]>::to_vec).collect())
    }

    async fn weighed(
        &self,
        reader: &Reader,
        digests: &[Sha256],
    ) -> Result<Vec<WeighedFile>, StoreError> {
        self.ports.late.by_digest(digests, member(reader)).await
    }

    /// These files with every attestation of them, in their order. One that is gone by now, or that the reader may no longer see,
    /// is left out.
    pub async fn attested(
        &self,
        reader: &Reader,
        files: &[WeighedFile],
    ) -> Result<Vec<AttestedFile>, StoreError> {
        let ids: Vec<FileId> = files.iter().map(|file| file.id).collect();
        let found = self.ports.late.of_files(&ids, member(reader)).await?;
        let order: HashMap<&FileId, usize> = ids.iter().zip(0..).collect();
        let mut found: Vec<AttestedFile> = found
            .into_iter()
            .filter(|it| sees(reader, &it.project, it.is_member))
            .collect();
        found.sort_by_key(|it| order.get(&it.file.id));
        Ok(found)
    }
}

fn member(reader: &Reader) -> Option<&UserName> {
    match reader {
        Reader::Anonymous => None,
        Reader::Account(caller) => Some(&caller.user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_the_order_and_have_room_for_any_file() {
        let weighing = |bytes: &[u64]| -> Vec<Vec<i64>> {
            let files = bytes.iter().zip(0..).map(|(&bytes, id)| WeighedFile {
                id: FileId(id),
                sha256: Sha256::of(b""),
                bytes,
            });
            let files: Vec<WeighedFile> = files.collect();
            let ids = |batch: &[WeighedFile]| batch.iter().map(|file| file.id.0).collect();
            batches(&files, 10).map(ids).collect()
        };
        assert!(weighing(&[]).is_empty());
        assert_eq!(weighing(&[0, 10, 0]), [vec![0, 1, 2]]);
        assert_eq!(weighing(&[6, 4, 1]), [vec![0, 1], vec![2]]);
        assert_eq!(
            weighing(&[11, u64::MAX, 1, 9]),
            [vec![0], vec![1], vec![2, 3]]
        );
    }
}
