//! Every row of an index, from one database to another.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256 as Hasher};
use tokio::sync::mpsc;
use touchplate_index::ports::{FileId, StoreError};
use touchplate_packaging::Sha256;

use super::{MoveError, MovedTable};

/// Every table that an index is made of, each behind those that it refers to.
pub const MOVED: &[&str] = &[
    "journal",
    "users",
    "projects",
    "roles",
    "tokens",
    "publishers",
    "releases",
    "filenames",
    "core_metadata",
    "files",
    "attestations",
    "sweeps",
    "attesters",
    "late_attestations",
    "pending_publishers",
    "minted_tokens",
    "minted_reach",
    "used_id_tokens",
    "ratchets",
    "upload_runs",
    "known_numbers",
    "downloads",
    "project_downloads",
    "public_downloads",
    "download_totals",
    "coverage_position",
    "project_coverage",
    "coverage",
    "lost_provenance",
    "read_tokens",
    "read_token_projects",
    "reviews",
];

/// Tables that stay where they are: `kept_pages` is rendered anew, and its blobs with it; `journal_waiting` has rows within a
/// transaction alone; `jobs` says which process has which turn.
pub const LEFT_OUT: &[&str] = &["kept_pages", "journal_waiting", "jobs"];

/// Values of one batch: PostgreSQL takes 65,535 in one statement, SQLite 32,766.
const BATCH_VALUES: usize = 10_000;

/// Bytes of one batch, unless it is one row.
const BATCH_BYTES: usize = 4 << 20;

/// One value of a row, in one form whatever the database is: a truth is 0 or 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a column has, to one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Truth,
    Text,
    Bytes,
}

/// A column, to one database.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Its place in the primary key.
    pub(crate) key: Option<i64>,
}

/// A table, to one database: columns in the order of their names, which is the same to both.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) table: &'static str,
    pub(crate) columns: Vec<Column>,
}

impl Shape {
    /// Of columns in any order.
    pub(crate) fn new(table: &'static str, mut columns: Vec<Column>) -> Self {
        columns.sort_by(|one, two| one.name.cmp(&two.name));
        Self { table, columns }
    }

    /// The columns as SQL lists them.
    pub(crate) fn listed(&self) -> String {
        let names = self.columns.iter().map(|it| format!("\"{}\"", it.name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The primary key as SQL lists it.
    pub(crate) fn key(&self) -> String {
        let mut key: Vec<_> = self
            .columns
            .iter()
            .filter_map(|it| Some((it.key?, &it.name)))
            .collect();
        key.sort();
        let names = key.into_iter().map(|(_, name)| format!("\"{name}\""));
        names.collect::<Vec<_>>().join(", ")
    }

    fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|it| it.name.as_str()).collect()
    }
}

/// Rows that are read, or written, at once.
pub(crate) type Batch = Vec<Vec<Value>>;

/// One transaction of a database.
#[async_trait]
pub(crate) trait Session: Send {
    /// The serial of the last change.
    async fn head(&mut self) -> Result<u64, StoreError>;

    /// Every table that there is.
    async fn tables(&mut self) -> Result<Vec<String>, StoreError>;

