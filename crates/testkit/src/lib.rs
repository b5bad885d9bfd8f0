//! Test server, samples, memory model of the ports, a clock that stands still. For tests only: the other crates use it
//! from their `tests/` folders.
// These are tests' tools: a failure in one is a failed test, and says so by panicking.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

pub mod clock;
pub mod contract;
mod damage;
mod engine;
pub mod http;
pub mod log_faults;
pub mod memory;
pub mod port_faults;
pub mod postgres;
mod processes;
pub mod proxy;
pub mod s3;
pub mod sample;
pub mod server;

pub use clock::FixedClock;
pub use proxy::Proxy;
pub use server::TestServer;
