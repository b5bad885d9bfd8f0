//! Making sets and keeping them up. Each method is one transaction.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};
use touchplate_index::ports::{DocumentSet, Filled, Serial, SetId, StoreError};
use touchplate_index::search::Document;
use touchplate_packaging::ProjectName;

use super::{SearchFile, failed, sets};

/// Two names whose keys are one stand next to each other. More than a few such would be no accident.
const MAX_SAME_KEYS: i64 = 64;

const WRITING: &str = "write the search index";

impl SearchFile {
    pub(super) async fn begin_set(&self, format: u32, serial: Serial) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let sql = "INSERT INTO sets (live, format, serial, whole) VALUES (0, ?, ?, 0) ON CONFLICT DO NOTHING RETURNING id";
        let id = sqlx::query_scalar(sql).bind(format).bind(number(serial));
        let id: Option<i64> = id
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed(WRITING))?;
        let Some(id) = id else {
            return Ok(false);
        };
        for sql in tables(id) {
            run(&mut transaction, sql).await?;
        }
        transaction.commit().await.map_err(failed(WRITING))?;
        Ok(true)
    }

    pub(super) async fn fill_set(
        &self,
        seen: &DocumentSet,
        documents: &[Document],
        to: &Filled,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        if sets(&mut transaction).await?.building.as_ref() != Some(seen) {
            return Ok(false);
        }
        for document in documents {
            put(&mut transaction, seen.id, document).await?;
        }
        let (whole, name) = match to {
            Filled::Whole => (true, None),
            Filled::To(name) => (false, name.as_ref()),
        };
        let filled = sqlx::query("UPDATE sets SET whole = ?, filled_to = ? WHERE id = ?")
            .bind(whole)
            .bind(name.map(ProjectName::as_str))
            .bind(seen.id.0);
        done(transaction, filled).await
    }

    pub(super) async fn change_set(
        &self,
        seen: &DocumentSet,
        changes: &[(ProjectName, Option<Document>)],
        to: Serial,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let there = sets(&mut transaction).await?;
        if there.live.as_ref() != Some(seen) && there.building.as_ref() != Some(seen) {
            return Ok(false);
        }
        for (name, document) in changes {
            remove(&mut transaction, seen.id, name).await?;
            if let Some(document) = document {
                put(&mut transaction, seen.id, document).await?;
            }
        }
        let changed = sqlx::query("UPDATE sets SET serial = ? WHERE id = ?")
            .bind(number(to))
            .bind(seen.id.0);
        done(transaction, changed).await
    }

    pub(super) async fn switch_to(&self, seen: &DocumentSet) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let there = sets(&mut transaction).await?;
        if there.building.as_ref() != Some(seen) || seen.filled != Filled::Whole {
            return Ok(false);
        }
        if let Some(before) = there.live {
            drop_set(&mut transaction, before.id).await?;
        }
        let switched = sqlx::query("UPDATE sets SET live = 1 WHERE id = ?").bind(seen.id.0);
        done(transaction, switched).await
    }

    pub(super) async fn abandon_set(&self, set: SetId) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let there = sets(&mut transaction).await?;
        if there.building.is_some_and(|building| building.id == set) {
            drop_set(&mut transaction, set).await?;
        }
        transaction.commit().await.map_err(failed(WRITING))
    }
}

/// The last statement of a step, which says how far its set is, and the end of its transaction.
async fn done(
    mut transaction: Transaction<'_, Sqlite>,
    last: Query<'_, Sqlite, SqliteArguments>,
) -> Result<bool, StoreError> {
    let ran = last.execute(&mut *transaction).await;
    ran.map_err(failed(WRITING))?;
    transaction.commit().await.map_err(failed(WRITING))?;
    Ok(true)
}

/// The tables of one set. `detail=none`: only which documents have a term is kept, not where in them. Contentless: the terms
/// are not kept a second time. The marks of terms and what addresses are made of belong to words here.
fn tables(id: i64) -> [String; 3] {
    [
        format!(
            "CREATE TABLE documents_{id} (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, squashed TEXT NOT NULL, told TEXT NOT NULL) STRICT"
        ),
        format!("CREATE INDEX squashed_{id} ON documents_{id} (squashed)"),
        format!(
            "CREATE VIRTUAL TABLE words_{id} USING fts5(terms, content='', contentless_delete=1, detail='none', \
             prefix='2 3 4 5', tokenize=\"ascii tokenchars '=~@:./+-'\")"
        ),
    ]
}

async fn drop_set(connection: &mut SqliteConnection, SetId(id): SetId) -> Result<(), StoreError> {
    run(connection, format!("DROP TABLE words_{id}")).await?;
    run(connection, format!("DROP TABLE documents_{id}")).await?;
    run(connection, format!("DELETE FROM sets WHERE id = {id}")).await
}

/// Adds a document that is not there.
async fn put(
    connection: &mut SqliteConnection,
    SetId(id): SetId,
    document: &Document,
) -> Result<(), StoreError> {
    let told =
        serde_json::to_string(&document.told).map_err(|cause| StoreError::new(WRITING, cause))?;
    let sql = format!(
        "INSERT INTO documents_{id} (key, name, squashed, told) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING key"
    );
    for beside in 0..MAX_SAME_KEYS {
        let inserted = sqlx::query_scalar(AssertSqlSafe(sql.clone()))
            .bind(document.key.0.saturating_add(beside))
            .bind(document.name.as_str())
            .bind(&document.squashed)
            .bind(&told);
        let key: Option<i64> = inserted
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed(WRITING))?;
        if let Some(key) = key {
            let sql = format!("INSERT INTO words_{id} (rowid, terms) VALUES (?, ?)");
            let words = sqlx::query(AssertSqlSafe(sql))
                .bind(key)
                .bind(document.terms.join(" "));
            words.execute(connection).await.map_err(failed(WRITING))?;
            return Ok(());
        }
    }
    Err(StoreError::new(
        WRITING,
        format!("there is no key for the project {}", document.name),
    ))
}

async fn remove(
    connection: &mut SqliteConnection,
    SetId(id): SetId,
    name: &ProjectName,
) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM documents_{id} WHERE name = ? RETURNING key");
    let removed = sqlx::query_scalar(AssertSqlSafe(sql)).bind(name.as_str());
    let key: Option<i64> = removed
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(WRITING))?;
    if let Some(key) = key {
        let sql = format!("DELETE FROM words_{id} WHERE rowid = ?");
        let words = sqlx::query(AssertSqlSafe(sql)).bind(key);
        words.execute(connection).await.map_err(failed(WRITING))?;
    }
    Ok(())
}

/// Runs a statement that this module made, of nothing but numbers.
async fn run(connection: &mut SqliteConnection, sql: String) -> Result<(), StoreError> {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(connection).await;
    done.map(drop).map_err(failed(WRITING))
}

/// Serials come from the journal of a database with signed numbers.
fn number(serial: Serial) -> i64 {
    i64::try_from(serial.0).unwrap_or(i64::MAX)
}
