//! A TCP proxy between server and engine that delays, cuts, resets, says nothing, or breaks at one message.
//!
//! It knows no protocol. A *message* is what a client sends until the engine says something: a statement of PostgreSQL, a
//! request of S3, with as many packets as it takes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

pub use crate::log_faults::Effect;

/// What becomes of connections, those that are there and those to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Everything passes.
    Up,
    /// They are closed in good order (FIN).
    Closed,
    /// They are reset (RST).
    Reset,
    /// They are accepted, and nothing is said. What was sent meanwhile arrives once the link is [up](Link::Up) again, as
    /// packets do that were sent again and again: also what its sender has given up.
    Silent,
}

/// Delays, faults and counts, shared with every connection.
#[derive(Debug)]
struct Shared {
    to_engine_micros: AtomicU64,
    from_engine_micros: AtomicU64,
    messages: AtomicU64,
    engine: std::sync::Mutex<SocketAddr>,
    fault: std::sync::Mutex<Option<Fault>>,
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    at: u64,
    effect: Effect,
}

impl Shared {
    /// Counts a message, and says how it fails if it is to.
    fn next_message(&self) -> Option<Effect> {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let fault = (*self.fault.lock().unwrap())?;
        let last = match fault.effect {
            Effect::Lost | Effect::DoneButUnanswered => fault.at,
            Effect::Outage(messages) => (fault.at + messages).saturating_sub(1),
        };
        (fault.at..=last).contains(&number).then_some(fault.effect)
    }
}

/// A proxy in front of one engine. It ends with the value.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    link: watch::Sender<Link>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// In front of `engine`, on a free port.
    pub async fn before(engine: SocketAddr) -> Self {
        let anywhere = "127.0.0.1:0".parse().unwrap();
        Self::listening(anywhere, engine).await.unwrap()
    }

    /// In front of `engine`, listening on `address`.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn listening(address: SocketAddr, engine: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (link, seen) = watch::channel(Link::Up);
        let shared = Arc::new(Shared {
            to_engine_micros: AtomicU64::new(0),
            from_engine_micros: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            engine: std::sync::Mutex::new(engine),
            fault: std::sync::Mutex::new(None),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone(), seen));
        Ok(Self {
            address,
            shared,
            link,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `url` with the proxy's address in the place of the engine's.
    pub fn instead_of(&self, engine: SocketAddr, url: &str) -> String {
        let (engine, own) = (engine.to_string(), self.address.to_string());
        assert!(url.contains(&engine), "`{url}` does not name {engine}");
        url.replace(&engine, &own)
    }

    /// From now on each byte waits so long on its way to the engine, and on its way back. Bytes that arrive within that time
    /// wait beside each other. Timers have steps of a millisecond.
    pub fn delay(&self, to_engine: Duration, from_engine: Duration) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap();
        let Shared {
            to_engine_micros,
            from_engine_micros,
            ..
        } = &*self.shared;
        to_engine_micros.store(micros(to_engine), Ordering::SeqCst);
        from_engine_micros.store(micros(from_engine), Ordering::SeqCst);
    }

    /// Where connections lead.
    pub fn engine(&self) -> SocketAddr {
        *self.shared.engine.lock().unwrap()
    }

    /// From now on connections lead to another engine. Those that are there stay as they are.
    pub fn lead_to(&self, engine: SocketAddr) {
        *self.shared.engine.lock().unwrap() = engine;
    }

    /// From now on this becomes of connections.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Counts messages anew, and fails at number `at`, counted from 0: the connection is reset before the engine gets the message,
    /// or when it has answered, with the answer lost.
    pub fn fail_at(&self, at: u64, effect: Effect) {
        *self.shared.fault.lock().unwrap() = Some(Fault { at, effect });
        self.shared.messages.store(0, Ordering::SeqCst);
    }

    /// From now on no message fails. True if it came to the fault.
    pub fn heal(&self) -> bool {
        self.set(Link::Up);
        let fault = self.shared.fault.lock().unwrap().take();
        fault.is_some_and(|fault| self.messages() > fault.at)
    }

    /// How many messages came since the count began.
    pub fn messages(&self) -> u64 {
        self.shared.messages.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections' tasks are in a set of that task's, and end with it.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, link: watch::Receiver<Link>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // As when there are too many files open: it may pass.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(client, shared.clone(), link.clone()));
    }
}

/// How a connection ended.
enum End {
    /// Both sides had their say, or one of them is gone.
    Closed,
    /// It is to be reset.
    Reset,
}

async fn carry(client: TcpStream, shared: Arc<Shared>, mut link: watch::Receiver<Link>) {
    // Not `borrow`: what is decided here has been seen.
    let now = *link.borrow_and_update();
    if let Some(end) = ends(now) {
        return finish(client, None, &end);
    }
    if now == Link::Silent && link.wait_for(|link| *link != Link::Silent).await.is_err() {
        return;
    }
    let engine = *shared.engine.lock().unwrap();
    let Ok(to_engine) = TcpStream::connect(engine).await else {
        return finish(client, None, &End::Reset);
    };
    // A proxy that gathers small packets would be a delay of its own.
    if client.set_nodelay(true).is_err() || to_engine.set_nodelay(true).is_err() {
        return finish(client, Some(to_engine), &End::Reset);
    }
    let (from_client, into_client) = client.into_split();
    let (from_engine, into_engine) = to_engine.into_split();
    let (up, up_writes) = direction(into_engine);
    let (down, down_writes) = direction(into_client);
    let mut talk = Talk {
        from_client,
        from_engine,
        up: Some(up),
        down: Some(down),
        shared,
        answered: true,
        loses_answer: false,
    };
    let end = talk.run(&mut link).await;
    let Talk {
        from_client,
        from_engine,
        up,
        down,
        ..
    } = talk;
    drop((up, down));
    for (read, writing) in [(from_client, down_writes), (from_engine, up_writes)] {
        // What is under way arrives first.
        if let Ok(Ok(write)) = tokio::time::timeout(UNDER_WAY_FOR, writing).await
            && let Ok(stream) = read.reunite(write)
        {
            finish(stream, None, &end);
        }
    }
}

