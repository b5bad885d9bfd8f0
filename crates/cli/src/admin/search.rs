//! The search index: how it stands, and making it anew.

use clap::Subcommand;
use touchplate_index::Index;
use touchplate_index::ports::{DocumentSet, Filled};
use touchplate_index::search::{Progress, Search as Searching};
use touchplate_server::{Config, wiring};

use super::done;
use crate::report::{Failure, Outcome, say};

/// Commands about search.
#[derive(Debug, Subcommand)]
pub(crate) enum Search {
    /// Say how the search index stands: what it knows of the journal, and whether it is being made
    #[command(after_help = "Example:\n  touchplate admin search status")]
    Status,
    /// Make the search index anew, beside the one that is searched meanwhile; needed by itself only after the database was put
    /// back to an older state, or replaced
    #[command(after_help = "\
It may be stopped at any time: whoever comes next, a server or this command, goes on where it was.

Example:
  touchplate admin search rebuild")]
    Rebuild,
}

impl Search {
    pub(super) async fn run(&self, index: &Index, config: &Config) -> Result<Outcome, Failure> {
        let search = wiring::open_search(config, index).await?;
        match self {
            Self::Status => status(index, &search).await,
            Self::Rebuild => rebuild(&search).await,
        }
    }
}

async fn status(index: &Index, search: &Searching) -> Result<Outcome, Failure> {
    let sets = search.sets().await.map_err(Failure::outside)?;
    let head = index.head().await.map_err(Failure::outside)?;
    let behind = |set: &DocumentSet| match head.0.saturating_sub(set.serial.0) {
        0 => "knows every change".to_owned(),
        1 => "is one change behind".to_owned(),
        changes => format!("is {changes} changes behind"),
    };
    match &sets.live {
        Some(live) => say(&format!("searched: {}", behind(live)))?,
        None => say("searched: nothing yet; a server makes the index when it starts")?,
    }
    if let Some(building) = &sets.building {
        match &building.filled {
            Filled::To(Some(name)) => say(&format!("being made: up to {name}"))?,
            Filled::To(None) => say("being made: just begun")?,
            Filled::Whole => say(&format!("being made: {}", behind(building)))?,
        }
    }
    Ok(Outcome::Done)
}

async fn rebuild(search: &Searching) -> Result<Outcome, Failure> {
    search.rebuild().await.map_err(Failure::outside)?;
    while search.advance().await.map_err(Failure::outside)? == Progress::Building {}
    Ok(done("the search index is made anew"))
}
