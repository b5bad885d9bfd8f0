//! Acknowledgements, as `load` printed them, against the log as it is now.

use std::collections::BTreeMap;
use std::io::BufRead as _;

use serde_json::{Value, json};
use touchplate_attest::log::{
    Checkpoint, EntryBundle, TileKind, TilePath, check_consistency, inclusion_root, leaf_hash,
    width_at,
};
use touchplate_trust::log::{Head, Log};

use crate::{Outcome, Place, digits};

/// Reads lines from standard input: acknowledgements, and heads that were seen earlier (`{"size", "root"}`).
pub(crate) async fn run(place: &Place) -> Outcome {
    let log = place.open(place.store().await?).await?;
    let head = log.head().await?;
    let mut roots: BTreeMap<u64, String> = BTreeMap::new();
    let mut acknowledged = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        // A killed process leaves half a line.
        let Ok(told) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let Some(root) = told["root"].as_str() else {
            continue;
        };
        let size = told["size"].as_u64().ok_or("no size")?;
        let before = roots.entry(size).or_insert_with(|| root.to_owned());
        if before != root {
            return Err(format!("two roots of size {size}").into());
        }
        if told["leaf"].is_string() {
            acknowledged.push(told);
        }
    }
    for told in &acknowledged {
        check(&log, &head, told).await?;
    }
    for (size, root) in &roots {
        if *size > head.size {
            return Err(format!("the log went back from {size} to {}", head.size).into());
        }
        let proof = log.consistency(*size, head.size).await?;
        check_consistency((*size, &hash(root)?), (head.size, &head.root), &proof)?;
    }
    let read = read_tiles(&log, &head, acknowledged.iter()).await?;
    // The log goes on by itself.
    let mark = format!("examined at {}", head.size);
    let appended = log.append(touchplate_trust::log::NewEntry {
        body: mark.into(),
        search: Vec::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
    });
    let appended = appended.await?;
    println!(
        "{}",
        json!({
            "acknowledged": acknowledged.len(), "roots": roots.len(), "tiles": read,
            "size": appended.proof.size, "root": digits(&appended.proof.root),
        })
    );
    crate::leave(log).await;
    Ok(())
}

/// The acknowledged entry is where it was said to be, its proof leads to the checkpoint's root, and it is found.
async fn check(log: &Log, head: &Head, told: &Value) -> Outcome {
    let number = |key: &str| told[key].as_u64().ok_or("no number");
    let (index, size) = (number("index")?, number("size")?);
    let leaf = hash(told["leaf"].as_str().unwrap_or_default())?;
    let hashes = told["hashes"].as_array().ok_or("no hashes")?;
    let hashes = hashes
        .iter()
        .map(|it| hash(it.as_str().unwrap_or_default()));
    let hashes = hashes.collect::<Outcome<Vec<_>>>()?;
    let root = inclusion_root(&leaf, index, size, &hashes)?;
    let checkpoint = Checkpoint::parse(told["note"].as_str().unwrap_or_default())?;
    log.note_key().check(&checkpoint)?;
    if (checkpoint.tree_size(), *checkpoint.root_hash()) != (size, root) {
        return Err(format!("the proof of {index} leads elsewhere than its checkpoint").into());
    }
    if size > head.size {
        return Err(format!("the log went back from {size} to {}", head.size).into());
    }
    let entry = log
        .entry(index)
        .await?
        .ok_or("an acknowledged entry is gone")?;
    let found = log.find_leaf(&leaf).await?;
    if leaf_hash(&entry.body) != leaf || found != Some(index) {
        return Err(format!("at {index} is another entry, or {found:?} has it").into());
    }
    Ok(())
}

/// The tiles that the acknowledged are in agree with their entries and with the head.
async fn read_tiles(log: &Log, head: &Head, told: impl Iterator<Item = &Value>) -> Outcome<usize> {
    let mut tiles: Vec<u64> = told
        .filter_map(|it| Some(it["index"].as_u64()? / 256))
        .collect();
    tiles.push(head.size.saturating_sub(1) / 256);
    tiles.sort_unstable();
    tiles.dedup();
    for index in &tiles {
        let width = width_at(TileKind::Entries, *index, head.size);
        let Some(path) = TilePath::of_width(TileKind::Entries, *index, width) else {
            continue;
        };
        let bundle = log.tile(path).await?.ok_or("a bundle is missing")?;
        let path = TilePath::of_width(TileKind::Hashes(0), *index, width).ok_or("no path")?;
        let hashes = log.tile(path).await?.ok_or("a tile is missing")?;
        let bundle = EntryBundle::parse(&bundle)?;
        let leaves: Vec<_> = bundle
            .entries()
            .iter()
            .map(|body| leaf_hash(body))
            .collect();
        if leaves.as_flattened() != &hashes[..] {
            return Err(format!("tile {index} and its entries differ").into());
        }
        let last = index * 256 + width - 1;
        let proof = log.inclusion(last, head.size).await?;
        let leaf = leaves.last().ok_or("an empty tile")?;
        if inclusion_root(leaf, last, head.size, &proof.hashes)? != head.root {
            return Err(format!("tile {index} is not in the tree").into());
        }
    }
    Ok(tiles.len())
}

fn hash(digits: &str) -> Outcome<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return Err("expected 64 hex digits".into());
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(at * 2..at * 2 + 2).ok_or("no hex")?, 16)?;
    }
    Ok(bytes)
}
