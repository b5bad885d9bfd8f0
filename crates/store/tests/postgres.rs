//! What PostgreSQL refuses is told with its name and what to do; what may pass is told apart.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

use std::error::Error;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use touchplate_index::ports::{Accounts as _, Hints, Journal as _, StoreError, Unavailable};
use touchplate_store::Postgres;
use touchplate_testkit::contract::origin;
use touchplate_testkit::postgres::TestDatabase;

async fn run(database: &TestDatabase, sql: &str) {
    let mut connection = PgConnection::connect(&database.driver_url()).await.unwrap();
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}

async fn open(url: &str) -> Result<Postgres, StoreError> {
    Postgres::open(&url.parse().unwrap()).await
}

/// Everything that was said, and whether it may pass.
fn said(error: &StoreError) -> (String, bool) {
    let mut all = error.to_string();
    let mut may_pass = false;
    let mut next = error.source();
    while let Some(cause) = next {
        all.push_str(&format!(": {cause}"));
        may_pass |= cause.is::<Unavailable>();
        next = cause.source();
    }
    (all, may_pass)
}

async fn refused(url: &str) -> (String, bool) {
    said(&open(url).await.err().unwrap())
}

#[tokio::test]
async fn each_refusal_names_the_engine_and_what_to_do() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let url = database.url();
    drop(open(&url).await.unwrap());
    let (text, _) = refused(&url.replace("/test_", "/none_")).await;
    assert!(
        text.contains("PostgreSQL has no such database: make it with `createdb`"),
        "{text}"
    );
    let (text, _) = refused(&url.replace("postgres@", "nobody:s3cr3t@")).await;
    assert!(
        text.contains("PostgreSQL refused the user or the password"),
        "{text}"
    );
    assert!(!text.contains("s3cr3t"), "{text}");

    let name = database.driver_url().rsplit_once('/').unwrap().1.to_owned();
    let limited = format!("CREATE ROLE limited_{name} LOGIN CONNECTION LIMIT 0");
    run(&database, &limited).await;
    let (text, may_pass) = refused(&url.replace("postgres@", &format!("limited_{name}@"))).await;
    assert!(
        text.contains("PostgreSQL takes no more connections"),
        "{text}"
    );
    assert!(may_pass);
    run(&database, &format!("DROP ROLE limited_{name}")).await;

    let later = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), true, '\\x00', 0)";
    run(&database, later).await;
    let (text, may_pass) = refused(&url).await;
    assert!(
        text.contains("it has migration 9999, which this version of touchplate does not know"),
        "{text}"
    );
    assert!(!may_pass);

    run(
        &database,
        &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"),
    )
    .await;
    let (text, _) = refused(&url).await;
    assert!(text.contains("this PostgreSQL is read-only"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_soon() {
    // Of the test's own: nobody listens.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let (text, may_pass) = refused(&format!("postgres://tp@127.0.0.1:{port}/index")).await;
    assert!(
        text.contains("PostgreSQL: the connection broke or could not be made"),
        "{text}"
    );
    assert!(may_pass);
}

#[tokio::test]
async fn an_index_goes_on_when_its_connections_were_cut() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let store = open(&database.url()).await.unwrap();
    store.head().await.unwrap();
    run(&database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    // Who is first is told; the next gets a new connection.
    if let Err(error) = store.head().await {
        let (text, may_pass) = said(&error);
        assert!(may_pass, "{text}");
    }
    store.head().await.unwrap();
}

/// No hint takes this long; a test that waits for one has failed.
const PATIENCE: Duration = Duration::from_secs(120);

async fn hinted(hints: &mut Hints) {
    tokio::time::timeout(PATIENCE, hints.next())
        .await
        .expect("a hint");
}

/// Hints until none is left: the one of the beginning, and those of what happened until now.
async fn drain(hints: &mut Hints) {
    while tokio::time::timeout(Duration::from_millis(500), hints.next())
        .await
        .is_ok()
    {}
}

/// Nobody asks the journal here: a change is told of.
#[tokio::test]
async fn who_listens_is_told_of_changes_and_again_after_its_connection_was_lost() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let (one, other) = (
        open(&database.url()).await.unwrap(),
        open(&database.url()).await.unwrap(),
    );
    let mut hints = one.hints();
    hinted(&mut hints).await;
    drain(&mut hints).await;
    let add = async |name: &str| other.add_user(&origin(), &name.parse().unwrap()).await;
    add("alice").await.unwrap();
    hinted(&mut hints).await;
    assert_eq!(one.head().await.unwrap().0, 1);
    // A change that did not happen is none.
    drain(&mut hints).await;
    assert!(add("alice").await.is_err());
    let none = tokio::time::timeout(Duration::from_millis(300), hints.next()).await;
    assert!(none.is_err());
    // The listener's connection is the one whose last words were these.
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    run(&database, cut).await;
    // What changes meanwhile is told of once it listens again.
    add("bob").await.unwrap();
    hinted(&mut hints).await;
    add("carol").await.unwrap();
    hinted(&mut hints).await;
}
