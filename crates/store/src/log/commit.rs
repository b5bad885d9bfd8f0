//! A batch, in one transaction.

use sqlx::QueryBuilder;
use touchplate_attest::log::{TILE_LEVELS, TILE_WIDTH};
use touchplate_trust::log::{Batch, CommitError, Committed, LogName, LogStoreError, NewRow};

use super::dialect::{bytes_of, locked};
use super::{Driver, GENERATION_BITS, LogFiles, Writing, column, failed, prefix, signed, unsigned};

/// Rows of one statement. SQLite binds 32,766 values at most, and the longest row has four.
const ROWS: usize = 1000;

const DOING: &str = "append to a log";

impl LogFiles {
    pub(super) async fn commit_one(
        &self,
        log: &LogName,
        batch: &Batch,
    ) -> Result<Committed, CommitError> {
        let mut transaction = self.write().await?;
        let (id, committed) = check(&mut transaction, log, batch).await?;
        insert_entries(&mut transaction, id, batch).await?;
        insert_hashes(&mut transaction, id, batch).await?;
        drop_exported(&mut transaction, id, batch.exported).await?;
        let cell = &batch.cell;
        sqlx::query(
            "UPDATE logs SET size = $1, root = $2, note = $3, beat = beat + 1, exported = CASE WHEN exported < $4 THEN $4 ELSE exported END WHERE id = $5",
        )
        .bind(signed(cell.size)?)
        .bind(&cell.root[..])
        .bind(&cell.note)
        .bind(signed(batch.exported)?)
        .bind(id)
        .execute(&mut *transaction)
        .await
        .map_err(failed(DOING))?;
        transaction.commit().await.map_err(failed(DOING))?;
        Ok(committed)
    }
}

/// The lease and the head must be what the batch says.
async fn check(
    transaction: &mut Writing,
    log: &LogName,
    batch: &Batch,
) -> Result<(i64, Committed), CommitError> {
    let row = sqlx::query(concat!(
        "SELECT id, holder, epoch, wanted, size, root FROM logs WHERE name = $1",
        locked!()
    ))
    .bind(log.as_str())
    .fetch_optional(&mut **transaction)
    .await
    .map_err(failed(DOING))?;
    let row = row.ok_or(CommitError::Fenced)?;
    let held = column::<Option<&str>>(&row, "holder")?.is_some();
    if !held || unsigned(&row, "epoch")? != batch.epoch {
        return Err(CommitError::Fenced);
    }
    let size = column::<Option<i64>>(&row, "size")?;
    let root = column::<Option<&[u8]>>(&row, "root")?;
    let expected = match &batch.after {
        None => None,
        Some((size, root)) => Some((signed(*size)?, &root[..])),
    };
    if expected != size.zip(root) {
        return Err(CommitError::Moved);
    }
    let committed = Committed {
        wanted: column(&row, "wanted")?,
    };
    Ok((column(&row, "id")?, committed))
}

async fn insert_entries(
    transaction: &mut Writing,
    id: i64,
    batch: &Batch,
) -> Result<(), LogStoreError> {
    let first = batch.after.map_or(0, |(size, _)| size);
    let mut found_by = Vec::new();
    for (chunk, rows) in batch.entries.chunks(ROWS).enumerate() {
        let indices = signed(first + (chunk * ROWS) as u64)?..;
        let mut insert = QueryBuilder::new("INSERT INTO entries (log, idx, body) ");
        insert.push_values(indices.clone().zip(rows), |mut values, (index, row)| {
            values
                .push_bind(id)
                .push_bind(index)
                .push_bind(&row.body[..]);
        });
        execute(transaction, insert).await?;
        let mut insert = insert_found_by("leaves");
        insert.push_values(indices.clone().zip(rows), |mut values, (index, row)| {
            values.push_bind(id).push_bind(index >> GENERATION_BITS);
            values.push_bind(prefix(&row.leaf)).push_bind(index);
        });
        execute(transaction, insert).await?;
        for (index, row) in indices.zip(rows) {
            found_by.extend(row.search.iter().map(|key| (prefix(key), index)));
        }
    }
    // An entry may have two keys with equal beginnings.
    found_by.sort_unstable();
    found_by.dedup();
    for rows in found_by.chunks(ROWS) {
        let mut insert = insert_found_by("search");
        insert.push_values(rows, |mut values, (prefix, index)| {
            values.push_bind(id).push_bind(index >> GENERATION_BITS);
            values.push_bind(*prefix).push_bind(*index);
        });
        execute(transaction, insert).await?;
    }
    insert_times(transaction, id, first, &batch.entries).await
}

