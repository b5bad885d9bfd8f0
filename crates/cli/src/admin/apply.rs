//! `admin apply`: the publishers of projects as a file has them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value};
use touchplate_attest::Publisher;
use touchplate_index::Index;
use touchplate_index::ports::{PendingId, PublisherId, StoredPending};
use touchplate_index::projects::{ReadError, Visibility};
use touchplate_index::trusted_publishing::{PendingPublisher, Terms};
use touchplate_packaging::{DisplayName, ProjectName};

use super::{done, origin};
use crate::report::{Failure, Outcome, say};

/// Arguments of `apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// The file
    file: PathBuf,
    /// Only show what would change; the exit status is 1 if anything would
    #[arg(long)]
    dry_run: bool,
}

/// A company's; each project has a few lines.
const MAX_FILE_BYTES: u64 = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    projects: BTreeMap<String, Project>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    #[serde(default)]
    publishers: Vec<toml::Table>,
}

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("expected at most {MAX_FILE_BYTES} bytes in {}", .0.display())]
    TooLarge(PathBuf),
    #[error("the file {} is not readable", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    #[error("the file {} is no list of publishers", .0.display())]
    Toml(PathBuf, #[source] Box<toml::de::Error>),
    #[error("`{0}` is no project's name")]
    Name(String, #[source] touchplate_packaging::InvalidName),
    #[error("`{0}` stands in the file twice, spelled in two ways")]
    Twice(ProjectName),
    #[error("publisher {1} of `{0}` is not usable: {2}")]
    Publisher(String, usize, String),
}

/// What one project shall have.
struct Wanted {
    display: DisplayName,
    publishers: Vec<(Publisher, Terms)>,
}

enum Change {
    Add(Publisher, Terms),
    AddPending(Publisher, Terms),
    SetTerms(PublisherId, Publisher, Terms),
    Remove(PublisherId, Publisher),
    RemovePending(PendingId, Publisher),
}

impl Apply {
    pub(super) async fn run(
        self,
        index: &Index,
        visibility: Visibility,
    ) -> Result<Outcome, Failure> {
        let wanted = read(&self.file).map_err(Failure::usage)?;
        let mut pending = pending(index).await?;
        let mut changes = 0;
        for (name, wanted) in &wanted {
            let project: ProjectName = name.parse().map_err(Failure::usage)?;
            let there = there(index, &project, &mut pending).await?;
            for change in differences(there, wanted) {
                changes += 1;
                say(&format!("{}\n", change.told(name)))?;
                if !self.dry_run {
                    make(index, name, &wanted.display, visibility, change).await?;
                }
            }
        }
        Ok(match (changes, self.dry_run) {
            (0, _) => done("nothing differs"),
            (count, true) => {
                done(&format!("{count} changes; nothing was changed"));
                Outcome::No
            }
            (count, false) => done(&format!("made {count} changes")),
        })
    }
}

fn read(path: &PathBuf) -> Result<BTreeMap<String, Wanted>, Unusable> {
    let unreadable = |cause| Unusable::Read(path.clone(), cause);
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(Unusable::TooLarge(path.clone()));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let file: File =
        toml::from_str(&text).map_err(|cause| Unusable::Toml(path.clone(), Box::new(cause)))?;
    let mut all = BTreeMap::new();
    for (given, project) in file.projects {
        let display: DisplayName = given
            .parse()
            .map_err(|cause| Unusable::Name(given.clone(), cause))?;
        let name = display.normalised();
        let publishers = (1..).zip(project.publishers);
        let publishers = publishers.map(|(position, table)| {
            publisher(table).map_err(|why| Unusable::Publisher(given.clone(), position, why))
        });
        let publishers = publishers.collect::<Result<_, _>>()?;
        let wanted = Wanted {
            display,
            publishers,
        };
        if all.insert(name.to_string(), wanted).is_some() {
            return Err(Unusable::Twice(name));
        }
    }
    Ok(all)
}

/// A publisher object, with its terms among its keys.
fn publisher(table: toml::Table) -> Result<(Publisher, Terms), String> {
    let value = serde_json::to_value(table).map_err(|error| error.to_string())?;
    let Value::Object(mut object) = value else {
        return Err("expected a table".to_owned());
    };
    let mut terms = Map::new();
    for key in ["token_seconds", "git_ref"] {
        terms.extend(object.remove_entry(key));
    }
    let terms: Terms =
        serde_json::from_value(Value::Object(terms)).map_err(|error| error.to_string())?;
    let json = Value::Object(object).to_string();
    let publisher = Publisher::parse(json.as_bytes())
        .map_err(|error| crate::report::causes(&error).collect::<Vec<_>>().join(": "))?;
    Ok((publisher, terms))
}

/// What is there of one project: its publishers, or the pending ones of its name.
struct There {
    exists: bool,
    stored: Vec<Stored>,
}

struct Stored {
    row: Row,
    publisher: Publisher,
    terms: Terms,
}

#[derive(Clone, Copy)]
enum Row {
    Publisher(PublisherId),
    Pending(PendingId),
}

/// Pending publishers by the project that they are for: read once, since there may be many of both.
type PendingOf = BTreeMap<ProjectName, Vec<StoredPending>>;

async fn pending(index: &Index) -> Result<PendingOf, Failure> {
    let mut of = PendingOf::new();
    for stored in index.pending_publishers(None).await? {
        let name = stored.pending.display.normalised();
        of.entry(name).or_default().push(stored);
    }
    Ok(of)
}

async fn there(
    index: &Index,
    project: &ProjectName,
    pending: &mut PendingOf,
) -> Result<There, Failure> {
    match index.publishers(project).await {
        Ok(stored) => {
            let stored = stored.into_iter().map(|it| Stored {
                row: Row::Publisher(it.id),
                publisher: it.publisher,
                terms: it.terms,
            });
            Ok(There {
                exists: true,
                stored: stored.collect(),
            })
        }
        Err(ReadError::NotFound) => {
            let of_it = pending.remove(project).unwrap_or_default().into_iter();
            let stored = of_it.map(|it| Stored {
                row: Row::Pending(it.id),
                publisher: it.pending.publisher,
                terms: it.pending.terms,
            });
            Ok(There {
                exists: false,
                stored: stored.collect(),
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// What differs, each publisher told by its key ([`Publisher::unique_key`]): one look for each, however many there are.
fn differences(there: There, wanted: &Wanted) -> Vec<Change> {
    // Of two in the file that are one, the first.
    let mut missing: BTreeMap<String, &(Publisher, Terms)> = BTreeMap::new();
    let mut order = Vec::new();
    for one in &wanted.publishers {
        let key = one.0.unique_key();
        if let Entry::Vacant(place) = missing.entry(key.clone()) {
            place.insert(one);
            order.push(key);
        }
    }
    let mut changes = Vec::new();
    for Stored {
        row,
        publisher,
        terms,
    } in there.stored
    {
        match (row, missing.remove(&publisher.unique_key())) {
            (_, Some((_, wants))) if *wants == terms => {}
            (Row::Publisher(id), Some((_, wants))) => {
                changes.push(Change::SetTerms(id, publisher, wants.clone()));
            }
            (Row::Pending(id), Some((_, wants))) => {
                changes.push(Change::RemovePending(id, publisher.clone()));
                changes.push(Change::AddPending(publisher, wants.clone()));
            }
            (Row::Publisher(id), None) => changes.push(Change::Remove(id, publisher)),
            (Row::Pending(id), None) => changes.push(Change::RemovePending(id, publisher)),
        }
    }
    for (publisher, terms) in order.iter().filter_map(|key| missing.remove(key)) {
        let (publisher, terms) = (publisher.clone(), terms.clone());
        changes.push(if there.exists {
            Change::Add(publisher, terms)
        } else {
            Change::AddPending(publisher, terms)
        });
    }
    // What is added first: at no moment has a project nobody who may publish.
    changes.sort_by_key(|change| matches!(change, Change::Remove(..)));
    changes
}

async fn make(
    index: &Index,
    name: &str,
    display: &DisplayName,
    visibility: Visibility,
    change: Change,
) -> Result<(), Failure> {
    let project: ProjectName = name.parse().map_err(Failure::usage)?;
    let origin = origin();
    match change {
        Change::Add(publisher, terms) => {
            let added = index.add_publisher_on(&origin, &project, &publisher, &terms);
            added.await?;
        }
        Change::AddPending(publisher, terms) => {
            let pending = PendingPublisher {
                display: display.clone(),
                visibility,
                owner: None,
                publisher,
                terms,
            };
            index.add_pending_publisher(&origin, &pending).await?;
        }
        Change::SetTerms(id, _, terms) => {
            let set = index.set_publisher_terms(&origin, &project, id, &terms);
            set.await?;
        }
        Change::Remove(id, _) => index.remove_publisher(&origin, &project, id).await?,
        Change::RemovePending(id, _) => index.remove_pending_publisher(&origin, id).await?,
    }
    Ok(())
}

impl Change {
    fn told(&self, project: &str) -> String {
        let with = |terms: &Terms| match serde_json::to_string(terms) {
            Ok(text) if text != "{}" => format!(", {text}"),
            _ => String::new(),
        };
        match self {
            Self::Add(publisher, terms) => {
                format!("+ {project}: {}{}", publisher.describe(), with(terms))
            }
            Self::AddPending(publisher, terms) => {
                format!(
                    "+ {project} (pending): {}{}",
                    publisher.describe(),
                    with(terms)
                )
            }
            Self::SetTerms(_, publisher, terms) => {
                format!("~ {project}: {}{}", publisher.describe(), with(terms))
            }
            Self::Remove(_, publisher) => format!("- {project}: {}", publisher.describe()),
            Self::RemovePending(_, publisher) => {
                format!("- {project} (pending): {}", publisher.describe())
            }
        }
    }
}
