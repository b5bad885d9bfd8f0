//! Entries by leaf hash and by search key.

use std::sync::Arc;

use touchplate_attest::log::TreeHash;
use touchplate_trust::log::{LogName, LogStoreError};

use super::dialect::in_this_order;
use super::filter::{Filters, filter_of};
use super::{Driver, GENERATION_BITS, LogFiles, column, failed, prefix, signed, unsigned};

/// Places of one statement: a generation and a prefix each.
const PLACES: usize = 1000;

impl LogFiles {
    pub(super) async fn find_all_leaves(
        &self,
        log: &LogName,
        leaves: &[TreeHash],
    ) -> Result<Vec<Option<u64>>, LogStoreError> {
        let mut found = vec![None; leaves.len()];
        let Some(id) = self.id(log).await? else {
            return Ok(found);
        };
        let size = self.read_cell(log).await?.map_or(0, |cell| cell.size);
        let complete = size >> GENERATION_BITS;
        let filters = self.filters(id, complete).await?;
        // In the last generations, which have no filter, each leaf; in the others where the filter has it.
        let mut wanted: Vec<(u64, i64)> = Vec::new();
        for prefix in leaves.iter().map(prefix) {
            let candidates = filters.candidates(prefix).map(|it| it as u64);
            let without_filter = filters.known() as u64..=complete;
            wanted.extend(candidates.chain(without_filter).map(|it| (it, prefix)));
        }
        for wanted in wanted.chunks(PLACES) {
            let rows = self.look_up(id, wanted).await?;
            self.compare(log, id, leaves, &rows, &mut found).await?;
        }
        Ok(found)
    }

    /// One statement, and for each place one seek.
    async fn look_up(
        &self,
        id: i64,
        places: &[(u64, i64)],
    ) -> Result<Vec<(i64, u64)>, LogStoreError> {
        let mut query = sqlx::QueryBuilder::<Driver>::new("WITH places (g, p) AS (");
        query.push_values(places, |mut values, (generation, prefix)| {
            values.push_bind(generation.cast_signed());
            values.push_bind(*prefix);
        });
        query.push(concat!(
            ") SELECT prefix, idx FROM places ",
            in_this_order!(),
            " leaves ON log = "
        ));
        query
            .push_bind(id)
            .push(" AND generation = g AND prefix = p");
        // Each batch has its own number of places: a statement kept for the next would be kept for nothing.
        let rows = query.build().persistent(false).fetch_all(self.readers());
        let rows = rows.await.map_err(failed("look for entries"))?;
        let pairs = rows
            .iter()
            .map(|row| Ok((column(row, "prefix")?, unsigned(row, "idx")?)));
        pairs.collect()
    }

    /// A prefix is not the hash: the tile has that.
    async fn compare(
        &self,
        log: &LogName,
        id: i64,
        leaves: &[TreeHash],
        rows: &[(i64, u64)],
        found: &mut [Option<u64>],
    ) -> Result<(), LogStoreError> {
        for (of, index) in rows {
            let hash = self.read_leaf(log, id, *index).await?;
            for (leaf, found) in leaves.iter().zip(found.iter_mut()) {
                if prefix(leaf) == *of && hash == Some(*leaf) {
                    *found = Some(*index);
                }
            }
        }
        Ok(())
    }

    pub(super) async fn search_all(
        &self,
        log: &LogName,
        key: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<u64>, LogStoreError> {
        let Some(id) = self.id(log).await? else {
            return Ok(Vec::new());
        };
        let size = self.read_cell(log).await?.map_or(0, |cell| cell.size);
        let mut found = Vec::new();
        // One statement: for each generation, the newest first, one seek.
        let rows = sqlx::query(concat!(
            "WITH RECURSIVE generations (g) AS (SELECT $1 UNION ALL SELECT g - 1 FROM generations WHERE g > 0) \
             SELECT s.idx FROM generations ",
            in_this_order!(),
            " search s \
             ON s.log = $2 AND s.generation = g AND s.prefix = $3 ORDER BY s.idx DESC LIMIT $4",
        ))
        .bind(signed(size >> GENERATION_BITS)?)
        .bind(id)
        .bind(prefix(key))
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await
        .map_err(failed("search a log"))?;
        for row in &rows {
            found.push(unsigned(row, "idx")?);
        }
        Ok(found)
    }

    /// The filters of the first generations: of all complete ones, but for those whose filter is not written yet.
    async fn filters(&self, id: i64, complete: u64) -> Result<Arc<Filters>, LogStoreError> {
        // Those who come while it is being read wait: it is large, and one copy will do.
        let mut all = self.filters.lock().await;
        let known = all.entry(id).or_default();
        while (known.known() as u64) < complete {
            let row = sqlx::query("SELECT bits FROM filters WHERE log = $1 AND generation = $2")
                .bind(id)
                .bind(signed(known.known() as u64)?)
                .fetch_optional(self.readers())
                .await
                .map_err(failed("read a filter"))?;
            let Some(row) = row else { break };
            if !Arc::make_mut(known).push(column(&row, "bits")?) {
                let cause = std::io::Error::other("it has another length");
                return Err(LogStoreError::new("read a filter", cause));
            }
        }
        Ok(known.clone())
    }

    /// Writes the filters of complete generations that have none. Leaving it for later costs time, never an answer.
    pub(super) async fn keep_filters(&self, id: i64, size: u64) -> Result<(), LogStoreError> {
        let complete = size >> GENERATION_BITS;
        let mut generation = self.filters(id, complete).await?.known() as u64;
        while generation < complete {
            let prefixes: Vec<i64> =
                sqlx::query_scalar("SELECT prefix FROM leaves WHERE log = $1 AND generation = $2")
                    .bind(id)
                    .bind(signed(generation)?)
                    .fetch_all(self.readers())
                    .await
                    .map_err(failed("read a generation"))?;
            sqlx::query(
                "INSERT INTO filters (log, generation, bits) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            )
            .bind(id)
            .bind(signed(generation)?)
            .bind(filter_of(&prefixes))
            .execute(&self.writer)
            .await
            .map_err(failed("keep a filter"))?;
            generation += 1;
        }
        Ok(())
    }
}
