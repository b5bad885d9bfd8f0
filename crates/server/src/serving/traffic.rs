//! What is under way on one connection, and bodies that know it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};

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
}

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

    /// A request's head was read.
    pub(super) fn begin(self: &Arc<Self>) -> (Open, Working) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.working.fetch_add(1, Ordering::Relaxed);
        (Open::new(self), Working(self.clone()))
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
pub(super) struct Working(Arc<Traffic>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
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
    _open: Open,
}

impl Answered {
    pub(super) fn new(body: Body, open: Open) -> Self {
        Self { body, _open: open }
    }
}

impl hyper::body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
