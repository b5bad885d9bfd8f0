//! Projects.

use async_trait::async_trait;
use serde_json::json;
use touchplate_index::Origin;
use touchplate_index::accounts::UserName;
use touchplate_index::ports::{
    ChangeError, CreateProjectError, NewProject, Project, ProjectId, ProjectListing, Projects,
    Quota, SeenProject, Serial, StoreError, Usage, Viewer,
};
use touchplate_index::projects::Visibility;
use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::ProjectStatus;

use super::rows::{self, column, parsed, unsigned};
use super::{Connection, INDEX, Row, Store, dialect, failed, journal};

/// Why a project's row was not inserted.
pub(super) enum InsertError {
    Taken,
    Confusable,
    NoSuchOwner,
    Store(StoreError),
}

impl From<StoreError> for InsertError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Inserts a project and its owner; the journal gives it its serial. The unique keys decide races.
pub(super) async fn insert(
    connection: &mut Connection,
    origin: &Origin,
    project: &NewProject,
) -> Result<i64, InsertError> {
    let name = project.display.normalised();
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO projects (index_id, name, display, confusable, visibility, status, serial, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(INDEX)
    .bind(name.as_str())
    .bind(project.display.as_str())
    .bind(name.confusable())
    .bind(project.visibility.as_str())
    .bind(ProjectStatus::Active.as_str())
    .bind(origin.at.as_microsecond())
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed("create a project"))?;
    let Some(id) = id else {
        let taken = id_of(connection, &name).await?.is_some();
        return Err(if taken {
            InsertError::Taken
        } else {
            InsertError::Confusable
        });
    };
    if let Some(owner) = &project.owner {
        let done = sqlx::query(
            "INSERT INTO roles (project_id, user_id, role) SELECT $1, id, 'owner' FROM users WHERE name = $2",
        )
        .bind(id)
        .bind(owner.as_str())
        .execute(&mut *connection)
        .await
        .map_err(failed("name a project's owner"))?;
        if done.rows_affected() == 0 {
            return Err(InsertError::NoSuchOwner);
        }
    }
    Ok(id)
}

/// Of a project without a limit; no quota is negative.
const UNLIMITED: i64 = -1;

/// It is added up, over an index, where there is a quota alone: a sum that is kept could be wrong.
const USAGE: &str = "SELECT p.max_bytes, (SELECT CAST(coalesce(sum(f.size), 0) AS BIGINT) FROM files f WHERE f.project_id = p.id) AS used \
                     FROM projects p WHERE p.id = $1";

fn usage(row: &Row) -> Result<Usage, StoreError> {
    Ok(Usage {
        used: unsigned(row, "used")?,
        quota: quota(row)?,
    })
}

/// A project's quota, of the column `max_bytes`.
pub(super) fn quota(row: &Row) -> Result<Quota, StoreError> {
    Ok(match column::<Option<i64>>(row, "max_bytes")? {
        None => Quota::AsConfigured,
        Some(bytes) => u64::try_from(bytes).map_or(Quota::Unlimited, Quota::Bytes),
    })
}

/// Whether a file of `size` has room in a project. Until the transaction ends no other file is added to it with that question.
pub(super) async fn has_room(
    connection: &mut Connection,
    project: i64,
    (limit, size): (u64, u64),
) -> Result<Result<(), u64>, StoreError> {
    let doing = "add up a project's files";
    let lock = concat!("SELECT id FROM projects WHERE id = $1", dialect::locked!());
    sqlx::query(lock)
        .bind(project)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(doing))?;
    // A statement of its own: it sees what was committed while that one waited.
    let row = sqlx::query(USAGE).bind(project).fetch_one(connection).await;
    let used = usage(&row.map_err(failed(doing))?)?.used;
    Ok(match used.saturating_add(size) > limit {
        true => Err(used),
        false => Ok(()),
    })
}

