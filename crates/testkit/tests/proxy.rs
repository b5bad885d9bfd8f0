//! The proxy that faults are made with does what it says: in front of something that answers what it was told.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use touchplate_testkit::Proxy;
use touchplate_testkit::proxy::{Effect, Link};

/// Answers each byte by the same, and counts them.
async fn echo() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let count = heard.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let count = count.clone();
            tokio::spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    count.fetch_add(1, Ordering::SeqCst);
                    if stream.write_u8(byte).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, heard)
}

async fn says(stream: &mut TcpStream, byte: u8) -> Result<u8, std::io::ErrorKind> {
    stream.write_u8(byte).await.map_err(|error| error.kind())?;
    stream.read_u8().await.map_err(|error| error.kind())
}

#[tokio::test]
async fn a_message_is_lost_before_the_engine_or_after_it() {
    use std::io::ErrorKind::ConnectionReset;
    let (engine, heard) = echo().await;
    let proxy = Proxy::before(engine).await;
    let connect = async || TcpStream::connect(proxy.address()).await.unwrap();
    for (effect, reached) in [(Effect::Lost, 2), (Effect::DoneButUnanswered, 3)] {
        heard.store(0, Ordering::SeqCst);
        proxy.fail_at(2, effect);
        let mut stream = connect().await;
        assert_eq!(says(&mut stream, 1).await, Ok(1));
        assert_eq!(says(&mut stream, 2).await, Ok(2));
        assert_eq!(says(&mut stream, 3).await, Err(ConnectionReset));
        assert_eq!(heard.load(Ordering::SeqCst), reached, "{effect:?}");
        // The one fault is over, over another connection.
        assert_eq!(says(&mut connect().await, 4).await, Ok(4));
        assert!(proxy.heal());
    }
    proxy.fail_at(1, Effect::Outage(2));
    let mut stream = connect().await;
    assert_eq!(says(&mut stream, 1).await, Ok(1));
    assert_eq!(says(&mut stream, 2).await, Err(ConnectionReset));
    assert_eq!(says(&mut connect().await, 3).await, Err(ConnectionReset));
    assert_eq!(says(&mut connect().await, 4).await, Ok(4));
    proxy.fail_at(1, Effect::Lost);
    assert_eq!(says(&mut connect().await, 1).await, Ok(1));
    assert!(!proxy.heal());
}

#[tokio::test]
async fn a_link_is_closed_reset_and_silent_for_those_who_are_connected_too() {
    use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
    let (engine, heard) = echo().await;
    let proxy = Proxy::before(engine).await;
    for (link, seen) in [
        (Link::Closed, UnexpectedEof),
        (Link::Reset, ConnectionReset),
    ] {
        let mut connected = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(says(&mut connected, 1).await, Ok(1));
        proxy.set(link);
        assert_eq!(connected.read_u8().await.unwrap_err().kind(), seen);
        let mut later = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(later.read_u8().await.unwrap_err().kind(), seen);
        proxy.set(Link::Up);
    }
    heard.store(0, Ordering::SeqCst);
    let mut connected = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(says(&mut connected, 1).await, Ok(1));
    proxy.set(Link::Silent);
    let mut later = TcpStream::connect(proxy.address()).await.unwrap();
    for stream in [&mut connected, &mut later] {
        stream.write_u8(2).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(100), stream.read_u8());
        waited.await.unwrap_err();
    }
    assert_eq!(heard.load(Ordering::SeqCst), 1);
    proxy.set(Link::Up);
    for stream in [&mut connected, &mut later] {
        assert_eq!(stream.read_u8().await.unwrap(), 2);
    }
}

#[tokio::test]
async fn bytes_are_held_back_both_ways() {
    let (engine, _) = echo().await;
    let proxy = Proxy::before(engine).await;
    let delay = Duration::from_millis(30);
    proxy.delay(delay, delay);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let began = Instant::now();
    for byte in 0..3 {
        assert_eq!(says(&mut stream, byte).await, Ok(byte));
    }
    // Each byte waited for the one before it.
    assert!(began.elapsed() >= 6 * delay);
}
