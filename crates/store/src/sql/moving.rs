//! One transaction of a database, for whoever moves all of its rows.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};
use tokio::sync::mpsc;
use touchplate_index::ports::{FileId, StoreError};
use touchplate_packaging::Sha256;

use super::rows::{column, sha256, unsigned};
use super::{Driver, Row, Store, Writing, dialect, failed};
use crate::moving::{Batch, Column, Database, Kind, Session, Shape, Value, batches};

#[async_trait]
impl Database for Store {
    async fn reading(&self) -> Result<Box<dyn Session>, StoreError> {
        let transaction = self.snapshot("read an index").await?;
        let mut session = Transaction(transaction);
        session.take_your_time().await?;
        // The first question decides the moment.
        session.head().await?;
        Ok(Box::new(session))
    }

    async fn writing(&self) -> Result<Box<dyn Session>, StoreError> {
        session(self.write().await?).await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

struct Transaction(Writing);

/// A transaction that has begun, for as long as it takes.
pub(in super::super) async fn session(begun: Writing) -> Result<Box<dyn Session>, StoreError> {
    let mut session = Transaction(begun);
    session.take_your_time().await?;
    Ok(Box::new(session))
}

impl Transaction {
    async fn take_your_time(&mut self) -> Result<(), StoreError> {
        let patient = dialect::take_your_time(&mut self.0).await;
        patient.map_err(failed("begin to move an index"))
    }
}

#[async_trait]
impl Session for Transaction {
    async fn head(&mut self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT coalesce(max(serial), 0) AS serial FROM journal")
            .fetch_one(&mut *self.0)
            .await
            .map_err(failed("find the last change"))?;
        unsigned(&row, "serial")
    }

    async fn tables(&mut self) -> Result<Vec<String>, StoreError> {
        let tables = sqlx::query_scalar(dialect::TABLES).fetch_all(&mut *self.0);
        tables.await.map_err(failed("list tables"))
    }

    async fn shape(&mut self, table: &'static str) -> Result<Shape, StoreError> {
        let doing = "read a table's columns";
        let rows = sqlx::query(dialect::COLUMNS)
            .bind(table)
            .fetch_all(&mut *self.0)
            .await
            .map_err(failed(doing))?;
        let columns: Result<Vec<_>, _> = rows.iter().map(|row| described(row, table)).collect();
        Ok(Shape::new(table, columns?))
    }

    async fn has_rows(&mut self, table: &str) -> Result<bool, StoreError> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM \"{table}\")");
        let found = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *self.0);
        found.await.map_err(failed("look for rows"))
    }

    async fn rows(&mut self, shape: &Shape, to: mpsc::Sender<Batch>) -> Result<(), StoreError> {
        let doing = "read a table";
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            shape.listed(),
            shape.table,
            shape.key()
        );
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let mut rows = query.fetch(&mut *self.0);
        let mut collected = batches();
        while let Some(row) = rows.try_next().await.map_err(failed(doing))? {
            let values = shape.columns.iter().enumerate();
            let values: Result<Vec<_>, _> =
                values.map(|(at, of)| value(&row, at, of.kind)).collect();
            let values = values.map_err(|cause| {
                let cause = format!("a row of `{}` does not read back: {cause}", shape.table);
                StoreError::new(doing, cause)
            })?;
            if let Some(batch) = collected.push(values)
                && to.send(batch).await.is_err()
            {
                return Ok(());
            }
        }
        if let Some(batch) = collected.rest() {
            // Whoever does not want it knows why.
            let _ = to.send(batch).await;
        }
        Ok(())
    }

    async fn insert(&mut self, shape: &Shape, rows: Batch) -> Result<(), StoreError> {
        let into = format!("INSERT INTO {} ({}) ", shape.table, shape.listed());
        let mut insert = QueryBuilder::<Driver>::new(into);
        insert.push_values(rows, |mut values, row| {
            for (value, column) in row.into_iter().zip(&shape.columns) {
                let number = match &value {
                    Value::Number(number) => Some(*number),
                    _ => None,
                };
                match (column.kind, value) {
                    (Kind::Number, _) => values.push_bind(number),
                    (Kind::Truth, _) => values.push_bind(number.map(|it| it != 0)),
                    (Kind::Text, Value::Text(text)) => values.push_bind(Some(text)),
                    (Kind::Text, _) => values.push_bind(None::<String>),
                    (Kind::Bytes, Value::Bytes(bytes)) => values.push_bind(Some(bytes)),
                    (Kind::Bytes, _) => values.push_bind(None::<Vec<u8>>),
                };
            }
        });
        let inserted = insert.build().persistent(false).execute(&mut *self.0).await;
        inserted.map_err(|error| {
            let cause = dialect::explained(error);
            StoreError::new(
                "write a table",
                format!("rows of `{}` were refused: {cause}", shape.table),
            )
        })?;
        Ok(())
    }

    async fn last_number(&mut self, table: &'static str) -> Result<Option<i64>, StoreError> {
        let last = dialect::last_number(&mut self.0, table).await;
        last.map_err(failed("read the last row number"))
    }

    async fn set_last_number(&mut self, table: &'static str, last: i64) -> Result<(), StoreError> {
        let set = dialect::set_last_number(&mut self.0, table, last).await;
        set.map_err(failed("set the last row number"))
    }

    async fn rename_table(&mut self, table: &str, to: &str) -> Result<(), StoreError> {
        let sql = format!("ALTER TABLE \"{table}\" RENAME TO \"{to}\"");
        let renamed = sqlx::query(AssertSqlSafe(sql)).execute(&mut *self.0).await;
        renamed.map(drop).map_err(failed("rename a table"))
    }

    async fn files_after(
        &mut self,
        after: FileId,
        most: u32,
    ) -> Result<Vec<(FileId, String, u64, Sha256)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, filename, size, sha256 FROM files WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after.0)
        .bind(i64::from(most))
        .fetch_all(&mut *self.0)
        .await
        .map_err(failed("read files"))?;
        let read = |row: &Row| {
            let id = FileId(column(row, "id")?);
            let name = column(row, "filename")?;
            Ok((id, name, unsigned(row, "size")?, sha256(row, "sha256")?))
        };
        rows.iter().map(read).collect()
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.0.commit().await.map_err(failed("keep what was moved"))
    }
}

fn described(row: &Row, table: &str) -> Result<Column, StoreError> {
    let kind = match column::<&str>(row, "kind")? {
        "INTEGER" | "bigint" => Kind::Number,
        "boolean" => Kind::Truth,
        "TEXT" | "text" => Kind::Text,
        "BLOB" | "bytea" => Kind::Bytes,
        other => {
            let cause =
                format!("a column of `{table}` is of the type `{other}`, which nobody moves yet");
            return Err(StoreError::new("read a table's columns", cause));
        }
    };
    Ok(Column {
        name: column(row, "name")?,
        kind,
        key: column(row, "place")?,
    })
}

fn value(row: &Row, at: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        Kind::Number => row.try_get::<Option<i64>, _>(at)?.map(Value::Number),
        Kind::Truth => row
            .try_get::<Option<bool>, _>(at)?
            .map(|it| Value::Number(it.into())),
        Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Value::Text),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Value::Bytes),
    }
    .unwrap_or(Value::Null))
}
