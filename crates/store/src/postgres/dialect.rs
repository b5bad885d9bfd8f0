//! What PostgreSQL says otherwise than SQLite. `sqlite/dialect.rs` has the same names.

use touchplate_index::ports::StoreError;
use touchplate_packaging::ProjectName;

use super::Connection;
pub(super) use super::said::explained;
use super::sql::journal::Change;
use super::sql::{INDEX, failed};

/// One of the texts of a JSON array.
macro_rules! in_texts {
    ($list:literal) => {
        concat!(
            "= ANY (ARRAY(SELECT json_array_elements_text(",
            $list,
            "::json)))"
        )
    };
}
pub(super) use in_texts;

/// One of the numbers of a JSON array.
macro_rules! in_numbers {
    ($list:literal) => {
        concat!(
            "= ANY (ARRAY(SELECT json_array_elements_text(",
            $list,
            "::json)::bigint))"
        )
    };
}
pub(super) use in_numbers;

/// One of the digests of a JSON array, which has them in hexadecimal.
macro_rules! in_digests {
    ($list:literal) => {
        concat!(
            "= ANY (ARRAY(SELECT decode(json_array_elements_text(",
            $list,
            "::json), 'hex')))"
        )
    };
}
pub(super) use in_digests;

/// A JSON array of pairs of a number and a text, as a table of `at`, `first` and `second`.
macro_rules! each_pair {
    ($list:literal) => {
        concat!(
            "(SELECT at, (value ->> 0)::bigint AS first, value ->> 1 AS second FROM json_array_elements(",
            $list,
            "::json) WITH ORDINALITY AS pairs (value, at))"
        )
    };
}
pub(super) use each_pair;

/// A text in a JSON object.
macro_rules! json_text {
    ($object:literal, $key:literal) => {
        concat!("(", $object, "::json ->> '", $key, "')")
    };
}
pub(super) use json_text;

/// A value in a JSON object, as JSON.
macro_rules! json_part {
    ($object:literal, $key:literal) => {
        concat!("(", $object, "::json -> '", $key, "')::text")
    };
}
pub(super) use json_part;

/// The values of a group as a JSON array.
macro_rules! json_array_of {
    ($value:literal) => {
        concat!("coalesce(json_agg(", $value, ")::text, '[]')")
    };
}
pub(super) use json_array_of;

/// A join whose left side is walked and whose right side is looked up in: the planner finds that by itself.
macro_rules! in_this_order {
    () => {
        "JOIN"
    };
}
pub(super) use in_this_order;

/// The planner finds the index by itself.
macro_rules! indexed_by {
    ($index:literal) => {
        ""
    };
}
pub(super) use indexed_by;

/// Rows that nobody else changes until the transaction ends. Others may go on referring to them.
macro_rules! locked {
    () => {
        " FOR NO KEY UPDATE"
    };
}
pub(super) use locked;

/// Bytes, which they are.
macro_rules! bytes_of {
    ($bytes:literal) => {
        $bytes
    };
}
pub(super) use bytes_of;

/// The database's clock, in microseconds; not when the transaction began.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}
pub(super) use now;

/// As partial indexes have it.
macro_rules! is_true {
    ($column:literal) => {
        $column
    };
}
pub(super) use is_true;

/// Hands the journal's row of a change over: when the transaction commits, the database gives it a serial and writes it into
/// the journal and to the project (the trigger of `journal_waiting`, in the first migration).
pub(super) async fn note_change(
    connection: &mut Connection,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO journal_waiting (index_id, at, actor, request, action, project, details, shows_on, display) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(INDEX)
    .bind(change.origin.at.as_microsecond())
    .bind(change.origin.actor.to_string())
    .bind(change.origin.request.as_str())
    .bind(change.action)
    .bind(change.project.map(ProjectName::as_str))
    .bind(change.details.to_string())
    .bind(change.shows_on)
    .bind(change.display)
    .execute(connection)
    .await
    .map_err(failed("write the journal"))?;
    Ok(())
}

/// Every table of an index.
pub(super) const TABLES: &str = "SELECT relname::text FROM pg_class WHERE relkind = 'r' \
                                 AND relnamespace = current_schema()::regnamespace AND relname NOT LIKE '\\_sqlx%' ORDER BY relname";

/// A table's columns, and the place of each in the primary key.
pub(super) const COLUMNS: &str = "SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS kind, \
     array_position(i.indkey::int2[], a.attnum)::bigint AS place FROM pg_attribute a \
     LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
     WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped";

/// Lets a transaction last as long as it takes: ours are ended after half a minute otherwise.
pub(super) async fn take_your_time(connection: &mut Connection) -> Result<(), sqlx::Error> {
    let sql = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

/// What gives a table its row numbers, if anything does.
async fn sequence(connection: &mut Connection, table: &str) -> Result<Option<String>, sqlx::Error> {
    let sql = "SELECT pg_get_serial_sequence($1, a.attname) FROM pg_attribute a \
               WHERE a.attrelid = $1::text::regclass AND a.attidentity <> ''";
    let found: Option<Option<String>> = sqlx::query_scalar(sql)
        .bind(table)
        .fetch_optional(connection)
        .await?;
    Ok(found.flatten())
}

/// The last row number that was given, of tables that never give one again.
pub(super) async fn last_number(
    connection: &mut Connection,
    table: &str,
) -> Result<Option<i64>, sqlx::Error> {
    let Some(sequence) = sequence(connection, table).await? else {
        return Ok(None);
    };
    let sql = format!("SELECT CASE WHEN is_called THEN last_value END FROM {sequence}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
}

/// Sets it.
pub(super) async fn set_last_number(
    connection: &mut Connection,
    table: &str,
    last: i64,
) -> Result<(), sqlx::Error> {
    if let Some(sequence) = sequence(connection, table).await?
        && last > 0
    {
        let set = sqlx::query("SELECT setval($1::text::regclass, $2)")
            .bind(sequence)
            .bind(last);
        set.execute(connection).await?;
    }
    Ok(())
}
