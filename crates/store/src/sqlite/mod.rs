//! The ports on SQLite: WAL, `synchronous=FULL`, one writer at a time in this process, `busy_timeout` between processes.

// The statements are the same for every driver, and are compiled for each.
#[path = "../sql/mod.rs"]
#[allow(
    clippy::duplicate_mod,
    reason = "the types of the driver are the difference"
)]
mod sql;

#[path = "../log/mod.rs"]
#[allow(
    clippy::duplicate_mod,
    reason = "the types of the driver are the difference"
)]
pub(crate) mod log;

mod dialect;
mod logs;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite as Driver, Transaction};
use touchplate_index::ports::{Hints, StoreError};

use crate::migrating::{Migration, Migrations, migrator, refused};
use Sqlite as Store;
use sql::{Lock, failed};
use sqlx::sqlite::{
    SqliteArguments as Arguments, SqliteConnection as Connection, SqlitePool as Pool,
    SqliteRow as Row,
};

/// How long a writer waits for another process's transaction. Transactions here take milliseconds; ten seconds of waiting
/// means a stuck process, and the caller hears of it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// WAL readers do not wait for each other, and each connection has a thread and a page cache of its own.
const READERS: u32 = 4;

/// The pairs of PostgreSQL's.
const MIGRATIONS: Migrations = crate::migrating::migrations!("sqlite");

/// The index's database.
pub struct Sqlite {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Sqlite {
    /// Opens the file, creating and migrating it as needed. Several processes may do so at the same moment.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let Database { writer, readers } = Database::open(path, MIGRATIONS, None).await?;
        Ok(Self { writer, readers })
    }

    /// Begins a transaction that writes: nobody else does until it ends.
    async fn write(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        begin(&self.writer).await
    }

    /// Begins a transaction that writes and may run beside others, but for those with a lock in common. Here one writes at a
    /// time in any case.
    async fn write_with(&self, _: &[Lock<'_>]) -> Result<Transaction<'static, Driver>, StoreError> {
        self.write().await
    }

    /// Begins a transaction that writes what no other writes.
    async fn write_apart(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        self.write().await
    }

    /// Nobody tells another process of changes.
    #[allow(clippy::unused_self, reason = "PostgreSQL's listens")]
    fn listen(&self) -> Hints {
        Hints::never()
    }

    /// Begins a transaction that reads, all of it as it was at one moment.
    async fn snapshot(
        &self,
        doing: &'static str,
    ) -> Result<Transaction<'static, Driver>, StoreError> {
        self.readers.begin().await.map_err(failed(doing))
    }
}

/// A database file, whatever is in it.
struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Database {
    /// Opens the file, creating and migrating it as needed. Several processes may do so at the same moment. The writer
    /// keeps `cache_kib` of pages, or SQLite's two megabytes.
    async fn open(
        path: &Path,
        migrations: Migrations,
        cache_kib: Option<u32>,
    ) -> Result<Self, StoreError> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .map_err(|cause| StoreError::new("make the database's folder", cause))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a transaction that was answered survives power loss, not only a crash of the process.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writing = match cache_kib {
            // Negative: in KiB, not in pages.
            Some(kib) => options.clone().pragma("cache_size", format!("-{kib}")),
            None => options.clone(),
        };
        let pool = pool();
        let writer = pool
            .clone()
            .max_connections(1)
            .connect_with(writing)
            .await
            .map_err(failed("open the database"))?;
        migrate(&writer, migrations).await?;
        let readers = pool
            .max_connections(READERS)
            .connect_lazy_with(options.read_only(true));
        Ok(Self { writer, readers })
    }
}

/// A pool whose connections have no transaction under way when somebody gets them.
///
/// On a full disk SQLite rolls a transaction back by itself, and the driver's own rollback then fails: it goes on believing that there is one, and
/// refuses to begin another for ever. Such a connection is replaced.
pub(crate) fn pool() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        // A connection to a file in this process does not go away by itself, and asking it first costs as much as most questions.
        .test_before_acquire(false)
        .before_acquire(|connection, _| {
            let stuck = connection.is_in_transaction();
            Box::pin(async move { Ok(!stuck) })
        })
}

type Writing = Transaction<'static, Driver>;

