//! Entries by leaf hash and by search key.

use std::sync::{Arc, PoisonError};

use touchplate_attest::log::TreeHash;
use touchplate_trust::log::{LogName, LogStoreError};

use super::filter::{Filters, filter_of};
use super::{GENERATION_BITS, LogFiles, column, failed, prefix, signed, unsigned};

/// Prefixes of one statement.
const PREFIXES: usize = 500;

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
        // By generation: the last ones, without a filter, for every leaf; the others where the filter has it.
        let mut wanted: Vec<(u64, Vec<i64>)> = Vec::new();
        let all: Vec<i64> = leaves.iter().map(prefix).collect();
        for generation in filters.known() as u64..=complete {
            wanted.push((generation, all.clone()));
        }
        for prefix in &all {
            let candidates = filters.candidates(*prefix);
            wanted.extend(candidates.map(|generation| (generation as u64, vec![*prefix])));
        }
        for (generation, prefixes) in wanted {
            for prefixes in prefixes.chunks(PREFIXES) {
                let rows = self.look_up(id, generation, prefixes).await?;
                self.compare(log, id, leaves, &rows, &mut found).await?;
            }
        }
        Ok(found)
    }

    async fn look_up(
        &self,
        id: i64,
        generation: u64,
        prefixes: &[i64],
    ) -> Result<Vec<(i64, u64)>, LogStoreError> {
        let mut query = sqlx::QueryBuilder::new("SELECT prefix, idx FROM leaves WHERE log = ");
        query.push_bind(id).push(" AND generation = ");
        query
            .push_bind(signed(generation)?)
            .push(" AND prefix IN (");
        let mut listed = query.separated(", ");
        for prefix in prefixes {
            listed.push_bind(*prefix);
        }
        query.push(")");
        let rows = query.build().fetch_all(self.readers());
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
        let rows = sqlx::query(
            "WITH RECURSIVE generations (g) AS (SELECT ? UNION ALL SELECT g - 1 FROM generations WHERE g > 0) \
             SELECT s.idx FROM generations CROSS JOIN search s \
             ON s.log = ? AND s.generation = g AND s.prefix = ? ORDER BY s.idx DESC LIMIT ?",
        )
        .bind(signed(size >> GENERATION_BITS)?)
        .bind(id)
        .bind(prefix(key))
        .bind(limit)
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
        let known = {
            let filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
            filters.get(&id).cloned().unwrap_or_default()
        };
        if known.known() as u64 >= complete {
            return Ok(known);
        }
        let mut more = (*known).clone();
        // One at a time: a filter is large, and after a start there may be hundreds.
        loop {
            let row = sqlx::query("SELECT bits FROM filters WHERE log = ? AND generation = ?")
                .bind(id)
                .bind(signed(more.known() as u64)?)
                .fetch_optional(self.readers())
                .await
                .map_err(failed("read a filter"))?;
            let Some(row) = row else { break };
            more.push(column(&row, "bits")?);
        }
        let more = Arc::new(more);
        let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        filters.insert(id, more.clone());
        Ok(more)
    }

    /// Writes the filters of complete generations that have none. Leaving it for later costs time, never an answer.
    pub(super) async fn keep_filters(&self, id: i64, size: u64) -> Result<(), LogStoreError> {
        let complete = size >> GENERATION_BITS;
        let mut generation = self.filters(id, complete).await?.known() as u64;
        while generation < complete {
            let prefixes: Vec<i64> =
                sqlx::query_scalar("SELECT prefix FROM leaves WHERE log = ? AND generation = ?")
                    .bind(id)
                    .bind(signed(generation)?)
                    .fetch_all(self.readers())
                    .await
                    .map_err(failed("read a generation"))?;
            sqlx::query(
                "INSERT INTO filters (log, generation, bits) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(id)
            .bind(signed(generation)?)
            .bind(filter_of(&prefixes))
            .execute(&self.database.writer)
            .await
            .map_err(failed("keep a filter"))?;
            generation += 1;
        }
        Ok(())
    }
}
