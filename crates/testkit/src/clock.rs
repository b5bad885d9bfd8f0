//! A clock that stands still until it is moved.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use touchplate_server::Clock;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

/// In the past: the Sigstore crates compare log times with the machine's own clock besides.
impl Default for FixedClock {
    fn default() -> Self {
        Self::at("2025-06-01T12:00:00Z".parse().unwrap())
    }
}

impl FixedClock {
    /// Stands at `time`.
    pub fn at(time: Timestamp) -> Self {
        Self(Mutex::new(time))
    }

    /// Moves on.
    pub fn advance(&self, by: SignedDuration) {
        let mut time = self.0.lock().unwrap();
        *time += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
