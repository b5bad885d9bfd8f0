//! The one place that reads the time of day, and asks whether it can be relied on. Below it, `now` is an argument.

use jiff::Timestamp;
use touchplate_trust::stamp::ClockState;

/// Tells the time of day.
pub trait Clock: Send + Sync {
    /// The time, now.
    fn now(&self) -> Timestamp;

    /// Whether something keeps it right.
    fn state(&self) -> ClockState;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// What `adjtimex` says, which anybody may ask. It takes under a microsecond.
    #[cfg(target_os = "linux")]
    fn state(&self) -> ClockState {
        use rtime_clock::adjtime::{Timex, adjtimex};

        /// `TIME_ERROR` of adjtimex(2): nothing keeps the clock right, or not for long.
        const TIME_ERROR: i32 = 5;
        match adjtimex(&mut Timex::new()) {
            Ok(TIME_ERROR) => ClockState::Unsynchronised,
            Ok(_) => ClockState::Synchronised,
            Err(error) => ClockState::Unknown {
                reason: error.to_string(),
            },
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn state(&self) -> ClockState {
        ClockState::Unknown {
            reason: "this program asks Linux alone".to_owned(),
        }
    }
}
