//! `pylock.toml` (PEP 751): read, and edited in place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::Spanned;
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

use super::place::Lines;
use super::{Digest, Entry, LockError, LockFormat, LockedFile, LockedName, Source};

/// What is written into the document.
const IDENTITIES: &str = "attestation-identities";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head {
    lock_version: String,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: Spanned<String>,
    version: Option<String>,
    index: Option<String>,
    vcs: Option<Located>,
    directory: Option<Located>,
    archive: Option<File>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
    attestation_identities: Option<Vec<serde_json::Map<String, Json>>>,
}

#[derive(Deserialize)]
struct Located {
    url: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

pub(super) fn entries(text: &str) -> Result<Vec<Entry>, LockError> {
    let toml = |source| LockError::Toml {
        format: LockFormat::Pylock,
        source: Box::new(source),
    };
    let Head { lock_version } = toml::from_str(text).map_err(toml)?;
    // Minor versions add what need not be known.
    if lock_version.split('.').next() != Some("1") {
        return Err(LockError::Version {
            format: LockFormat::Pylock,
            expected: "1",
            found: lock_version,
        });
    }
    let lock: Lock = toml::from_str(text).map_err(toml)?;
    let mut lines = Lines::of(text);
    let packages = lock.packages.into_iter();
    Ok(packages.map(|package| package.entry(&mut lines)).collect())
}

impl Package {
    fn entry(self, lines: &mut Lines<'_>) -> Entry {
        let line = lines.at(self.name.span());
        let mut files: Vec<_> = self
            .sdist
            .iter()
            .chain(&self.wheels)
            .map(File::locked)
            .collect();
        let source = match (self.vcs, self.directory, self.archive) {
            (None, None, None) => Source::Index(self.index),
            (Some(vcs), _, _) => Source::Vcs(vcs.place()),
            (None, Some(directory), _) => Source::Directory(directory.place()),
            (None, None, Some(archive)) => {
                files.push(archive.locked());
                match (archive.url, archive.path) {
                    (Some(url), _) => Source::Url(url),
                    (None, path) => Source::Path(path.unwrap_or_default()),
                }
            }
        };
        let identities = self.attestation_identities;
        Entry {
            source,
            files,
            identities: identities.map(|them| them.into_iter().map(Json::Object).collect()),
            ..Entry::new(line, self.name.get_ref(), self.version.as_deref())
        }
    }
}

impl Located {
    fn place(self) -> String {
        self.url.or(self.path).unwrap_or_default()
    }
}

impl File {
    fn locked(&self) -> LockedFile {
        let named = self
            .name
            .as_ref()
            .or(self.url.as_ref())
            .or(self.path.as_ref());
        let hashes = self.hashes.iter();
        LockedFile {
            name: LockedName::of(named.map_or("", String::as_str)),
            digest: Digest::among(hashes.map(|(name, digits)| (name.as_str(), digits.as_str()))),
        }
    }
}

/// A `pylock.toml` to write identities into: its comments, order and spacing stay as they are.
#[derive(Clone, Debug)]
pub struct Pylock(DocumentMut);

/// Why identities cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum IdentitiesError {
    /// The text is no TOML document.
    #[error("it is no TOML document")]
    Toml(#[from] toml_edit::TomlError),
    /// There is no such package.
    #[error("it has no package number {number}")]
    Package {
        /// Counted from 0.
        number: usize,
    },
}

impl Pylock {
    /// The document of a text.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, IdentitiesError> {
        Ok(Self(text.parse()?))
    }

    /// Writes who has to have attested the files of a package: its number is that of its [`Entry`]. What stood there goes;
    /// with nobody, the key goes.
    ///
    /// # Errors
    /// There is no such package.
    pub fn set_identities(
        &mut self,
        number: usize,
        identities: &[Json],
    ) -> Result<(), IdentitiesError> {
        let packages = self.0.get_mut("packages");
        let package = match packages {
            Some(Item::ArrayOfTables(tables)) => tables
                .get_mut(number)
                .map(|table| table as &mut dyn TableLike),
            Some(Item::Value(Value::Array(values))) => {
                let value = values.get_mut(number);
                let table = value.and_then(Value::as_inline_table_mut);
                table.map(|table| table as &mut dyn TableLike)
            }
            _ => None,
        };
        let package = package.ok_or(IdentitiesError::Package { number })?;
        if identities.is_empty() {
            package.remove(IDENTITIES);
            return Ok(());
        }
        let written: Array = identities.iter().filter_map(to_toml).collect();
        package.insert(IDENTITIES, Item::Value(Value::Array(written)));
        Ok(())
    }

    /// The text.
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

/// JSON as TOML, without what is null: TOML has no such thing, and in a publisher it restricts nothing.
pub fn to_toml(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::from(number),
            None => Value::from(number.as_f64()?),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::Array(items.iter().filter_map(to_toml).collect()),
        Json::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.filter_map(|(key, json)| Some((key.as_str(), to_toml(json)?)));
            Value::InlineTable(fields.collect::<InlineTable>())
        }
    })
}
