//! How a log is read: as tiles (C2SP `tlog-tiles`), or by Rekor v1's interface, ten entries at a time.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use touchplate_attest::log::{
    Checkpoint, EntryBundle, MAX_ENTRY_BYTES, MAX_NOTE_BYTES, Plan, TILE_WIDTH, TileKind, TilePath,
    TileSpot, TreeHash, leaf_hash, width_at,
};
use touchplate_attest::{FollowedLog, LogKind, read_strict_json};
use url::Url;

use super::error::MonitorError;
use super::frontier::Frontier;
use crate::fetch::{Agent, FetchError, Question};

/// A full tile of entries, each with its length in front.
const MAX_BUNDLE_BYTES: usize = TILE_WIDTH as usize * (MAX_ENTRY_BYTES + 2);

/// A full tile of hashes.
const MAX_HASHES_BYTES: usize = TILE_WIDTH as usize * 32;

/// What Rekor v1 gives at once.
const RETRIEVED: u64 = 10;

/// The longest answer with so many entries, of which each may have a megabyte.
const MAX_RETRIEVED_BYTES: usize = 16 << 20;

/// What an entry handler is.
type Take<'t> = &'t mut dyn FnMut(u64, &[u8]) -> Result<(), MonitorError>;

/// A log that can be read.
pub(super) struct Source {
    agent: Arc<Agent>,
    base: Url,
    is_tiled: bool,
}

