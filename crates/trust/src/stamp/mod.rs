//! A timestamp authority (RFC 3161).
//!
//! A stamp says that its authority saw a digest no later than the stamp's time. So it is only given when the clock can be
//! relied on, and never with a time before one that was given already, whatever happened to the clock in between.

mod refusal;
mod request;
mod token;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::forge::TrustError;
use crate::layout::{Held, KeyRing, LayoutError};
use crate::window::Window;
use request::StampRequest;
use token::Signer;

pub use refusal::StampRefusal;
pub use request::MAX_REQUEST_BYTES;

/// What a stamp's time may be off by, which is what each stamp says: its time is in whole seconds.
const ACCURACY_SECONDS: u64 = 1;

/// The clock may go back by as much as a stamp may be off by: a second that was begun is stamped to its end.
const TOLERANCE_SECONDS: i64 = 1;

/// What is known of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockState {
    /// The kernel says that something keeps it right.
    Synchronised,
    /// The operator said that nobody need ask.
    Waived,
    /// The kernel says that nothing keeps it right.
    Unsynchronised,
    /// The kernel did not say.
    Unknown {
        /// Why not.
        reason: String,
    },
}

/// Keeps the latest time that was ever stamped.
#[async_trait]
pub trait StampFloor: Send + Sync {
    /// Raises the floor to `to`, unless it is higher, and returns where it is then. On return that survives a power cut.
    /// Nothing lowers it, and every process of the stack sees the same one.
    async fn raise(&self, to: Timestamp) -> Result<Timestamp, FloorError>;
}

/// The floor could not be read or raised.
#[derive(Debug, thiserror::Error)]
#[error("the time of the latest stamp could not be kept")]
pub struct FloorError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Stamps digests.
pub struct TimestampAuthority {
    /// The newest first.
    signers: Vec<(Window, Signer)>,
    floor: Arc<dyn StampFloor>,
    /// The second to which this process has raised the floor, since 1970.
    reached: AtomicI64,
    /// Held while it is raised: of many requests at the start of a second, one writes.
    raising: Mutex<()>,
}

impl fmt::Debug for TimestampAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimestampAuthority")
            .field("reached", &self.reached)
            .finish_non_exhaustive()
    }
}

impl TimestampAuthority {
    /// One that signs with the keys of `ring`, each in its time.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn new(ring: &KeyRing, floor: Arc<dyn StampFloor>) -> Result<Self, TrustError> {
        let signers = ring.all().iter();
        let signers = signers.map(|held: &Held| Ok((held.window.clone(), Signer::new(held)?)));
        Ok(Self {
            signers: signers.collect::<Result<_, TrustError>>()?,
            floor,
            reached: AtomicI64::new(i64::MIN),
            raising: Mutex::new(()),
        })
    }

    /// The response to a request, DER.
    ///
    /// # Errors
    /// When the request is malformed or asks for what is not done here, or the time is not to be relied on;
    /// [`StampRefusal::response`] is what the client gets.
    pub async fn stamp(
        &self,
        request: &[u8],
        now: Timestamp,
        clock: &ClockState,
    ) -> Result<Vec<u8>, StampRefusal> {
        let request = StampRequest::parse(request)?;
        match clock {
            ClockState::Synchronised | ClockState::Waived => {}
            ClockState::Unsynchronised => return Err(StampRefusal::Unsynchronised),
            ClockState::Unknown { reason } => {
                let reason = reason.clone();
                return Err(StampRefusal::UnknownClock { reason });
            }
        }
        let (_, signer) = self
            .signers
            .iter()
            .find(|(window, _)| window.contains(now))
            .ok_or(StampRefusal::NoKey)?;
        let time = self.time(now).await?;
        signer.sign(&request, time)
    }

    /// The certificates of the key that signs now, DER, from its own up.
    ///
    /// # Errors
    /// When no key is believed now.
    pub fn chain(&self, now: Timestamp) -> Result<&[Vec<u8>], LayoutError> {
        let mut signers = self.signers.iter();
        let signer = signers.find(|(window, _)| window.contains(now));
        let (_, signer) = signer.ok_or(LayoutError::NoKey {
            role: crate::layout::Role::Tsa,
        })?;
        Ok(signer.chain())
    }

    /// The time to state: now, in whole seconds, once the floor is there. Whatever else of a stack says when something was,
    /// such as a log's promise, asks here too, so that no statement is about an earlier time than one before it.
    ///
    /// # Errors
    /// When the clock is behind what was stated before, or the floor cannot be raised.
    pub async fn time(&self, now: Timestamp) -> Result<Timestamp, StampRefusal> {
        let second = now.as_second();
        let mut reached = self.reached.load(Ordering::Acquire);
        if reached < second {
            let _one_at_a_time = self.raising.lock().await;
            reached = self.reached.load(Ordering::Acquire);
            if reached < second {
                let floor = self.floor.raise(crate::window::whole_second(now)).await?;
                reached = floor.as_second();
                self.reached.fetch_max(reached, Ordering::AcqRel);
            }
        }
        let time = Timestamp::from_second(reached).unwrap_or(now);
        if reached.saturating_sub(second) > TOLERANCE_SECONDS {
            return Err(StampRefusal::ClockWentBack { latest: time });
        }
        Ok(time)
    }
}
