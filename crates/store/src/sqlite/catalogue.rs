//! What search is told of projects.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use touchplate_attest::Publisher;
use touchplate_index::ports::{
    Blurb, Catalogue, CataloguedProject, CataloguedRelease, ProjectId, StoreError,
};
use touchplate_packaging::{ProjectName, Version};

use super::rows::{self, column, json as from_json, parsed, time, to_json};
use super::{INDEX, Sqlite, failed};

const DOING: &str = "read projects for search";

#[async_trait]
impl Catalogue for Sqlite {
    async fn named(&self, names: &[ProjectName]) -> Result<Vec<CataloguedProject>, StoreError> {
        let mut snapshot = self.readers.begin().await.map_err(failed(DOING))?;
        let rows = sqlx::query(concat!(
            "SELECT ",
            rows::project_columns!(),
            " FROM projects p WHERE p.index_id = ? AND p.name IN (SELECT value FROM json_each(?)) \
             AND p.visibility = 'public' AND p.status <> 'quarantined'"
        ))
        .bind(INDEX)
        .bind(to_json(&names)?)
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed(DOING))?;
        described(&mut snapshot, &rows).await
    }

    async fn behind(
        &self,
        after: Option<&ProjectName>,
        limit: u32,
    ) -> Result<Vec<CataloguedProject>, StoreError> {
        let mut snapshot = self.readers.begin().await.map_err(failed(DOING))?;
        let rows = sqlx::query(concat!(
            "SELECT ",
            rows::project_columns!(),
            " FROM projects p WHERE p.index_id = ? AND p.name > ? \
             AND p.visibility = 'public' AND p.status <> 'quarantined' ORDER BY p.name LIMIT ?"
        ))
        .bind(INDEX)
        .bind(after.map_or("", ProjectName::as_str))
        .bind(limit)
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed(DOING))?;
        described(&mut snapshot, &rows).await
    }

    async fn blurbs(&self, releases: &[(ProjectId, Version)]) -> Result<Vec<Blurb>, StoreError> {
        let keys: Vec<_> = releases.iter().map(|(id, it)| (id.0, it.key())).collect();
        let rows = sqlx::query(
            "SELECT r.metadata ->> '$.summary' AS summary, r.metadata -> '$.keywords' AS keywords \
             FROM json_each(?) w LEFT JOIN releases r \
             ON r.project_id = w.value ->> 0 AND r.version_key = w.value ->> 1 ORDER BY w.key",
        )
        .bind(to_json(&keys)?)
        .fetch_all(&self.readers)
        .await
        .map_err(failed(DOING))?;
        let blurb = |row: &SqliteRow| {
            Ok(Blurb {
                summary: column(row, "summary")?,
                keywords: match column::<Option<&str>>(row, "keywords")? {
                    Some(_) => from_json(row, "keywords")?,
                    None => Vec::new(),
                },
            })
        };
        rows.iter().map(blurb).collect()
    }
}

/// The projects of these rows, with their releases and publishers as the same snapshot has them.
async fn described(
    snapshot: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<CataloguedProject>, StoreError> {
    let mut projects = Vec::new();
    for row in rows {
        projects.push(CataloguedProject {
            project: rows::project(row)?,
            releases: Vec::new(),
            publishers: Vec::new(),
        });
    }
    let ids: Vec<i64> = projects.iter().map(|it| it.project.id.0).collect();
    let at: HashMap<i64, usize> = ids
        .iter()
        .copied()
        .enumerate()
        .map(|(at, id)| (id, at))
        .collect();
    let ids = to_json(&ids)?;
    let releases = sqlx::query(
        "SELECT f.project_id, r.version, r.yanked, r.created_at, count(*) AS files, sum(f.attestations > 0) AS attested \
         FROM files f JOIN releases r ON r.id = f.release_id \
         WHERE f.project_id IN (SELECT value FROM json_each(?)) GROUP BY r.id",
    )
    .bind(&ids)
    .fetch_all(&mut *snapshot)
    .await
    .map_err(failed(DOING))?;
    for row in &releases {
        let release = CataloguedRelease {
            version: parsed(row, "version")?,
            yanked: column(row, "yanked")?,
            created_at: time(row, "created_at")?,
            files: column(row, "files")?,
            attested: column(row, "attested")?,
        };
        if let Some(project) = of(&mut projects, &at, row)? {
            project.releases.push(release);
        }
    }
    let publishers = sqlx::query(
        "SELECT DISTINCT f.project_id, r.version, a.publisher \
         FROM files f JOIN attestations a ON a.file_id = f.id JOIN releases r ON r.id = f.release_id \
         WHERE f.project_id IN (SELECT value FROM json_each(?))",
    )
    .bind(&ids)
    .fetch_all(snapshot)
    .await
    .map_err(failed(DOING))?;
    for row in &publishers {
        let publisher: Publisher = from_json(row, "publisher")?;
        let version = parsed(row, "version")?;
        if let Some(project) = of(&mut projects, &at, row)? {
            project.publishers.push((version, publisher));
        }
    }
    Ok(projects)
}

/// The project that a row is about.
fn of<'p>(
    projects: &'p mut [CataloguedProject],
    at: &HashMap<i64, usize>,
    row: &SqliteRow,
) -> Result<Option<&'p mut CataloguedProject>, StoreError> {
    let at = at.get(&column(row, "project_id")?);
    Ok(at.and_then(|at| projects.get_mut(*at)))
}
