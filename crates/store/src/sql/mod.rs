//! The ports in SQL, written once. Each driver's module includes this one and so compiles it for itself: `super` is `sqlite`
//! or `postgres`, which names the types and, in `dialect`, what the two databases say differently (`docs/decisions/sql.md`).

mod accounts;
mod attesters;
mod catalogue;
mod coverage;
mod downloads;
mod facts;
mod inventory;
mod jobs;
pub(super) mod journal;
mod kept;
mod known_numbers;
pub(super) mod late;
pub(super) mod moving;
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

use touchplate_index::ports::{FileId, StoreError};
use touchplate_packaging::Sha256;

use super::{Arguments, Connection, Driver, Pool, Row, Store, Writing, dialect};

/// What a transaction that runs beside others (`Store::write_with`) keeps to itself until it ends.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "SQLite has one lock, for everything")]
pub(super) enum Lock<'a> {
    /// Whether any file has these bytes, and whether they are being removed.
    Bytes(&'a Sha256),
    /// The attestations of a file.
    Attestations(FileId),
    /// Whose a project is that was nobody's, by the number of its row.
    Owner(i64),
}

/// The only index, until there are several (DESIGN.md, "One index now, several later").
pub(super) const INDEX: i64 = 1;

/// Turns the driver's error into the port's.
pub(super) fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |cause| StoreError::new(doing, dialect::explained(cause))
}
