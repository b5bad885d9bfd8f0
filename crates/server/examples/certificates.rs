//! Load for `bench/authority`: signers that ask a stack's authority for certificates.
//!
//! `certificates FOLDER` makes an identity provider, writes its keys and `issuers.toml` into FOLDER and a line to standard
//! output; then it reads lines `ADDRESS SIGNERS REQUESTS ALGORITHM` from standard input, asks, and writes a line of JSON for each.

use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_trust::{KeyKind, LocalIssuer, SigningKey, github_claims};

type Failure = Box<dyn Error + Send + Sync>;

/// Each may have 300 certificates in a minute.
const CERTIFICATES_EACH: usize = 250;

/// From each 3,000 requests may come in a minute.
const REQUESTS_EACH: usize = 2500;

fn main() -> Result<(), Failure> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: certificates FOLDER")?;
    let issuers = [TokenAlgorithm::RS256, TokenAlgorithm::ES256].map(|algorithm| {
        let url = format!("https://{}.example", algorithm.as_str().to_lowercase());
        LocalIssuer::new(&url, "key", algorithm).map(|issuer| (algorithm, issuer))
    });
    let issuers = issuers.into_iter().collect::<Result<Vec<_>, _>>()?;
    announce(Path::new(&folder), &issuers)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let asked: Vec<&str> = line.split(' ').collect();
        let [address, signers, requests, algorithm] = asked.as_slice() else {
            return Err("expected ADDRESS SIGNERS REQUESTS ALGORITHM".into());
        };
        let algorithm: TokenAlgorithm = algorithm.parse()?;
        let mut issuers = issuers.iter();
        let (_, issuer) = issuers
            .find(|(known, _)| *known == algorithm)
            .ok_or("expected RS256 or ES256")?;
        let requests = prepare(issuer, requests.parse()?)?;
        let load = Load {
            address: address.parse()?,
            next: AtomicUsize::new(0),
            requests,
        };
        let told = runtime.block_on(run(Arc::new(load), signers.parse()?))?;
        writeln!(out, "{told}")?;
    }
    Ok(())
}

fn announce(folder: &Path, issuers: &[(TokenAlgorithm, LocalIssuer)]) -> Result<(), Failure> {
    let mut list = String::new();
    for (algorithm, issuer) in issuers {
        let file = format!("{algorithm}.json");
        std::fs::write(folder.join(&file), issuer.key_set()?)?;
        list += &format!(
            "[[issuer]]\nissuer = '{}'\nkind = 'github'\nurl = 'https://github.com'\nalgorithms = ['{algorithm}']\n\
             jwks_file = '{file}'\nallow = ['https://github.com/acme/*']\n",
            issuer.url()
        );
    }
    Ok(std::fs::write(folder.join("issuers.toml"), list)?)
}

/// Requests as they go over the wire, each with a key of its own: what a signer does is not measured.
fn prepare(issuer: &LocalIssuer, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let now = Timestamp::now();
    let mut prepared = Vec::with_capacity(count);
    let mut token = String::new();
    for number in 0..count {
        if number % CERTIFICATES_EACH == 0 {
            let workflow = format!("release-{}.yml", number / CERTIFICATES_EACH);
            let claims = github_claims("acme/tools", &workflow, "refs/tags/v1");
            token = issuer.token("repo:acme/tools", "sigstore", claims, now)?;
        }
        let key = SigningKey::generate(KeyKind::P256)?;
        let proof = key.sign(b"repo:acme/tools")?;
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            wrapped(&STANDARD.encode(key.public()))
        );
        let body = json!({
            "credentials": {"oidcIdentityToken": token},
            "publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": pem},
                "proofOfPossession": STANDARD.encode(proof),
            },
        })
        .to_string();
        let head = format!(
            "POST /api/v2/signingCert HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        prepared.push([head.as_bytes(), body.as_bytes()].concat());
    }
    Ok(prepared)
}

/// PEM has lines of 64 (RFC 7468 §2).
fn wrapped(base64: &str) -> String {
    let lines: Vec<String> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    lines.join("\n")
}

struct Load {
    address: SocketAddr,
    next: AtomicUsize,
    requests: Vec<Vec<u8>>,
}

/// All requests, by so many signers at once, each with a connection of its own.
async fn run(load: Arc<Load>, signers: usize) -> Result<String, Failure> {
    let began = Instant::now();
    let tasks = (0..signers).map(|_| tokio::spawn(signer(load.clone())));
    let tasks: Vec<_> = tasks.collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    let seconds = began.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank among some thousands"
        )]
        let rank = (took.len() as f64 * share) as usize;
        let found = took.get(rank.min(took.len().saturating_sub(1)));
        found.map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let rate = took.len() as f64 / seconds;
    Ok(json!({
        "certificates": took.len(),
        "per_second": rate,
        "median_ms": at(0.5),
        "p99_ms": at(0.99),
    })
    .to_string())
}

async fn signer(load: Arc<Load>) -> Result<Vec<Duration>, Failure> {
    let mut took = Vec::new();
    let mut connection: Option<(usize, TcpStream)> = None;
    loop {
        let number = load.next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = load.requests.get(number) else {
            return Ok(took);
        };
        let source = number / REQUESTS_EACH;
        let stream = match connection.take() {
            Some((from, stream)) if from == source => stream,
            _ => connect(load.address, source).await?,
        };
        let (_, stream) = connection.insert((source, stream));
        let began = Instant::now();
        stream.write_all(request).await?;
        answer(stream).await?;
        took.push(began.elapsed());
    }
}

/// From another loopback address for each source, since callers are counted by address.
async fn connect(address: SocketAddr, source: usize) -> Result<TcpStream, Failure> {
    let socket = TcpSocket::new_v4()?;
    let source = u8::try_from(source % 250)?;
    socket.bind(SocketAddr::new(
        Ipv4Addr::new(127, 0, 1, source + 1).into(),
        0,
    ))?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn answer(stream: &mut TcpStream) -> Result<(), Failure> {
    let mut read = Vec::with_capacity(8192);
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err("the server hung up".into());
        }
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = lengths.next().ok_or("no length")?.1.trim().parse()?;
        if body.len() < length {
            continue;
        }
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("refused: {text}").into());
        }
        return Ok(());
    }
}
