//! The whole index: backups, their return, and moving to other engines.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use touchplate_server::Config;
use touchplate_server::moving::{
    self, BackupError, MoveError, Moved, MovedTable, MovingError, WrongBlob,
};

use crate::options::{Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, causes, note, say, say_json};
use crate::screen::{Page, hex};

/// Commands that open what they need by themselves.
#[derive(Debug, Subcommand)]
pub(crate) enum Whole {
    /// Make a folder a backup of the index: rows of one moment, and the blobs that it lacks
    #[command(after_help = "\
Works beside servers, and again into the same folder: then it copies what is new. The folder is a data folder,
which `touchplate serve --data DIR` would serve. A private trust stack is not part of it.

Example:
  touchplate admin backup /backups/touchplate")]
    Backup(Backup),
    /// Move the index of a backup to where the configuration names none yet
    #[command(
        after_help = "Example:\n  touchplate admin restore /backups/touchplate --data ./index"
    )]
    Restore(Restore),
    /// Move the index to another database and blob store, and prove that nothing changed
    #[command(after_help = "\
The database must be empty. The index is left as it is where it was; stop its servers first. The logs of a
private trust stack move along, from SQLite to PostgreSQL, and are then no longer where they were.

Example:
  touchplate admin migrate --to 'postgres://touchplate@db.example.org/touchplate' --blobs file:/srv/blobs")]
    Migrate(Migrate),
}

impl Whole {
    pub(super) async fn run(self, config: &Config) -> Result<Outcome, Failure> {
        match self {
            Self::Backup(command) => command.run(config).await,
            Self::Restore(command) => command.run(config).await,
            Self::Migrate(command) => command.run(config).await,
        }
    }
}

/// Arguments of `backup`.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The folder, which is made, or an earlier backup, which is brought up to date
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    reporting: Reporting,
}

/// Arguments of `restore`.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    reporting: Reporting,
}

/// Arguments of `migrate`.
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    /// The database to move to, empty: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`
    #[arg(long, value_name = "DATABASE_URL")]
    to: String,
    /// The blob store to move to: `file:DIR` or `s3://BUCKET/PREFIX?endpoint=URL`
    #[arg(long = "blobs", id = "to_blobs", value_name = "BLOBS_URL")]
    blobs: String,
    #[command(flatten)]
    reporting: Reporting,
}

impl Backup {
    pub(super) async fn run(self, config: &Config) -> Result<Outcome, Failure> {
        let mut wrong = Vec::new();
        let mut tell = |blob| wrong.push(blob);
        let moved = moving::back_up(config, &self.folder, &mut tell).await?;
        let title = format!("{} is a backup of the index", self.folder.display());
        let told = tell_all(&title, &moved, &wrong, &self.reporting);
        if moving::has_stack(config) {
            note(
                "note: the private trust stack is not part of it: a log that is put back to an older state contradicts what it gave out.\n\
                 Keep the folder `trust/` by itself, and never serve two copies of it",
            );
        }
        told
    }
}

impl Restore {
    pub(super) async fn run(self, config: &Config) -> Result<Outcome, Failure> {
        let mut wrong = Vec::new();
        let mut tell = |blob| wrong.push(blob);
        let moved = moving::restore(config, &self.folder, &mut tell).await?;
        let told = tell_all(
            "the backup's index is restored",
            &moved,
            &wrong,
            &self.reporting,
        );
        if moving::has_search(config) {
            note(
                "note: the search index in the data folder is another one's; make it anew: touchplate admin search rebuild",
            );
        }
        told
    }
}

impl Migrate {
    pub(super) async fn run(self, config: &Config) -> Result<Outcome, Failure> {
        let mut wrong = Vec::new();
        let mut tell = |blob| wrong.push(blob);
        let moved = moving::migrate(config, &self.to, &self.blobs, &mut tell).await?;
        let told = tell_all("the index is moved", &moved, &wrong, &self.reporting);
        if moving::has_stack(config) {
            note(match moved.logs[..] {
                [] => {
                    "note: the private trust stack is not part of it: its keys and logs stay in the folder `trust/` of the data folder, \
                     and where the database had them"
                }
                _ => {
                    "note: the logs of the private trust stack are in the new database now, and no longer where they were; its keys and \
                     full tiles stay in the folder `trust/` of the data folder, which its servers must see"
                }
            });
        }
        told
    }
}

