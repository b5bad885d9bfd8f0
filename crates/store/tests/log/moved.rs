//! Logs that move with their index, from beside SQLite into PostgreSQL: they go on there, and nowhere else.

use std::path::Path;

use jiff::SignedDuration;
use touchplate_store::moving::{self, MoveError, Moved, Terms};
use touchplate_store::{DatabaseUrl, Location, open_logs, open_stamp_floor};
use touchplate_testkit::postgres::TestDatabase;

use crate::support::{Watcher, append_all, at, entry, key, open, settings};

fn index(folder: &Path, database: &str) -> Location {
    Location {
        database: database.parse().unwrap(),
        blobs: format!("file:{}/blobs", folder.display()).parse().unwrap(),
    }
}

async fn migrate(folder: &Path, to: &DatabaseUrl) -> Result<Moved, MoveError> {
    let from = index(
        folder,
        &format!("sqlite:{}/touchplate.sqlite", folder.display()),
    );
    let to = index(folder, &to.to_string());
    let stack = folder.join("trust");
    let terms = Terms {
        unchanged: true,
        stack: Some(&stack),
    };
    moving::copy(&from, &to, terms, &folder.join("spool"), &mut |_| ()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_on_in_the_new_place_and_nowhere_else() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let stack = folder.path().join("trust");
    std::fs::create_dir(&stack).unwrap();
    let sqlite: DatabaseUrl = "sqlite:any".parse().unwrap();
    let postgres: DatabaseUrl = database.url().parse().unwrap();
    let key = key();
    let old = open_logs(&sqlite, &stack).await.unwrap();
    let log = open(&key, &old).await;
    let mut watcher = Watcher::default();
    let mut acknowledged = append_all(&log, (0..700).map(entry)).await;
    watcher.look(&log, &key, &acknowledged).await;
    let stamped = at(900);
    let floor = open_stamp_floor(&sqlite, &stack).await.unwrap();
    floor.raise(stamped).await.unwrap();

    // A server on PostgreSQL does not begin them anew, and one that still runs where they are does not go on once they moved.
    let refused = open_logs(&postgres, &stack).await.err().unwrap();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("`touchplate admin migrate` moves"), "{why}");
    let moved = migrate(folder.path(), &postgres).await.unwrap();
    let rows: u64 = moved.logs.iter().map(|table| table.rows).sum();
    assert_eq!(moved.logs.len(), moving::LOG_TABLES.len());
    assert!(rows > 700, "{rows}");
    assert!(log.append(entry(1_000)).await.is_err());
    assert!(!stack.join("log.sqlite").exists());
    let refused = open_logs(&sqlite, &stack).await.err().unwrap();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("were moved to PostgreSQL"), "{why}");

    // Every table that the new place has is moved, or known not to be.
    let mut tables = moving::LOG_TABLES.to_vec();
    tables.extend(["floor", "allowances"]);
    let mut found = database.tables_of("touchplate_logs").await;
    found.retain(|table| !table.starts_with("_sqlx"));
    tables.sort_unstable();
    assert_eq!(found, tables);

    let new = open_logs(&postgres, &stack).await.unwrap();
    let log = open(&key, &new).await;
    watcher.look(&log, &key, &acknowledged).await;
    acknowledged.extend(append_all(&log, (700..800).map(entry)).await);
    assert_eq!(watcher.look(&log, &key, &acknowledged).await.size, 800);
    // An equal entry is still found, and another log gets a number of its own.
    assert!(append_all(&log, [entry(7)]).await[0].duplicate);
    let mut other = settings(&key);
    other.name = "ct".parse().unwrap();
    touchplate_trust::log::Log::open(other, new.clone())
        .await
        .unwrap();
    // No stamp is before one that was given out.
    let floor = open_stamp_floor(&postgres, &stack).await.unwrap();
    let earlier = stamped - SignedDuration::from_mins(1);
    assert_eq!(floor.raise(earlier).await.unwrap(), stamped);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_broke_off_is_taken_up_and_logs_that_differ_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let stack = folder.path().join("trust");
    std::fs::create_dir(&stack).unwrap();
    let sqlite: DatabaseUrl = "sqlite:any".parse().unwrap();
    let key = key();
    let log = open(&key, &open_logs(&sqlite, &stack).await.unwrap()).await;
    append_all(&log, (0..300).map(entry)).await;
    drop(log);
    let kept = folder.path().join("kept.sqlite");
    let mut copies = Vec::new();
    for step in ["rows are there", "another went on"] {
        let Some(database) = TestDatabase::fresh().await else {
            return;
        };
        let postgres: DatabaseUrl = database.url().parse().unwrap();
        if copies.is_empty() {
            save(&stack.join("log.sqlite"), &kept).await;
        } else {
            std::fs::copy(&kept, stack.join("log.sqlite")).unwrap();
            std::fs::remove_file(stack.join("log.sqlite.moved")).unwrap();
        }
        migrate(folder.path(), &postgres).await.unwrap();
        // As if it had been killed before the old place knew: its file is as it was, and the index is not there yet.
        std::fs::remove_file(stack.join("log.sqlite.moved")).unwrap();
        let new = open_logs(&postgres, &stack).await.unwrap();
        if step == "another went on" {
            let log = open(&key, &new).await;
            append_all(&log, (300..310).map(entry)).await;
        }
        std::fs::copy(&kept, stack.join("log.sqlite")).unwrap();
        let again = migrate(folder.path(), &postgres).await;
        match step {
            "rows are there" => assert_eq!(again.unwrap().logs.len(), moving::LOG_TABLES.len()),
            _ => {
                let error = again.unwrap_err().to_string();
                assert!(error.contains("touchplate_logs."), "{error}");
                assert!(stack.join("log.sqlite").exists());
            }
        }
        copies.push(database);
    }
}

/// A whole copy of a database that may have a log of changes beside it.
async fn save(database: &Path, to: &Path) {
    use sqlx::Connection as _;
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite:{}", database.display()))
        .await
        .unwrap();
    let sql = format!("VACUUM INTO '{}'", to.display());
    let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    sqlx::Executor::execute(&mut connection, sql).await.unwrap();
    connection.close().await.unwrap();
}
