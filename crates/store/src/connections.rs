//! Connections to the database, counted.

use sqlx::Pool;

use crate::{Postgres, Sqlite};

/// Connections of one kind at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolCount {
    /// `writer` or `readers`.
    pub name: &'static str,
    /// Those in use.
    pub busy: u32,
    /// Those that wait for use.
    pub idle: u32,
}

impl PoolCount {
    fn of<D: sqlx::Database>(name: &'static str, pool: &Pool<D>) -> Self {
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        let busy = pool.size().saturating_sub(idle);
        Self { name, busy, idle }
    }
}

/// Counts connections of this process.
pub trait Connections: Send + Sync {
    /// Those of the pool that writes, and those of the pool that reads.
    fn connections(&self) -> [PoolCount; 2];
}

impl Connections for Sqlite {
    fn connections(&self) -> [PoolCount; 2] {
        [
            PoolCount::of("writer", &self.writer),
            PoolCount::of("readers", &self.readers),
        ]
    }
}

impl Connections for Postgres {
    fn connections(&self) -> [PoolCount; 2] {
        [
            PoolCount::of("writer", self.writer.inner()),
            PoolCount::of("readers", self.readers.inner()),
        ]
    }
}
