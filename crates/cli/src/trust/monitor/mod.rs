//! `trust monitor`: follows a log, and tells what nobody meant to sign.

mod remembered;
mod tell;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use touchplate_attest::{DomainName, TrustRoot};
use touchplate_client::fetch::{Agent, Cause, Settings, parse_url};
use touchplate_client::monitor::{
    Accounts, Begin, Followed, IdentityPattern, MonitorError, Watched, follow, judge,
};
use touchplate_packaging::ProjectName;
use touchplate_server::{Clock as _, SystemClock};
use url::Url;

use crate::options::{Common, Format, Reporting, one_of};
use crate::report::{Failure, Outcome, say, say_json};
use crate::root::Trust;
use remembered::Remembered;
use tell::Report;

/// Arguments of `trust monitor`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust monitor --log https://packages.acme.example/trust/rekor1 \\
      --identity 'https://github.com/acme/*' --index https://packages.acme.example/simple/
  touchplate trust monitor --log https://packages.acme.example/trust/ct --identity '*' \\
      --trusted-root root.json --format json

It follows the log from where the last run ended, and exits with 1 if anything is to be told: an entry of
the identity that no file of the index accounts for, a file whose entry the log lacks, or a log that
contradicts itself. Run it from time to time; nobody else will notice.")]
pub(super) struct Arguments {
    /// The log: its address in the trust root
    #[arg(long, value_name = "URL")]
    log: String,
    /// Whose entries: a certificate's name, in which each `*` stands for any text
    #[arg(long, value_name = "PATTERN")]
    identity: IdentityPattern,
    /// Only those that this identity provider vouched for
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The index whose files account for entries: the URL of its Simple API. Without one, each new entry is told
    #[arg(long, value_name = "URL")]
    index: Option<String>,
    /// Look at these projects of the index alone (may be repeated)
    #[arg(long, value_name = "NAME", requires = "index")]
    project: Vec<ProjectName>,
    /// What is remembered between runs [default: below $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Where the first run begins: with the log's first entry, or with the next one
    #[arg(long, value_name = "WHERE", default_value = "first", value_parser = one_of::<Beginning>(&["first", "now"]))]
    from: Beginning,
    /// Say nothing yet of entries that are younger: their files may be on their way
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    grace: u32,
    /// An entry that somebody has looked at, by its index (may be repeated)
    #[arg(long, value_name = "INDEX")]
    ignore: Vec<u64>,
    #[command(flatten)]
    reporting: Reporting,
}

/// Where the first run begins.
#[derive(Clone, Copy, Debug)]
struct Beginning(Begin);

impl std::str::FromStr for Beginning {
    type Err = NoBegin;

    fn from_str(word: &str) -> Result<Self, NoBegin> {
        match word {
            "first" => Ok(Self(Begin::First)),
            "now" => Ok(Self(Begin::Now)),
            _ => Err(NoBegin),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("expected `first` or `now`")]
struct NoBegin;

#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error("--offline forbids the network, and there is no watching without it")]
    Offline,
    #[error("no trust root here has a key of a log at {0}")]
    NoLog(String),
    #[error("the index's URL cannot be used")]
    Index(#[source] touchplate_client::fetch::InvalidUrl),
    #[error("the log {log} was not followed; what is remembered stays as it was")]
    NotFollowed {
        log: String,
        #[source]
        source: Box<MonitorError>,
    },
}

/// Follows, judges, remembers, tells.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    if common.offline {
        return Err(Failure::usage(WatchError::Offline));
    }
    let trust = Trust::read(common)?;
    let watched = watched(&trust, arguments)?;
    let (agent, index) = agent(arguments.index.as_deref())?;
    let remembered = Remembered::find(arguments.state.as_deref(), &watched)?;
    let now = SystemClock.now();
    // Before the log: a file that is accepted meanwhile has an entry that was not read.
    let accounts = index
        .as_ref()
        .map(|index| Accounts::read(&agent, index, &arguments.project, &watched, now))
        .transpose()
        .map_err(|error| failure(error, &arguments.log))?;
    let files = accounts.as_ref().map(|accounts| accounts.files);
    let state = remembered.state()?;
    let followed = followed(&agent, &watched, state, arguments.from.0);
    let followed = match followed {
        Ok(followed) => followed,
        Err(MonitorError::Contradiction { before, now }) => {
            return contradiction(arguments, before, now);
        }
        Err(error) => return Err(failure(error, &arguments.log)),
    };
    let grace = SignedDuration::from_mins(i64::from(arguments.grace));
    let judgement = judge(
        &followed.state,
        accounts,
        &followed.new,
        &arguments.ignore,
        grace,
        now,
    );
    let is_clean = judgement.is_clean();
    let report = Report {
        log: &arguments.log,
        identity: &arguments.identity,
        index: index.as_ref(),
        files,
        state_path: remembered.path(),
        followed: &followed,
        judgement,
        now,
    };
    match arguments.reporting.format {
        Format::Text => say(&tell::text(&report))?,
        Format::Json => say_json(&tell::json(&report))?,
    }
    // What was told may be forgotten; what was not must not be.
    remembered.keep(&followed.state)?;
    Ok(if is_clean { Outcome::Done } else { Outcome::No })
}

