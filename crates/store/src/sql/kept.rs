//! Which rendered pages are kept. No change of the index: they write no journal row.

use async_trait::async_trait;
use touchplate_index::ports::{KeptPage, KeptPages, PageName, Serial, StoreError};

use super::rows::{sha256, signed, unsigned};
use super::{INDEX, Row, Store, failed};

fn page(row: &Row) -> Result<KeptPage, StoreError> {
    Ok(KeptPage {
        serial: Serial(unsigned(row, "serial")?),
        plain: sha256(row, "plain")?,
        sha256: sha256(row, "sha256")?,
        bytes: unsigned(row, "bytes")?,
    })
}

#[async_trait]
impl KeptPages for Store {
    async fn keep(&self, name: PageName<'_>, page: &KeptPage) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO kept_pages (project_id, shape, serial, made_by, plain, sha256, bytes) \
             SELECT p.id, $1, p.serial, $2, $3, $4, $5 FROM projects p \
             WHERE p.index_id = $6 AND p.name = $7 AND p.serial = $8 AND p.visibility = 'public' \
             ON CONFLICT (project_id, shape) DO UPDATE SET serial = excluded.serial, made_by = excluded.made_by, \
             plain = excluded.plain, sha256 = excluded.sha256, bytes = excluded.bytes",
        )
        .bind(name.shape)
        .bind(name.made_by)
        .bind(&page.plain.as_bytes()[..])
        .bind(&page.sha256.as_bytes()[..])
        .bind(signed(page.bytes)?)
        .bind(INDEX)
        .bind(name.project.as_str())
        .bind(signed(page.serial.0)?)
        .execute(&self.writer)
        .await
        .map_err(failed("note a kept page"))?;
        Ok(done.rows_affected() > 0)
    }

    async fn kept(&self, name: PageName<'_>) -> Result<Option<KeptPage>, StoreError> {
        let row = sqlx::query(
            "SELECT k.serial, k.plain, k.sha256, k.bytes FROM projects p JOIN kept_pages k ON k.project_id = p.id \
             WHERE p.index_id = $1 AND p.name = $2 AND p.visibility = 'public' AND k.shape = $3 AND k.serial = p.serial \
             AND k.made_by = $4",
        )
        .bind(INDEX)
        .bind(name.project.as_str())
        .bind(name.shape)
        .bind(name.made_by)
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look for a kept page"))?;
        row.as_ref().map(page).transpose()
    }

    async fn forget_stale(&self) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "DELETE FROM kept_pages WHERE NOT EXISTS (SELECT 1 FROM projects p \
             WHERE p.id = kept_pages.project_id AND p.serial = kept_pages.serial AND p.visibility = 'public')",
        )
        .execute(&self.writer)
        .await
        .map_err(failed("forget kept pages"))?;
        Ok(done.rows_affected())
    }
}
