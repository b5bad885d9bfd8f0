//! One test server that is several: `TOUCHPLATE_TEST_PROCESSES=2` makes two of every [`TestServer`](crate::TestServer), each with
//! connections, caches and counters of its own, on one database and one blob store. Requests go to each in turn.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Mutex;
use touchplate_server::app::App;

/// The servers that are one for whoever asks.
pub(crate) struct Processes {
    all: Vec<Member>,
    asked: AtomicUsize,
}

/// One of them.
struct Member {
    address: SocketAddr,
    /// What it shares, where it runs in this test program.
    app: Option<App>,
    /// How often it was to have seen everything.
    wanted: AtomicU64,
    /// Of those, how many it has.
    seen: Mutex<u64>,
}

impl Member {
    /// On return it has seen all that was written before. A thousand that ask at once wait for one reading of the journal, or
    /// the next.
    async fn catch_up(&self) {
        let Some(app) = &self.app else { return };
        let ours = self.wanted.fetch_add(1, Ordering::SeqCst) + 1;
        let mut seen = self.seen.lock().await;
        if *seen < ours {
            let by_now = self.wanted.load(Ordering::SeqCst);
            app.cache.catch_up().await;
            *seen = by_now;
        }
    }
}

impl Processes {
    /// # Panics
    /// When there is none.
    pub(crate) fn new(all: Vec<(SocketAddr, Option<App>)>) -> Self {
        assert!(!all.is_empty(), "a server is at least one process");
        let member = |(address, app)| Member {
            address,
            app,
            wanted: AtomicU64::new(0),
            seen: Mutex::new(0),
        };
        Self {
            all: all.into_iter().map(member).collect(),
            asked: AtomicUsize::new(0),
        }
    }

    pub(crate) fn first(&self) -> SocketAddr {
        self.all[0].address
    }

    /// The first of them, as if there were no other.
    pub(crate) fn alone(&self) -> Self {
        Self::new(vec![(self.first(), self.all[0].app.clone())])
    }

    /// Whose turn it is. It has seen all that the others wrote: what readers have a right to within a second, tests must not
    /// wait for each time.
    pub(crate) async fn next(&self) -> SocketAddr {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let member = &self.all[turn % self.all.len()];
        if self.all.len() > 1 {
            member.catch_up().await;
        }
        member.address
    }
}

/// How many processes a test server is.
pub(crate) fn wanted() -> usize {
    let wanted = std::env::var("TOUCHPLATE_TEST_PROCESSES");
    wanted.map_or(1, |wanted| {
        wanted
            .parse()
            .expect("TOUCHPLATE_TEST_PROCESSES is a number")
    })
}
