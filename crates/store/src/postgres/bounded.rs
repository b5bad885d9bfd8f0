//! A pool whose answers are waited for so long and no longer.
//!
//! PostgreSQL ends a statement that takes too long. That does not help where nothing arrives any more: a firewall that forgot the
//! connection, a machine without power. The kernel would send again for a quarter of an hour, and whoever waits would wait with it,
//! with a connection of the pool each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgQueryResult, PgRow, PgStatement};
use sqlx::postgres::{PgTypeInfo, Postgres as Driver};
use sqlx::{Either, Error, Execute, Executor, SqlStr};

use super::{Kind, said};

/// What a statement answers, piece by piece.
type Answered = Either<PgQueryResult, PgRow>;

/// Connections, and how long each of their answers is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    inner: PgPool,
    patience: Duration,
    of: Kind,
    /// Whether the server that the last new connection led to cannot do what the pool is for.
    refused: Arc<AtomicBool>,
}

impl Pool {
    /// A pool that connects when it is first needed, and asks each server what it is: after a failover the address may be
    /// another's.
    pub(super) fn lazy(
        pool: PgPoolOptions,
        to: PgConnectOptions,
        patience: Duration,
        of: Kind,
    ) -> Self {
        let refused = Arc::new(AtomicBool::new(false));
        let noted = refused.clone();
        // Noted, not refused here: the driver would connect again and again until its time is over, and forget why.
        let pool = pool.after_connect(move |connection, _| {
            let noted = noted.clone();
            Box::pin(async move {
                let serves = of.is_served_by(connection).await?;
                noted.store(!serves, Ordering::SeqCst);
                Ok(())
            })
        });
        Self {
            inner: pool.connect_lazy_with(to),
            patience,
            of,
            refused,
        }
    }

    /// For counting.
    pub(crate) fn inner(&self) -> &PgPool {
        &self.inner
    }

    /// Closes every connection, those that are in use once they come back.
    pub(super) async fn close(&self) {
        self.inner.close().await;
    }

    /// A connection, within the pool's own time.
    pub(super) async fn acquire(&self) -> Result<Connection, Error> {
        let mut connection = Connection {
            inner: Some(self.inner.acquire().await?),
            patience: self.patience,
            lost: false,
        };
        if self.refused.load(Ordering::SeqCst) {
            // The next one is a new one, and asked again.
            connection.lost = true;
            let said = match self.of {
                Kind::Writes => said::READ_ONLY,
                Kind::Reads => said::REPLICA,
            };
            return Err(Error::Configuration(said.into()));
        }
        Ok(connection)
    }
}

/// A connection of a [`Pool`], to which it goes back. One that did not answer is closed.
#[derive(Debug)]
pub(crate) struct Connection {
    /// None once it is dropped.
    inner: Option<PoolConnection<Driver>>,
    patience: Duration,
    lost: bool,
}

impl Connection {
    /// Closes it: nobody else gets it.
    pub(super) fn close(mut self) {
        self.lost = true;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take() else {
            return;
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !self.lost => {
                // It is asked whether it still works, and that too is waited for no longer.
                let returned = tokio::time::timeout(self.patience, inner.return_to_pool());
                drop(runtime.spawn(returned));
            }
            // The server rolls back when a connection ends.
            _ => drop(inner.detach()),
        }
    }
}

/// It is there, and nothing comes.
fn unanswered() -> Error {
    Error::Io(io::Error::new(
        io::ErrorKind::TimedOut,
        "no answer came in time",
    ))
}

fn closed() -> Error {
    Error::PoolClosed
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Driver;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Answered, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        let Connection {
            inner,
            patience,
            lost,
        } = self;
        let Some(inner) = inner else {
            return stream::once(async { Err(closed()) }).boxed();
        };
        let (answers, patience) = ((&mut **inner).fetch_many(query), *patience);
        stream::unfold(Some((answers, lost)), move |state| async move {
            let (mut answers, lost) = state?;
            match tokio::time::timeout(patience, answers.next()).await {
                Ok(answer) => Some((answer?, Some((answers, lost)))),
                Err(_) => {
                    *lost = true;
                    Some((Err(unanswered()), None))
                }
            }
        })
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        Box::pin(async move {
            let inner = self.inner.as_mut().ok_or_else(closed)?;
            let answer = (&mut **inner).fetch_optional(query);
            let answer = tokio::time::timeout(self.patience, answer).await;
            self.lost |= answer.is_err();
            answer.unwrap_or_else(|_| Err(unanswered()))
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let inner = self.inner.as_mut().ok_or_else(closed)?;
            let answer = (&mut **inner).prepare_with(sql, parameters);
            let answer = tokio::time::timeout(self.patience, answer).await;
            self.lost |= answer.is_err();
            answer.unwrap_or_else(|_| Err(unanswered()))
        })
    }
}

impl<'p> Executor<'p> for &'_ Pool {
    type Database = Driver;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Answered, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        let pool = self.clone();
        // All of it at once, as every caller here wants it.
        let all = async move {
            let mut connection = match pool.acquire().await {
                Ok(connection) => connection,
                Err(error) => return vec![Err(error)],
            };
            connection.fetch_many(query).collect::<Vec<_>>().await
        };
        stream::once(all).flat_map(stream::iter).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.prepare_with(sql, parameters).await })
    }
}
