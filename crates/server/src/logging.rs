//! The log: lines of text for people, JSON for collectors, on standard error.

use std::fmt;
use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use crate::traces::{self, Traces};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

/// A word that names no log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log format is `auto`, `text` or `json`")]
pub struct UnknownLogFormat;

impl FromStr for LogFormat {
    type Err = UnknownLogFormat;

    fn from_str(given: &str) -> Result<Self, UnknownLogFormat> {
        match given {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownLogFormat),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// What is logged where `TOUCHPLATE_LOG` does not say (in the language of `tracing_subscriber::EnvFilter`).
/// The object store's client tells each retry; what comes of them, we say.
const DEFAULT_FILTER: &str = "info,object_store=warn";

/// Starts the log of this process, and its traces if there are to be any. A second start changes nothing.
pub fn start(format: LogFormat, traces: Option<&Traces>) {
    let filter = EnvFilter::try_from_env("TOUCHPLATE_LOG")
        .unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    // Spans for traces say again what lines say.
    let filter = match format!("{}=off", traces::TARGET).parse() {
        Ok(without) => filter.add_directive(without),
        Err(_) => filter,
    };
    let terminal = std::io::stderr().is_terminal();
    let json = format == LogFormat::Json || (format == LogFormat::Auto && !terminal);
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt::layer::<Registry>()
        .with_writer(std::io::stderr)
        .with_target(false);
    let lines = match json {
        true => lines.json().with_filter(filter).boxed(),
        false => lines.with_ansi(colours).with_filter(filter).boxed(),
    };
    let layers = tracing_subscriber::registry().with(lines);
    // A process that logs already keeps its log.
    let _ = match traces {
        Some(traces) => layers.with(traces.layer()).try_init(),
        None => layers.try_init(),
    };
}
