//! Heads, tiles and entries: from rows, and from files where there are no rows.

use std::fs;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use jiff::Timestamp;
use touchplate_attest::log::{EntryBundle, TILE_WIDTH, TileKind, TilePath, append_entry};
use touchplate_trust::log::{Cell, Entry, HashTile, LogName, LogStoreError, State};

use super::{LogFiles, Row, blocking, column, failed, signed, unsigned};

/// A hash is so many bytes of a tile.
const HASH_BYTES: usize = 32;

impl LogFiles {
    pub(super) async fn read_cell(&self, log: &LogName) -> Result<Option<Cell>, LogStoreError> {
        let row = sqlx::query("SELECT size, root, note FROM logs WHERE name = $1")
            .bind(log.as_str())
            .fetch_optional(self.readers())
            .await
            .map_err(failed("read a log's head"))?;
        row.map_or(Ok(None), |row| cell(&row))
    }

    pub(super) async fn read_state(&self, log: &LogName) -> Result<State, LogStoreError> {
        let doing = "read a log's state";
        // One snapshot: a batch must not come between head and hashes.
        let mut snapshot = self.snapshot().await.map_err(failed(doing))?;
        let row = sqlx::query("SELECT id, size, root, note, exported FROM logs WHERE name = $1")
            .bind(log.as_str())
            .fetch_optional(&mut *snapshot)
            .await
            .map_err(failed(doing))?;
        let Some(row) = row else {
            return Ok(State::default());
        };
        let rows = sqlx::query(
            "SELECT level, tile, hashes FROM hashes WHERE log = $1 AND length(hashes) < 256 * 32",
        )
        .bind(column::<i64>(&row, "id")?)
        .fetch_all(&mut *snapshot)
        .await
        .map_err(failed(doing))?;
        Ok(State {
            cell: cell(&row)?,
            edge: rows.iter().map(hash_tile).collect::<Result<_, _>>()?,
            exported: unsigned(&row, "exported")?,
        })
    }

    /// Where a full tile is.
    pub(super) fn file(&self, log: &LogName, kind: TileKind, index: u64) -> PathBuf {
        let path = TilePath::full(kind, index).to_string();
        self.tiles.join(log.as_str()).join(path)
    }

    pub(super) async fn read_tile(
        &self,
        log: &LogName,
        id: i64,
        path: TilePath,
    ) -> Result<Option<Bytes>, LogStoreError> {
        // Most of a log is files. What is in none has rows, or got its file between the two looks.
        if path.is_full()
            && let Some(tile) = self.read_file(log, path).await?
        {
            return Ok(Some(tile));
        }
        if let Some(tile) = self.read_rows(id, path).await? {
            return Ok(Some(tile));
        }
        self.read_file(log, path).await
    }

