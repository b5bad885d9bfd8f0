//! Judging: facts about a project's files and its history to states and, later, verdicts.
//!
//! Facts come in as values, and where they came from is not known here: an index's database, a lockfile's download or a
//! test. Nothing here touches a disk, a network or the clock, so that everybody who judges judges alike.

pub mod builder;
pub mod history;
pub mod repository;
pub mod verdict;

pub use builder::{Builder, Shown, Source};
