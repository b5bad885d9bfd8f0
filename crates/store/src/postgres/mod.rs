//! The ports on PostgreSQL. Every statement is `sql`'s; who waits for whom is in `writing`.

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

mod allowances;
mod bounded;
mod dialect;
mod listening;
mod logs;
mod said;
mod url;
mod writing;

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Postgres as Driver};
use touchplate_index::ports::StoreError;

use crate::migrating::{Migrations, migrator, refused};
use Postgres as Store;
pub(crate) use bounded::{Connection, Pool};
use listening::Listening;
use sql::failed;
use sqlx::PgConnection;
use sqlx::postgres::{PgArguments as Arguments, PgRow as Row};

pub use allowances::PostgresAllowances;
pub use logs::PostgresStampFloor;
pub(crate) use url::without_password;
use writing::Writing;

pub use url::{InvalidPostgresUrl, PostgresUrl};

/// The pairs of SQLite's: the same numbers, and by them the same tables.
const MIGRATIONS: Migrations = crate::migrating::migrations!("postgres");

/// How long a caller waits for a connection. Longer, and requests would pile up behind a database that is gone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that nobody used for so long may have gone away: it is asked before it is used. A busy one is not, which
/// would cost each statement another.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);

/// What every connection says first. A commit is on disk before it is answered, whatever the server or the role has as
/// default. No statement here takes seconds, and no transaction waits for a client: where one does, something is stuck, and
/// the caller hears of it. (How long a statement may take, the URL says.)
const SETTINGS: [(&str, &str); 5] = [
    ("synchronous_commit", "on"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("client_min_messages", "warning"),
    // Compiling a statement takes longer than any statement here.
    ("jit", "off"),
];

/// So much longer than a statement may take its answer is waited for: PostgreSQL's own sentence says more than silence.
const ANSWER_LATER: Duration = Duration::from_secs(2);

/// About 120 statements, some in two forms.
const STATEMENTS: usize = 256;

/// The index's database.
pub struct Postgres {
    pub(crate) writer: Pool,
    pub(crate) readers: Pool,
    listening: Listening,
}

impl Postgres {
    /// Opens the database, migrating it as needed. Several processes may do so at the same moment.
    pub async fn open(url: &PostgresUrl) -> Result<Self, StoreError> {
        let doing = "open the database";
        let options = options(url).map_err(|cause| StoreError::new(doing, cause))?;
        migrate(&options, MIGRATIONS, None).await?;
        // Two pools: what writes may wait for each other, and must not keep readers waiting.
        Ok(Self {
            writer: pool(url, url.connections(), options.clone(), Kind::Writes),
            readers: pool(url, url.connections(), options.clone(), Kind::Reads),
            listening: Listening::new(url.clone(), options),
        })
    }
}

fn options(url: &PostgresUrl) -> Result<PgConnectOptions, url::InvalidPostgresUrl> {
    Ok(url
        .options()?
        .application_name("touchplate")
        .statement_cache_capacity(STATEMENTS)
        .options(SETTINGS)
        .options([(
            "statement_timeout",
            format!("{}s", url.statement_time().as_secs()),
        )])
        .disable_statement_logging())
}

/// Connects when it is first needed.
fn pool(url: &PostgresUrl, connections: u32, options: PgConnectOptions, of: Kind) -> Pool {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, of| {
            Box::pin(async move {
                if of.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        });
    let patience = url.statement_time() + ANSWER_LATER;
    Pool::lazy(pool, options, patience, of)
}

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Reading alone.
    Reads,
    /// Writing too.
    Writes,
}

impl Kind {
    /// A replica serves neither: it is behind, and what was acknowledged would be gone. A server that was told to take no writes is
    /// read from.
    async fn is_served_by(self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let sql =
            "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool";
        let (is_replica, is_read_only): (bool, bool) =
            sqlx::query_as(sql).fetch_one(connection).await?;
        Ok(!is_replica && (self == Self::Reads || !is_read_only))
    }
}

/// Under a lock of its own: processes that start together migrate one after another, and the later ones find it done.
async fn migrate(
    options: &PgConnectOptions,
    migrations: Migrations,
    schema: Option<&str>,
) -> Result<(), StoreError> {
    let doing = "bring the database to this version";
    let connecting = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect()).await;
    let mut connection = connecting
        .map_err(|cause| StoreError::new("open the database", cause))?
        .map_err(failed("open the database"))?;
    let serves = Kind::Writes.is_served_by(&mut connection).await;
    if !serves.map_err(failed("open the database"))? {
        let cause = sqlx::Error::Configuration(said::READ_ONLY.into());
        return Err(failed("open the database")(cause));
    }
    let encoding: String = sqlx::query_scalar("SHOW server_encoding")
        .fetch_one(&mut connection)
        .await
        .map_err(failed("open the database"))?;
    if encoding != "UTF8" {
        let cause = format!(
            "its encoding is {encoding}: expected UTF8, as `createdb --encoding UTF8 --template template0` makes it"
        );
        return Err(StoreError::new("open the database", cause));
    }
    let mut transaction = connection.begin().await.map_err(failed(doing))?;
    let lock = format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min'; SELECT pg_advisory_xact_lock({}, 0)",
        writing::MIGRATING
    );
    transaction
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(lock)))
        .await
        .map_err(failed(doing))?;
    if let Some(schema) = schema {
        let sql = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
        let made = transaction.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)));
        made.await.map_err(failed(doing))?;
    }
    let mut migrator = migrator(migrations);
    migrator.set_locking(false);
    migrator
        .run(&mut *transaction)
        .await
        .map_err(|cause| StoreError::new(doing, refused(cause)))?;
    transaction.commit().await.map_err(failed(doing))?;
    connection.close().await.map_err(failed(doing))
}

/// Begins a transaction that writes what it reads locked, or what no other writes.
async fn begin_apart(writer: &Pool) -> Result<Writing, sqlx::Error> {
    Writing::apart(writer).await
}

/// Begins a transaction that reads, all of it as it was at one moment.
async fn begin_snapshot(readers: &Pool) -> Result<Writing, sqlx::Error> {
    Writing::snapshot(readers).await
}
