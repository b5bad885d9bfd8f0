//! The journal.

use async_trait::async_trait;
use serde_json::Value;
use sqlx::SqliteConnection;
use touchplate_index::Origin;
use touchplate_index::ports::{ChangeError, Journal, JournalRow, Serial, StoreError};
use touchplate_packaging::ProjectName;

use super::rows::{column, parsed_or_null, signed, unsigned};
use super::{INDEX, Sqlite, failed};

/// Writes the one row of a changing transaction.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    origin: &Origin,
    action: &str,
    project: Option<&ProjectName>,
    details: &Value,
) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "INSERT INTO journal (index_id, at, actor, request, action, project, details) \
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING serial",
    )
    .bind(INDEX)
    .bind(origin.at.as_microsecond())
    .bind(origin.actor.to_string())
    .bind(origin.request.as_str())
    .bind(action)
    .bind(project.map(ProjectName::as_str))
    .bind(details.to_string())
    .fetch_one(connection)
    .await
    .map_err(failed("write the journal"))
}

/// Marks a project as changed by the journal row `serial`.
pub(super) async fn touch(
    connection: &mut SqliteConnection,
    project: i64,
    serial: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE projects SET serial = ? WHERE id = ?")
        .bind(serial)
        .bind(project)
        .execute(connection)
        .await
        .map_err(failed("note a project's change"))?;
    Ok(())
}

/// Refuses a change if the project was changed after `since`.
pub(super) async fn unchanged(
    connection: &mut SqliteConnection,
    project: i64,
    since: Option<Serial>,
) -> Result<(), ChangeError> {
    let Some(since) = since else { return Ok(()) };
    let row = sqlx::query("SELECT serial FROM projects WHERE id = ?")
        .bind(project)
        .fetch_one(connection)
        .await
        .map_err(failed("read a project's serial"))?;
    match unsigned(&row, "serial")? <= since.0 {
        true => Ok(()),
        false => Err(ChangeError::Changed),
    }
}

#[async_trait]
impl Journal for Sqlite {
    async fn head(&self) -> Result<Serial, StoreError> {
        // Writers are one after another, so serials become visible in their order.
        let row = sqlx::query("SELECT coalesce(max(serial), 0) AS serial FROM journal")
            .fetch_one(&self.readers)
            .await
            .map_err(failed("read the journal's head"))?;
        Ok(Serial(unsigned(&row, "serial")?))
    }

    async fn after(&self, after: Serial, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT serial, actor, request, action, project FROM journal WHERE serial > ? ORDER BY serial LIMIT ?",
        )
        .bind(signed(after.0)?)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(failed("read the journal"))?;
        let read = |row: &_| {
            Ok(JournalRow {
                serial: Serial(unsigned(row, "serial")?),
                actor: column(row, "actor")?,
                request: column(row, "request")?,
                action: column(row, "action")?,
                project: parsed_or_null(row, "project")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
