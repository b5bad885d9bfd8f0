//! The server by its front door: real router, real database and disk, a clock that stands still.
// What the tests' own functions unwrap is what a test expects.
#![allow(clippy::unwrap_used, clippy::panic)]

mod attesters;
mod binding;
mod ca;
mod cache;
mod downloads;
mod encoding;
mod failing;
mod file_page;
mod files;
mod health;
mod integrity;
mod issuers;
mod later;
mod logs;
mod multipart;
mod narrowed;
mod oidc;
mod openapi;
mod pages;
mod pending;
mod project;
mod provider;
mod publishers;
mod ratchets;
mod refusals;
mod rotation;
mod search;
mod simple;
mod stack;
mod stamps;
mod tls;
mod trust;
mod uploads;
mod walk;
