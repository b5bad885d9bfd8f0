//! A clock that stands still until it is moved.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use touchplate_server::Clock;
use touchplate_trust::stamp::ClockState;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock {
    time: Mutex<Timestamp>,
    state: Mutex<ClockState>,
}

/// In the past: the Sigstore crates compare log times with the machine's own clock besides.
impl Default for FixedClock {
    fn default() -> Self {
        Self::at("2025-06-01T12:00:00Z".parse().unwrap())
    }
}

impl FixedClock {
    /// Stands at `time`.
    pub fn at(time: Timestamp) -> Self {
        Self {
            time: Mutex::new(time),
            state: Mutex::new(ClockState::Synchronised),
        }
    }

    /// Moves on.
    pub fn advance(&self, by: SignedDuration) {
        let mut time = self.time.lock().unwrap();
        *time += by;
    }
}

impl FixedClock {
    /// From now on the kernel says this of it.
    pub fn is(&self, state: ClockState) {
        *self.state.lock().unwrap() = state;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.time.lock().unwrap()
    }

    fn state(&self) -> ClockState {
        self.state.lock().unwrap().clone()
    }
}