/// The row number of a project.
pub(super) async fn id_of(
    connection: &mut Connection,
    name: &ProjectName,
) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar("SELECT id FROM projects WHERE index_id = $1 AND name = $2")
        .bind(INDEX)
        .bind(name.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed("look a project up"))
}

impl Store {
    /// Changes one project by `sql` with the bindings `values`, and notes it; with `since`, only if it was not changed after it.
    async fn change(
        &self,
        origin: &Origin,
        name: &ProjectName,
        (action, details): (&str, &serde_json::Value),
        (sql, values): (&'static str, &[Option<&str>]),
        since: Option<Serial>,
    ) -> Result<(), ChangeError> {
        let doing = "change a project";
        let mut transaction = self.write().await?;
        let id = id_of(&mut transaction, name).await?;
        let id = id.ok_or(ChangeError::NotFound)?;
        journal::unchanged(&mut transaction, id, since).await?;
        let of = (id, name);
        journal::changed(&mut transaction, origin, action, of, details).await?;
        let mut query = sqlx::query(sql);
        for value in values {
            query = query.bind(*value);
        }
        query
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(())
    }
}

/// In the order of the index on names, which ends the reading at the limit.
const SEEN_BY: &str = concat!(
    "SELECT * FROM (SELECT ",
    rows::project_columns!(),
    ", EXISTS (SELECT 1 FROM users u LEFT JOIN roles r ON r.user_id = u.id AND r.project_id = p.id \
     WHERE u.name = $3 AND (r.role IS NOT NULL OR u.administrator)) AS is_member FROM projects p WHERE p.index_id = $1 AND p.name > $2) AS seen \
     WHERE visibility = 'public' OR (visibility = 'internal' AND $3 IS NOT NULL) OR is_member \
     ORDER BY p_name LIMIT $4"
);

#[async_trait]
impl Projects for Store {
    async fn create(
        &self,
        origin: &Origin,
        project: &NewProject,
    ) -> Result<Project, CreateProjectError> {
        let name = project.display.normalised();
        let mut transaction = self.write().await?;
        let details = json!({ "display": project.display.as_str() });
        let id = insert(&mut transaction, origin, project)
            .await
            .map_err(|error| match error {
                InsertError::Taken => CreateProjectError::Exists(name.clone()),
                InsertError::Confusable => CreateProjectError::Confusable {
                    given: name.clone(),
                },
                InsertError::NoSuchOwner => match &project.owner {
                    Some(owner) => CreateProjectError::NoSuchUser(owner.clone()),
                    None => CreateProjectError::Store(StoreError::new(
                        "name a project's owner",
                        "no owner was asked for",
                    )),
                },
                InsertError::Store(error) => CreateProjectError::Store(error),
            })?;
        let of = (id, &name);
        journal::changed(&mut transaction, origin, "create project", of, &details).await?;
        transaction
            .commit()
            .await
            .map_err(failed("create a project"))?;
        let created = self.by_name(&name).await?;
        Ok(created.ok_or_else(|| {
            StoreError::new(
                "read the project that it created",
                "another process deleted it",
            )
        })?)
    }

    async fn by_name(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT ",
            rows::project_columns!(),
            " FROM projects p WHERE p.index_id = $1 AND p.name = $2"
        ))
        .bind(INDEX)
        .bind(name.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look a project up"))?;
        row.as_ref().map(rows::project).transpose()
    }

