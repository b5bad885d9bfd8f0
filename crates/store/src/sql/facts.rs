//! What a project's pages tell, without what they do not: no metadata, no attestations.

use touchplate_index::ports::{
    AttestedBy, FileId, Project, ProjectFacts, ProjectId, Release, StoreError, StoredFile, Viewer,
};
use touchplate_packaging::ProjectName;

use super::rows::{self, column};
use super::{Connection, INDEX, Row, Store, failed};

impl Store {
    pub(super) async fn read_facts(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<ProjectFacts>, StoreError> {
        let doing = "read a project's facts";
        let mut snapshot = self.snapshot(doing).await?;
        let Some(project) = project(&mut snapshot, name, viewer).await? else {
            return Ok(None);
        };
        Ok(Some(ProjectFacts {
            releases: releases(&mut snapshot, project.id).await?,
            files: files(&mut snapshot, project.id).await?,
            attested: attested(&mut snapshot, project.id).await?,
            project,
        }))
    }
}

/// The project of that name, if the viewer may see it.
pub(super) async fn project(
    connection: &mut Connection,
    name: &ProjectName,
    viewer: Viewer<'_>,
) -> Result<Option<Project>, StoreError> {
    let (everything, user) = rows::viewer(viewer);
    let row = sqlx::query(concat!(
        "SELECT ",
        rows::project_columns!(),
        " FROM projects p WHERE p.index_id = $1 AND p.name = $2 AND ",
        rows::visible!("$3", "$4")
    ))
    .bind(INDEX)
    .bind(name.as_str())
    .bind(everything)
    .bind(user)
    .fetch_optional(connection)
    .await
    .map_err(failed("look a project up"))?;
    row.as_ref().map(rows::project).transpose()
}

/// A project's files.
pub(super) async fn files(
    connection: &mut Connection,
    project: ProjectId,
) -> Result<Vec<StoredFile>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        rows::file_columns!(),
        " FROM files f JOIN releases r ON r.id = f.release_id WHERE f.project_id = $1"
    ))
    .bind(project.0)
    .fetch_all(connection)
    .await
    .map_err(failed("read a project's files"))?;
    rows.iter().map(rows::file).collect()
}

/// A project's releases. The index `releases_listed` has all that is asked for.
async fn releases(
    connection: &mut Connection,
    project: ProjectId,
) -> Result<Vec<Release>, StoreError> {
    let rows = sqlx::query(
        "SELECT version, created_at, yanked, yanked_reason FROM releases WHERE project_id = $1",
    )
    .bind(project.0)
    .fetch_all(connection)
    .await
    .map_err(failed("read releases"))?;
    rows.iter().map(rows::release).collect()
}

/// Who built a project's files. The index `attestations_builders` has all that is asked for.
async fn attested(
    connection: &mut Connection,
    project: ProjectId,
) -> Result<Vec<AttestedBy>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.file_id, a.publisher, a.san, a.repository \
         FROM files f JOIN attestations a ON a.file_id = f.id WHERE f.project_id = $1",
    )
    .bind(project.0)
    .fetch_all(connection)
    .await
    .map_err(failed("read who built files"))?;
    let read = |row: &Row| {
        Ok(AttestedBy {
            file: FileId(column(row, "file_id")?),
            // A kind that is newer than this program is no reason to show nothing of the project.
            publisher: rows::json(row, "publisher").ok(),
            san: column(row, "san")?,
            repository: column(row, "repository")?,
        })
    };
    rows.iter().map(read).collect()
}
