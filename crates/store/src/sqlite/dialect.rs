//! What SQLite says otherwise than PostgreSQL. `postgres/dialect.rs` has the same names.

use touchplate_index::ports::{NoWrites, StoreError, Unavailable};
use touchplate_packaging::ProjectName;

use super::Connection;
use super::sql::journal::Change;
use super::sql::{INDEX, failed};

/// One of the texts of a JSON array.
macro_rules! in_texts {
    ($list:literal) => {
        concat!("IN (SELECT value FROM json_each(", $list, "))")
    };
}
pub(super) use in_texts;

/// One of the numbers of a JSON array.
macro_rules! in_numbers {
    ($list:literal) => {
        concat!("IN (SELECT value FROM json_each(", $list, "))")
    };
}
pub(super) use in_numbers;

/// One of the digests of a JSON array, which has them in hexadecimal.
macro_rules! in_digests {
    ($list:literal) => {
        concat!("IN (SELECT unhex(value) FROM json_each(", $list, "))")
    };
}
pub(super) use in_digests;

/// A JSON array of pairs of a number and a text, as a table of `at`, `first` and `second`.
macro_rules! each_pair {
    ($list:literal) => {
        concat!(
            "(SELECT key AS at, value ->> 0 AS first, value ->> 1 AS second FROM json_each(",
            $list,
            "))"
        )
    };
}
pub(super) use each_pair;

/// A text in a JSON object.
macro_rules! json_text {
    ($object:literal, $key:literal) => {
        concat!("(", $object, " ->> '$.", $key, "')")
    };
}
pub(super) use json_text;

/// A value in a JSON object, as JSON.
macro_rules! json_part {
    ($object:literal, $key:literal) => {
        concat!("(", $object, " -> '$.", $key, "')")
    };
}
pub(super) use json_part;

/// The values of a group as a JSON array.
macro_rules! json_array_of {
    ($value:literal) => {
        concat!("json_group_array(", $value, ")")
    };
}
pub(super) use json_array_of;

/// A join whose left side is walked and whose right side is looked up in.
macro_rules! in_this_order {
    () => {
        "CROSS JOIN"
    };
}
pub(super) use in_this_order;

/// Left to itself, SQLite walks the whole index of filenames by `index_id`, which every file has.
macro_rules! indexed_by {
    ($index:literal) => {
        concat!(" INDEXED BY ", $index)
    };
}
pub(super) use indexed_by;

/// Rows that nobody else changes until the transaction ends: here nobody does in any case.
macro_rules! locked {
    () => {
        ""
    };
}
pub(super) use locked;

/// Bytes: `||` of two blobs is text to SQLite.
macro_rules! bytes_of {
    ($bytes:literal) => {
        concat!("CAST(", $bytes, " AS BLOB)")
    };
}
pub(super) use bytes_of;

/// As partial indexes have it.
macro_rules! is_true {
    ($column:literal) => {
        concat!($column, " = 1")
    };
}
pub(super) use is_true;

/// The database's clock, in microseconds. Not one of SQLite's times of a statement, which stands still in it, but that is all
/// the same: a statement here takes less than a lease.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
    };
}
pub(super) use now;

/// What SQLite said.
pub(super) fn explained(error: sqlx::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    // The lowest byte is the kind, the others say more (https://sqlite.org/rescode.html).
    let (said, no_writes) = match code.map(|code| code & 0xff) {
        Some(8) => (
            "SQLite: the database file, or its folder, is read-only",
            NoWrites::ReadOnly,
        ),
        Some(13) => ("SQLite: the disk of the database is full", NoWrites::Full),
        _ => return error.into(),
    };
    Box::new(Unavailable::new(said, error).to_writes(Some(no_writes)))
}

/// Writes the journal's row of a change, and its serial where it shows.
pub(super) async fn note_change(
    connection: &mut Connection,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    let doing = "write the journal";
    let serial: i64 = sqlx::query_scalar(
        "INSERT INTO journal (index_id, at, actor, request, action, project, details) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING serial",
    )
    .bind(INDEX)
    .bind(change.origin.at.as_microsecond())
    .bind(change.origin.actor.to_string())
    .bind(change.origin.request.as_str())
    .bind(change.action)
    .bind(change.project.map(ProjectName::as_str))
    .bind(change.details.to_string())
    .fetch_one(&mut *connection)
    .await
    .map_err(failed(doing))?;
    if let Some(project) = change.shows_on {
        sqlx::query(
            "UPDATE projects SET serial = $1, display = coalesce($2, display) WHERE id = $3",
        )
        .bind(serial)
        .bind(change.display)
        .bind(project)
        .execute(connection)
        .await
        .map_err(failed(doing))?;
    }
    Ok(())
}

/// Every table of an index.
pub(super) const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                                 AND name NOT LIKE '_sqlx%' ORDER BY name";

/// A table's columns, and the place of each in the primary key.
pub(super) const COLUMNS: &str =
    "SELECT name, type AS kind, CASE WHEN pk > 0 THEN pk END AS place FROM pragma_table_info($1)";

/// Lets a transaction last: nothing here ends one.
#[allow(clippy::unused_async, reason = "PostgreSQL is asked")]
pub(super) async fn take_your_time(_: &mut Connection) -> Result<(), sqlx::Error> {
    Ok(())
}

/// The last row number that was given, of tables that never give one again.
pub(super) async fn last_number(
    connection: &mut Connection,
    table: &str,
) -> Result<Option<i64>, sqlx::Error> {
    // Only where some table has such numbers.
    let kept = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')";
    let kept: bool = sqlx::query_scalar(kept).fetch_one(&mut *connection).await?;
    if !kept {
        return Ok(None);
    }
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = $1";
    sqlx::query_scalar(sql)
        .bind(table)
        .fetch_optional(connection)
        .await
}

/// Sets it. Rows that were inserted with their numbers may have done so.
pub(super) async fn set_last_number(
    connection: &mut Connection,
    table: &str,
    last: i64,
) -> Result<(), sqlx::Error> {
    for sql in [
        "DELETE FROM sqlite_sequence WHERE name = $1 AND seq < $2",
        "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2 \
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
    ] {
        let set = sqlx::query(sql).bind(table).bind(last);
        set.execute(&mut *connection).await?;
    }
    Ok(())
}
