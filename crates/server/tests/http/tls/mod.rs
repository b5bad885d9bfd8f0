//! TLS as the server speaks it itself: what is spoken and what is not, and how a certificate is renewed.

mod frames;
mod http2;
mod pair;
mod renewal;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use touchplate_server::{Config, SystemClock, wiring};
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request, parse};

use pair::Pair;

/// No answer takes this long; a test that waits for one has failed.
const PATIENCE: Duration = Duration::from_secs(30);

const GET: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A server that speaks TLS, and the files of its certificate and key.
struct World {
    server: TestServer,
    pair: Pair,
    certificate: PathBuf,
    key: PathBuf,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pair = Pair::new();
        let [certificate, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
        std::fs::write(&certificate, &pair.certificate).unwrap();
        std::fs::write(&key, &pair.key).unwrap();
        let server = TestServer::start_with(|config| {
            config.tls_cert = Some(certificate.clone());
            config.tls_key = Some(key.clone());
        })
        .await;
        Self {
            server,
            pair,
            certificate,
            key,
            _folder: folder,
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.client.address
    }

    /// A client that believes `pair`.
    fn client(&self, pair: &Pair) -> ClientConfig {
        trusting(pair, rustls::ALL_VERSIONS)
    }

    async fn connect(
        &self,
        client: ClientConfig,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address()).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connector = TlsConnector::from(Arc::new(client));
        connector.connect(name, stream).await
    }

    async fn answers(&self, client: ClientConfig, name: &str) -> ProtocolVersion {
        let mut stream = self.connect(client, name).await.unwrap();
        let answer = exchange(&mut stream, &Request::get("/healthz").bytes()).await;
        assert_eq!(answer.status, 200);
        let (_, session) = stream.get_ref();
        assert_eq!(session.alpn_protocol(), None);
        session.protocol_version().unwrap()
    }

    /// It goes on whatever somebody else has sent.
    async fn still_answers(&self) {
        self.answers(self.client(&self.pair), "localhost").await;
    }

    /// What comes back for bytes that are sent as they are, until the server ends the connection.
    async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let work = async {
            let mut stream = TcpStream::connect(self.address()).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut back = Vec::new();
            // That it is cut off is as good an end as any.
            drop(stream.read_to_end(&mut back).await);
            back
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("an end in time")
    }
}