    async fn seen(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<SeenProject>, StoreError> {
        let (everything, user) = rows::viewer(viewer);
        let row = sqlx::query(concat!(
            "SELECT ",
            rows::project_columns!(),
            ", (SELECT CASE WHEN u.administrator THEN 'owner' ELSE r.role END FROM users u \
             LEFT JOIN roles r ON r.user_id = u.id AND r.project_id = p.id WHERE u.name = $4) AS role \
             FROM projects p WHERE p.index_id = $1 AND p.name = $2 AND ",
            rows::visible!("$3", "$4")
        ))
        .bind(INDEX)
        .bind(name.as_str())
        .bind(everything)
        .bind(user)
        .fetch_optional(&self.readers)
        .await
        .map_err(failed("look a project up"))?;
        let seen = |row| {
            Ok(SeenProject {
                project: rows::project(row)?,
                role: rows::parsed_or_null(row, "role")?,
            })
        };
        row.as_ref().map(seen).transpose()
    }

    async fn list_public(&self) -> Result<Vec<ProjectListing>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, display, serial FROM projects \
             WHERE index_id = $1 AND visibility = 'public' AND status <> 'quarantined' ORDER BY name",
        )
        .bind(INDEX)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("list the projects"))?;
        let read = |row: &_| {
            Ok(ProjectListing {
                name: parsed(row, "name")?,
                display: parsed(row, "display")?,
                serial: Serial(unsigned(row, "serial")?),
            })
        };
        rows.iter().map(read).collect()
    }

    async fn seen_by(
        &self,
        user: Option<&UserName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Project, bool)>, StoreError> {
        // Every name is higher than the empty text.
        let after = after.unwrap_or_default();
        let rows = sqlx::query(SEEN_BY)
            .bind(INDEX)
            .bind(after)
            .bind(user.map(UserName::as_str))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(failed("list projects"))?;
        let read = |row: &_| Ok((rows::project(row)?, column(row, "is_member")?));
        rows.iter().map(read).collect()
    }

    async fn set_status(
        &self,
        origin: &Origin,
        name: &ProjectName,
        status: ProjectStatus,
        reason: Option<&str>,
        since: Option<Serial>,
    ) -> Result<(), ChangeError> {
        let details = json!({ "status": status.as_str(), "reason": reason });
        let sql = "UPDATE projects SET status = $1, status_reason = $2 WHERE id = $3";
        let set = [Some(status.as_str()), reason];
        let noted = ("set status", &details);
        self.change(origin, name, noted, (sql, &set), since).await
    }

    async fn set_visibility(
        &self,
        origin: &Origin,
        name: &ProjectName,
        visibility: Visibility,
        since: Option<Serial>,
    ) -> Result<(), ChangeError> {
        let details = json!({ "visibility": visibility.as_str() });
        let sql = "UPDATE projects SET visibility = $1 WHERE id = $2";
        let set = [Some(visibility.as_str())];
        let noted = ("set visibility", &details);
        self.change(origin, name, noted, (sql, &set), since).await
    }

    async fn set_quota(
        &self,
        origin: &Origin,
        name: &ProjectName,
        quota: Quota,
    ) -> Result<(), ChangeError> {
        let bytes = match quota {
            Quota::AsConfigured => None,
            Quota::Unlimited => Some(UNLIMITED),
            // More than that no store has.
            Quota::Bytes(bytes) => Some(i64::try_from(bytes).unwrap_or(i64::MAX)),
        };
        let details = json!({ "max_bytes": bytes });
        let bytes = bytes.map(|bytes| bytes.to_string());
        let sql = "UPDATE projects SET max_bytes = CAST($1 AS BIGINT) WHERE id = $2";
        let change = (sql, &[bytes.as_deref()][..]);
        self.change(origin, name, ("set quota", &details), change, None)
            .await
    }

    async fn usage(&self, project: ProjectId) -> Result<Option<Usage>, StoreError> {
        let row = sqlx::query(USAGE)
            .bind(project.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(failed("add up a project's files"))?;
        row.as_ref().map(usage).transpose()
    }

    async fn delete(&self, origin: &Origin, name: &ProjectName) -> Result<bool, StoreError> {
        let (details, sql) = (json!({}), "DELETE FROM projects WHERE id = $1");
        let noted = ("delete project", &details);
        match self.change(origin, name, noted, (sql, &[]), None).await {
            Ok(()) => Ok(true),
            // Nothing was asked of the serial.
            Err(ChangeError::NotFound | ChangeError::Changed) => Ok(false),
            Err(ChangeError::Store(error)) => Err(error),
        }
    }
}
