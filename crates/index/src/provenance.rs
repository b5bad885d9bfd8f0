//! Where a file came from: the Integrity API's object, and the story that pages tell.

use touchplate_attest::{Attestation, AttestationBundle, Provenance, Publisher};
use touchplate_packaging::{Filename, ProjectName, Version};

use crate::Index;
use crate::accounts::Reader;
use crate::attesters::{Expected, KnownAttestation, known};
use crate::files::FoundFile;
use crate::ports::{StoreError, StoredAttestation, UploadRun};
use crate::projects::ReadError;

/// A file with everything known of where it came from.
pub struct FileStory {
    /// The file and its project.
    pub found: FoundFile,
    /// Its attestations and what was checked.
    pub attestations: Vec<StoredAttestation>,
    /// The run that uploaded it, where that was trusted publishing.
    pub run: Option<UploadRun>,
}

impl Index {
    /// The Integrity API's object for a file. The project and version must be the file's, in any spelling (PEP 740).
    pub async fn provenance(
        &self,
        reader: &Reader,
        project: &ProjectName,
        version: &Version,
        filename: &Filename,
    ) -> Result<Provenance, ReadError> {
        let story = self.file_story(reader, project, version, filename).await?;
        if in_provenance(&story.attestations).next().is_none() {
            return Err(ReadError::NoProvenance(filename.clone()));
        }
        let mut bundles = Bundles::default();
        for row in in_provenance(&story.attestations) {
            bundles.add(&row.publisher, &row.json)?;
        }
        Ok(Provenance::new(bundles.0))
    }

    /// Everything known of a file.
    pub async fn file_story(
        &self,
        reader: &Reader,
        project: &ProjectName,
        version: &Version,
        filename: &Filename,
    ) -> Result<FileStory, ReadError> {
        let found = self.file_in(reader, project, version, filename).await?;
        let attestations = self.ports.releases.attestations(found.file.id).await?;
        let run = self.ports.trusted.run_of(found.file.id).await?;
        Ok(FileStory {
            found,
            attestations,
            run,
        })
    }
}

/// Those of a file's attestations that its provenance object has. Existing readers refuse a whole object for one predicate
/// type that they do not know, so that those that name this index are never in it; and for one publisher of a kind that
/// they do not know, so beside one that they know there is no such publisher in it. A file that has only others loses
/// nothing by it, and readers that know them all can verify it.
pub fn in_provenance(stored: &[StoredAttestation]) -> impl Iterator<Item = &StoredAttestation> {
    let served = |row: &&StoredAttestation| row.record.predicate_type.is_known_to_readers();
    let readable = |row: &StoredAttestation| row.publisher.is_known_to_readers();
    let any = stored.iter().filter(served).any(readable);
    let stored = stored.iter().filter(served);
    stored.filter(move |row| !any || readable(row))
}

/// Where an attestation stands in its file's provenance object; both are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In which bundle.
    pub bundle: usize,
    /// Which of its attestations.
    pub attestation: usize,
}

/// A file's provenance object, and where each of its attestations stands in it.
#[derive(Debug)]
pub struct Placed {
    /// As the Integrity API serves it; none where that has none.
    pub provenance: Option<Provenance>,
    /// One for each attestation, in their order; none: it is no part of the object.
    pub places: Vec<Option<Place>>,
}

/// The provenance object of a file that has these attestations, those of its upload and later ones.
pub fn place(known: &[KnownAttestation]) -> Result<Placed, StoreError> {
    let mut bundles = Bundles::default();
    let mut places = Vec::with_capacity(known.len());
    for (attestation, served) in known.iter().zip(known::served(known)) {
        places.push(match &attestation.facts.record.expected {
            Expected::Publisher(publisher) if served => {
                Some(bundles.add(publisher, &attestation.json)?)
            }
            _ => None,
        });
    }
    let provenance = (!bundles.0.is_empty()).then(|| Provenance::new(bundles.0));
    Ok(Placed { provenance, places })
}

/// One bundle for each publisher, in the order of their first attestation.
#[derive(Default)]
struct Bundles(Vec<AttestationBundle>);

impl Bundles {
    fn add(&mut self, publisher: &Publisher, json: &str) -> Result<Place, StoreError> {
        let attestation = Attestation::parse(json.as_bytes())
            .map_err(|cause| StoreError::new("read back an attestation that it stored", cause))?;
        let bundles = &mut self.0;
        let same = |bundle: &AttestationBundle| bundle.publisher == *publisher;
        let at = bundles.iter().position(same).unwrap_or(bundles.len());
        if at == bundles.len() {
            bundles.push(AttestationBundle::new(publisher.clone(), Vec::new()));
        }
        let attestations = &mut bundles[at].attestations;
        attestations.push(attestation);
        Ok(Place {
            bundle: at,
            attestation: attestations.len() - 1,
        })
    }
}
