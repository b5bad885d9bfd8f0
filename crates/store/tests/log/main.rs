//! The logs: their store's contract, and the engine on each store.

// A failure here is a failed test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod contract;
mod engine;
mod faults;
mod moved;
mod support;
