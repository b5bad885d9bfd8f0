//! What is under way on one connection, and bodies that know it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::sync::Notify;

use super::pace::Pace;
use crate::config::Limits;

/// Counts of one connection.
#[derive(Default)]
pub(super) struct Traffic {
    /// Requests that began.
    begun: AtomicU64,
    /// Requests that are neither read to their end nor answered in full.
    open: AtomicU64,
    /// Requests for whom nothing can be sent yet: we read their bodies, or work.
    working: AtomicU64,
    /// Bytes of bodies that the client has sent, and bytes that it has taken.
    moved: AtomicU64,
    /// Answers that were taken whole.
    taken: AtomicU64,
    /// Requests that the client gave up before that.
    given_up: AtomicU64,
    /// Told when it has given up more than a client does.
    wasted: Notify,
}

/// Requests that a client may give up on one connection, and beyond that as many as it takes the answers of. A browser gives up
/// those of a page that is left; whoever gives up most of what it asks for has the work done for nothing.
const MAX_GIVEN_UP: u64 = 100;

impl Traffic {
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0
    }

    pub(super) fn is_working(&self) -> bool {
        self.working.load(Ordering::Relaxed) > 0
    }

    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    pub(super) fn moves(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Waits until the client has given up too much.
    pub(super) async fn is_wasted(&self) {
        self.wasted.notified().await;
    }

    fn ended(&self, whole: bool) {
        if whole {
            self.taken.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let given_up = self.given_up.fetch_add(1, Ordering::Relaxed) + 1;
        let taken = self.taken.load(Ordering::Relaxed);
        if given_up > MAX_GIVEN_UP && given_up > taken {
            self.wasted.notify_one();
        }
    }

    /// A request's head was read.
    pub(super) fn begin(self: &Arc<Self>) -> (Open, Working) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.working.fetch_add(1, Ordering::Relaxed);
        let working = Working {
            traffic: self.clone(),
            ended: false,
        };
        (Open::new(self), working)
    }
}

/// Holds a request open while one of its bodies lives.
pub(super) struct Open(Arc<Traffic>);

impl Open {
    fn new(traffic: &Arc<Traffic>) -> Self {
        traffic.open.fetch_add(1, Ordering::Relaxed);
        Self(traffic.clone())
    }
}

impl Clone for Open {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Until there is something to be sent.
pub(super) struct Working {
    traffic: Arc<Traffic>,
    ended: bool,
}

impl Working {
    /// There is an answer.
    pub(super) fn ends(mut self) {
        self.ended = true;
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.traffic.working.fetch_sub(1, Ordering::Relaxed);
        if !self.ended {
            self.traffic.ended(false);
        }
    }
}

/// A request's body as it arrives, no slower than it may.
pub(super) struct Asked {
    body: Incoming,
    pace: Pace,
    open: Open,
}

impl Asked {
    pub(super) fn new(body: Incoming, limits: &Limits, open: Open) -> Self {
        Self {
            body,
            pace: Pace::new(limits),
            open,
        }
    }
}

impl hyper::body::Body for Asked {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let slow = ready!(self.pace.poll_waiting(context));
            return Poll::Ready(Some(Err(slow.into())));
        };
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.pace.moved(bytes);
            self.open.0.moves(bytes);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, which holds its request open until it is sent or given up.
pub(super) struct Answered {
    body: Body,
    open: Open,
    /// Whether nothing more comes.
    ended: bool,
}

impl Answered {
    pub(super) fn new(body: Body, open: Open) -> Self {
        let ended = body.is_end_stream();
        Self { body, open, ended }
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.open.0.ended(self.ended || self.body.is_end_stream());
    }
}

impl hyper::body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.ended |= matches!(frame, Poll::Ready(None));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
