//! One test server that is several: `TOUCHPLATE_TEST_PROCESSES=2` makes two of every [`TestServer`](crate::TestServer), each with
//! connections, caches and counters of its own, on one database and one blob store. Requests go to each in turn.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use touchplate_server::app::App;

/// The servers that are one for whoever asks.
pub(crate) struct Processes {
    /// With what a server shares, where it runs in this test program.
    all: Vec<(SocketAddr, Option<App>)>,
    asked: AtomicUsize,
}

impl Processes {
    /// # Panics
    /// When there is none.
    pub(crate) fn new(all: Vec<(SocketAddr, Option<App>)>) -> Self {
        assert!(!all.is_empty(), "a server is at least one process");
        Self {
            all,
            asked: AtomicUsize::new(0),
        }
    }

    pub(crate) fn first(&self) -> SocketAddr {
        self.all[0].0
    }

    /// The first of them, as if there were no other.
    pub(crate) fn alone(&self) -> Self {
        Self::new(self.all[..1].to_vec())
    }

    /// Whose turn it is. It has seen all that the others wrote: what readers have a right to within a second, tests must not
    /// wait for each time.
    pub(crate) async fn next(&self) -> SocketAddr {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let (address, app) = &self.all[turn % self.all.len()];
        if let Some(app) = app.as_ref().filter(|_| self.all.len() > 1) {
            app.cache.catch_up().await;
        }
        *address
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
