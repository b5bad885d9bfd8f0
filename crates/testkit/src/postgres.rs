//! PostgreSQL for tests: one server for a test program, started by whoever runs it as somebody without rights, in a folder
//! and on a port of its own; and a database for each test.
//!
//! `TOUCHPLATE_TEST_POSTGRES` may name a server that runs already (`postgres://USER@HOST:PORT`). With
//! `TOUCHPLATE_TEST_DATABASE=postgres` every [`TestServer`](crate::TestServer) keeps its rows in one.

// What is skipped is said where the test's own output is.
#![allow(clippy::print_stdout)]

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::engine;

/// Runs until its standard input ends, which it does with the test program, however that ends. The locale sorts otherwise than
/// bytes do, so that an order which is left to the database shows.
const RUN: &str = r#"
set -e
bin=$1 port=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$bin/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en \
    --no-sync --no-instructions >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$bin/postgres" -D "$folder/data" -p "$port" -h 127.0.0.1 -k "" -c fsync=off -c full_page_writes=off \
    -c max_connections=400 -c autovacuum=off -c max_wal_size=256MB -c shared_buffers=64MB </dev/null >>"$folder/log" 2>&1 &
server=$!
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
    kill -0 $server || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
done
echo ready
cat >/dev/null
kill -INT $server
wait $server || true
"#;

/// A server, while the test program runs.
struct Server {
    /// `postgres://USER@HOST:PORT`.
    url: String,
    _running: Option<Child>,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

fn server() -> Option<&'static Server> {
    let server = SERVER.get_or_init(|| match std::env::var("TOUCHPLATE_TEST_POSTGRES") {
        Ok(url) => Some(Server {
            url,
            _running: None,
        }),
        Err(_) => programs().as_deref().map(start),
    });
    server.as_ref()
}

/// The folder of PostgreSQL's programs, the newest.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut versions: Vec<PathBuf> = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop()
}

fn start(bin: &Path) -> Server {
    // It refuses to run as root.
    let root = std::fs::metadata("/proc/self")
        .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let command = |[port]: [u16; 1]| {
        let mut command = match root {
            true => {
                let mut command = Command::new("setpriv");
                command.args([
                    "--reuid=postgres",
                    "--regid=postgres",
                    "--clear-groups",
                    "sh",
                ]);
                command
            }
            false => Command::new("sh"),
        };
        command
            .args(["-c", RUN, "sh"])
            .arg(bin)
            .arg(port.to_string());
        command
    };
    let (running, [port]) = engine::started(command, "PostgreSQL");
    Server {
        url: format!("postgres://postgres@127.0.0.1:{port}"),
        _running: Some(running),
    }
}

/// A database of its own, which goes with the value.
pub struct TestDatabase {
    server: &'static Server,
    name: String,
}

impl TestDatabase {
    /// An empty database; none where the machine has no PostgreSQL, which is said.
    ///
    /// # Panics
    /// When there is none although `TOUCHPLATE_TEST_DATABASE` asks for it.
    pub async fn fresh() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = server() else {
            assert!(
                !is_wanted(),
                "TOUCHPLATE_TEST_DATABASE is `postgres`, and there is no PostgreSQL: `apt-get install postgresql`"
            );
            println!(
                "skipped on PostgreSQL, which is not on this machine: `apt-get install postgresql`"
            );
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{count}", std::process::id());
        let url = format!("{}/postgres", server.url);
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(create)))
            .await
            .unwrap();
        connection.close().await.unwrap();
        Some(Self { server, name })
    }

    /// Its URL, as the key `database` takes it. With few connections, so that what needs more than one at a time shows.
    pub fn url(&self) -> String {
        format!("{}/{}?connections=4", self.server.url, self.name)
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        let (_, place) = self.server.url.rsplit_once('@').unwrap();
        place.to_socket_addrs().unwrap().next().unwrap()
    }

    /// Runs statements as the server's superuser.
    pub async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.driver_url()).await.unwrap();
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        connection.execute(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The tables of a schema, by name.
    pub async fn tables_of(&self, schema: &str) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.driver_url()).await.unwrap();
        let sql = "SELECT tablename::text COLLATE \"C\" AS name FROM pg_tables WHERE schemaname = $1 ORDER BY name";
        let tables = sqlx::query_scalar(sql).bind(schema);
        tables.fetch_all(&mut connection).await.unwrap()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For the driver.
    pub fn driver_url(&self) -> String {
        format!("{}/{}", self.server.url, self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(bin) = programs() else { return };
        // Whoever is still connected is of the same test.
        let dropping = Command::new(bin.join("dropdb"))
            .args(["--force", "--if-exists", "--maintenance-db"])
            .arg(format!("{}/postgres", self.server.url))
            .arg(&self.name)
            .status();
        if !dropping.is_ok_and(|status| status.success()) {
            println!("the database {} was not dropped", self.name);
        }
    }
}

/// Whether test servers keep their rows in PostgreSQL.
pub(crate) fn is_wanted() -> bool {
    std::env::var("TOUCHPLATE_TEST_DATABASE").is_ok_and(|wanted| wanted == "postgres")
}
