//! The text of `touchplate.lock.toml`: read strictly, edited in place, so that comments and order survive.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value as Json;
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};
use touchplate_attest::{PinnedIds, Publisher, PublisherError};
use touchplate_packaging::lock::to_toml;
use touchplate_packaging::{InvalidVersion, ProjectName};
use touchplate_policy::verdict::{Acceptance, is_acceptable};

use super::{Pin, Who};

/// A pin takes some 300 bytes: this is room for every project that an organisation uses.
pub const MAX_PINS_BYTES: usize = 16 << 20;

/// What a new file begins with.
const HEAD: &str = "\
# Who built each project's files when they were first seen. Written by `touchplate verify --first-use`;
# remove an entry to accept somebody else.
version = 1
";

/// Who may build which project's files.
#[derive(Clone, Debug)]
pub struct Pins {
    document: DocumentMut,
    projects: Vec<PinnedProject>,
}

/// What the file says of one project.
#[derive(Clone, Debug)]
struct PinnedProject {
    name: ProjectName,
    pins: Vec<Pin>,
    accepted: Vec<Acceptance>,
}

/// Why a text is no `touchplate.lock.toml`.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// Longer than any needs to be.
    #[error("it is longer than {MAX_PINS_BYTES} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    Text,
    /// Not TOML, or with keys that this program does not know, or without those that it needs.
    #[error("it is not of the form that is described in docs/guide/pins.md")]
    Form(#[source] Box<toml::de::Error>),
    /// A later format.
    #[error("expected version 1, found {found}: it was written by a later program")]
    Version {
        /// As it stands there.
        found: i64,
    },
    /// Two answers to one question.
    #[error("the project `{project}` stands there twice")]
    Twice {
        /// The project.
        project: ProjectName,
    },
    /// It says nothing.
    #[error("the project `{project}` has no identity and accepts nothing; remove its entry")]
    Nobody {
        /// The project.
        project: ProjectName,
    },
    /// Neither or both ways to say who it is.
    #[error("an identity of `{project}` has to have either `publisher`, or `san` and `issuer`")]
    Who {
        /// The project.
        project: ProjectName,
    },
    /// A publisher that cannot be read.
    #[error("a publisher of `{project}` cannot be read")]
    Publisher {
        /// The project.
        project: ProjectName,
        /// Why.
        source: PublisherError,
    },
    /// A date that is none.
    #[error(
        "the date at which an identity of `{project}` was first seen is not a day, such as 2026-11-25"
    )]
    Date {
        /// The project.
        project: ProjectName,
    },
    /// A version that is none.
    #[error("the version in which an identity of `{project}` was first seen cannot be read")]
    FirstVersion {
        /// The project.
        project: ProjectName,
        /// Why.
        source: InvalidVersion,
    },
    /// A finding that is none, or that nobody can accept.
    #[error(
        "`{project}` accepts the finding `{finding}`, which is not one that can be accepted: they stand in docs/guide/audit.md"
    )]
    Finding {
        /// The project.
        project: ProjectName,
        /// As it stands there.
        finding: String,
    },
    /// An acceptance that says not why.
    #[error("`{project}` accepts the finding `{finding}` without a reason")]
    NoReason {
        /// The project.
        project: ProjectName,
        /// The finding.
        finding: String,
    },
    /// A day that is none.
    #[error("the day until which `{project}` accepts `{finding}` is not one, such as 2026-11-25")]
    Until {
        /// The project.
        project: ProjectName,
        /// The finding.
        finding: String,
    },
    /// A version that is none.
    #[error("the version of which `{project}` accepts `{finding}` cannot be read")]
    AcceptedVersion {
        /// The project.
        project: ProjectName,
        /// The finding.
        finding: String,
        /// Why.
        source: InvalidVersion,
    },
    /// It can be read, and not added to.
    #[error("`{key}` is written in one line; write it as `[[{key}]]` so that it can be added to")]
    Inline {
        /// Which array.
        key: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    project: Vec<RawProject>,
    // Read on its own beforehand: a later version may have other keys.
    #[allow(dead_code, reason = "named, so that it is not unknown")]
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProject {
    name: ProjectName,
    #[serde(default)]
    identity: Vec<RawIdentity>,
    #[serde(default)]
    accepted: Vec<RawAccepted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccepted {
    finding: String,
    version: Option<String>,
    reason: String,
    until: toml::value::Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawIdentity {
    publisher: Option<Json>,
    san: Option<String>,
    issuer: Option<String>,
    repository_id: Option<String>,
    owner_id: Option<String>,
    first_seen: RawFirstSeen,
    index: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFirstSeen {
    version: String,
    date: toml::value::Datetime,
}

#[derive(Deserialize)]
struct Versioned {
    version: i64,
}

impl Default for Pins {
    /// No pins yet.
    fn default() -> Self {
        Self {
            document: HEAD.parse().expect("the constant is TOML"),
            projects: Vec::new(),
        }
    }
}

impl Pins {
    /// Reads the text. Keys of another format are refused, since they might restrict who is meant.
    ///
    /// # Errors
    /// See [`PinsError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PinsError> {
        if bytes.len() > MAX_PINS_BYTES {
            return Err(PinsError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_not_text| PinsError::Text)?;
        let form = |error| PinsError::Form(Box::new(error));
        let Versioned { version } = toml::from_str(text).map_err(form)?;
        if version != 1 {
            return Err(PinsError::Version { found: version });
        }
        let raw: Raw = toml::from_str(text).map_err(form)?;
        let mut seen = BTreeSet::new();
        let mut projects = Vec::new();
        for project in raw.project {
            let RawProject {
                name,
                identity,
                accepted,
            } = project;
            if !seen.insert(name.as_str().to_owned()) {
                return Err(PinsError::Twice { project: name });
            }
            if identity.is_empty() && accepted.is_empty() {
                return Err(PinsError::Nobody { project: name });
            }
            let pins = identity.into_iter().map(|raw| raw.pin(&name));
            let pins = pins.collect::<Result<_, _>>()?;
            let accepted = accepted.into_iter().map(|raw| raw.acceptance(&name));
            let accepted = accepted.collect::<Result<_, _>>()?;
            projects.push(PinnedProject {
                name,
                pins,
                accepted,
            });
        }
        Ok(Self {
            document: text.parse().expect("it has been read as TOML before"),
            projects,
        })
    }

    /// Who may build a project's files; empty if nobody has been seen yet.
    pub fn of(&self, project: &ProjectName) -> &[Pin] {
        self.project(project).map_or(&[], |it| &it.pins)
    }

    /// What is accepted of a project though it is not as it should be.
    pub fn accepted(&self, project: &ProjectName) -> &[Acceptance] {
        self.project(project).map_or(&[], |it| &it.accepted)
    }

    fn project(&self, project: &ProjectName) -> Option<&PinnedProject> {
        self.projects.iter().find(|it| it.name == *project)
    }

    /// The projects that stand there, with their pins.
    pub fn projects(&self) -> impl Iterator<Item = (&ProjectName, &[Pin])> {
        let projects = self.projects.iter();
        projects.map(|it| (&it.name, it.pins.as_slice()))
    }

    /// Adds a pin at the end: of its project, or of the file.
    ///
    /// # Errors
    /// The array that it belongs into is written in one line.
    pub fn add(&mut self, project: &ProjectName, pin: Pin) -> Result<(), PinsError> {
        let tables = array(self.document.as_table_mut(), "project", "project")?;
        let at = tables.iter().position(|table| {
            let name = table.get("name").and_then(Item::as_str);
            name.and_then(|name| name.parse::<ProjectName>().ok())
                .as_ref()
                == Some(project)
        });
        let table = match at.and_then(|at| tables.get_mut(at)) {
            Some(table) => table,
            None => {
                let mut table = Table::new();
                table.insert("name", value(project.as_str()));
                tables.push(table);
                let last = tables.len() - 1;
                tables.get_mut(last).expect("it was just put there")
            }
        };
        array(table, "identity", "project.identity")?.push(written(&pin));
        match self.projects.iter_mut().find(|it| it.name == *project) {
            Some(known) => known.pins.push(pin),
            None => self.projects.push(PinnedProject {
                name: project.clone(),
                pins: vec![pin],
                accepted: Vec::new(),
            }),
        }
        Ok(())
    }

    /// The text.
    pub fn text(&self) -> String {
        self.document.to_string()
    }
}

fn array<'t>(
    table: &'t mut Table,
    key: &str,
    path: &'static str,
) -> Result<&'t mut ArrayOfTables, PinsError> {
    let item = table
        .entry(key)
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut()
        .ok_or(PinsError::Inline { key: path })
}

impl RawIdentity {
    fn pin(self, project: &ProjectName) -> Result<Pin, PinsError> {
        let who = match (self.publisher, self.san, self.issuer) {
            (Some(json), None, None) => {
                let publisher = Publisher::parse(json.to_string().as_bytes());
                Who::Publisher(publisher.map_err(|source| PinsError::Publisher {
                    project: project.clone(),
                    source,
                })?)
            }
            (None, Some(san), Some(issuer)) => Who::Identity { san, issuer },
            _ => {
                return Err(PinsError::Who {
                    project: project.clone(),
                });
            }
        };
        let RawFirstSeen { version, date } = self.first_seen;
        let version = version.parse().map_err(|source| PinsError::FirstVersion {
            project: project.clone(),
            source,
        })?;
        let date = date.to_string().parse::<Date>();
        Ok(Pin {
            who,
            ids: PinnedIds {
                repository_id: self.repository_id,
                owner_id: self.owner_id,
            },
            version,
            date: date.map_err(|_not_a_day| PinsError::Date {
                project: project.clone(),
            })?,
            index: self.index,
        })
    }
}

impl RawAccepted {
    fn acceptance(self, project: &ProjectName) -> Result<Acceptance, PinsError> {
        let Self {
            finding,
            version,
            reason,
            until,
        } = self;
        let project = project.clone();
        if !is_acceptable(&finding) {
            return Err(PinsError::Finding { project, finding });
        }
        if reason.trim().is_empty() {
            return Err(PinsError::NoReason { project, finding });
        }
        let Ok(until) = until.to_string().parse::<Date>() else {
            return Err(PinsError::Until { project, finding });
        };
        let version = match version.map(|version| version.parse()).transpose() {
            Ok(version) => version,
            Err(source) => {
                return Err(PinsError::AcceptedVersion {
                    project,
                    finding,
                    source,
                });
            }
        };
        Ok(Acceptance {
            finding,
            version,
            reason,
            until,
        })
    }
}

fn written(pin: &Pin) -> Table {
    let mut table = Table::new();
    match &pin.who {
        Who::Publisher(publisher) => {
            let written = to_toml(&publisher.to_json());
            table.extend(written.map(|written| ("publisher", Item::Value(written))));
        }
        Who::Identity { san, issuer } => {
            table.insert("san", value(san));
            table.insert("issuer", value(issuer));
        }
    }
    let ids = [
        ("repository-id", &pin.ids.repository_id),
        ("owner-id", &pin.ids.owner_id),
    ];
    for (key, id) in ids {
        table.extend(id.as_ref().map(|id| (key, value(id))));
    }
    let mut seen = InlineTable::new();
    seen.insert("version", Value::from(pin.version.to_string()));
    let date: toml_edit::Datetime = pin
        .date
        .to_string()
        .parse()
        .expect("a day of the calendar is a TOML date");
    seen.insert("date", Value::from(date));
    table.insert("first-seen", value(seen));
    table.extend(pin.index.as_ref().map(|index| ("index", value(index))));
    table
}