impl Source {
    /// The way to read a log: Rekor v2's and certificate logs have tiles; one of Rekor v1 may.
    pub(super) fn find(agent: &Arc<Agent>, log: &FollowedLog) -> Result<Self, MonitorError> {
        let url: Url = log.url.parse().map_err(|_| MonitorError::Address)?;
        let source = |base: Url, is_tiled| Self {
            agent: agent.clone(),
            base,
            is_tiled,
        };
        match log.kind {
            LogKind::Rekor2 => Ok(source(below(&url, "api/v2"), true)),
            LogKind::Certificates => Ok(source(url, true)),
            LogKind::Rekor1 => {
                let tiled = source(url.clone(), true);
                match tiled.checkpoint() {
                    Ok(_) => Ok(tiled),
                    Err(MonitorError::Fetch(FetchError::Absent { .. })) => Ok(source(url, false)),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// The newest checkpoint.
    pub(super) fn checkpoint(&self) -> Result<String, MonitorError> {
        if self.is_tiled {
            let url = below(&self.base, "checkpoint");
            let bytes = self.agent.get_bounded(&url, MAX_NOTE_BYTES)?;
            return String::from_utf8(bytes).map_err(|_| MonitorError::Answer {
                url,
                expected: "a checkpoint in UTF-8",
            });
        }
        let url = below(&self.base, "api/v1/log");
        let document = self.json(&Question::get(&url))?;
        let note = document.get("signedTreeHead").and_then(Value::as_str);
        note.map(str::to_owned).ok_or(MonitorError::Answer {
            url,
            expected: "the log's head (`signedTreeHead`)",
        })
    }

    /// Each entry from `from` to before `size`, in order.
    pub(super) fn entries(&self, from: u64, size: u64, take: Take<'_>) -> Result<(), MonitorError> {
        if self.is_tiled {
            self.tiled(from, size, take)
        } else {
            self.retrieved(from, size, take)
        }
    }

    fn tiled(&self, from: u64, size: u64, take: Take<'_>) -> Result<(), MonitorError> {
        let mut next = from;
        while next < size {
            let tile = next / TILE_WIDTH;
            let first = tile * TILE_WIDTH;
            let (url, bytes) = self.tile(TileKind::Entries, tile, size, MAX_BUNDLE_BYTES)?;
            let bundle = EntryBundle::parse(&bytes);
            let bundle = bundle.map_err(|source| MonitorError::Bundle {
                url: url.clone(),
                source,
            })?;
            let end = size.min(first + TILE_WIDTH);
            while next < end {
                // Below 256.
                let entry = bundle.entries().get((next - first) as usize);
                let entry = entry.ok_or_else(|| MonitorError::Answer {
                    url: url.clone(),
                    expected: "all entries that the checkpoint promises",
                })?;
                take(next, entry)?;
                next += 1;
            }
        }
        Ok(())
    }

    /// A tile as a log of `size` has it. A log that has grown meanwhile may have given up the partial one.
    fn tile(
        &self,
        kind: TileKind,
        index: u64,
        size: u64,
        limit: usize,
    ) -> Result<(Url, Vec<u8>), MonitorError> {
        let full = TilePath::full(kind, index);
        let width = width_at(kind, index, size);
        let path = TilePath::of_width(kind, index, width).unwrap_or(full);
        let url = below(&self.base, &path.to_string());
        match self.agent.get_bounded(&url, limit) {
            Ok(bytes) => Ok((url, bytes)),
            Err(FetchError::Absent { .. }) if !path.is_full() => {
                let url = below(&self.base, &full.to_string());
                let bytes = self.agent.get_bounded(&url, limit)?;
                Ok((url, bytes))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn retrieved(&self, from: u64, size: u64, take: Take<'_>) -> Result<(), MonitorError> {
        let before = self.before()?;
        let url = below(&self.base, "api/v1/log/entries/retrieve");
        let mut next = from;
        while next < size {
            let end = size.min(next + RETRIEVED);
            let asked: Vec<u64> = (next..end).map(|index| before + index).collect();
            let body = json!({"logIndexes": asked}).to_string();
            let question = Question::post(&url, "application/json", body.as_bytes());
            let document = self.json(&question)?;
            let named = document.as_array().into_iter().flatten();
            let entries: Vec<&Value> = named
                .filter_map(Value::as_object)
                .flat_map(|named| named.values())
                .collect();
            for index in asked {
                let is_it =
                    |entry: &&&Value| entry.get("logIndex").and_then(Value::as_u64) == Some(index);
                let entry = entries.iter().find(is_it);
                let body = entry.and_then(|entry| body_of(entry));
                let body = body.ok_or_else(|| MonitorError::Answer {
                    url: url.clone(),
                    expected: "all entries that the checkpoint promises",
                })?;
                take(index - before, &body)?;
            }
            next = end;
        }
        Ok(())
    }

    /// Entries of the shards before this one: Rekor v1 counts over all of them.
    fn before(&self) -> Result<u64, MonitorError> {
        let url = below(&self.base, "api/v1/log");
        let document = self.json(&Question::get(&url))?;
        let shards = document.get("inactiveShards").and_then(Value::as_array);
        let sizes = shards.into_iter().flatten();
        let mut sizes = sizes.map(|shard| shard.get("treeSize").and_then(Value::as_u64));
        let sum = sizes.try_fold(0_u64, |sum, size| sum.checked_add(size?));
        sum.ok_or(MonitorError::Answer {
            url,
            expected: "the sizes of its shards",
        })
    }

    /// The tree's edge at a checkpoint, without reading its entries.
    pub(super) fn frontier(&self, checkpoint: &Checkpoint) -> Result<Frontier, MonitorError> {
        let size = checkpoint.tree_size();
        let contradiction = || MonitorError::Contradiction {
            before: None,
            now: checkpoint.note().to_owned(),
        };
        let frontier = match size {
            0 => Some(Frontier::default()),
            _ if self.is_tiled => self.edge(size)?,
            _ => self.edge_of_last(size)?,
        };
        frontier
            .filter(|it| it.root() == *checkpoint.root_hash())
            .ok_or_else(contradiction)
    }

    fn edge(&self, size: u64) -> Result<Option<Frontier>, MonitorError> {
        let mut hashes = Vec::new();
        for node in Plan::root(size).nodes() {
            let spot = TileSpot::of(node);
            let kind = TileKind::Hashes(spot.level);
            let (_, bytes) = self.tile(kind, spot.index, size, MAX_HASHES_BYTES)?;
            hashes.extend(spot.hash(&bytes));
        }
        Ok(Frontier::new(size, hashes))
    }

    /// The inclusion proof of the last entry is made of the edge before it, the smallest subtree first.
    fn edge_of_last(&self, size: u64) -> Result<Option<Frontier>, MonitorError> {
        let mut url = below(&self.base, "api/v1/log/entries");
        let last = self.before()? + size - 1;
        url.query_pairs_mut()
            .append_pair("logIndex", &last.to_string());
        let document = self.json(&Question::get(&url))?;
        let entry = document.as_object().and_then(|named| named.values().next());
        let read = || {
            let entry = entry?;
            let hashes = entry
                .pointer("/verification/inclusionProof/hashes")?
                .as_array()?;
            let hash = |text: &Value| -> Option<TreeHash> {
                hex::decode(text.as_str()?).ok()?.try_into().ok()
            };
            let hashes: Option<Vec<TreeHash>> = hashes.iter().rev().map(hash).collect();
            let mut frontier = Frontier::new(size - 1, hashes?)?;
            frontier.append(leaf_hash(&body_of(entry)?));
            Some(frontier)
        };
        Ok(read())
    }

    fn json(&self, question: &Question<'_>) -> Result<Value, MonitorError> {
        let answer = self.agent.ask_service(question, MAX_RETRIEVED_BYTES)?;
        let url = || question.url.clone();
        if answer.status != 200 {
            let status = answer.status;
            return Err(MonitorError::Status { url: url(), status });
        }
        read_strict_json(&answer.bytes, MAX_RETRIEVED_BYTES).map_err(|_| MonitorError::Answer {
            url: url(),
            expected: "readable JSON",
        })
    }
}

fn body_of(entry: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(entry.get("body")?.as_str()?).ok()
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}
