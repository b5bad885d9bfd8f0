//! `trust init` and `trust rotate`: the keys of a private trust stack.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use touchplate_attest::DomainName;
use touchplate_attest::domain::ProjectPattern;
use touchplate_server::config::Config;
use touchplate_server::trust::{FOLDER, ISSUERS};
use touchplate_server::{Clock as _, SystemClock};
use touchplate_trust::Secret;
use touchplate_trust::layout::{
    Founding, Layout, LayoutError, Operator, Role, Rotated, Rotation, SecretFile, StackUrl,
};

use crate::configuration;
use crate::options::{Common, Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, note, say, say_json};
use crate::screen::{HINT, Page, instant, quoted};

/// Where `serve` listens by default.
const DEFAULT_URL: &str = "http://127.0.0.1:8740";

/// What the trust domain of a stack is called where nobody says.
const DEFAULT_NAME: &str = "private";

/// Arguments of `trust init`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust init --data ./index && touchplate serve --data ./index
  touchplate trust init --data /srv/touchplate --url https://packages.acme.example --operator 'Acme Corp' \\
    --projects 'acme-*' --key-file /etc/touchplate/trust.key --root-key /media/offline/root.pem

Makes, in the folder `trust` of the data directory, the keys and certificates of a certificate authority,
two transparency logs, a certificate log and a timestamp authority, and what their clients need:
`root.json`, `signing_config.json`, `trust_config.json`. `serve` then runs them below /trust/.
The URL is in the logs' names: it can never change.")]
pub(super) struct InitArguments {
    /// Where clients will reach this server [default: `url` of the configuration, or http://127.0.0.1:8740]
    #[arg(long, value_name = "URL")]
    url: Option<StackUrl>,
    /// Who runs the stack: the organization in its certificates [default: the URL's host]
    #[arg(long, value_name = "NAME")]
    operator: Option<Operator>,
    /// What its trust domain is called
    #[arg(long, value_name = "NAME", default_value = DEFAULT_NAME)]
    name: DomainName,
    /// Project names that it may speak for on this index: names, beginnings followed by `*`, or `*` for the rest
    #[arg(
        long,
        value_name = "PATTERN,…",
        value_delimiter = ',',
        default_value = "*"
    )]
    projects: Vec<ProjectPattern>,
    /// The identity provider where people sign in to sign by hand [default: none]
    #[arg(long, value_name = "URL")]
    sign_in: Option<String>,
    /// A file to encrypt the keys with: of 32 random bytes, made if it is not there, or holding a passphrase
    /// [default: a new one beside the keys]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where to write the root's key, which serving does not need [default: beside the others]
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    #[command(flatten)]
    reporting: Reporting,
}

/// Arguments of `trust rotate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust rotate tsa --data ./index
  touchplate trust rotate ca --data /srv/touchplate --root-key /media/offline/root.pem
  touchplate trust rotate log --data /srv/touchplate --overlap-hours 0

The new keys are believed from now on; the old ones for some hours more, in which every running server
takes up the new ones by itself, and says so in its log. What they signed goes on verifying. Clients that keep a copy of the root need the new one.")]
pub(super) struct RotateArguments {
    /// Which keys
    #[arg(value_enum)]
    what: What,
    /// The file that the keys are encrypted with [default: where `trust init` left it]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where the root's key is; with `root`, where to write the new one [default: where `trust init` left it]
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    /// For how long the old keys are believed beside the new ones; 0 when they were stolen
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    overlap_hours: u32,
    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The certificate authority, below the same root
    Ca,
    /// The root, and the certificate authority below it
    Root,
    /// Both transparency logs
    Log,
    /// The certificate log
    Ct,
    /// The timestamp authority
    Tsa,
}

impl From<What> for Rotation {
    fn from(what: What) -> Self {
        match what {
            What::Ca => Self::Authority,
            What::Root => Self::Root,
            What::Log => Self::Log,
            What::Ct => Self::Ct,
            What::Tsa => Self::Tsa,
        }
    }
}

/// Makes a stack.
pub(super) fn init(common: &Common, arguments: InitArguments) -> Result<Outcome, Failure> {
    let config = configuration::load(common, Vec::new())?;
    let url = match (arguments.url, &config.url) {
        (Some(url), _) => url,
        (None, Some(url)) => url.as_str().parse().map_err(Failure::usage)?,
        (None, None) => DEFAULT_URL.parse().map_err(Failure::usage)?,
    };
    let key_file = arguments.key_file.or(config.trust_key_file.clone());
    let founding = Founding {
        folder: config.data.join(FOLDER),
        operator: arguments
            .operator
            .unwrap_or_else(|| Operator::of_host(&url)),
        url,
        domain: arguments.name,
        projects: arguments.projects,
        sign_in: arguments.sign_in,
        secret: key_file.map_or(SecretFile::Beside, SecretFile::At),
        root_key: arguments.root_key,
    };
    let layout = founding.found(SystemClock.now())?;
    list_of_issuers(&layout.folder().join(ISSUERS)).map_err(Failure::outside)?;
    report(&layout, arguments.reporting.format, "made")?;
    if arguments.reporting.format == Format::Text {
        hints(common, &config, &layout);
    }
    Ok(Outcome::Done)
}

