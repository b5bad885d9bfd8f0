//! What PostgreSQL said, in a sentence for the operator.

use std::error::Error;

use touchplate_index::ports::{NoWrites, Unavailable};

/// Of a server that takes no writes.
pub(super) const READ_ONLY: &str = "this PostgreSQL is read-only: it is a replica, or `default_transaction_read_only` is on. \
                                    Name the primary in `database`";

/// Of a server that is behind another.
pub(super) const REPLICA: &str = "this PostgreSQL is a replica, and may be behind: what was acknowledged could be missing. Name the primary in \
                                  `database`";

/// Names the engine and what failed. What may be gone in a while is [`Unavailable`].
pub(crate) fn explained(error: sqlx::Error) -> Box<dyn Error + Send + Sync> {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let refuses_writes = match (&error, code.as_deref()) {
        (sqlx::Error::Configuration(cause), _) => {
            (cause.to_string() == READ_ONLY).then_some(NoWrites::ReadOnly)
        }
        (_, Some("25006")) => Some(NoWrites::ReadOnly),
        (_, Some("53100")) => Some(NoWrites::Full),
        _ => None,
    };
    let for_now = match (&error, code.as_deref()) {
        (sqlx::Error::PoolTimedOut, _) => {
            "PostgreSQL: no connection was free, or could be made, within five seconds"
        }
        (sqlx::Error::Io(cause), _) if cause.kind() == std::io::ErrorKind::TimedOut => {
            "PostgreSQL does not answer: it is connected, and nothing comes"
        }
        (sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed, _) => {
            "PostgreSQL: the connection broke or could not be made"
        }
        // Also of a server that ends while somebody connects: the driver reads on in what never came.
        (sqlx::Error::Protocol(_), _) => {
            "PostgreSQL: the connection ended in the middle of a message, or something else answers at its address"
        }
        (sqlx::Error::Tls(_), _) => "PostgreSQL: no TLS connection could be made",
        (sqlx::Error::Configuration(cause), _) if cause.to_string() == READ_ONLY => READ_ONLY,
        (sqlx::Error::Configuration(cause), _) if cause.to_string() == REPLICA => REPLICA,
        (_, Some("28P01" | "28000")) => {
            "PostgreSQL refused the user or the password. They are in `database`, in the file of its `password_file`, in \
             PGPASSWORD, or in `~/.pgpass`"
        }
        (_, Some("3D000")) => "PostgreSQL has no such database: make it with `createdb`",
        (_, Some("42501")) => {
            "PostgreSQL does not let this user do this: the database should be its own"
        }
        (_, Some("53300")) => {
            "PostgreSQL takes no more connections: raise its `max_connections`, or lower `connections` in `database`"
        }
        (_, Some("53100" | "53200" | "58030")) => {
            "PostgreSQL has no room left on its disk or in its memory"
        }
        (_, Some("25006")) => READ_ONLY,
        (_, Some("57014")) => {
            "PostgreSQL did not finish the statement in time: within thirty seconds, or `statement_seconds` in `database`"
        }
        (_, Some("55P03")) => {
            "PostgreSQL: another transaction kept its locks for longer than ten seconds"
        }
        (_, Some("40001" | "40P01")) => {
            "PostgreSQL undid this for another transaction; it may be tried again"
        }
        (_, Some("57P01" | "57P02" | "57P03" | "08006" | "25P03")) => {
            "PostgreSQL is stopping, starting, or ended the connection"
        }
        _ => return Box::new(Said(error)),
    };
    Box::new(Unavailable::new(for_now, error).to_writes(refuses_writes))
}

#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL")]
struct Said(#[source] sqlx::Error);