    async fn read_file(
        &self,
        log: &LogName,
        path: TilePath,
    ) -> Result<Option<Bytes>, LogStoreError> {
        let file = self.file(log, path.kind(), path.index());
        let read = move || match fs::read(&file) {
            Ok(bytes) => cut(bytes, path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        blocking("read a tile", read).await
    }

    async fn read_rows(&self, id: i64, path: TilePath) -> Result<Option<Bytes>, LogStoreError> {
        match path.kind() {
            TileKind::Hashes(level) => self.read_hashes(id, level, path).await,
            TileKind::Entries => self.read_bundle(id, path).await,
        }
    }

    async fn read_hashes(
        &self,
        id: i64,
        level: u8,
        path: TilePath,
    ) -> Result<Option<Bytes>, LogStoreError> {
        let row =
            sqlx::query("SELECT hashes FROM hashes WHERE log = $1 AND level = $2 AND tile = $3")
                .bind(id)
                .bind(i64::from(level))
                .bind(signed(path.index())?)
                .fetch_optional(self.readers())
                .await
                .map_err(failed("read a tile's row"))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let hashes = column::<&[u8]>(&row, "hashes")?;
        let hashes = hashes.get(..path.width() * HASH_BYTES);
        Ok(hashes.map(Bytes::copy_from_slice))
    }

    async fn read_bundle(&self, id: i64, path: TilePath) -> Result<Option<Bytes>, LogStoreError> {
        let Some(first) = path.index().checked_mul(TILE_WIDTH) else {
            return Ok(None);
        };
        let end = first.saturating_add(path.width() as u64);
        let rows = sqlx::query(
            "SELECT body FROM entries WHERE log = $1 AND idx >= $2 AND idx < $3 ORDER BY idx",
        )
        .bind(id)
        .bind(signed(first)?)
        .bind(signed(end)?)
        .fetch_all(self.readers())
        .await
        .map_err(failed("read a tile's entries"))?;
        if rows.len() != path.width() {
            return Ok(None);
        }
        let mut bundle = Vec::new();
        for row in &rows {
            if !append_entry(&mut bundle, column::<&[u8]>(row, "body")?) {
                let cause = io::Error::other("an entry is too long");
                return Err(LogStoreError::new("read a tile's entries", cause));
            }
        }
        Ok(Some(bundle.into()))
    }

    pub(super) async fn read_entry(
        &self,
        log: &LogName,
        index: u64,
    ) -> Result<Option<Entry>, LogStoreError> {
        let Some(id) = self.id(log).await? else {
            return Ok(None);
        };
        let Some(at) = self.read_time(id, index).await? else {
            return Ok(None);
        };
        let row = sqlx::query("SELECT body FROM entries WHERE log = $1 AND idx = $2")
            .bind(id)
            .bind(signed(index)?)
            .fetch_optional(self.readers())
            .await
            .map_err(failed("read an entry"))?;
        let body = match row {
            Some(row) => column::<&[u8]>(&row, "body")?.to_vec().into(),
            None => self.read_body(log, index).await?,
        };
        Ok(Some(Entry { body, at }))
    }

    async fn read_time(&self, id: i64, index: u64) -> Result<Option<Timestamp>, LogStoreError> {
        // Of a blob, `substr` counts bytes, from 1.
        let row =
            sqlx::query("SELECT substr(times, CAST($1 AS INTEGER), 8) AS at FROM times WHERE log = $2 AND tile = $3")
                .bind(signed(index % TILE_WIDTH * 8 + 1)?)
                .bind(id)
                .bind(i64::try_from(index / TILE_WIDTH).unwrap_or(i64::MAX))
                .fetch_optional(self.readers())
                .await
                .map_err(failed("read an entry's time"))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let Ok(at) = <[u8; 8]>::try_from(column::<&[u8]>(&row, "at")?) else {
            return Ok(None);
        };
        let at = Timestamp::from_microsecond(i64::from_be_bytes(at));
        at.map(Some)
            .map_err(|cause| LogStoreError::new("read an entry's time", cause))
    }

    async fn read_body(&self, log: &LogName, index: u64) -> Result<Bytes, LogStoreError> {
        let file = self.file(log, TileKind::Entries, index / TILE_WIDTH);
        let place = usize::try_from(index % TILE_WIDTH).unwrap_or_default();
        let read = move || {
            let bytes = fs::read(&file)?;
            let bundle = EntryBundle::parse(&bytes).map_err(io::Error::other)?;
            let body = bundle.entries().get(place);
            let body = body.ok_or_else(|| io::Error::other("the bundle is too short"))?;
            Ok(Bytes::copy_from_slice(body))
        };
        blocking("read an entry", read).await
    }

    /// Some of the hashes of a tile of leaves, which is a file.
    pub(super) async fn read_leaf(
        &self,
        log: &LogName,
        id: i64,
        index: u64,
    ) -> Result<Option<[u8; 32]>, LogStoreError> {
        let width = index % TILE_WIDTH + 1;
        let path = TilePath::of_width(TileKind::Hashes(0), index / TILE_WIDTH, width);
        let Some(path) = path else {
            return Ok(None);
        };
        let tile = self.read_tile(log, id, path).await?;
        Ok(tile.and_then(|tile| tile.last_chunk().copied()))
    }
}

fn cell(row: &Row) -> Result<Option<Cell>, LogStoreError> {
    let Some(size) = column::<Option<i64>>(row, "size")? else {
        return Ok(None);
    };
    let number = |cause| LogStoreError::new("read a log's head", cause);
    Ok(Some(Cell {
        size: u64::try_from(size).map_err(number)?,
        root: hash(column(row, "root")?)?,
        note: column(row, "note")?,
    }))
}

fn hash_tile(row: &Row) -> Result<HashTile, LogStoreError> {
    let hashes = column::<&[u8]>(row, "hashes")?;
    Ok(HashTile {
        level: u8::try_from(unsigned(row, "level")?)
            .map_err(|cause| LogStoreError::new("read a tile's row", cause))?,
        index: unsigned(row, "tile")?,
        hashes: hashes
            .chunks(HASH_BYTES)
            .map(hash)
            .collect::<Result<_, _>>()?,
    })
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], LogStoreError> {
    bytes
        .try_into()
        .map_err(|cause: std::array::TryFromSliceError| LogStoreError::new("read a hash", cause))
}

/// The beginning of a full tile.
fn cut(mut bytes: Vec<u8>, path: TilePath) -> io::Result<Bytes> {
    let short = || io::Error::other("the tile's file is too short");
    let end = match path.kind() {
        TileKind::Hashes(_) => path.width() * HASH_BYTES,
        TileKind::Entries => {
            let bundle = EntryBundle::parse(&bytes).map_err(io::Error::other)?;
            let entries = bundle.entries().get(..path.width()).ok_or_else(short)?;
            entries.iter().map(|entry| 2 + entry.len()).sum()
        }
    };
    if bytes.len() < end {
        return Err(short());
    }
    bytes.truncate(end);
    Ok(bytes.into())
}