/// Begins a transaction that writes. Here every such is alone.
async fn begin_apart(writer: &SqlitePool) -> Result<Writing, sqlx::Error> {
    writer.begin_with("BEGIN IMMEDIATE").await
}

/// Begins a transaction that reads, all of it as it was at one moment.
async fn begin_snapshot(readers: &SqlitePool) -> Result<Writing, sqlx::Error> {
    readers.begin().await
}

/// IMMEDIATE: it takes the lock now, so nothing read in it can be outdated by another writer before it commits.
async fn begin(writer: &SqlitePool) -> Result<Transaction<'static, Driver>, StoreError> {
    begin_apart(writer).await.map_err(failed("begin to write"))
}

async fn migrate(writer: &SqlitePool, migrations: &[Migration]) -> Result<(), StoreError> {
    let doing = "bring the database to this version";
    let mut transaction = writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(failed(doing))?;
    migrator(migrations)
        .run(&mut *transaction)
        .await
        .map_err(|cause| StoreError::new(doing, refused(cause)))?;
    transaction.commit().await.map_err(failed(doing))
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;
    use touchplate_index::ports::{ProjectId, Publishers};

    use super::*;

    /// Numbers are given when a change is made, and changes do not arrive in the order of their numbers.
    #[tokio::test]
    async fn a_database_gets_the_migrations_that_it_has_not_whatever_came_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("touchplate.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let old = SqlitePool::connect_with(options).await.unwrap();
        let without: Vec<_> = MIGRATIONS.iter().copied().filter(|it| it.0 != 10).collect();
        migrate(&old, &without).await.unwrap();
        let project = "INSERT INTO projects (id, index_id, name, display, confusable, visibility, status, serial, created_at) \
                       VALUES (1, 1, 'demo', 'demo', 'demo', 'public', 'active', 1, 0)";
        let publisher = "INSERT INTO publishers (id, index_id, project_id, lookup_key, publisher, created_at) \
                         VALUES (7, 1, 1, 'google:a', '{\"kind\":\"Google\",\"email\":\"a\"}', 0)";
        for sql in [project, publisher] {
            sqlx::query(sql).execute(&old).await.unwrap();
        }
        old.close().await;
        let new = Sqlite::open(&path).await.unwrap();
        let listed = Publishers::list(&new, ProjectId(1)).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].ids.is_empty());
    }

    /// The steps of a plan; none but the list that was asked for is scanned, and each of `tables` is searched.
    async fn searches(statement: &'static str, index: bool, tables: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("x.db")).await.unwrap();
        let mut plan = sqlx::query(sqlx::AssertSqlSafe(format!(
            "EXPLAIN QUERY PLAN {statement}"
        )))
        .bind("[]")
        .bind("alice");
        if index {
            plan = plan.bind(sql::INDEX);
        }
        let plan = plan.fetch_all(&store.readers).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let scans: Vec<_> = steps
            .iter()
            .filter(|step| step.starts_with("SCAN") && !step.starts_with("SCAN json_each"))
            .collect();
        assert!(scans.is_empty(), "{steps:#?}");
        for table in tables {
            let searched = format!("SEARCH {table} USING");
            assert!(
                steps.iter().any(|step| step.starts_with(&searched)),
                "{table}: {steps:#?}"
            );
        }
        steps
    }

    #[tokio::test]
    async fn files_are_found_by_digest_without_a_scan() {
        let steps = searches(sql::late::BY_DIGEST, true, &["f", "a", "p"]).await;
        assert!(
            steps
                .iter()
                .any(|step| step.contains("files_by_digest (sha256=?)")),
            "{steps:#?}"
        );
    }

    #[tokio::test]
    async fn what_is_known_of_files_is_found_without_a_scan() {
        searches(sql::late::OF_FILES, false, &["f", "a", "p", "r"]).await;
    }

    #[tokio::test]
    async fn a_database_that_a_newer_version_migrated_is_refused_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("touchplate.db");
        let old = Sqlite::open(&path).await.unwrap();
        sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', 0, true, x'00', 0)")
            .execute(&old.writer)
            .await
            .unwrap();
        let refused = Sqlite::open(&path).await.err().unwrap().cause.to_string();
        assert!(refused.starts_with("it has migration 9999,"), "{refused}");
        assert!(
            refused.contains("a newer version has been here"),
            "{refused}"
        );
    }
}
