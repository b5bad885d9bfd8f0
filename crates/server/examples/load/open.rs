//! An open loop: requests go out when they are due, however long the ones before them take, and what one took is counted from
//! when it was due. A server that stalls is seen to stall, as by readers who know nothing of each other.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::{Failure, Told};

/// Connections that wait for a next request.
type Idle = Rc<RefCell<Vec<TcpStream>>>;

/// So many requests, `rate` of them in a second, of each path in turn, as browsers ask; also the body bytes of one answer, as they
/// went over the wire. An answer that is not 200 ends it.
pub(crate) async fn read(
    address: SocketAddr,
    rate: u32,
    requests: u32,
    paths: Vec<String>,
) -> Result<(Told, usize), Failure> {
    let idle = Idle::default();
    let heads: Vec<Rc<[u8]>> = paths.iter().map(|path| head(path).into()).collect();
    LocalSet::new()
        .run_until(async {
            let began = Instant::now() + Duration::from_millis(50);
            let mut tasks = Vec::new();
            for (number, head) in (0..requests).zip(heads.iter().cycle()) {
                let due = began + Duration::from_secs(1) * number / rate;
                let (idle, head) = (idle.clone(), head.clone());
                tasks.push(tokio::task::spawn_local(async move {
                    tokio::time::sleep_until(due.into()).await;
                    let bytes = one(&idle, address, &head).await?;
                    Ok::<_, Failure>((due.elapsed(), bytes))
                }));
            }
            let (mut took, mut bytes) = (Vec::new(), 0);
            for task in tasks {
                let (time, read) = task.await??;
                took.push(time);
                bytes = read;
            }
            Ok((Told::of(took, began.elapsed()), bytes))
        })
        .await
}

fn head(path: &str) -> Vec<u8> {
    let accepts = "accept: text/html\r\naccept-encoding: gzip, deflate, br, zstd";
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{accepts}\r\n\r\n").into_bytes()
}

async fn one(idle: &Idle, address: SocketAddr, head: &[u8]) -> Result<usize, Failure> {
    let waiting = idle.borrow_mut().pop();
    let mut stream = match waiting {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            stream
        }
    };
    stream.write_all(head).await?;
    let bytes = body_bytes(&mut stream).await?;
    idle.borrow_mut().push(stream);
    Ok(bytes)
}

/// Reads an answer of 200 to its end.
async fn body_bytes(stream: &mut TcpStream) -> Result<usize, Failure> {
    let mut read = Vec::with_capacity(64 << 10);
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err("the server hung up".into());
        }
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(read.get(..end).unwrap_or_default());
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("refused: {head}").into());
        }
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.ok_or("no length")?.1.trim().parse()?;
        if read.len() >= end + 4 + length {
            return Ok(length);
        }
    }
}
