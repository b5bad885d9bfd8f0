//! What happens to a database behind the server's back: a broken disk, or somebody who can write to it.

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::server::TestServer;

impl TestServer {
    /// Changes a text of every row of a table. Nothing is noted in the journal: pages that a running server has in memory
    /// stay as they are, and one [`beside`](Self::beside) it reads what is there now.
    pub async fn damage(&self, table: &str, column: &str, change: impl Fn(&str) -> String) {
        let options = SqliteConnectOptions::new().filename(self.database());
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let select = format!("SELECT id, {column} FROM {table}");
        let rows: Vec<(i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(select))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert!(!rows.is_empty(), "{table} is empty");
        for (id, text) in rows {
            let changed = change(&text);
            assert_ne!(changed, text, "nothing was damaged");
            let update = format!("UPDATE {table} SET {column} = ? WHERE id = ?");
            sqlx::query(sqlx::AssertSqlSafe(update))
                .bind(changed)
                .bind(id)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    }
}
