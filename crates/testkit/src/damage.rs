//! What happens to a database behind the server's back: a broken disk, or somebody who can write to it.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::server::TestServer;

impl TestServer {
    /// Runs one statement behind the server's back, in SQLite.
    pub async fn execute(&self, sql: &'static str) {
        let mut connection = SqliteConnection::connect(&self.database()).await.unwrap();
        let done = sqlx::query(sql).execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 0, "nothing was changed by `{sql}`");
        connection.close().await.unwrap();
    }

    /// Changes a text of every row of a table. Nothing is noted in the journal: pages that a running server has in memory
    /// stay as they are, and one [`beside`](Self::beside) it reads what is there now.
    pub async fn damage(&self, table: &str, column: &str, change: impl Fn(&str) -> String) {
        let url = self.database();
        let select = format!("SELECT id, {column} FROM {table}");
        let update = format!("UPDATE {table} SET {column} = $1 WHERE id = $2");
        let changed = |text: &str| {
            let changed = change(text);
            assert_ne!(changed, text, "nothing was damaged");
            changed
        };
        // The same twice: the two drivers have no common connection.
        macro_rules! change_rows {
            ($connection:ty) => {{
                let mut connection = <$connection>::connect(&url).await.unwrap();
                let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(select))
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                assert!(!rows.is_empty(), "{table} is empty");
                for (id, text) in rows {
                    sqlx::query(AssertSqlSafe(update.clone()))
                        .bind(changed(&text))
                        .bind(id)
                        .execute(&mut connection)
                        .await
                        .unwrap();
                }
                connection.close().await.unwrap();
            }};
        }
        match url.starts_with("postgres") {
            true => change_rows!(PgConnection),
            false => change_rows!(SqliteConnection),
        }
    }
}
