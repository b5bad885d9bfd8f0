//! The server when PostgreSQL and S3 misbehave: each call fails both ways, and each engine is bad in its own manner.
// What the tests' own functions unwrap is what a test expects, and what is skipped or counted is said.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod bad;
mod clocks;
mod faults;
mod full;
mod hot;
mod large;
mod ports;
mod quotas;
mod read_only;
mod stopped;
mod world;
