//! What was released lately.

use async_trait::async_trait;
use touchplate_index::ports::{News, ProjectId, ReleaseNews, StoreError};

use super::dialect::{in_this_order, json_text};
use super::rows::{self, column, parsed, small, time};
use super::{Connection, INDEX, Row, Store, failed};

const DOING: &str = "read the latest releases";

/// The releases that may be told of, the newest first: rows are numbered in the order in which they came. Their files are
/// looked up one release after the other, because SQLite has no lateral join.
macro_rules! told {
    ($which:literal) => {
        concat!(
            "SELECT r.id, r.project_id, p.name, p.display, r.version, ", json_text!("r.metadata", "summary"), " AS summary, \
             r.created_at, r.yanked, r.yanked_reason \
             FROM releases r ", in_this_order!(), " projects p ON p.id = r.project_id WHERE ",
            $which,
            " AND p.index_id = $2 AND p.visibility = 'public' AND p.status <> 'quarantined' \
             AND EXISTS (SELECT 1 FROM files f WHERE f.project_id = r.project_id AND f.release_id = r.id) \
             ORDER BY r.id DESC LIMIT $3"
        )
    };
}

/// Those of all projects. Only the last 10,000 releases are looked at: it bounds the work where most projects are private.
const OF_ALL: &str =
    told!("r.id > (SELECT coalesce(max(id), 0) - 10000 FROM releases) AND $1 IS NULL");

const OF_ONE: &str = told!("r.project_id = $1");

#[async_trait]
impl News for Store {
    async fn latest(
        &self,
        of: Option<ProjectId>,
        limit: u32,
    ) -> Result<Vec<ReleaseNews>, StoreError> {
        let mut snapshot = self.snapshot(DOING).await?;
        let rows = sqlx::query(if of.is_some() { OF_ONE } else { OF_ALL })
            .bind(of.map(|project| project.0))
            .bind(INDEX)
            .bind(i64::from(limit))
            .fetch_all(&mut *snapshot)
            .await
            .map_err(failed(DOING))?;
        let mut news = Vec::with_capacity(rows.len());
        for row in &rows {
            news.push(told(&mut snapshot, row).await?);
        }
        Ok(news)
    }
}

async fn told(connection: &mut Connection, release: &Row) -> Result<ReleaseNews, StoreError> {
    let files = sqlx::query(
        "SELECT max(f.uploaded_at) AS changed_at, count(DISTINCT f.id) AS files, \
         count(DISTINCT CASE WHEN f.attestations > 0 THEN f.id END) AS attested, \
         CASE WHEN count(DISTINCT a.repository) = 1 AND count(a.repository) = count(a.file_id) THEN max(a.repository) END \
         AS built_from FROM files f LEFT JOIN attestations a ON a.file_id = f.id \
         WHERE f.project_id = $1 AND f.release_id = $2",
    )
    .bind(column::<i64>(release, "project_id")?)
    .bind(column::<i64>(release, "id")?)
    .fetch_one(connection)
    .await
    .map_err(failed(DOING))?;
    Ok(ReleaseNews {
        project: parsed(release, "name")?,
        display: parsed(release, "display")?,
        version: parsed(release, "version")?,
        summary: column(release, "summary")?,
        released_at: time(release, "created_at")?,
        changed_at: time(&files, "changed_at")?,
        yanked: rows::yanked(release)?,
        files: small(&files, "files")?,
        attested: small(&files, "attested")?,
        built_from: column(&files, "built_from")?,
    })
}
