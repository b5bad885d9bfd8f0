//! The HTTP face: routes, extractors, pages, cache, configuration, wiring.
//!
//! [`routes`] is one table of every URL: start there. Handlers translate and decide nothing; what they ask is
//! [`touchplate_index::Index`], and every refusal is a [`problem::Problem`].

pub mod api;
pub mod app;
pub mod cache;
pub mod chores;
pub mod clock;
mod coding;
pub mod config;
mod extract;
mod forwarded;
mod hot;
pub mod logging;
pub mod metrics;
pub mod moving;
mod observe;
pub mod outbound;
#[doc(hidden)]
pub mod outside;
mod pages;
pub mod problem;
pub mod publishing;
mod reloading;
mod renewed;
pub mod routes;
mod serving;
pub mod tls;
pub mod traces;
pub mod trust;
pub mod wiring;

pub use clock::{Clock, SystemClock};
pub use config::Config;
pub use serving::FilesHost;