/// The log in the first root that has it.
fn watched(trust: &Trust, arguments: &Arguments) -> Result<Watched, Failure> {
    let domains = trust.domains();
    let roots: Vec<(Option<&DomainName>, &TrustRoot)> = match domains.only_root() {
        Some(root) => vec![(None, root)],
        None => {
            let domains = domains.domains().iter();
            domains.map(|it| (Some(it.name()), it.root())).collect()
        }
    };
    let found = roots.into_iter().find_map(|(_, root)| {
        let keys = root.logs_at(&arguments.log);
        (!keys.is_empty()).then_some((root, keys))
    });
    let (root, keys) = found.ok_or_else(|| {
        Failure::usage(WatchError::NoLog(arguments.log.clone())).hint(
            "the address must be the one in the root (`touchplate trust show`, `touchplate inspect ROOT`); \
             name another root with --trusted-root",
        )
    })?;
    Ok(Watched {
        keys,
        root: root.clone(),
        identity: arguments.identity.clone(),
        issuer: arguments.issuer.clone(),
    })
}

/// The way out, with the credentials that the index's URL has.
fn agent(index: Option<&str>) -> Result<(Arc<Agent>, Option<Url>), Failure> {
    let user_agent = concat!("touchplate/", env!("CARGO_PKG_VERSION"));
    let settings = Settings::from_environment(user_agent, &|name| std::env::var(name).ok());
    let mut settings = settings?;
    let mut url = None;
    if let Some(text) = index {
        let (index, header) =
            parse_url(text).map_err(|error| Failure::usage(WatchError::Index(error)))?;
        settings.credentials.give(&index, header);
        url = Some(index);
    }
    Ok((Arc::new(Agent::new(settings)), url))
}

fn followed(
    agent: &Arc<Agent>,
    watched: &Watched,
    state: Option<touchplate_client::monitor::State>,
    begin: Begin,
) -> Result<Followed, MonitorError> {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(0)
    } else {
        ProgressBar::hidden()
    };
    let style = ProgressStyle::with_template("reading {bar:30} {pos}/{len} entries {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let followed = follow(agent, watched, state, begin, &mut |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    followed
}

/// The gravest answer: both notes are told whole, since they prove it to others.
fn contradiction(
    arguments: &Arguments,
    before: Option<String>,
    now: String,
) -> Result<Outcome, Failure> {
    match arguments.reporting.format {
        Format::Text => say(&tell::contradiction_text(
            &arguments.log,
            before.as_deref(),
            &now,
        ))?,
        Format::Json => say_json(&tell::contradiction_json(
            &arguments.log,
            before.as_deref(),
            &now,
        ))?,
    }
    Err(failure(
        MonitorError::Contradiction { before, now },
        &arguments.log,
    ))
}

fn failure(error: MonitorError, log: &str) -> Failure {
    let cause = error.cause();
    let error = WatchError::NotFollowed {
        log: log.to_owned(),
        source: Box::new(error),
    };
    match cause {
        Cause::Outside => Failure::outside(error),
        Cause::No => Failure::refused(error),
        Cause::Configuration => Failure::usage(error),
    }
}