fn tell_all(
    title: &str,
    moved: &Moved,
    wrong: &[WrongBlob],
    reporting: &Reporting,
) -> Result<Outcome, Failure> {
    match reporting.format {
        Format::Text => say(&text(title, moved, wrong))?,
        Format::Json => say_json(&report(moved, wrong))?,
    }
    Ok(match wrong {
        [] => Outcome::Done,
        _ => Outcome::No,
    })
}

fn text(title: &str, moved: &Moved, wrong: &[WrongBlob]) -> String {
    let mut page = Page::new();
    for blob in wrong {
        page.bad(&causes(blob).collect::<Vec<_>>().join(": "));
    }
    let rows: u64 = moved.tables.iter().map(|table| table.rows).sum();
    let serial = moved.serial;
    let blobs = &moved.blobs;
    let title = format!("{title}, as of serial {serial}");
    match wrong {
        [] => page.good(&title),
        _ => page.line(&format!("{title}, but for what is told above")),
    }
    page.row(
        "rows",
        &format!(
            "{rows} in {} tables, each read again and equal on both sides",
            moved.tables.len()
        ),
    );
    for table in moved.tables.iter().filter(|table| table.rows > 0) {
        let digest = table.sha256.as_bytes();
        page.faint(&format!(
            "    {:20} {:>9}  sha256 {}",
            table.name,
            table.rows,
            hex(digest)
        ));
    }
    if !moved.logs.is_empty() {
        let rows: u64 = moved.logs.iter().map(|table| table.rows).sum();
        page.row("logs", &format!("{rows} rows of the trust stack, the same"));
    }
    let mut line = format!(
        "{} copied ({} bytes), {} were there",
        blobs.copied, blobs.bytes, blobs.there
    );
    if blobs.gone > 0 {
        line.push_str(&format!(
            "; those of {} files went while this ran, with the files",
            blobs.gone
        ));
    }
    page.row("blobs", &line);
    if !wrong.is_empty() {
        page.hint("`touchplate admin check` says what else is wrong where they come from");
    }
    page.take()
}

fn report(moved: &Moved, wrong: &[WrongBlob]) -> Value {
    let told = |table: &MovedTable| json!({"table": table.name, "rows": table.rows, "sha256": table.sha256.to_string()});
    let (tables, logs) = (moved.tables.iter().map(told), moved.logs.iter().map(told));
    let wrong = wrong.iter().map(|blob| {
        let messages: Vec<_> = causes(blob).collect();
        let (filename, sha256) = blob.of();
        json!({"filename": filename, "sha256": sha256.to_string(), "messages": messages})
    });
    let blobs = &moved.blobs;
    json!({
        "version": REPORT_VERSION,
        "serial": moved.serial,
        "tables": tables.collect::<Vec<_>>(),
        "blobs": {"copied": blobs.copied, "bytes": blobs.bytes, "there": blobs.there, "gone": blobs.gone},
        "logs": logs.collect::<Vec<_>>(),
        "wrong": wrong.collect::<Vec<_>>(),
    })
}

impl From<MovingError> for Failure {
    fn from(error: MovingError) -> Self {
        match &error {
            MovingError::Location(_) | MovingError::NoIndex { .. } => Self::usage(error),
            MovingError::Backup(backup) => match backup {
                BackupError::NotABackup { .. } | BackupError::NoBackup { .. } => Self::usage(error),
                BackupError::Folder { .. } => Self::outside(error),
                BackupError::InUse { .. } => Self::refused(error),
                BackupError::Move(moving) => match &**moving {
                    MoveError::NotEmpty { .. } => Self::refused(error).hint(
                        "an index is moved to where none is: name an empty database, or make one",
                    ),
                    MoveError::Changed { .. } => Self::refused(error).hint(
                        "stop the servers, so that nobody uploads, and begin again: blobs that were copied are there",
                    ),
                    MoveError::Open(_)
                    | MoveError::UnknownTable { .. }
                    | MoveError::Differs { .. }
                    | MoveError::Store(_)
                    | MoveError::Blobs(_)
                    | MoveError::Spool { .. }
                    | MoveError::Retire { .. } => Self::outside(error),
                },
            },
        }
    }
}
