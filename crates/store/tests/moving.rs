//! An index that is moved: row numbers go on, and what cannot be moved whole is not moved at all.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use sqlx::{Connection as _, SqliteConnection};
use touchplate_index::Ports;
use touchplate_index::ports::{CreateProjectError, NewProject, Project, ProjectTarget};
use touchplate_index::projects::Visibility;
use touchplate_store::moving::{self, MoveError, Moved, Terms, WrongBlob};
use touchplate_store::{Location, open};
use touchplate_testkit::contract::{origin, upload};
use touchplate_testkit::postgres::TestDatabase;

const WHOLE: Terms<'_> = Terms {
    unchanged: true,
    stack: None,
};

fn in_folder(folder: &Path, name: &str) -> Location {
    let folder = folder.join(name);
    Location {
        database: format!("sqlite:{}/touchplate.sqlite", folder.display())
            .parse()
            .unwrap(),
        blobs: format!("file:{}/blobs", folder.display()).parse().unwrap(),
    }
}

async fn ports(at: &Location) -> Ports {
    open(at).await.unwrap().ports
}

async fn create(at: &Location, name: &str) -> Result<Project, CreateProjectError> {
    let new = NewProject {
        display: name.parse().unwrap(),
        visibility: Visibility::Public,
        owner: None,
    };
    ports(at).await.projects.create(&origin(), &new).await
}

/// Moves it; nothing is wrong with its blobs.
async fn moved(from: &Location, to: &Location) -> Result<Moved, MoveError> {
    let spool = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    let mut tell = |wrong: WrongBlob| told.push(wrong.to_string());
    let moved = moving::copy(from, to, WHOLE, spool.path(), &mut tell).await;
    assert!(told.is_empty(), "{told:?}");
    moved
}

async fn run(at: &Location, sql: &'static str) {
    let mut connection = SqliteConnection::connect(&at.database.to_string())
        .await
        .unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn row_numbers_are_not_given_again_after_a_move() {
    let folder = tempfile::tempdir().unwrap();
    let first = in_folder(folder.path(), "first");
    create(&first, "kept").await.unwrap();
    let last = create(&first, "gone").await.unwrap().id.0;
    ports(&first)
        .await
        .projects
        .delete(&origin(), &"gone".parse().unwrap())
        .await
        .unwrap();
    let second = in_folder(folder.path(), "second");
    moved(&first, &second).await.unwrap();
    assert_eq!(create(&second, "later").await.unwrap().id.0, last + 1);
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let postgres = Location {
        database: database.url().parse().unwrap(),
        blobs: in_folder(folder.path(), "postgres").blobs,
    };
    moved(&first, &postgres).await.unwrap();
    assert_eq!(create(&postgres, "later").await.unwrap().id.0, last + 1);
    ports(&postgres)
        .await
        .projects
        .delete(&origin(), &"later".parse().unwrap())
        .await
        .unwrap();
    let back = in_folder(folder.path(), "back");
    let there = moved(&postgres, &back).await.unwrap();
    assert_eq!(create(&back, "again").await.unwrap().id.0, last + 2);
    assert_eq!(
        ports(&back).await.journal.head().await.unwrap().0,
        there.serial + 1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_changes_while_it_moves_is_not_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        in_folder(folder.path(), "from"),
        in_folder(folder.path(), "to"),
    );
    let project = create(&from, "demo").await.unwrap();
    // Its bytes are missing, which is told after the snapshot was taken: a moment to change something.
    let file = upload(
        ProjectTarget::Existing(project.id),
        "demo-1.0.tar.gz",
        b"bytes",
    );
    let at_from = ports(&from).await;
    at_from.releases.record(&origin(), &file).await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let mut told = Vec::new();
    let mut tell = |wrong: WrongBlob| {
        told.push(wrong.to_string());
        let change = create(&from, "meanwhile");
        tokio::task::block_in_place(|| runtime.block_on(change)).unwrap();
    };
    let moved = moving::copy(&from, &to, WHOLE, folder.path(), &mut tell).await;
    assert!(
        matches!(moved, Err(MoveError::Changed { before: 2, now: 3 })),
        "{moved:?}"
    );
    assert!(
        told[0].contains("demo-1.0.tar.gz: its bytes are not there"),
        "{told:?}"
    );
    assert_eq!(ports(&to).await.journal.head().await.unwrap().0, 0);
    // A backup is of the moment at which it began, whatever happens.
    let backup = Terms::default();
    let moved = moving::copy(&from, &to, backup, folder.path(), &mut |_| {})
        .await
        .unwrap();
    assert_eq!((moved.serial, moved.blobs.wrong), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_database_refuses_leaves_it_empty_and_is_named() {
    let Some(database) = TestDatabase::fresh().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let from = in_folder(folder.path(), "from");
    create(&from, "demo").await.unwrap();
    // SQLite takes a zero in a text.
    run(
        &from,
        "UPDATE projects SET status_reason = 'a' || char(0) || 'b'",
    )
    .await;
    let to = Location {
        database: database.url().parse().unwrap(),
        blobs: in_folder(folder.path(), "to").blobs,
    };
    let refused = moved(&from, &to).await.unwrap_err();
    let cause = std::error::Error::source(&refused).map(ToString::to_string);
    let why = cause.unwrap_or_default();
    assert!(why.contains("rows of `projects` were refused"), "{why}");
    assert_eq!(ports(&to).await.journal.head().await.unwrap().0, 0);
    run(&from, "UPDATE projects SET status_reason = NULL").await;
    moved(&from, &to).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_nobody_knows_is_not_left_behind_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        in_folder(folder.path(), "from"),
        in_folder(folder.path(), "to"),
    );
    create(&from, "demo").await.unwrap();
    run(&from, "CREATE TABLE surprise (id INTEGER PRIMARY KEY)").await;
    let refused = moved(&from, &to).await.unwrap_err();
    assert!(
        matches!(&refused, MoveError::UnknownTable { table, .. } if table == "surprise"),
        "{refused:?}"
    );
}
