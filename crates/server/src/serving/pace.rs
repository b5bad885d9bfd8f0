//! How slowly somebody may send or take: only the time for which we wait for them counts.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::config::Limits;

/// Whoever is waited for moved too little meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {least} bytes in {} seconds of waiting, found {moved}", .window.as_secs())]
pub(crate) struct TooSlow {
    window: Duration,
    least: u64,
    moved: u64,
}

/// Counts bytes against time spent waiting for them, in windows of [`Limits::stall_time`]. A burst at the beginning pays for
/// no hours of trickling afterwards.
pub(super) struct Pace {
    window: Duration,
    least: u64,
    moved: u64,
    waited: Duration,
    /// Since when we wait, if we do.
    since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            window: limits.stall_time,
            least: limits.least_bytes(),
            moved: 0,
            waited: Duration::ZERO,
            since: None,
            alarm: None,
        }
    }

    /// So much came or went.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(bytes as u64);
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
    }

    /// Nothing comes or goes: ready when that has been so for too long.
    pub(super) fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<TooSlow> {
        loop {
            let since = *self.since.get_or_insert_with(Instant::now);
            let due = since + self.window.saturating_sub(self.waited);
            let alarm = self
                .alarm
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            ready!(alarm.as_mut().poll(context));
            // Setting it costs more than letting it ring too early: bytes came since it was set.
            if alarm.deadline() < due {
                alarm.as_mut().reset(due);
                continue;
            }
            if self.moved < self.least {
                return Poll::Ready(TooSlow {
                    window: self.window,
                    least: self.least,
                    moved: self.moved,
                });
            }
            self.moved = 0;
            self.waited = Duration::ZERO;
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn pace() -> Pace {
        Pace::new(&Limits {
            stall_time: WINDOW,
            bytes_per_second: 10,
            ..Limits::default()
        })
    }

    /// Waits until `pause` is over, or until that was too long.
    async fn waits(pace: &mut Pace, pause: Duration) -> Result<(), TooSlow> {
        tokio::select! {
            biased;
            slow = poll_fn(|context| pace.poll_waiting(context)) => Err(slow),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_patience() {
        let slow = waits(&mut pace(), WINDOW * 2).await.unwrap_err();
        assert_eq!(
            slow.to_string(),
            "expected 100 bytes in 10 seconds of waiting, found 0"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_trickle_is_enough_if_it_is_no_thinner_than_it_may_be() {
        let mut enough = pace();
        for _ in 0..200 {
            waits(&mut enough, WINDOW / 10).await.unwrap();
            enough.moved(12);
        }
        let mut thin = pace();
        let mut outcome = Ok(());
        for _ in 0..20 {
            outcome = waits(&mut thin, WINDOW / 10).await;
            if outcome.is_err() {
                break;
            }
            thin.moved(9);
        }
        assert!(outcome.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_pays_for_its_own_window_alone() {
        let mut pace = pace();
        pace.moved(1 << 30);
        waits(&mut pace, WINDOW + WINDOW / 2).await.unwrap();
        waits(&mut pace, WINDOW).await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_nobody_waits_does_not_count() {
        let mut pace = pace();
        for _ in 0..9 {
            waits(&mut pace, WINDOW / 10).await.unwrap();
            pace.moved(1);
            tokio::time::sleep(WINDOW * 10).await;
        }
        pace.moved(91);
        waits(&mut pace, WINDOW / 2).await.unwrap();
    }
}
