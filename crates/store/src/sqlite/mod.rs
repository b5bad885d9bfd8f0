//! The ports on SQLite: WAL, `synchronous=FULL`, one writer at a time in this process, `busy_timeout` between processes.

mod accounts;
mod attesters;
mod catalogue;
mod coverage;
mod downloads;
mod facts;
mod journal;
mod known_numbers;
mod late;
mod news;
mod pending;
mod projects;
mod publishers;
mod ratchets;
mod record;
mod releases;
mod rows;
mod sweeps;
mod tokens;
mod trusted_publishing;

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{SqlSafeStr as _, Sqlite as Driver, Transaction};
use touchplate_index::ports::StoreError;

/// The only index, until there are several (DESIGN.md, "One index now, several later").
const INDEX: i64 = 1;

/// How long a writer waits for another process's transaction. Transactions here take milliseconds; ten seconds of waiting
/// means a stuck process, and the caller hears of it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// WAL readers do not wait for each other, and each connection has a thread and a page cache of its own.
const READERS: u32 = 4;

/// Forward only, numbered. Never edit one that was released: add the next.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "first",
        include_str!("../../migrations/sqlite/0001_first.sql"),
    ),
    (
        10,
        "pinned ids",
        include_str!("../../migrations/sqlite/0010_pinned_ids.sql"),
    ),
    (
        20,
        "attesters",
        include_str!("../../migrations/sqlite/0020_attesters.sql"),
    ),
    (
        30,
        "trusted publishing",
        include_str!("../../migrations/sqlite/0030_trusted_publishing.sql"),
    ),
    (
        40,
        "narrowed tokens",
        include_str!("../../migrations/sqlite/0040_narrowed_tokens.sql"),
    ),
    (
        50,
        "known numbers",
        include_str!("../../migrations/sqlite/0050_known_numbers.sql"),
    ),
    (
        65,
        "history",
        include_str!("../../migrations/sqlite/0065_history.sql"),
    ),
    (
        75,
        "downloads",
        include_str!("../../migrations/sqlite/0075_downloads.sql"),
    ),
    (
        76,
        "coverage",
        include_str!("../../migrations/sqlite/0076_coverage.sql"),
    ),
    (
        90,
        "read tokens",
        include_str!("../../migrations/sqlite/0090_read_tokens.sql"),
    ),
    (
        91,
        "administrators",
        include_str!("../../migrations/sqlite/0091_administrators.sql"),
    ),
];

/// The index's database.
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens the file, creating and migrating it as needed. Several processes may do so at the same moment.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let Database { writer, readers } = Database::open(path, MIGRATIONS, None).await?;
        Ok(Self { writer, readers })
    }

    /// Begins a transaction that writes.
    async fn write(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        begin(&self.writer).await
    }
}

/// A database file, whatever is in it.
pub(crate) struct Database {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Database {
    /// Opens the file, creating and migrating it as needed. Several processes may do so at the same moment. The writer
    /// keeps `cache_kib` of pages, or SQLite's two megabytes.
    pub(crate) async fn open(
        path: &Path,
        migrations: &[(i64, &'static str, &'static str)],
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
        // A connection to a file in this process does not go away by itself, and asking it first costs as much as most questions.
        let pool = SqlitePoolOptions::new().test_before_acquire(false);
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

    /// Begins a transaction that writes.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        begin(&self.writer).await
    }
}

/// IMMEDIATE: it takes the lock now, so nothing read in it can be outdated by another writer before it commits.
async fn begin(writer: &SqlitePool) -> Result<Transaction<'static, Driver>, StoreError> {
    writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(failed("begin to write"))
}

async fn migrate(
    writer: &SqlitePool,
    migrations: &[(i64, &'static str, &'static str)],
) -> Result<(), StoreError> {
    let migrations = migrations.iter().map(|(version, description, sql)| {
        Migration::new(
            *version,
            (*description).into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let doing = "bring the database to this version";
    let mut transaction = writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(failed(doing))?;
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator
        .run(&mut *transaction)
        .await
        .map_err(|cause| StoreError::new(doing, cause))?;
    transaction.commit().await.map_err(failed(doing))
}

/// Turns the driver's error into the port's.
fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |cause| StoreError::new(doing, cause)
}

#[cfg(test)]
mod tests {
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
        let project = "INSERT INTO projects VALUES (1, 1, 'demo', 'demo', 'demo', 'public', 'active', NULL, 1, 0, 0)";
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
}
