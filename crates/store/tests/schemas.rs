//! The two databases have the same tables, columns, keys and references, and the same numbers of migrations.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use touchplate_store::moving::{LEFT_OUT, MOVED};
use touchplate_testkit::postgres::TestDatabase;

/// What there is of a table, in words.
type Table = BTreeSet<String>;

/// What only one of the two has, and why is said where it is made.
const ONLY_POSTGRES: [&str; 1] = ["journal_waiting"];

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}/touchplate.db", folder.path().display());
    for url in [&file, &database.url()] {
        drop(support::opened(url, folder.path()).await);
    }
    let mut sqlite = SqliteConnection::connect(&file).await.unwrap();
    let mut postgres = PgConnection::connect(&database.driver_url()).await.unwrap();
    let (of_sqlite, mut of_postgres) = (
        sqlite_tables(&mut sqlite).await,
        postgres_tables(&mut postgres).await,
    );
    // A new table goes into one of the two lists of `moving::rows`: behind those that it refers to, or with why it stays.
    let known: BTreeSet<&str> = MOVED.iter().chain(LEFT_OUT).copied().collect();
    let there: BTreeSet<&str> = of_postgres.keys().map(String::as_str).collect();
    assert_eq!(
        there, known,
        "tables, and those that backups and moves know"
    );
    for table in ONLY_POSTGRES {
        assert!(of_postgres.remove(table).is_some(), "{table}");
    }
    assert!(of_sqlite.len() > 20, "{:?}", of_sqlite.keys());
    assert_eq!(
        of_sqlite.keys().collect::<Vec<_>>(),
        of_postgres.keys().collect::<Vec<_>>()
    );
    for (name, table) in &of_sqlite {
        assert_eq!(table, &of_postgres[name], "the table {name}");
    }
    let numbers = "SELECT version FROM _sqlx_migrations ORDER BY version";
    let numbers_of_sqlite: Vec<i64> = sqlx::query_scalar(numbers)
        .fetch_all(&mut sqlite)
        .await
        .unwrap();
    let numbers: Vec<i64> = sqlx::query_scalar(numbers)
        .fetch_all(&mut postgres)
        .await
        .unwrap();
    assert_eq!(numbers_of_sqlite, numbers);
    postgres.close().await.unwrap();
}

fn column(name: &str, kind: &str, may_be_null: bool) -> String {
    let null = if may_be_null { "or null" } else { "not null" };
    format!("column {name}: {kind} {null}")
}

fn key(columns: &[String], is_partial: bool) -> String {
    let of = if is_partial { "some rows" } else { "all rows" };
    format!("unique in {of}: {}", columns.join(", "))
}

async fn sqlite_tables(connection: &mut SqliteConnection) -> BTreeMap<String, Table> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlx%'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut tables = BTreeMap::new();
    for name in names {
        let table = sqlite_table(connection, &name).await;
        tables.insert(name, table);
    }
    tables
}

async fn sqlite_table(connection: &mut SqliteConnection, name: &str) -> Table {
    let mut table = Table::new();
    let sql = format!(
        "SELECT name, type, \"notnull\" AS required, pk FROM pragma_table_info('{name}') ORDER BY pk"
    );
    let columns = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let mut primary = Vec::new();
    for row in &columns {
        let (name, kind): (String, String) = (row.get("name"), row.get("type"));
        let is_primary = row.get::<i64, _>("pk") > 0;
        if is_primary {
            primary.push(name.clone());
        }
        let kind = match kind.as_str() {
            "INTEGER" => "number",
            "TEXT" => "text",
            "BLOB" => "bytes",
            other => other,
        };
        let may_be_null = row.get::<i64, _>("required") == 0 && !is_primary;
        table.insert(column(&name, kind, may_be_null));
    }
    table.insert(key(&primary, false));
    let sql = format!(
        "SELECT name, partial FROM pragma_index_list('{name}') WHERE \"unique\" = 1 AND origin <> 'pk'"
    );
    for index in sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await
        .unwrap()
    {
        let of: String = index.get("name");
        let sql = format!("SELECT name FROM pragma_index_info('{of}') ORDER BY seqno");
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        table.insert(key(&columns, index.get::<i64, _>("partial") == 1));
    }
    let sql = format!(
        "SELECT \"from\", \"table\", \"to\", on_delete FROM pragma_foreign_key_list('{name}')"
    );
    for row in sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await
        .unwrap()
    {
        let [from, to, at, gone]: [String; 4] = [0, 1, 2, 3].map(|at| row.get(at));
        table.insert(format!("{from} refers to {to} ({at}), {gone}"));
    }
    table
}

async fn postgres_tables(connection: &mut PgConnection) -> BTreeMap<String, Table> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_sqlx%'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut tables = BTreeMap::new();
    for name in names {
        let table = postgres_table(connection, &name).await;
        tables.insert(name, table);
    }
    tables
}

async fn postgres_table(connection: &mut PgConnection, name: &str) -> Table {
    let mut table = Table::new();
    let columns = sqlx::query(
        "SELECT column_name::text, data_type::text, is_nullable::text, collation_name::text FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name = $1",
    )
    .bind(name)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    for row in &columns {
        let [name, kind, null]: [String; 3] = [0, 1, 2].map(|at| row.get(at));
        let kind = match kind.as_str() {
            "bigint" | "boolean" => "number",
            // Another order than that of bytes is another kind.
            "text" if row.get::<Option<&str>, _>(3) == Some("C") => "text",
            "bytea" => "bytes",
            other => other,
        };
        table.insert(column(&name, kind, null == "YES"));
    }
    let keys = sqlx::query(
        "SELECT i.indpred IS NOT NULL AS is_partial, ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k (n, at) \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.at) AS columns \
         FROM pg_index i WHERE i.indrelid = $1::regclass AND i.indisunique",
    )
    .bind(name)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    for row in &keys {
        table.insert(key(
            &row.get::<Vec<String>, _>("columns"),
            row.get("is_partial"),
        ));
    }
    let references = sqlx::query(
        "SELECT a.attname::text, c.confrelid::regclass::text, r.attname::text, \
         CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'NO ACTION' END \
         FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
         JOIN pg_attribute r ON r.attrelid = c.confrelid AND r.attnum = c.confkey[1] \
         WHERE c.contype = 'f' AND c.conrelid = $1::regclass",
    )
    .bind(name)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    for row in &references {
        let [from, to, at, gone]: [String; 4] = [0, 1, 2, 3].map(|at| row.get(at));
        table.insert(format!("{from} refers to {to} ({at}), {gone}"));
    }
    table
}
