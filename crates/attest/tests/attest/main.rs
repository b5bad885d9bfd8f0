//! The tests at the crate's front door. One binary: each would link the cryptography again.

mod accepts;
mod support;
