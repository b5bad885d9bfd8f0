//! Which bytes are being removed. A sweep is no change of the index: it writes no journal row.

use touchplate_index::ports::StoreError;
use touchplate_packaging::Sha256;

use super::dialect::is_true;
use super::rows::{sha256, unsigned};
use super::{Lock, Row, Store, failed};

impl Store {
    pub(super) async fn count_sweeps(&self, digest: &Sha256) -> Result<u64, StoreError> {
        let row =
            sqlx::query("SELECT coalesce(max(sweeps), 0) AS sweeps FROM sweeps WHERE sha256 = $1")
                .bind(&digest.as_bytes()[..])
                .fetch_one(&self.readers)
                .await
                .map_err(failed("look for sweeps"))?;
        unsigned(&row, "sweeps")
    }

    pub(super) async fn begin_one_sweep(&self, digest: &Sha256) -> Result<bool, StoreError> {
        let doing = "begin a sweep";
        let bytes = &digest.as_bytes()[..];
        let mut transaction = self.write_with(&[Lock::Bytes(digest)]).await?;
        let used = "SELECT EXISTS (SELECT 1 FROM files WHERE sha256 = $1) OR EXISTS (SELECT 1 FROM kept_pages WHERE sha256 = $1)";
        let used: bool = sqlx::query_scalar(used)
            .bind(bytes)
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        if used {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO sweeps (sha256, sweeps, underway) VALUES ($1, 1, true) \
             ON CONFLICT (sha256) DO UPDATE SET sweeps = sweeps.sweeps + 1, underway = true",
        )
        .bind(bytes)
        .execute(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(true)
    }

    pub(super) async fn end_one_sweep(&self, digest: &Sha256) -> Result<(), StoreError> {
        sqlx::query("UPDATE sweeps SET underway = false WHERE sha256 = $1")
            .bind(&digest.as_bytes()[..])
            .execute(&self.writer)
            .await
            .map_err(failed("end a sweep"))?;
        Ok(())
    }

    pub(super) async fn list_unfinished_sweeps(&self) -> Result<Vec<Sha256>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT sha256 FROM sweeps WHERE ",
            is_true!("underway")
        ))
        .fetch_all(&self.readers)
        .await
        .map_err(failed("list unfinished sweeps"))?;
        rows.iter().map(|row: &Row| sha256(row, "sha256")).collect()
    }
}