fn trusting(pair: &Pair, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(pair.der.clone())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Sends a request and reads its answer, by the length that it says.
async fn exchange(stream: &mut TlsStream<TcpStream>, request: &[u8]) -> Answer {
    let work = async {
        stream.write_all(request).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        let length = parse(&bytes).header("content-length").unwrap().parse();
        let mut body = vec![0; length.unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        bytes.extend(body);
        parse(&bytes)
    };
    tokio::time::timeout(PATIENCE, work)
        .await
        .expect("an answer in time")
}

/// A greeting of a client that knows no newer version than this, with suites of its time.
fn old_hello(version: [u8; 2]) -> Vec<u8> {
    let suites: [u8; 8] = [0xc0, 0x09, 0xc0, 0x13, 0x00, 0x2f, 0x00, 0x35];
    let mut hello = version.to_vec();
    hello.extend([7; 32]); // random
    hello.push(0); // no session
    hello.extend([0, 8]);
    hello.extend(suites);
    hello.extend([1, 0]); // no compression
    let length = u8::try_from(hello.len()).unwrap();
    let mut handshake = vec![1, 0, 0, length];
    handshake.extend(hello);
    let length = u8::try_from(handshake.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length];
    record.extend(handshake);
    record
}

#[tokio::test]
async fn versions_1_2_and_1_3_are_spoken_and_older_ones_are_not() {
    let world = World::new().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = trusting(&world.pair, &[version]);
        let spoken = world.answers(client, "localhost").await;
        assert_eq!(spoken, version.version);
    }
    // A fatal alert: handshake_failure or protocol_version.
    for old in [[3, 0], [3, 1], [3, 2]] {
        let back = world.raw(&old_hello(old)).await;
        assert!(
            matches!(back[..], [21, 3, _, 0, 2, 2, 40 | 70]),
            "{old:?}: {back:?}"
        );
    }
    world.still_answers().await;
}

#[tokio::test]
async fn hosts_are_named_or_not() {
    let world = World::new().await;
    // By address, which no client sends; by a name that it keeps to itself; by one that is none of ours.
    world.answers(world.client(&world.pair), "127.0.0.1").await;
    let mut silent = world.client(&world.pair);
    silent.enable_sni = false;
    world.answers(silent, "localhost").await;
    world
        .answers(world.client(&world.pair), "other.example")
        .await;
    // Who does not believe the certificate sends no request.
    let stranger = world.client(&Pair::new());
    world.connect(stranger, "localhost").await.unwrap_err();
    world
        .connect(world.client(&world.pair), "packages.example")
        .await
        .unwrap_err();
    world.still_answers().await;
}

#[tokio::test]
async fn http_2_or_1_1_is_agreed_upon_and_nothing_else() {
    let world = World::new().await;
    let offering = |protocols: &[&str]| {
        let mut client = world.client(&world.pair);
        client.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        world.connect(client, "localhost")
    };
    for (offered, expected) in [
        (["h2", "http/1.1"], "h2"),
        (["http/1.1", "h2"], "h2"),
        (["http/1.0", "http/1.1"], "http/1.1"),
    ] {
        let stream = offering(&offered).await.unwrap();
        let agreed = stream.get_ref().1.alpn_protocol();
        assert_eq!(agreed, Some(expected.as_bytes()));
    }
    offering(&["h3"]).await.unwrap_err();
    world.still_answers().await;
}

#[tokio::test]
async fn plain_http_gets_no_answer_on_the_port_of_tls() {
    let world = World::new().await;
    for plain in [
        Request::get("/healthz").bytes(),
        b"\x00".repeat(64),
        Vec::from(b"\x16\x03\x01\xff\xff".as_slice()),
    ] {
        let back = world.raw(&plain).await;
        // An alert, or nothing; never HTTP.
        assert!(back.first().is_none_or(|kind| *kind == 21), "{back:?}");
    }
    // One that says nothing at all holds up nobody.
    let _silent = TcpStream::connect(world.address()).await.unwrap();
    world.still_answers().await;
}

#[tokio::test]
async fn what_does_not_fit_together_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Pair::new(), Pair::new());
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let certificate = write("chain.pem", &one.certificate);
    let key = write("key.pem", &one.key);
    let empty = write("empty.pem", "");
    let absent = Some(folder.path().join("absent.pem"));
    let long = write("long.pem", &"-".repeat((1 << 20) + 1));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, words) in [
        (
            certificate.clone(),
            None,
            "expected both `tls_cert` and `tls_key`, or neither",
        ),
        (
            None,
            key.clone(),
            "expected both `tls_cert` and `tls_key`, or neither",
        ),
        (
            absent.clone(),
            key.clone(),
            "expected a certificate chain in PEM in DIR/absent.pem",
        ),
        (
            certificate.clone(),
            absent,
            "expected a private key in PEM in DIR/absent.pem",
        ),
        (
            empty.clone(),
            key.clone(),
            "there is no certificate in DIR/empty.pem",
        ),
        (
            certificate.clone(),
            empty,
            "expected a private key in PEM in DIR/empty.pem",
        ),
        (
            long,
            key.clone(),
            "expected a certificate chain in PEM in DIR/long.pem",
        ),
        (
            key.clone(),
            key.clone(),
            "there is no certificate in DIR/key.pem",
        ),
        (
            certificate.clone(),
            certificate.clone(),
            "expected a private key in PEM in DIR/chain.pem",
        ),
        (
            certificate,
            write("other.pem", &other.key),
            "the certificate in DIR/chain.pem and the key in DIR/other.pem are not usable together",
        ),
        (
            write("broken.pem", broken),
            key,
            "the certificate in DIR/broken.pem and the key in DIR/key.pem are not usable together",
        ),
    ] {
        let mut config = Config::in_folder(&folder.path().join("data"));
        config.listen = "127.0.0.1:0".parse().unwrap();
        (config.tls_cert, config.tls_key) = (certificate, key);
        let refused = wiring::serve(config, Arc::new(SystemClock), |_| {}, async {}).await;
        let told = refused.unwrap_err().to_string();
        let folder = folder.path().display().to_string();
        assert_eq!(told.replace(&folder, "DIR"), words);
    }
}
