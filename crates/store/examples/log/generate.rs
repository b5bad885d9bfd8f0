//! A log of many entries, written as tiles and rows at once. That they are the engine's is checked by opening it, which
//! compares the tiles with the head, and by appending.

use std::time::Instant;

use serde_json::json;
use sqlx::{QueryBuilder, Sqlite, SqlitePool, Transaction};
use touchplate_attest::log::{
    TileKind, TilePath, TreeHash, append_entry, checkpoint_text, empty_root, leaf_hash, node_hash,
};
use touchplate_trust::log::{Holder, Lease};

use crate::{ORIGIN, Outcome, Place, body, entry, write_whole};

const TILE: u64 = 256;

/// Rows in front of which a number of generation stands.
const GENERATION: u64 = 1 << 16;

pub(crate) async fn run(place: &Place, entries: u64) -> Outcome {
    let began = Instant::now();
    // The tables, the log's row, and its key.
    let store = place.store().await?;
    let (name, holder) = (Place::name(), Holder("generator".into()));
    let Lease::Taken { epoch } = store.take_lease(&name, &holder, None).await? else {
        return Err("the log is in use".into());
    };
    let pool = SqlitePool::connect(&format!("sqlite:{}", place.database().display())).await?;
    sqlx::query("PRAGMA synchronous = OFF")
        .execute(&pool)
        .await?;
    let mut tree = Tree::default();
    let mut first = 0;
    while first < entries {
        let last = entries.min(first + GENERATION);
        write_generation(place, &pool, &mut tree, first, last).await?;
        first = last;
    }
    finish(place, &pool, &tree, entries).await?;
    pool.close().await;
    // Makes the filters.
    store.export(&Place::name()).await?;
    store.release_lease(&Place::name(), epoch).await?;
    println!(
        "{}",
        json!({"entries": entries, "seconds": began.elapsed().as_secs_f64()})
    );
    Ok(())
}

/// Of each level of tiles the hashes that are in no full one.
#[derive(Default)]
struct Tree {
    open: Vec<(u64, Vec<TreeHash>)>,
}

impl Tree {
    fn push(&mut self, place: &Place, level: u8, hash: TreeHash) -> Outcome {
        let at = usize::from(level);
        if self.open.len() == at {
            self.open.push((0, Vec::new()));
        }
        let (index, hashes) = &mut self.open[at];
        hashes.push(hash);
        if hashes.len() as u64 == TILE {
            let path = TilePath::full(TileKind::Hashes(level), *index);
            write_tile(place, path, hashes.as_flattened())?;
            let root = root(hashes);
            *index += 1;
            hashes.clear();
            self.push(place, level + 1, root)?;
        }
        Ok(())
    }

    /// The root: from the lowest level up, each level's open hashes are left of what is below.
    fn root(&self) -> TreeHash {
        let mut right: Option<TreeHash> = None;
        for (_, hashes) in &self.open {
            let mut rest = &hashes[..];
            let mut parts = Vec::new();
            while !rest.is_empty() {
                let (part, after) = rest.split_at(1 << rest.len().ilog2());
                parts.push(root(part));
                rest = after;
            }
            for part in parts.iter().rev() {
                right = Some(right.map_or(*part, |right| node_hash(part, &right)));
            }
        }
        right.unwrap_or_else(empty_root)
    }
}

fn root(hashes: &[TreeHash]) -> TreeHash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let pairs = level.as_chunks::<2>().0.iter();
        level = pairs.map(|[left, right]| node_hash(left, right)).collect();
    }
    level[0]
}

fn write_tile(place: &Place, path: TilePath, bytes: &[u8]) -> Outcome {
    let file = place.tiles().join(Place::name().as_str());
    write_whole(&file.join(path.to_string()), bytes)
}

async fn write_generation(
    place: &Place,
    pool: &SqlitePool,
    tree: &mut Tree,
    first: u64,
    last: u64,
) -> Outcome {
    let mut transaction = pool.begin().await?;
    let (mut leaves, mut search) = (Vec::new(), Vec::new());
    let (mut bundle, mut times) = (Vec::new(), Vec::new());
    for n in first..last {
        let new = entry(n);
        let leaf = leaf_hash(&new.body);
        leaves.push((prefix(&leaf), n.cast_signed()));
        search.extend(new.search.iter().map(|key| (prefix(key), n.cast_signed())));
        append_entry(&mut bundle, &new.body);
        times.extend(new.at.as_microsecond().to_be_bytes());
        tree.push(place, 0, leaf)?;
        let full = (n + 1) % TILE == 0;
        if full {
            let path = TilePath::full(TileKind::Entries, n / TILE);
            write_tile(place, path, &bundle)?;
            bundle.clear();
        }
        if full || n + 1 == last {
            let insert = sqlx::query("INSERT INTO times VALUES (1, ?, ?)");
            let insert = insert.bind((n / TILE).cast_signed()).bind(&times[..]);
            insert.execute(&mut *transaction).await?;
            times.clear();
        }
    }
    insert(&mut transaction, "leaves", leaves).await?;
    insert(&mut transaction, "search", search).await?;
    Ok(transaction.commit().await?)
}

/// In the table's order, which makes it an append.
async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    table: &str,
    mut rows: Vec<(i64, i64)>,
) -> Outcome {
    rows.sort_unstable();
    for rows in rows.chunks(1000) {
        let mut insert = QueryBuilder::<Sqlite>::new(format!(
            "INSERT INTO {table} (log, generation, prefix, idx) "
        ));
        insert.push_values(rows, |mut values, (prefix, index)| {
            values.push_bind(1).push_bind(index >> 16);
            values.push_bind(*prefix).push_bind(*index);
        });
        insert.build().execute(&mut **transaction).await?;
    }
    Ok(())
}

fn prefix(hash: &[u8; 32]) -> i64 {
    (u64::from_be_bytes(*hash.first_chunk().unwrap()) >> 1).cast_signed()
}

/// What is in no full tile, and the head.
async fn finish(place: &Place, pool: &SqlitePool, tree: &Tree, entries: u64) -> Outcome {
    for (level, (index, hashes)) in (0_i64..).zip(&tree.open) {
        if !hashes.is_empty() {
            let insert = sqlx::query("INSERT INTO hashes VALUES (1, ?, ?, ?)");
            let insert = insert.bind(level).bind(index.cast_signed());
            insert.bind(hashes.as_flattened()).execute(pool).await?;
        }
    }
    let full = entries / TILE * TILE;
    for n in full..entries {
        let insert = sqlx::query("INSERT INTO entries VALUES (1, ?, ?)");
        insert
            .bind(n.cast_signed())
            .bind(body(n))
            .execute(pool)
            .await?;
    }
    let key = place.key()?;
    let root = tree.root();
    let text = checkpoint_text(ORIGIN, entries, &root);
    let signature = key.sign(text.as_bytes()).map_err(|_| "no signature")?;
    let note = touchplate_attest::log::NoteKey::new(ORIGIN, key.public())?;
    let update = "UPDATE logs SET size = ?, root = ?, note = ?, exported = ? WHERE id = 1";
    sqlx::query(update)
        .bind(entries.cast_signed())
        .bind(&root[..])
        .bind(note.note(&text, &signature))
        .bind(full.cast_signed())
        .execute(pool)
        .await?;
    Ok(())
}
