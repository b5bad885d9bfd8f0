//! The journal.

use async_trait::async_trait;
use serde_json::Value;
use touchplate_index::Origin;
use touchplate_index::ports::{ChangeError, Hints, Journal, JournalRow, Serial, StoreError};
use touchplate_packaging::ProjectName;

use super::dialect::note_change;
use super::rows::{column, parsed_or_null, signed, unsigned};
use super::{Connection, Store, failed};

/// What a changing transaction notes of itself.
pub(in super::super) struct Change<'a> {
    pub(in super::super) origin: &'a Origin,
    pub(in super::super) action: &'a str,
    /// The project that it is about.
    pub(in super::super) project: Option<&'a ProjectName>,
    pub(in super::super) details: &'a Value,
    /// The row of the project whose pages show it: it gets the serial.
    pub(in super::super) shows_on: Option<i64>,
    /// How that project is spelled from now on.
    pub(in super::super) display: Option<&'a str>,
}

/// Writes the one row of a changing transaction. The project's pages do not show it.
pub(super) async fn write(
    connection: &mut Connection,
    origin: &Origin,
    action: &str,
    project: Option<&ProjectName>,
    details: &Value,
) -> Result<(), StoreError> {
    let change = Change {
        origin,
        action,
        project,
        details,
        shows_on: None,
        display: None,
    };
    note_change(connection, &change).await
}

/// Writes the one row of a transaction that changed a project.
pub(super) async fn changed(
    connection: &mut Connection,
    origin: &Origin,
    action: &str,
    (id, name): (i64, &ProjectName),
    details: &Value,
) -> Result<(), StoreError> {
    let change = Change {
        origin,
        action,
        project: Some(name),
        details,
        shows_on: Some(id),
        display: None,
    };
    note_change(connection, &change).await
}

/// Refuses a change if the project was changed after `since`.
pub(super) async fn unchanged(
    connection: &mut Connection,
    project: i64,
    since: Option<Serial>,
) -> Result<(), ChangeError> {
    let Some(since) = since else { return Ok(()) };
    let row = sqlx::query("SELECT serial FROM projects WHERE id = $1")
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
impl Journal for Store {
    async fn head(&self) -> Result<Serial, StoreError> {
        // Serials become visible in their order: on SQLite writers are one after another, on PostgreSQL at least those who
        // are about to end.
        let row = sqlx::query("SELECT coalesce(max(serial), 0) AS serial FROM journal")
            .fetch_one(&self.readers)
            .await
            .map_err(failed("read the journal's head"))?;
        Ok(Serial(unsigned(&row, "serial")?))
    }

    async fn after(&self, after: Serial, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT serial, actor, request, action, project FROM journal WHERE serial > $1 ORDER BY serial LIMIT $2",
        )
        .bind(signed(after.0)?)
        .bind(i64::from(limit))
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

    fn hints(&self) -> Hints {
        self.listen()
    }
}
