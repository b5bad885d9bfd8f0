//! A connection's bytes, under a watch: nobody keeps it for nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::pace::Pace;
use super::traffic::Traffic;
use crate::config::Limits;

/// Fails when the client takes its answers too slowly, and where one request follows another, when the next head is not
/// there in time.
pub(super) struct Watched<S> {
    stream: S,
    traffic: Arc<Traffic>,
    sending: Pace,
    heads: Option<Heads>,
}

impl<S> Watched<S> {
    /// Of HTTP/1: a head follows an answer.
    pub(super) fn http1(stream: S, traffic: Arc<Traffic>, limits: &Limits) -> Self {
        Self {
            heads: Some(Heads::new(limits)),
            ..Self::http2(stream, traffic, limits)
        }
    }

    /// Of HTTP/2, where heads come whenever they like.
    pub(super) fn http2(stream: S, traffic: Arc<Traffic>, limits: &Limits) -> Self {
        Self {
            stream,
            traffic,
            sending: Pace::new(limits),
            heads: None,
        }
    }

    /// What a write answers: as it is, unless it has waited for too long.
    fn paced(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(taken) = &written {
            let taken = taken.as_ref().map_or(0, |bytes| *bytes);
            self.traffic.moves(taken);
            self.sending.moved(taken);
            return written;
        }
        let slow = ready!(self.sending.poll_waiting(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, slow)))
    }
}

/// How long the next head is waited for.
struct Heads {
    head_time: Duration,
    idle_time: Duration,
    /// Requests that had begun when it was looked last.
    begun: u64,
    /// The first byte of the next head is there.
    has_first: bool,
    deadline: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Heads {
    fn new(limits: &Limits) -> Self {
        Self {
            head_time: limits.head_time,
            idle_time: limits.idle_time,
            begun: 0,
            has_first: false,
            deadline: None,
            alarm: None,
        }
    }

    /// Whether nothing but a head can be what comes next.
    fn are_due(&mut self, traffic: &Traffic) -> bool {
        let begun = traffic.begun();
        if self.begun != begun {
            self.begun = begun;
            self.has_first = false;
            self.deadline = None;
        }
        traffic.is_idle()
    }

    fn came(&mut self, traffic: &Traffic) {
        if self.are_due(traffic) && !self.has_first {
            self.has_first = true;
            // Since connecting, for the first.
            if self.begun > 0 || self.deadline.is_none() {
                self.deadline = Some(Instant::now() + self.head_time);
            }
        }
    }

    /// Nothing comes: ready when that has been so for too long.
    fn poll_waiting(&mut self, traffic: &Traffic, context: &mut Context<'_>) -> Poll<()> {
        if !self.are_due(traffic) {
            return Poll::Pending;
        }
        let patience = if self.begun == 0 {
            self.head_time
        } else {
            self.idle_time
        };
        let deadline = *self
            .deadline
            .get_or_insert_with(|| Instant::now() + patience);
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        loop {
            // One that rings too early costs less than setting it for each request.
            if alarm.deadline() > deadline {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(context));
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let Some(heads) = &mut this.heads else {
            return read;
        };
        if read.is_pending() {
            ready!(heads.poll_waiting(&this.traffic, context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if buffer.filled().len() > before {
            heads.came(&this.traffic);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.paced(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.paced(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
