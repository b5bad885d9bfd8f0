//! A request's body as it arrives: bounded in time, and never more of it in memory than one piece.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::Semaphore;

use crate::serving::TooSlow;

/// Bytes that may arrive while the form's reader makes nothing of them. It holds them in memory, looking for the end of a
/// part's header (some hundred bytes) or for the first boundary; a piece of the body has at most some hundred kilobytes.
const MAX_UNCLAIMED: usize = 1 << 20;

/// Refused bodies that are read to their end at one time. More are cut off.
const MAX_DRAINS: usize = 64;

/// The most that is read of a refused body: four times the largest file that anybody is likely to allow. It is read and
/// dropped, which costs little; a client that sends more is cut off.
const MAX_DRAIN_BYTES: u64 = 4 << 30;

/// The longest time that a refused body is read for.
const DRAIN_TIME: Duration = Duration::from_secs(5 * 60);

/// Why a body did not arrive in full.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArrivalError {
    /// Too little came for too long.
    #[error("the body came too slowly")]
    Slow(#[source] TooSlow),
    /// More than a header's worth came, and no end of the header.
    #[error("{MAX_UNCLAIMED} bytes came without the beginning of a part's content")]
    Unclaimed,
    /// The connection or its framing broke.
    #[error("the body broke off")]
    Broken(#[source] axum::Error),
}

impl ArrivalError {
    fn of(error: axum::Error) -> Self {
        let slow = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
        match slow {
            Some(slow) => Self::Slow(*slow),
            None => Self::Broken(error),
        }
    }
}

/// The body as a stream for the form's reader, which borrows it: what is left afterwards can still be read.
pub(crate) struct Arriving {
    body: BodyDataStream,
    /// A piece was given out and the reader has not had its turn since.
    gave: bool,
    begun: bool,
    ended: bool,
    unclaimed: Unclaimed,
}

/// Counts what arrived since the form's reader last made something of it.
#[derive(Clone, Default)]
pub(crate) struct Unclaimed(Arc<AtomicUsize>);

impl Unclaimed {
    /// The reader made something of what came.
    pub(crate) fn claim(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Arriving {
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            gave: false,
            begun: false,
            ended: false,
            unclaimed: Unclaimed::default(),
        }
    }

    pub(crate) fn unclaimed(&self) -> Unclaimed {
        self.unclaimed.clone()
    }

    /// Reads and drops what is left, at most `limit` bytes.
    pub(crate) async fn discard(&mut self, limit: u64) {
        let mut seen = 0_u64;
        while let Some(Ok(piece)) = self.next().await {
            self.unclaimed.claim();
            seen = seen.saturating_add(piece.len() as u64);
            if seen > limit {
                return;
            }
        }
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, ArrivalError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // One piece a turn: multer reads until it is told to wait, and would take a fast client's whole file into memory.
        if std::mem::take(&mut self.gave) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.begun = true;
        let arrived = match self.body.poll_next_unpin(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => None,
            Poll::Ready(Some(Err(error))) => Some(Err(ArrivalError::of(error))),
            Poll::Ready(Some(Ok(piece))) => {
                self.gave = true;
                let before = self.unclaimed.0.fetch_add(piece.len(), Ordering::Relaxed);
                if before > MAX_UNCLAIMED {
                    Some(Err(ArrivalError::Unclaimed))
                } else {
                    Some(Ok(piece))
                }
            }
        };
        self.ended = !matches!(arrived, Some(Ok(_)));
        Poll::Ready(arrived)
    }
}

/// Reads refused bodies to their end while the refusal is already on its way. Closing the connection on a client in the
/// middle of sending would reset it, and twine would report that instead of the reason.
#[derive(Clone)]
pub struct Drains(Arc<Semaphore>);

impl Default for Drains {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_DRAINS)))
    }
}

impl Drains {
    /// Reads what is left, beside everything else.
    pub(crate) fn drain(&self, mut arriving: Arriving, waits_for_continue: bool) {
        // A client that asked whether to send has sent nothing yet, and will not. To read now would tell it to.
        if arriving.ended || (waits_for_continue && !arriving.begun) {
            return;
        }
        let Ok(permit) = self.0.clone().try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let _permit = permit;
            // Whether it came to its end or not, the connection sees to the rest.
            let _ = tokio::time::timeout(DRAIN_TIME, arriving.discard(MAX_DRAIN_BYTES)).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn pieces(count: usize, bytes: usize) -> Body {
        let piece = Bytes::from(vec![7; bytes]);
        Body::from_stream(stream::iter(
            std::iter::repeat_n(piece, count).map(Ok::<_, std::io::Error>),
        ))
    }

    #[tokio::test]
    async fn one_piece_is_given_out_a_turn() {
        let mut arriving = Arriving::new(pieces(2, 10));
        let waker = futures_util::task::noop_waker();
        let mut turn = || arriving.poll_next_unpin(&mut Context::from_waker(&waker));
        assert!(matches!(turn(), Poll::Ready(Some(Ok(_)))));
        assert!(turn().is_pending());
        assert!(matches!(turn(), Poll::Ready(Some(Ok(_)))));
        assert!(turn().is_pending());
        assert!(matches!(turn(), Poll::Ready(None)));
        assert!(matches!(turn(), Poll::Ready(None)));
    }

    #[tokio::test]
    async fn what_nobody_claims_is_bounded() {
        let mut arriving = Arriving::new(pieces(100, 64 << 10));
        let mut given = 0;
        let refused = loop {
            match arriving.next().await {
                Some(Ok(piece)) => given += piece.len(),
                other => break other,
            }
        };
        assert!(matches!(refused, Some(Err(ArrivalError::Unclaimed))));
        assert!(given <= MAX_UNCLAIMED + (64 << 10));
        // Claimed, it goes on as long as it likes.
        let mut arriving = Arriving::new(pieces(100, 64 << 10));
        let unclaimed = arriving.unclaimed();
        let mut given = 0;
        while let Some(piece) = arriving.next().await {
            given += piece.unwrap().len();
            unclaimed.claim();
        }
        assert_eq!(given, 100 * (64 << 10));
    }
}
