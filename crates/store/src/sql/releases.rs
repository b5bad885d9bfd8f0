//! Releases and files.

use async_trait::async_trait;
use serde_json::json;
use touchplate_attest::Verified;
use touchplate_index::Origin;
use touchplate_index::accounts::TokenId;
use touchplate_index::ports::{
    AttestError, ChangeError, FileId, Findings, FormSaid, NewFile, Project, ProjectFacts,
    ProjectFiles, ProjectId, RecordError, ReleaseMetadata, Releases, Serial, StoreError,
    StoredAttestation, StoredFile, Viewer,
};
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use super::rows::{self, column, json as from_json, parsed};
use super::{
    Arguments, Driver, INDEX, Lock, Row, Store, facts, failed, journal, record, trusted_publishing,
};

#[async_trait]
impl Releases for Store {
    async fn record(&self, origin: &Origin, file: &NewFile) -> Result<FileId, RecordError> {
        self.record_upload(origin, file).await
    }

    async fn attest(
        &self,
        origin: &Origin,
        file: FileId,
        attestations: &[Verified],
        spends: Option<&TokenId>,
    ) -> Result<u32, AttestError> {
        let mut transaction = self.write_with(&[Lock::Attestations(file)]).await?;
        if let Some(token) = spends
            && !trusted_publishing::spend(&mut *transaction, token, origin.at).await?
        {
            return Err(AttestError::UsedUp);
        }
        let row = sqlx::query(
            "SELECT f.filename, p.id AS project_id, p.name AS project \
             FROM files f JOIN projects p ON p.id = f.project_id WHERE f.id = $1",
        )
        .bind(file.0)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed("look a file up"))?
        .ok_or(AttestError::NoSuchFile)?;
        let project: ProjectName = parsed(&row, "project")?;
        let project_id = column(&row, "project_id")?;
        let of = (project_id, &project);
        let added = record::attest(&mut transaction, of, file.0, attestations).await?;
        if added == 0 {
            // Whom it pinned on the way is not kept.
            transaction
                .rollback()
                .await
                .map_err(failed("add no attestations"))?;
            if let Some(token) = spends
                && !trusted_publishing::spend(&self.writer, token, origin.at).await?
            {
                return Err(AttestError::UsedUp);
            }
            return Ok(0);
        }
        let details =
            json!({ "filename": column::<&str>(&row, "filename")?, "attestations": added });
        let of = (project_id, &project);
        journal::changed(&mut transaction, origin, "add attestations", of, &details).await?;
        transaction
            .commit()
            .await
            .map_err(failed("record attestations"))?;
        Ok(added)
    }

    async fn file(
        &self,
        filename: &Filename,
        viewer: Viewer<'_>,
    ) -> Result<Option<(Project, StoredFile)>, StoreError> {
        let (everything, user) = rows::viewer(viewer);
        let row = sqlx::query(concat!(
            "SELECT ",
            rows::project_columns!(),
            ", ",
            rows::file_columns!(),
            " FROM files f JOIN releases r ON r.id = f.release_id JOIN projects p ON p.id = f.project_id \
             WHERE f.index_id = $1 AND f.filename = $2 AND ",
            rows::visible!("$3", "$4")
        ))
        .bind(INDEX)
        .bind(filename.as_str())
        .bind(everything)
        .bind(user)
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look a file up"))?;
        row.as_ref()
            .map(|row| Ok((rows::project(row)?, rows::file(row)?)))
            .transpose()
    }

    async fn is_burned(&self, filename: &Filename) -> Result<bool, StoreError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM filenames WHERE index_id = $1 AND filename = $2) \
             AND NOT EXISTS (SELECT 1 FROM files WHERE index_id = $1 AND filename = $2)",
        )
        .bind(INDEX)
        .bind(filename.as_str())
        .fetch_one(&self.readers)
        .await
        .map_err(failed("look a filename up"))
    }

    async fn project_files(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<ProjectFiles>, StoreError> {
        let doing = "read a project's files";
        // One snapshot for both, or a page could carry files of a later serial than its own.
        let mut snapshot = self.snapshot(doing).await?;
        let Some(project) = facts::project(&mut snapshot, name, viewer).await? else {
            return Ok(None);
        };
        let files = facts::files(&mut snapshot, project.id).await?;
        Ok(Some(ProjectFiles { project, files }))
    }

    async fn project_facts(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<ProjectFacts>, StoreError> {
        self.read_facts(name, viewer).await
    }

    async fn release(
        &self,
        project: ProjectId,
        version: &Version,
    ) -> Result<Option<ReleaseMetadata>, StoreError> {
        let row = sqlx::query(
            "SELECT version, metadata, yanked, yanked_reason, created_at FROM releases \
             WHERE project_id = $1 AND version_key = $2",
        )
        .bind(project.0)
        .bind(version.key())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("read a release"))?;
        row.as_ref().map(with_metadata).transpose()
    }

    async fn metadata(&self, project: ProjectId) -> Result<Vec<ReleaseMetadata>, StoreError> {
        let rows = sqlx::query(
            "SELECT version, metadata, yanked, yanked_reason, created_at FROM releases WHERE project_id = $1",
        )
        .bind(project.0)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("read releases"))?;
        rows.iter().map(with_metadata).collect()
    }

    async fn forms(&self, project: ProjectId) -> Result<Vec<FormSaid>, StoreError> {
        let rows = sqlx::query("SELECT id, pyversion, comment FROM files WHERE project_id = $1")
            .bind(project.0)
            .fetch_all(&self.readers)
            .await
            .map_err(failed("read what forms said"))?;
        let read = |row: &Row| {
            Ok(FormSaid {
                file: FileId(column(row, "id")?),
                pyversion: column(row, "pyversion")?,
                comment: column(row, "comment")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn attestations(&self, file: FileId) -> Result<Vec<StoredAttestation>, StoreError> {
        let rows = sqlx::query(
            "SELECT json, publisher, record FROM attestations WHERE file_id = $1 ORDER BY id",
        )
        .bind(file.0)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("read attestations"))?;
        let read = |row: &Row| {
            Ok(StoredAttestation {
                json: column(row, "json")?,
                publisher: from_json(row, "publisher")?,
                record: from_json(row, "record")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn findings(&self, file: FileId) -> Result<Findings, StoreError> {
        let row = sqlx::query("SELECT differences, notes FROM files WHERE id = $1")
            .bind(file.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(failed("read what was odd about a file"))?;
        let read = |row: &Row| {
            Ok(Findings {
                differences: from_json(row, "differences")?,
                notes: from_json(row, "notes")?,
            })
        };
        row.as_ref().map_or_else(|| Ok(Findings::default()), read)
    }

    async fn core_metadata(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query_scalar("SELECT bytes FROM core_metadata WHERE sha256 = $1")
            .bind(&digest.as_bytes()[..])
            .fetch_optional(&self.readers)
            .await
            .map_err(failed("read a METADATA file"))
    }

    async fn set_yanked(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
        yanked: &Yanked,
        since: Option<Serial>,
    ) -> Result<(), ChangeError> {
        let (action, flag, reason) = match yanked {
            Yanked::Yes(reason) => ("yank release", true, reason.as_deref()),
            Yanked::No => ("unyank release", false, None),
        };
        let sql = "UPDATE releases SET yanked = $1, yanked_reason = $2 WHERE id = $3";
        let details = (action, reason, since);
        self.change_release(origin, project, version, details, |release| {
            sqlx::query(sql)
                .bind(flag)
                .bind(reason.map(str::to_owned))
                .bind(release)
        })
        .await
    }

    async fn delete_file(&self, origin: &Origin, filename: &Filename) -> Result<(), ChangeError> {
        let doing = "delete a file";
        let mut transaction = self.write().await?;
        let row = sqlx::query(
            "DELETE FROM files WHERE index_id = $1 AND filename = $2 RETURNING project_id, release_id, core_metadata",
        )
        .bind(INDEX)
        .bind(filename.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed(doing))?
        .ok_or(ChangeError::NotFound)?;
        sqlx::query("DELETE FROM releases WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM files WHERE release_id = $1)")
            .bind(column::<i64>(&row, "release_id")?)
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        let details = json!({ "filename": filename.as_str() });
        let name = filename.project();
        let of = (column(&row, "project_id")?, name);
        journal::changed(&mut transaction, origin, "delete file", of, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(())
    }

    async fn delete_release(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
    ) -> Result<(), ChangeError> {
        self.change_release(
            origin,
            project,
            version,
            ("delete release", None, None),
            |release| sqlx::query("DELETE FROM releases WHERE id = $1").bind(release),
        )
        .await
    }

    async fn sweeps(&self, digest: &Sha256) -> Result<u64, StoreError> {
        self.count_sweeps(digest).await
    }

    async fn begin_sweep(&self, digest: &Sha256) -> Result<bool, StoreError> {
        self.begin_one_sweep(digest).await
    }

    async fn swept(&self, digest: &Sha256) -> Result<(), StoreError> {
        self.end_one_sweep(digest).await
    }

    async fn unfinished_sweeps(&self) -> Result<Vec<Sha256>, StoreError> {
        self.list_unfinished_sweeps().await
    }
}

fn with_metadata(row: &Row) -> Result<ReleaseMetadata, StoreError> {
    Ok(ReleaseMetadata {
        release: rows::release(row)?,
        metadata: from_json(row, "metadata")?,
    })
}

type Query = sqlx::query::Query<'static, Driver, Arguments>;

impl Store {
    /// Changes one release by the query that `change` makes of its row number, and notes it.
    async fn change_release(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
        (action, reason, since): (&str, Option<&str>, Option<Serial>),
        change: impl FnOnce(i64) -> Query + Send,
    ) -> Result<(), ChangeError> {
        let doing = "change a release";
        let mut transaction = self.write().await?;
        let row = sqlx::query(
            "SELECT r.id, r.project_id FROM releases r JOIN projects p ON p.id = r.project_id \
             WHERE p.index_id = $1 AND p.name = $2 AND r.version_key = $3",
        )
        .bind(INDEX)
        .bind(project.as_str())
        .bind(version.key())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed(doing))?
        .ok_or(ChangeError::NotFound)?;
        journal::unchanged(&mut transaction, column(&row, "project_id")?, since).await?;
        change(column(&row, "id")?)
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        let details = json!({ "version": version.to_string(), "reason": reason });
        let of = (column(&row, "project_id")?, project);
        journal::changed(&mut transaction, origin, action, of, &details).await?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(())
    }
}