fn insert_found_by(table: &str) -> QueryBuilder<Driver> {
    QueryBuilder::new(format!(
        "INSERT INTO {table} (log, generation, prefix, idx) "
    ))
}

async fn execute(
    transaction: &mut Writing,
    mut insert: QueryBuilder<Driver>,
) -> Result<(), LogStoreError> {
    // Each batch has its own number of rows: a statement kept for the next would be kept for nothing.
    let query = insert.build().persistent(false);
    let done = query.execute(&mut **transaction).await;
    done.map_err(failed(DOING))?;
    Ok(())
}

async fn insert_times(
    transaction: &mut Writing,
    id: i64,
    first: u64,
    entries: &[NewRow],
) -> Result<(), LogStoreError> {
    let mut rest = entries;
    let mut index = first;
    while !rest.is_empty() {
        let room = TILE_WIDTH - index % TILE_WIDTH;
        let now = usize::try_from(room).map_or(rest.len(), |room| room.min(rest.len()));
        let (tile, after) = rest.split_at(now);
        let times = tile.iter().map(|row| row.at.as_microsecond().to_be_bytes());
        let times: Vec<u8> = times.flatten().collect();
        sqlx::query(concat!(
            "INSERT INTO times (log, tile, times) VALUES ($1, $2, $3) ON CONFLICT (log, tile) DO UPDATE SET times = ",
            bytes_of!("times.times || excluded.times")
        ))
        .bind(id)
        .bind(signed(index / TILE_WIDTH)?)
        .bind(times)
        .execute(&mut **transaction)
        .await
        .map_err(failed(DOING))?;
        index += now as u64;
        rest = after;
    }
    Ok(())
}

async fn insert_hashes(
    transaction: &mut Writing,
    id: i64,
    batch: &Batch,
) -> Result<(), LogStoreError> {
    for tile in &batch.tiles {
        sqlx::query(
            "INSERT INTO hashes (log, level, tile, hashes) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (log, level, tile) DO UPDATE SET hashes = excluded.hashes",
        )
        .bind(id)
        .bind(i64::from(tile.level))
        .bind(signed(tile.index)?)
        .bind(tile.hashes.as_flattened())
        .execute(&mut **transaction)
        .await
        .map_err(failed(DOING))?;
    }
    Ok(())
}

/// Rows of full tiles that are files by now.
async fn drop_exported(
    transaction: &mut Writing,
    id: i64,
    exported: u64,
) -> Result<(), LogStoreError> {
    sqlx::query("DELETE FROM entries WHERE log = $1 AND idx < $2")
        .bind(id)
        .bind(signed(exported)?)
        .execute(&mut **transaction)
        .await
        .map_err(failed(DOING))?;
    for level in 0..=touchplate_attest::log::MAX_TILE_LEVEL {
        let full = exported >> (u32::from(TILE_LEVELS) * (u32::from(level) + 1));
        if full == 0 {
            break;
        }
        sqlx::query("DELETE FROM hashes WHERE log = $1 AND level = $2 AND tile < $3")
            .bind(id)
            .bind(i64::from(level))
            .bind(signed(full)?)
            .execute(&mut **transaction)
            .await
            .map_err(failed(DOING))?;
    }
    Ok(())
}
