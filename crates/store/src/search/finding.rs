//! Answering questions. The lists of documents behind terms are kept in the order of keys, so the first so many of a list,
//! or of what several lists share, are read without looking at the rest.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use sqlx::{AssertSqlSafe, SqliteConnection};
use touchplate_index::ports::{Listed, StoreError};
use touchplate_index::search::{Hit, Match, Step, Term, Told, Wanted, When};
use touchplate_packaging::ProjectName;

use super::{READING, SearchFile, column, failed, sets};

impl SearchFile {
    pub(super) async fn list(
        &self,
        steps: &[Step],
        most: usize,
        page: Range<usize>,
    ) -> Result<Option<Listed>, StoreError> {
        // One snapshot: a set that is dropped meanwhile stays for whoever began to read it.
        let mut snapshot = self.readers.begin().await.map_err(failed(READING))?;
        let sets = sets(&mut snapshot).await?;
        let whole = sets.live.is_some();
        let Some(set) = sets.live.or(sets.building) else {
            return Ok(None);
        };
        let id = set.id.0;
        let mut found = Candidates::new(most);
        for step in steps {
            if found.is_full() || !found.calls_for(step.when) {
                continue;
            }
            let keys = keys(&mut snapshot, id, &step.wanted, most).await?;
            found.add(step.matched, keys);
        }
        let asked = found.in_order.get(page.start.min(found.in_order.len())..);
        let asked: Vec<_> = asked
            .unwrap_or_default()
            .iter()
            .take(page.len())
            .copied()
            .collect();
        Ok(Some(Listed {
            hits: hits(&mut snapshot, id, &asked).await?,
            total: found.in_order.len(),
            whole,
        }))
    }
}

/// What the steps so far found, in order, each once.
struct Candidates {
    most: usize,
    in_order: Vec<(i64, Match)>,
    seen: HashSet<i64>,
}

impl Candidates {
    fn new(most: usize) -> Self {
        Self {
            most,
            in_order: Vec::new(),
            seen: HashSet::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.in_order.len() >= self.most
    }

    fn calls_for(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::WithoutName => self
                .in_order
                .iter()
                .all(|(_, matched)| *matched != Match::Name),
            When::Below(count) => self.in_order.len() < count,
        }
    }

    fn add(&mut self, matched: Match, keys: Vec<i64>) {
        for key in keys {
            if !self.is_full() && self.seen.insert(key) {
                self.in_order.push((key, matched));
            }
        }
    }
}

async fn keys(
    connection: &mut SqliteConnection,
    id: i64,
    wanted: &Wanted,
    most: usize,
) -> Result<Vec<i64>, StoreError> {
    let (sql, question) = match wanted {
        Wanted::All(all) => (
            format!("SELECT rowid FROM words_{id} WHERE words_{id} MATCH ? ORDER BY rowid LIMIT ?"),
            expression(all),
        ),
        Wanted::Spelled(names) => (
            format!(
                "SELECT key FROM documents_{id} WHERE squashed IN (SELECT value FROM json_each(?)) ORDER BY key LIMIT ?"
            ),
            serde_json::to_string(names).map_err(|cause| StoreError::new(READING, cause))?,
        ),
    };
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(question)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(failed(READING))
}

/// What FTS5 is asked. Every term is a string of its language: nothing in it is read as an operator.
fn expression(all: &[Vec<Term>]) -> String {
    let string = |term: &Term| match term {
        Term::Is(word) => format!("\"{}\"", word.replace('"', "\"\"")),
        Term::Begins(word) => format!("\"{}\" *", word.replace('"', "\"\"")),
    };
    let any = |terms: &Vec<Term>| {
        let terms: Vec<_> = terms.iter().map(string).collect();
        format!("({})", terms.join(" OR "))
    };
    let all: Vec<_> = all.iter().map(any).collect();
    all.join(" AND ")
}

async fn hits(
    connection: &mut SqliteConnection,
    id: i64,
    asked: &[(i64, Match)],
) -> Result<Vec<Hit>, StoreError> {
    let keys: Vec<i64> = asked.iter().map(|(key, _)| *key).collect();
    let keys = serde_json::to_string(&keys).map_err(|cause| StoreError::new(READING, cause))?;
    let sql = format!(
        "SELECT key, name, told FROM documents_{id} WHERE key IN (SELECT value FROM json_each(?))"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(keys);
    let rows = rows.fetch_all(connection).await.map_err(failed(READING))?;
    let mut documents: HashMap<i64, (ProjectName, Told)> = HashMap::new();
    for row in &rows {
        let name = column::<String>(row, "name")?.parse();
        let told = serde_json::from_str(column(row, "told")?);
        documents.insert(
            column(row, "key")?,
            (
                name.map_err(|cause| StoreError::new(READING, cause))?,
                told.map_err(|cause| StoreError::new(READING, cause))?,
            ),
        );
    }
    let hit = |(key, matched): &(i64, Match)| {
        let (name, told) = documents.remove(key)?;
        Some(Hit {
            name,
            matched: *matched,
            told,
        })
    };
    Ok(asked.iter().filter_map(hit).collect())
}
