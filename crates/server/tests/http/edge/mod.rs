//! Bytes over a socket as no well-meaning client sends them, or as slowly.

mod conditions;
mod framing;
mod limits;
mod paths;
mod stopping;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, parse};

/// Nothing here takes so long; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
struct Raw(TcpStream);

impl Raw {
    async fn to(server: &TestServer) -> Self {
        Self::at(server.client.address).await
    }

    async fn at(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends bytes; whether they could be sent.
    async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// One answer that says its length, from a connection that goes on.
    async fn answer(&mut self) -> Answer {
        let work = async {
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\r\n\r\n") {
                bytes.push(self.0.read_u8().await.unwrap());
            }
            let length = parse(&bytes).header("content-length").unwrap().parse();
            let mut body = vec![0; length.unwrap()];
            self.0.read_exact(&mut body).await.unwrap();
            bytes.extend(body);
            parse(&bytes)
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("an answer in time")
    }

    /// Says that nothing more will come.
    async fn finish(&mut self) {
        drop(self.0.shutdown().await);
    }

    /// All that comes until the server ends the connection.
    async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is as good an end as any.
        let work = self.0.read_to_end(&mut bytes);
        drop(
            tokio::time::timeout(PATIENCE, work)
                .await
                .expect("an end in time"),
        );
        bytes
    }

    /// Fails unless the server ends the connection and says nothing.
    async fn ends(&mut self) {
        let rest = self.rest().await;
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }
}

const GET: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

/// Answers behind each other, each of the length that it says.
fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut found = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = parse(&bytes[..end + 4]);
        let length = head.header("content-length").map_or("0", |it| it);
        let whole = (end + 4 + length.parse::<usize>().unwrap()).min(bytes.len());
        found.push(parse(&bytes[..whole]));
        bytes = &bytes[whole..];
    }
    found
}
