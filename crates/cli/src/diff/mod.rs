//! `touchplate diff`: two releases side by side. Who built them, what their metadata says, what is in their files; each
//! attestation is verified, and whether a difference is a good one is for whoever reads it.

mod contents;
mod metadata;
mod pairs;
mod provenance;
mod tell;

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use touchplate_packaging::archive::{self, ArchiveError, Limits};
use touchplate_packaging::{Filename, MetadataError, Profile, ProjectName, Version};

use crate::options::{Common, Format, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::root::Trust;
use crate::verify::{self, Evidence, Fetched};
use contents::Contents;
use metadata::Change;
use provenance::Provenance;

/// Of a file whose members are hashed; of larger ones sizes alone are compared. The largest wheels have some gigabytes.
const HASHED_BYTES: u64 = 4 << 30;

/// Arguments of `diff`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  touchplate diff demo 1.0 1.1 --index https://packages.example/simple/

Both releases are fetched and every attestation is verified. Files are held against each other
by kind: an sdist against the other sdist, a wheel against the one for the same platforms.

Exit status: 1 if an attestation of either release does not hold, whatever the differences are.")]
pub(crate) struct Arguments {
    /// The project
    #[arg(value_name = "NAME")]
    project: ProjectName,
    /// The release that is compared with
    #[arg(value_name = "OLD")]
    old: Version,
    /// The release that is looked at
    #[arg(value_name = "NEW")]
    new: Version,
    /// The index: the URL of its Simple API [default: what pip or uv is told]
    #[arg(long, value_name = "URL")]
    index: Option<String>,
    #[command(flatten)]
    reporting: Reporting,
}

/// What differs between two releases.
#[derive(Debug)]
struct Report {
    project: ProjectName,
    old: Version,
    new: Version,
    provenance: Provenance,
    /// Of the first pair of files, by the name of the new one; a release has one metadata.
    metadata: Vec<Change>,
    files: Vec<FileReport>,
    /// Files without a counterpart.
    only_old: Vec<String>,
    only_new: Vec<String>,
    failures: Vec<(String, Failure)>,
}

/// Two files that are each other's counterparts.
#[derive(Debug)]
struct FileReport {
    old: String,
    new: String,
    /// Its bytes are the same; then nothing else is asked.
    is_same: bool,
    contents: Contents,
}

#[derive(Debug, thiserror::Error)]
enum DiffError {
    #[error("`{}` could not be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    #[error("the archive `{0}` cannot be read")]
    Archive(String, #[source] ArchiveError),
    #[error("the metadata of `{0}` cannot be read")]
    Metadata(String, #[source] MetadataError),
}

impl From<DiffError> for Failure {
    fn from(error: DiffError) -> Self {
        match &error {
            DiffError::Unreadable(..) => Self::outside(error),
            DiffError::Archive(..) | DiffError::Metadata(..) => Self::refused(error),
        }
    }
}

/// Fetches both and tells the differences.
pub(crate) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let trust = Trust::read(common)?;
    let room = std::env::temp_dir();
    let wanted = [&arguments.old, &arguments.new]
        .map(|version| (arguments.project.clone(), version.clone()));
    let index = arguments.index.as_deref();
    let [old, new] = verify::releases(common, index, &room, &trust, wanted)?;
    let report = report(arguments, old, new)?;
    match arguments.reporting.format {
        Format::Text => say(&tell::text(&report))?,
        Format::Json => say_json(&tell::json(&report))?,
    }
    let holds = report.provenance.all_hold();
    let mut failures = report.failures.into_iter().map(|(_, failure)| failure);
    match failures.next() {
        Some(failure) => Err(failure),
        None if holds => Ok(Outcome::Done),
        None => Ok(Outcome::No),
    }
}

fn report(arguments: &Arguments, old: Fetched, new: Fetched) -> Result<Report, Failure> {
    let provenance = Provenance::of(&old.files, &new.files);
    let pairs = pairs::pair(&old.files, &new.files);
    let mut metadata = None;
    let mut files = Vec::new();
    for (one, two) in pairs.both {
        let is_same = one.target.facts.sha256 == two.target.facts.sha256;
        let (before, after) = (opened(one)?, opened(two)?);
        if metadata.is_none() {
            let fields = [&before, &after].map(Opened::metadata);
            let [before, after] = fields;
            metadata = Some(metadata::changes(&before?, &after?));
        }
        let contents = if is_same {
            Contents::default()
        } else {
            Contents::between(&before.listing()?, &after.listing()?)
        };
        files.push(FileReport {
            old: before.name().to_owned(),
            new: after.name().to_owned(),
            is_same,
            contents,
        });
    }
    let names = |files: Vec<&Evidence>| {
        let names = files.into_iter();
        names
            .map(|it| it.target.facts.filename.as_str().to_owned())
            .collect()
    };
    Ok(Report {
        project: arguments.project.clone(),
        old: arguments.old.clone(),
        new: arguments.new.clone(),
        provenance,
        metadata: metadata.unwrap_or_default(),
        files,
        only_old: names(pairs.only_old),
        only_new: names(pairs.only_new),
        failures: old.failures.into_iter().chain(new.failures).collect(),
    })
}

/// A fetched file.
struct Opened<'e> {
    filename: &'e Filename,
    path: PathBuf,
}

/// Its place; what was asked for was fetched.
fn opened(evidence: &Evidence) -> Result<Opened<'_>, Failure> {
    let target = &evidence.target;
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let path = target
        .bytes()
        .ok_or_else(|| DiffError::Unreadable(target.facts.filename.as_str().into(), missing()))?;
    Ok(Opened {
        filename: &target.facts.filename,
        path: path.to_owned(),
    })
}

impl Opened<'_> {
    fn name(&self) -> &str {
        self.filename.as_str()
    }

    fn open(&self) -> Result<File, DiffError> {
        File::open(&self.path).map_err(|error| DiffError::Unreadable(self.path.clone(), error))
    }

    fn listing(&self) -> Result<archive::Listing, DiffError> {
        archive::list(
            &mut self.open()?,
            self.filename,
            &Limits::default(),
            HASHED_BYTES,
        )
        .map_err(|error| DiffError::Archive(self.name().to_owned(), error))
    }

    fn metadata(&self) -> Result<Vec<(&'static str, String)>, DiffError> {
        let limits = Limits::default();
        let contents =
            archive::inspect(&mut self.open()?, self.filename, Profile::Private, &limits)
                .map_err(|error| DiffError::Archive(self.name().to_owned(), error))?;
        touchplate_packaging::metadata::form_fields(&contents.metadata_bytes)
            .map_err(|error| DiffError::Metadata(self.name().to_owned(), error))
    }
}
