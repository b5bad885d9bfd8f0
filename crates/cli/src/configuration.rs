//! The configuration of an index, from the file, the environment and the flags that the command line has for each key.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, FromArgMatches};
use touchplate_server::config::{Config, ConfigError, KEYS, Key};

use crate::options::Common;
use crate::report::Failure;

/// A flag for each key that is not an option of every command; the help is the reference's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags(Vec<(String, String)>);

/// The flags that say where an index's data is: what `admin` needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlaceFlags(Vec<(String, String)>);

/// Keys that are options of every command ([`Common`]).
const COMMON: [&str; 3] = ["data", "trusted_root", "trust"];
const PLACE: [&str; 2] = ["database", "blobs"];

impl Flags {
    /// Pairs of key and value, as the configuration takes them.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    fn keys() -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(|key| !COMMON.contains(&key.name))
    }
}

impl PlaceFlags {
    /// Pairs of key and value, as the configuration takes them.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    fn keys() -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(|key| PLACE.contains(&key.name))
    }
}

/// Clap's side of both: one long flag a key.
macro_rules! flags {
    ($flags:ident) => {
        impl clap::Args for $flags {
            fn augment_args(command: Command) -> Command {
                Self::keys().fold(command, |command, key| command.arg(flag(key)))
            }

            fn augment_args_for_update(command: Command) -> Command {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $flags {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                let mut flags = Self::default();
                flags.update_from_arg_matches(matches)?;
                Ok(flags)
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                let given = |key: &'static Key| {
                    matches
                        .get_one::<String>(key.name)
                        .map(|value| (key.name.to_owned(), value.clone()))
                };
                self.0.extend(Self::keys().filter_map(given));
                Ok(())
            }
        }
    };
}

flags!(Flags);
flags!(PlaceFlags);

fn flag(key: &'static Key) -> Arg {
    Arg::new(key.name)
        .long(key.name.replace('_', "-"))
        .value_name(key.value)
        .help(key.help)
        .help_heading(
            "Configuration (each also in the file, and as TOUCHPLATE_… in the environment)",
        )
}

#[derive(Debug, thiserror::Error)]
#[error("expected a path in UTF-8, found {}", .0.display())]
struct NotUtf8(PathBuf);

/// Reads the configuration.
pub(crate) fn load(common: &Common, mut flags: Vec<(String, String)>) -> Result<Config, Failure> {
    let given = [&common.data, &common.trusted_root, &common.trust];
    for (key, path) in COMMON.into_iter().zip(given) {
        if let Some(path) = path {
            let text = path
                .to_str()
                .ok_or_else(|| Failure::usage(NotUtf8(path.clone())))?;
            flags.push((key.to_owned(), text.to_owned()));
        }
    }
    // Variables that are no text are none of ours.
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let environment = std::env::vars_os().filter_map(text);
    Ok(Config::load(common.config.as_deref(), environment, flags)?)
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unreadable { .. }
            | ConfigError::Syntax { .. }
            | ConfigError::UnknownKey { .. }
            | ConfigError::Shape { .. }
            | ConfigError::Value { .. } => Self::usage(error),
        }
    }
}
