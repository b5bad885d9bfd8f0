//! What search is told of projects.

use std::collections::HashMap;

use async_trait::async_trait;
use touchplate_attest::Publisher;
use touchplate_index::ports::{
    Blurb, Catalogue, CataloguedProject, CataloguedRelease, ProjectId, StoreError,
};
use touchplate_packaging::{ProjectName, Version};

use super::dialect::{each_pair, in_numbers, in_texts, json_part, json_text};
use super::rows::{self, column, json as from_json, parsed, small, time, to_json};
use super::{Connection, INDEX, Row, Store, failed};

const DOING: &str = "read projects for search";

#[async_trait]
impl Catalogue for Store {
    async fn named(&self, names: &[ProjectName]) -> Result<Vec<CataloguedProject>, StoreError> {
        let mut snapshot = self.snapshot(DOING).await?;
        let rows = sqlx::query(concat!(
            "SELECT ",
            rows::project_columns!(),
            " FROM projects p WHERE p.index_id = $1 AND p.name ",
            in_texts!("$2"),
            " \
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
        let mut snapshot = self.snapshot(DOING).await?;
        let rows = sqlx::query(concat!(
            "SELECT ",
            rows::project_columns!(),
            " FROM projects p WHERE p.index_id = $1 AND p.name > $2 \
             AND p.visibility = 'public' AND p.status <> 'quarantined' ORDER BY p.name LIMIT $3"
        ))
        .bind(INDEX)
        .bind(after.map_or("", ProjectName::as_str))
        .bind(i64::from(limit))
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed(DOING))?;
        described(&mut snapshot, &rows).await
    }

    async fn blurbs(&self, releases: &[(ProjectId, Version)]) -> Result<Vec<Blurb>, StoreError> {
        let keys: Vec<_> = releases.iter().map(|(id, it)| (id.0, it.key())).collect();
        let rows = sqlx::query(concat!(
            "SELECT ",
            json_text!("r.metadata", "summary"),
            " AS summary, ",
            json_part!("r.metadata", "keywords"),
            " AS keywords FROM ",
            each_pair!("$1"),
            " w LEFT JOIN releases r ON r.project_id = w.first AND r.version_key = w.second ORDER BY w.at",
        ))
        .bind(to_json(&keys)?)
        .fetch_all(&self.readers)
        .await
        .map_err(failed(DOING))?;
        let blurb = |row: &Row| {
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
    snapshot: &mut Connection,
    rows: &[Row],
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
    let releases = sqlx::query(concat!(
        "SELECT r.project_id, r.version, r.yanked, r.created_at, count(*) AS files, count(CASE WHEN f.attestations > 0 THEN 1 END) AS attested \
         FROM files f JOIN releases r ON r.id = f.release_id \
         WHERE f.project_id ",
        in_numbers!("$1"),
        " GROUP BY r.id",
    ))
    .bind(&ids)
    .fetch_all(&mut *snapshot)
    .await
    .map_err(failed(DOING))?;
    for row in &releases {
        let release = CataloguedRelease {
            version: parsed(row, "version")?,
            yanked: column(row, "yanked")?,
            created_at: time(row, "created_at")?,
            files: small(row, "files")?,
            attested: small(row, "attested")?,
        };
        if let Some(project) = of(&mut projects, &at, row)? {
            project.releases.push(release);
        }
    }
    let publishers = sqlx::query(concat!(
        "SELECT DISTINCT f.project_id, r.version, a.publisher \
         FROM files f JOIN attestations a ON a.file_id = f.id JOIN releases r ON r.id = f.release_id \
         WHERE f.project_id ",
        in_numbers!("$1")
    ))
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
    row: &Row,
) -> Result<Option<&'p mut CataloguedProject>, StoreError> {
    let at = at.get(&column(row, "project_id")?);
    Ok(at.and_then(|at| projects.get_mut(*at)))
}
