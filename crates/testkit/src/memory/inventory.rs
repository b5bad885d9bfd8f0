//! Everything that is stored, row by row.

use async_trait::async_trait;
use touchplate_index::checking::Review;
use touchplate_index::ports::{
    Came, FileId, HeldAttestation, HeldBytes, HeldMetadata, Inventory, InventoryAttestation,
    InventoryFile, StoreError,
};
use touchplate_packaging::Sha256;

use super::{File, Memory};

fn attestation(
    file: &File,
    json: &str,
    record: touchplate_index::attesters::AttestationRecord,
) -> HeldAttestation {
    HeldAttestation {
        filename: file.stored.filename.clone(),
        sha256: file.stored.digests.sha256,
        json: json.to_owned(),
        record,
    }
}

fn attestations(file: &File, came: Came) -> Vec<HeldAttestation> {
    let uploaded = file
        .attestations
        .iter()
        .map(|(_, it)| (&it.json, it.record.clone().into()));
    let later = file
        .late
        .iter()
        .map(|(_, it)| (&it.json, it.facts.record.clone()));
    let made = |(json, record): (&String, _)| attestation(file, json, record);
    match came {
        Came::WithUpload => uploaded.map(made).collect(),
        Came::Later => later.map(made).collect(),
    }
}

#[async_trait]
impl Inventory for Memory {
    async fn files_after(
        &self,
        after: FileId,
        most: u32,
    ) -> Result<Vec<InventoryFile>, StoreError> {
        let state = self.state();
        let files = state.files.iter().filter(|it| it.stored.id.0 > after.0);
        let row = |file: &File| InventoryFile {
            id: file.stored.id,
            name: file.stored.filename.to_string(),
            held: Ok(HeldBytes {
                size: file.stored.size,
                sha256: file.stored.digests.sha256,
                core_metadata: file.stored.core_metadata.map(|sha256| HeldMetadata {
                    sha256,
                    stored: state
                        .core_metadata
                        .get(&sha256.to_string())
                        .map(|it| Sha256::of(it)),
                }),
            }),
        };
        Ok(files.take(most as usize).map(row).collect())
    }

    /// Their places are their rows' numbers: nothing here takes one away while somebody walks.
    async fn attestations_after(
        &self,
        came: Came,
        after: i64,
        most: u32,
    ) -> Result<Vec<InventoryAttestation>, StoreError> {
        let state = self.state();
        let all = state.files.iter().flat_map(|file| attestations(file, came));
        let rows = (1..).zip(all).map(|(id, held)| InventoryAttestation {
            id,
            filename: held.filename.to_string(),
            held: Ok(held),
        });
        Ok(rows
            .filter(|row| row.id > after)
            .take(most as usize)
            .collect())
    }

    async fn unreferenced(&self, digests: &[Sha256]) -> Result<Vec<Sha256>, StoreError> {
        let state = self.state();
        let of_file = |digest: &Sha256| {
            state
                .files
                .iter()
                .any(|it| it.stored.digests.sha256 == *digest)
        };
        let of_page = |digest: &Sha256| state.kept.values().any(|(_, page)| page.sha256 == *digest);
        let unused = digests.iter().filter(|it| !of_file(it) && !of_page(it));
        Ok(unused.copied().collect())
    }

    async fn review(&self) -> Result<Option<Review>, StoreError> {
        Ok(self.state().review.clone())
    }

    async fn keep_review(&self, review: &Review) -> Result<(), StoreError> {
        self.state().review = Some(review.clone());
        Ok(())
    }
}
