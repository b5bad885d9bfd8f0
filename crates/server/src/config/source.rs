//! Where values come from, and whose value wins.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::KEYS;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the configuration file.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
    /// Among the flags.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("the configuration file {} is no TOML", .path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Where and why not.
        source: Box<toml::de::Error>,
    },
    /// Nobody knows the key.
    #[error("{origin}: there is no key `{key}`{}", suggestion(.nearest))]
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// What was given.
        key: String,
        /// The key that looks most like it, if one does.
        nearest: Option<&'static str>,
    },
    /// The value is a table or something else that no key takes.
    #[error("{origin}: `{key}` takes text, a number, `true`, `false` or a list of texts")]
    Shape {
        /// Where it stands.
        origin: Origin,
        /// Which key.
        key: &'static str,
    },
    /// The value is not what its key needs.
    #[error("{origin}: the value of `{key}` is wrong")]
    Value {
        /// Where it stands.
        origin: Origin,
        /// Which key.
        key: &'static str,
        /// What was expected and found.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(key) => format!("; did you mean `{key}`?"),
        None => format!(
            "; the keys are {}",
            KEYS.iter()
                .map(|key| key.name)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// The values given, each with its origin; where several were given for one key, the one that wins.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, (String, Origin)>);

/// Reads all sources, in the order in which later ones win.
pub(super) fn gather(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: impl IntoIterator<Item = (String, String)>,
) -> Result<Values, ConfigError> {
    let mut values = Values::default();
    if let Some(path) = file {
        values.read_file(path)?;
    }
    for (name, value) in environment {
        values.read_variable(name, value)?;
    }
    for (name, value) in flags {
        let key =
            known(&name).map_err(|nearest| unknown(Origin::Flag(flag(&name)), &name, nearest))?;
        values.0.insert(key, (value, Origin::Flag(flag(key))));
    }
    Ok(values)
}

fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

fn unknown(origin: Origin, key: &str, nearest: Option<&'static str>) -> ConfigError {
    ConfigError::UnknownKey {
        origin,
        key: key.chars().take(80).collect(),
        nearest,
    }
}

const PREFIX: &str = "TOUCHPLATE_";

impl Values {
    fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let table: toml::Table = text.parse().map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        for (name, value) in table {
            let origin = Origin::File(path.to_owned());
            let key = known(&name).map_err(|nearest| unknown(origin.clone(), &name, nearest))?;
            let text = text_of(&value).ok_or_else(|| ConfigError::Shape {
                origin: origin.clone(),
                key,
            })?;
            self.0.insert(key, (text, origin));
        }
        Ok(())
    }

    /// Other programs and commands have `TOUCHPLATE_…` variables too, so only one that looks like a key of ours, and is
    /// none, is refused: a misspelt `anonymous_read` must not be overheard.
    fn read_variable(&mut self, name: String, value: String) -> Result<(), ConfigError> {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            return Ok(());
        };
        match known(&rest.to_ascii_lowercase()) {
            Ok(key) => {
                self.0.insert(key, (value, Origin::Variable(name)));
                Ok(())
            }
            Err(None) => Ok(()),
            Err(nearest) => Err(unknown(Origin::Variable(name.clone()), rest, nearest)),
        }
    }

    /// The value of a key, parsed.
    pub(super) fn parsed<T>(&self, key: &'static str) -> Result<Option<T>, ConfigError>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        let Some((text, origin)) = self.0.get(key) else {
            return Ok(None);
        };
        let wrong = |source: T::Err| ConfigError::Value {
            origin: origin.clone(),
            key,
            source: Box::new(source),
        };
        text.parse().map(Some).map_err(wrong)
    }

    /// The values of a list; where the key is not given, these.
    pub(super) fn list_or<T>(
        &self,
        key: &'static str,
        default: Vec<T>,
    ) -> Result<Vec<T>, ConfigError>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        match self.0.contains_key(key) {
            true => self.list(key),
            false => Ok(default),
        }
    }

    /// The values of a key that takes several, separated by commas.
    pub(super) fn list<T>(&self, key: &'static str) -> Result<Vec<T>, ConfigError>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        let Some((text, origin)) = self.0.get(key) else {
            return Ok(Vec::new());
        };
        let wrong = |source: T::Err| ConfigError::Value {
            origin: origin.clone(),
            key,
            source: Box::new(source),
        };
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        items.map(|item| item.parse().map_err(wrong)).collect()
    }
}

fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            Some(texts.collect::<Option<Vec<_>>>()?.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// The key of that name, or the one that looks most like it.
fn known(name: &str) -> Result<&'static str, Option<&'static str>> {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return Ok(key.name);
    }
    let name: String = name.chars().take(80).collect();
    let nearest = KEYS
        .iter()
        .map(|key| (distance(&name, key.name), key.name))
        .min();
    // A slip of the pen is one or two letters, in short words one.
    Err(nearest
        .filter(|(distance, key)| *distance <= key.len().div_ceil(4).min(3))
        .map(|(_, key)| key))
}

/// How many letters must be put in, taken out or changed to make one text of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, above) in other.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(a != *b))
                .min(left + 1)
                .min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