    /// A table's columns.
    async fn shape(&mut self, table: &'static str) -> Result<Shape, StoreError>;

    /// Whether a table has rows.
    async fn has_rows(&mut self, table: &str) -> Result<bool, StoreError>;

    /// Every row of a table in the order of its key, until nobody wants more.
    async fn rows(&mut self, shape: &Shape, to: mpsc::Sender<Batch>) -> Result<(), StoreError>;

    /// Adds rows.
    async fn insert(&mut self, shape: &Shape, rows: Batch) -> Result<(), StoreError>;

    /// The last row number that was given, where the database keeps it apart from the rows.
    async fn last_number(&mut self, table: &'static str) -> Result<Option<i64>, StoreError>;

    /// Sets it, where it is kept.
    async fn set_last_number(&mut self, table: &'static str, last: i64) -> Result<(), StoreError>;

    /// Gives a table another name.
    async fn rename_table(&mut self, table: &str, to: &str) -> Result<(), StoreError>;

    /// Files whose rows come after one: row, name, length, digest.
    async fn files_after(
        &mut self,
        after: FileId,
        most: u32,
    ) -> Result<Vec<(FileId, String, u64, Sha256)>, StoreError>;

    /// Makes everything last.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Collects rows until there are enough for a batch.
#[derive(Default)]
pub(crate) struct Collected {
    rows: Batch,
    values: usize,
    bytes: usize,
}

impl Collected {
    /// Takes a row; a batch, where that is now one.
    pub(crate) fn push(&mut self, row: Vec<Value>) -> Option<Batch> {
        self.values = self.values.saturating_add(row.len());
        let bytes = row.iter().map(|value| match value {
            Value::Null | Value::Number(_) => 8,
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
        });
        self.bytes = self.bytes.saturating_add(bytes.sum());
        self.rows.push(row);
        let full = self.values >= BATCH_VALUES || self.bytes >= BATCH_BYTES;
        full.then(|| std::mem::take(self).rows)
    }

    /// What is left.
    pub(crate) fn rest(self) -> Option<Batch> {
        (!self.rows.is_empty()).then_some(self.rows)
    }
}

/// An empty one.
pub(crate) fn batches() -> Collected {
    Collected::default()
}

/// Digest and count of a table's rows.
struct Sum {
    hasher: Hasher,
    rows: u64,
}

impl Sum {
    fn of(shape: &Shape) -> Self {
        let mut sum = Self {
            hasher: Hasher::new(),
            rows: 0,
        };
        for column in &shape.columns {
            sum.part(b'c', column.name.as_bytes());
        }
        sum
    }

    /// Each value with its kind and length before it, so that no two rows are written alike.
    fn add(&mut self, batch: &Batch) {
        for row in batch {
            self.rows = self.rows.saturating_add(1);
            for value in row {
                match value {
                    Value::Null => self.part(b'0', &[]),
                    Value::Number(number) => self.part(b'n', &number.to_be_bytes()),
                    Value::Text(text) => self.part(b't', text.as_bytes()),
                    Value::Bytes(bytes) => self.part(b'b', bytes),
                }
            }
        }
    }

    fn part(&mut self, kind: u8, bytes: &[u8]) {
        self.hasher.update([kind]);
        self.hasher.update((bytes.len() as u64).to_be_bytes());
        self.hasher.update(bytes);
    }

    fn finish(self) -> (u64, Sha256) {
        (self.rows, Sha256::from_bytes(self.hasher.finalize().into()))
    }
}

/// Batches that wait between the two databases.
const AHEAD: usize = 2;

/// Refuses a database in which there is anything that would be moved, or a table that nobody knows.
pub(super) async fn is_empty(session: &mut dyn Session, name: &str) -> Result<(), MoveError> {
    known(session, name).await?;
    for table in MOVED {
        if session.has_rows(table).await? {
            return Err(MoveError::NotEmpty {
                database: name.to_owned(),
                table: (*table).to_owned(),
            });
        }
    }
    Ok(())
}

async fn known(session: &mut dyn Session, name: &str) -> Result<(), MoveError> {
    let known: BTreeSet<&str> = MOVED.iter().chain(LEFT_OUT).copied().collect();
    let tables = session.tables().await?;
    match tables
        .into_iter()
        .find(|table| !known.contains(table.as_str()))
    {
        None => Ok(()),
        Some(table) => Err(MoveError::UnknownTable {
            database: name.to_owned(),
            table,
        }),
    }
}

/// Copies every table, and reads what was written again.
pub(super) async fn copy(
    from: &mut dyn Session,
    to: &mut dyn Session,
    name: &str,
) -> Result<Vec<MovedTable>, MoveError> {
    known(from, name).await?;
    let moved = copy_all(from, to, MOVED).await?;
    read_again(to, &moved).await?;
    Ok(moved)
}

/// Copies tables, each behind those that it refers to.
pub(super) async fn copy_all(
    from: &mut dyn Session,
    to: &mut dyn Session,
    tables: &[&'static str],
) -> Result<Vec<MovedTable>, MoveError> {
    let mut moved = Vec::new();
    for &table in tables {
        let (rows, sha256) = copy_table(from, to, table).await?;
        moved.push(MovedTable {
            name: table,
            rows,
            sha256,
        });
    }
    Ok(moved)
}

/// Reads what was written, and compares.
pub(super) async fn read_again(
    to: &mut dyn Session,
    moved: &[MovedTable],
) -> Result<(), MoveError> {
    for table in moved {
        let shape = to.shape(table.name).await?;
        let (rows, sha256) = summed(to, &shape).await?;
        if (rows, sha256) != (table.rows, table.sha256) {
            return Err(MoveError::Differs {
                table: table.name,
                from_rows: table.rows,
                from: table.sha256,
                to_rows: rows,
                to: sha256,
            });
        }
    }
    Ok(())
}

async fn copy_table(
    from: &mut dyn Session,
    to: &mut dyn Session,
    table: &'static str,
) -> Result<(u64, Sha256), MoveError> {
    let (source, target) = (from.shape(table).await?, to.shape(table).await?);
    if source.names() != target.names() {
        let cause = format!("the columns of `{table}` are not the same in both databases");
        return Err(StoreError::new("move a table", cause).into());
    }
    let mut sum = Sum::of(&source);
    let (sender, mut batches) = mpsc::channel(AHEAD);
    let written = async {
        // The receiver goes with this block, so that nobody reads on for a writer that has failed.
        let mut batches = std::mem::replace(&mut batches, mpsc::channel(1).1);
        while let Some(batch) = batches.recv().await {
            sum.add(&batch);
            to.insert(&target, batch).await?;
        }
        Ok::<_, StoreError>(())
    };
    let (read, written) = tokio::join!(from.rows(&source, sender), written);
    written?;
    read?;
    if let Some(last) = from.last_number(table).await? {
        to.set_last_number(table, last).await?;
    }
    Ok(sum.finish())
}

pub(super) async fn summed(
    session: &mut dyn Session,
    shape: &Shape,
) -> Result<(u64, Sha256), StoreError> {
    let mut sum = Sum::of(shape);
    let (sender, mut batches) = mpsc::channel(AHEAD);
    let summing = async {
        while let Some(batch) = batches.recv().await {
            sum.add(&batch);
        }
    };
    let (read, ()) = tokio::join!(session.rows(shape, sender), summing);
    read?;
    Ok(sum.finish())
}