fn finish(client: TcpStream, engine: Option<TcpStream>, end: &End) {
    for stream in [Some(client), engine].into_iter().flatten() {
        if matches!(end, End::Reset) {
            let _ = stream.set_zero_linger();
        }
    }
}

fn ends(link: Link) -> Option<End> {
    match link {
        Link::Up | Link::Silent => None,
        Link::Closed => Some(End::Closed),
        Link::Reset => Some(End::Reset),
    }
}

/// Bytes, and when they are due; none of them: no more come.
type Due = (Instant, Bytes);

/// Longer than any delay of a test's: whoever takes nothing for so long will not.
const UNDER_WAY_FOR: Duration = Duration::from_secs(10);

/// So many pieces may be on their way: 64 MiB at most, which no delay of a test's fills.
const UNDER_WAY: usize = 1024;

/// So much is read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Writes pieces when they are due.
fn direction(mut into: OwnedWriteHalf) -> (mpsc::Sender<Due>, JoinHandle<OwnedWriteHalf>) {
    let (sender, mut pieces) = mpsc::channel::<Due>(UNDER_WAY);
    let writing = tokio::spawn(async move {
        while let Some((due, bytes)) = pieces.recv().await {
            if due > Instant::now() {
                tokio::time::sleep_until(due).await;
            }
            let written = match bytes.is_empty() {
                true => into.shutdown().await,
                false => into.write_all(&bytes).await,
            };
            if written.is_err() {
                break;
            }
        }
        into
    });
    (sender, writing)
}

/// One connection.
struct Talk {
    from_client: OwnedReadHalf,
    from_engine: OwnedReadHalf,
    /// None once the client has said all.
    up: Option<mpsc::Sender<Due>>,
    /// None once the engine has.
    down: Option<mpsc::Sender<Due>>,
    shared: Arc<Shared>,
    /// Whether the engine said something since the client did: what the client says next is another message.
    answered: bool,
    /// Whether the answer to come is to be lost.
    loses_answer: bool,
}

impl Talk {
    async fn run(&mut self, link: &mut watch::Receiver<Link>) -> End {
        let mut link_now = *link.borrow_and_update();
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
        loop {
            if let Some(end) = ends(link_now) {
                return end;
            }
            if self.up.is_none() && self.down.is_none() {
                return End::Closed;
            }
            let flows = link_now == Link::Up;
            tokio::select! {
                changed = link.changed() => match changed {
                    Ok(()) => link_now = *link.borrow_and_update(),
                    Err(_) => return End::Reset,
                },
                read = next(&mut self.from_client, &mut up), if flows && self.up.is_some() => {
                    if let Some(end) = self.upwards(read).await {
                        return end;
                    }
                }
                read = next(&mut self.from_engine, &mut down), if flows && self.down.is_some() => {
                    if let Some(end) = self.downwards(read).await {
                        return end;
                    }
                }
            }
        }
    }

    async fn upwards(&mut self, read: io::Result<Bytes>) -> Option<End> {
        let Ok(bytes) = read else {
            return Some(End::Reset);
        };
        let delay = self.shared.to_engine_micros.load(Ordering::SeqCst);
        if bytes.is_empty() {
            return send(self.up.take().as_ref(), delay, bytes).await;
        }
        if std::mem::replace(&mut self.answered, false) {
            match self.shared.next_message() {
                Some(Effect::Lost | Effect::Outage(_)) => return Some(End::Reset),
                Some(Effect::DoneButUnanswered) => self.loses_answer = true,
                None => {}
            }
        }
        send(self.up.as_ref(), delay, bytes).await
    }

    async fn downwards(&mut self, read: io::Result<Bytes>) -> Option<End> {
        let Ok(bytes) = read else {
            return Some(End::Reset);
        };
        let delay = self.shared.from_engine_micros.load(Ordering::SeqCst);
        if self.loses_answer {
            return Some(End::Reset);
        }
        if bytes.is_empty() {
            return send(self.down.take().as_ref(), delay, bytes).await;
        }
        self.answered = true;
        send(self.down.as_ref(), delay, bytes).await
    }
}

/// The next bytes; none at the end. Nothing is lost when it is dropped before.
async fn next(from: &mut OwnedReadHalf, buffer: &mut BytesMut) -> io::Result<Bytes> {
    buffer.reserve(PIECE_BYTES);
    from.read_buf(buffer).await?;
    Ok(buffer.split().freeze())
}

async fn send(into: Option<&mpsc::Sender<Due>>, delay_micros: u64, bytes: Bytes) -> Option<End> {
    let due = Instant::now() + Duration::from_micros(delay_micros);
    match into?.send((due, bytes)).await {
        Ok(()) => None,
        Err(_) => Some(End::Reset),
    }
}
