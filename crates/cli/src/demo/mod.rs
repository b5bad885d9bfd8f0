//! `touchplate demo`: the main job from end to end, in one process, with no network beyond the loopback address and
//! nothing installed.

mod http;
mod narrator;
mod refusals;
mod release;
mod sample_project;
mod signing;
mod stage;

use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use touchplate_attest::Publisher;

use crate::report::{Failure, Outcome};
use narrator::Narrator;
use stage::Stage;

/// Arguments of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate demo
  touchplate demo --keep

It needs no network and no Python, and leaves a small folder with one downloaded file, its provenance and the trust
root, so that you can verify them yourself.")]
pub(crate) struct Arguments {
    /// Go on serving until Ctrl-C, to look around
    #[arg(long)]
    keep: bool,
}

/// The repository whose simulated workflow publishes.
const REPOSITORY: &str = "example/sampleproject";
/// Its workflow.
const WORKFLOW: &str = "release.yml";

/// Why the demo did not come out as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// The machine did not let it.
    #[error("the demo could not {doing}")]
    Machine {
        /// What it was doing, as an infinitive clause.
        doing: &'static str,
        /// What was in the way.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A step came out otherwise than it should.
    #[error("a step came out wrong: expected {expected}, found {found}")]
    Unlike {
        /// What should have come.
        expected: String,
        /// What came.
        found: String,
    },
}

impl DemoError {
    /// The machine did not let it do `doing`, and said why.
    fn machine<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        doing: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |cause| Self::Machine {
            doing,
            cause: cause.into(),
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Machine { .. } => Self::outside(error),
            DemoError::Unlike { .. } => Self::refused(error),
        }
    }
}

/// Holds what came against what should have come.
fn expect(
    holds: bool,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Result<(), DemoError> {
    if holds {
        Ok(())
    } else {
        Err(DemoError::Unlike {
            expected: expected.into(),
            found: found.into(),
        })
    }
}

/// Whom the project trusts to publish.
fn publisher() -> Publisher {
    Publisher::github(REPOSITORY, WORKFLOW)
}

/// Plays the demo; every step must come out as said.
pub(crate) fn run(
    arguments: &Arguments,
    clock: impl Fn() -> Timestamp + Copy + Sync,
) -> Result<Outcome, Failure> {
    let began = Instant::now();
    let mut narrator = Narrator::new();
    narrator.say("touchplate demo: an index, a trust stack and a publisher, all in this process, with no network.")?;

    let stage = Stage::set(clock, &mut narrator)?;
    let token = stage.invite(&mut narrator)?;
    let published = release::publish(&stage, &token, clock, &mut narrator)?;
    let verified = release::read_back(&stage, &published, clock, &mut narrator)?;
    refusals::show(&stage, &token, clock, &mut narrator)?;

    narrator.section("See for yourself")?;
    verified.tell(&narrator)?;
    stage.tell_urls(&published, arguments.keep, &narrator)?;
    narrator.end(began.elapsed())?;
    if arguments.keep {
        narrator.say("\nServing until Ctrl-C.")?;
        stage.keep()?;
    }
    stage.strike()?;
    Ok(Outcome::Done)
}