/// Writes the list of issuers, empty but for examples, unless it is there.
fn list_of_issuers(path: &Path) -> std::io::Result<()> {
    match File::create_new(path) {
        Ok(mut file) => file.write_all(include_bytes!("issuers.toml")),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes new keys.
pub(super) fn rotate(common: &Common, arguments: &RotateArguments) -> Result<Outcome, Failure> {
    let config = configuration::load(common, Vec::new())?;
    let folder = config.data.join(FOLDER);
    let layout = Layout::open(&folder)?.ok_or_else(|| {
        Failure::usage(NoStack {
            folder: folder.clone(),
        })
        .hint("`touchplate trust init` makes one")
    })?;
    let key_file = arguments
        .key_file
        .as_ref()
        .or(config.trust_key_file.as_ref());
    let secret: Secret = layout.secret(key_file.map(PathBuf::as_path))?;
    let how = Rotated {
        what: arguments.what.into(),
        secret: &secret,
        root_key: arguments.root_key.as_deref(),
        overlap: SignedDuration::from_hours(i64::from(arguments.overlap_hours)),
    };
    let layout = Layout::rotate(&folder, &how, SystemClock.now())?;
    report(&layout, arguments.reporting.format, "rotated")?;
    if arguments.reporting.format == Format::Text {
        note(&format!(
            "{HINT}hint:{HINT:#} every running server takes up the new keys within seconds: see in its log that it did, within {} hours, and give clients {}",
            arguments.overlap_hours,
            quoted(&folder.join("root.json").display().to_string())
        ));
    }
    Ok(Outcome::Done)
}

#[derive(Debug, thiserror::Error)]
#[error("there is no trust stack in {}", .folder.display())]
struct NoStack {
    folder: PathBuf,
}

/// The stack, and each key with its time.
fn report(layout: &Layout, format: Format, done: &'static str) -> Result<(), Failure> {
    let description = layout.description();
    match format {
        Format::Json => {
            let keys = description.keys.iter().map(|key| {
                json!({
                    "role": key.role,
                    "file": layout.path(&key.file),
                    "start": key.start,
                    "end": key.end,
                })
            });
            say_json(&json!({
                "version": REPORT_VERSION,
                "done": done,
                "folder": layout.folder(),
                "url": description.url,
                "operator": description.operator,
                "name": description.domain,
                "projects": description.projects,
                "keys": keys.collect::<Vec<_>>(),
            }))
        }
        Format::Text => {
            let mut page = Page::new();
            page.good(&format!("{done} {}", layout.folder().display()));
            page.row("url", description.url.as_str());
            page.row("operator", description.operator.as_str());
            let projects = description.projects.iter().map(ToString::to_string);
            page.row("speaks for", &projects.collect::<Vec<_>>().join(", "));
            for key in &description.keys {
                page.row(&key.role.to_string(), &window(key.start, key.end));
            }
            say(&page.take())
        }
    }
}

fn window(start: Timestamp, end: Option<Timestamp>) -> String {
    match end {
        None => format!("believed from {}", instant(start)),
        Some(end) => format!("believed from {} until {}", instant(start), instant(end)),
    }
}

/// What an operator does next: what must not stay where it is, and how to go on.
fn hints(common: &Common, config: &Config, layout: &Layout) {
    let description = layout.description();
    let shown = |path: &Path| quoted(&path.display().to_string());
    let secret = layout.path(&description.secret);
    if secret.starts_with(layout.folder()) {
        note(&format!(
            "{HINT}hint:{HINT:#} {} opens every key beside it; move it off this disk, or into your secret store, and name \
             it as `trust_key_file`",
            shown(&secret)
        ));
    }
    let mut roots = description.keys.iter().filter(|key| key.role == Role::Root);
    if let Some(root) = roots.next().map(|key| layout.path(&key.file)) {
        note(&format!(
            "{HINT}hint:{HINT:#} {} is needed only to make and rotate the certificate authority; keep it offline",
            shown(&root)
        ));
    }
    let mut place = String::new();
    if let Some(file) = &common.config {
        place.push_str(&format!(" --config {}", shown(file)));
    }
    place.push_str(&format!(" --data {}", shown(&config.data)));
    note(&format!(
        "{HINT}hint:{HINT:#} say in {} who may obtain which identity, and run\n  touchplate serve{place}",
        shown(&layout.folder().join(ISSUERS))
    ));
}

impl From<LayoutError> for Failure {
    fn from(error: LayoutError) -> Self {
        match &error {
            LayoutError::Exists { .. } => {
                Self::refused(error).hint("`touchplate trust rotate` makes new keys for it")
            }
            LayoutError::FileExists { .. } => Self::refused(error),
            LayoutError::Read { .. } | LayoutError::Write { .. } | LayoutError::Make(_) => {
                Self::outside(error)
            }
            LayoutError::TooLong { .. }
            | LayoutError::Description { .. }
            | LayoutError::Version { .. }
            | LayoutError::Secret { .. }
            | LayoutError::Key { .. }
            | LayoutError::OtherKey { .. }
            | LayoutError::Chain { .. }
            | LayoutError::Public
            | LayoutError::NoKey { .. }
            | LayoutError::Encode(_) => Self::usage(error),
        }
    }
}
