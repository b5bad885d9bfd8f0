//! Everything that is stored, row by row. What one row has wrong is that row's: the others are read on.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;
use touchplate_attest::VerificationRecord;
use touchplate_index::checking::Review;
use touchplate_index::ports::{
    Came, FileId, HeldAttestation, HeldBytes, HeldMetadata, Inventory, InventoryAttestation,
    InventoryFile, StoreError,
};
use touchplate_packaging::Sha256;

use super::dialect::in_digests;
use super::rows::{self, column, json, parsed, sha256, to_json, unsigned};
use super::{INDEX, Row, Store, failed};

#[async_trait]
impl Inventory for Store {
    async fn files_after(
        &self,
        after: FileId,
        most: u32,
    ) -> Result<Vec<InventoryFile>, StoreError> {
        let doing = "read files";
        // One by one, so that no more than one METADATA file is in memory.
        let mut rows = sqlx::query(
            "SELECT f.id AS f_id, f.filename, f.size, f.sha256, f.core_metadata, c.bytes FROM files f \
             LEFT JOIN core_metadata c ON c.sha256 = f.core_metadata WHERE f.id > $1 ORDER BY f.id LIMIT $2",
        )
        .bind(after.0)
        .bind(i64::from(most))
        .fetch(&self.readers);
        let mut files = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(failed(doing))? {
            files.push(InventoryFile {
                id: FileId(column(&row, "f_id")?),
                name: column(&row, "filename")?,
                held: bytes(&row),
            });
        }
        Ok(files)
    }

    async fn attestations_after(
        &self,
        came: Came,
        after: i64,
        most: u32,
    ) -> Result<Vec<InventoryAttestation>, StoreError> {
        let table = match came {
            Came::WithUpload => "attestations",
            Came::Later => "late_attestations",
        };
        let sql = format!(
            "SELECT a.id AS a_id, f.filename, f.sha256, a.json, a.record FROM {table} a JOIN files f ON f.id = a.file_id \
             WHERE a.id > $1 ORDER BY a.id LIMIT $2"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(after)
            .bind(i64::from(most))
            .fetch_all(&self.readers)
            .await
            .map_err(failed("read attestations"))?;
        let read = |row: &Row| {
            Ok(InventoryAttestation {
                id: column(row, "a_id")?,
                filename: column(row, "filename")?,
                held: attestation(row, came),
            })
        };
        rows.iter().map(read).collect()
    }

    async fn unreferenced(&self, digests: &[Sha256]) -> Result<Vec<Sha256>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT sha256 FROM files WHERE sha256 ",
            in_digests!("$1"),
            " UNION SELECT sha256 FROM kept_pages WHERE sha256 ",
            in_digests!("$1"),
        ))
        .bind(to_json(&digests)?)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("look for bytes that nothing refers to"))?;
        let used: Result<Vec<Sha256>, _> = rows.iter().map(|row| sha256(row, "sha256")).collect();
        let used = used?;
        let unused = digests.iter().filter(|digest| !used.contains(digest));
        Ok(unused.copied().collect())
    }

    async fn review(&self) -> Result<Option<Review>, StoreError> {
        let row = sqlx::query("SELECT review FROM reviews WHERE index_id = $1")
            .bind(INDEX)
            .fetch_optional(&self.readers)
            .await
            .map_err(failed("read the latest review"))?;
        row.as_ref().map(|row| json(row, "review")).transpose()
    }

    async fn keep_review(&self, review: &Review) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO reviews (index_id, review) VALUES ($1, $2) \
             ON CONFLICT (index_id) DO UPDATE SET review = excluded.review",
        )
        .bind(INDEX)
        .bind(to_json(review)?)
        .execute(&self.writer)
        .await
        .map_err(failed("keep a review"))?;
        Ok(())
    }
}

fn bytes(row: &Row) -> Result<HeldBytes, StoreError> {
    let named = rows::bytes_or_null(row, "core_metadata")?.map(Sha256::from_bytes);
    let stored: Option<&[u8]> = column(row, "bytes")?;
    Ok(HeldBytes {
        size: unsigned(row, "size")?,
        sha256: sha256(row, "sha256")?,
        core_metadata: named.map(|sha256| HeldMetadata {
            sha256,
            stored: stored.map(Sha256::of),
        }),
    })
}

fn attestation(row: &Row, came: Came) -> Result<HeldAttestation, StoreError> {
    Ok(HeldAttestation {
        filename: parsed(row, "filename")?,
        sha256: sha256(row, "sha256")?,
        json: column(row, "json")?,
        record: match came {
            Came::WithUpload => json::<VerificationRecord>(row, "record")?.into(),
            Came::Later => json(row, "record")?,
        },
    })
}
