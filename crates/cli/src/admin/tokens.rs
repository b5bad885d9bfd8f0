//! API tokens: what an uploader or an installer sends as password, with the user name `__token__`.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use touchplate_index::Index;
use touchplate_index::accounts::{Bearer, MadeFor, Role, TokenId, UserName};
use touchplate_index::ports::StoredToken;
use touchplate_packaging::ProjectName;

use super::{done, origin};
use crate::expires::Expires;
use crate::options::{Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, note, say, say_json};
use crate::screen::columns;

/// Commands about tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token; standard output is the token alone, and it is shown only now
    #[command(after_help = "\
Example: an upload with twine
  export TWINE_USERNAME=__token__
  export TWINE_PASSWORD=$(touchplate admin token create --user alice --project demo --expires 90d)
Example: a token that a CI job installs two private projects with
  export TOKEN=$(touchplate admin token create --user ci --read --project demo --project demo-plugin --expires 30d)
  export PIP_INDEX_URL=https://__token__:$TOKEN@packages.example.org/simple/

Its holder can narrow it without asking anybody: touchplate token narrow --help")]
    Create(Create),
    /// List the tokens of a user
    #[command(after_help = "Example:\n  touchplate admin token list --user alice")]
    List {
        /// Whose
        #[arg(long)]
        user: UserName,
        #[command(flatten)]
        reporting: Reporting,
    },
    /// List the tokens minted for a project of late, with the run that asked for each
    #[command(after_help = "Example:\n  touchplate admin token minted --project demo")]
    Minted {
        /// The project
        #[arg(long)]
        project: ProjectName,
        #[command(flatten)]
        reporting: Reporting,
    },
    /// Revoke a token at once, made or minted
    #[command(after_help = "Example:\n  touchplate admin token revoke 0123456789abcdef")]
    Revoke {
        /// Its id, as `token list` shows it, or the whole token
        #[arg(value_parser = token_id)]
        token: TokenId,
    },
}

/// Arguments of `token create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// Whose token it is
    #[arg(long)]
    user: UserName,
    /// For reading alone: installing from projects that its user may see
    #[arg(long)]
    read: bool,
    /// The project it is for; with --read it may be repeated. A user who has no role there becomes an uploader, or with
    /// --read a reader [default: all of the user's projects, and new ones]
    #[arg(long)]
    project: Vec<ProjectName>,
    /// Until then, or for so long: `2026-12-24T18:00:00Z`, `90m`, `7d` [default: for ever]
    #[arg(long, value_name = "TIME|DURATION", conflicts_with = "expires_in")]
    expires: Option<Expires>,
    /// Days until it ends
    // A century is never; more would leave what a timestamp can hold.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    expires_in: Option<u32>,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "expected a token's id (16 hexadecimal digits, as `touchplate admin token list` shows it) or a whole token `tp-1-…` or `tp-2-…`"
)]
struct NoToken;

fn token_id(given: &str) -> Result<TokenId, NoToken> {
    let given = given.trim();
    let whole = given.parse::<Bearer>().map(|token| token.id().clone());
    whole.or_else(|_| given.parse()).map_err(|_| NoToken)
}

impl Token {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        match self {
            Self::Create(arguments) => create(index, &arguments).await,
            Self::List { user, reporting } => list(index, &user, reporting.format).await,
            Self::Minted { project, reporting } => minted(index, &project, reporting.format).await,
            Self::Revoke { token } => {
                if !index.revoke_minted(&origin(), &token).await? {
                    index.revoke_token(&origin(), &token).await?;
                }
                Ok(done(&format!("revoked the token {token}")))
            }
        }
    }
}

/// A token that uploads is for one project or for all.
#[derive(Debug, thiserror::Error)]
#[error("expected one --project, found {0}: only a token for reading (--read) is for several")]
struct OneProject(usize);

impl Create {
    fn made_for(&self) -> Result<MadeFor, OneProject> {
        match (self.read, self.project.as_slice()) {
            (true, []) => Ok(MadeFor::Reading(None)),
            (true, some) => Ok(MadeFor::Reading(Some(some.iter().cloned().collect()))),
            (false, []) => Ok(MadeFor::Everything),
            (false, [one]) => Ok(MadeFor::Project(one.clone())),
            (false, several) => Err(OneProject(several.len())),
        }
    }

    fn end(&self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        let days = self.expires_in.map(|days| {
            now.checked_add(SignedDuration::from_hours(24 * i64::from(days)))
                .map_err(Failure::usage)
        });
        let end = self.expires.map(|expires| expires.from(now));
        end.or(days).transpose()
    }
}

async fn create(index: &Index, arguments: &Create) -> Result<Outcome, Failure> {
    let (origin, user) = (origin(), &arguments.user);
    let made_for = arguments.made_for().map_err(Failure::usage)?;
    let end = arguments.end(origin.at)?;
    let token = index.create_token(&origin, user, made_for, end).await?;
    say(&format!("{}\n", token.reveal()))?;
    // Who makes a token for a project means that its holder uploads there, or reads.
    let (role, made) = if arguments.read {
        (Role::Reader, "a reader")
    } else {
        (Role::Uploader, "an uploader")
    };
    for project in &arguments.project {
        if index.role(user, project).await?.is_none() {
            index.set_role(&origin, project, user, role).await?;
            note(&format!("made {user} {made} of {project}"));
        }
    }
    Ok(Outcome::Done)
}

async fn list(index: &Index, user: &UserName, format: Format) -> Result<Outcome, Failure> {
    let tokens = index.tokens(user).await?;
    match format {
        Format::Json => {
            let tokens: Vec<_> = tokens.iter().map(token_json).collect();
            say_json(&json!({"version": REPORT_VERSION, "user": user.as_str(), "tokens": tokens}))?;
        }
        Format::Text => {
            let now = origin().at;
            let header = ["ID", "FOR", "MADE", "STATE"].map(str::to_owned).to_vec();
            let rows: Vec<_> = std::iter::once(header)
                .chain(tokens.iter().map(|token| row(token, now)))
                .collect();
            say(&columns(&rows))?;
        }
    }
    Ok(Outcome::Done)
}

/// As many as fit a few screens; the journal has them all.
const MINTED_SHOWN: u32 = 200;

async fn minted(index: &Index, project: &ProjectName, format: Format) -> Result<Outcome, Failure> {
    let minted = index.minted_tokens(project, MINTED_SHOWN).await?;
    match format {
        Format::Json => {
            let tokens = minted.iter().map(|one| {
                json!({
                    "id": one.id.as_str(),
                    "publisher": one.publisher,
                    "issuer": one.issuer,
                    "subject": one.subject,
                    "run": one.run,
                    "single_use": one.single_use,
                    "created_at": one.created_at,
                    "expires_at": one.expires_at,
                    "revoked_at": one.revoked_at,
                    "used_at": one.used_at,
                })
            });
            let tokens: Vec<_> = tokens.collect();
            say_json(
                &json!({"version": REPORT_VERSION, "project": project.as_str(), "tokens": tokens}),
            )?;
        }
        Format::Text => {
            let header = ["ID", "MINTED", "ENDS", "STATE", "RUN"]
                .map(str::to_owned)
                .to_vec();
            let rows = minted.iter().map(|one| {
                let state = match (one.revoked_at, one.used_at) {
                    (Some(_), _) => "revoked",
                    (None, Some(_)) => "used up",
                    (None, None) => "-",
                };
                let minute = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M").to_string();
                vec![
                    one.id.to_string(),
                    minute(one.created_at),
                    minute(one.expires_at),
                    state.to_owned(),
                    one.run.url.clone().unwrap_or_else(|| one.subject.clone()),
                ]
            });
            say(&columns(
                &std::iter::once(header).chain(rows).collect::<Vec<_>>(),
            ))?;
        }
    }
    Ok(Outcome::Done)
}

fn token_json(token: &StoredToken) -> serde_json::Value {
    let (project, projects) = match &token.made_for {
        MadeFor::Everything | MadeFor::Reading(None) => (None, None),
        MadeFor::Project(one) => (Some(one), Some(BTreeSet::from([one.clone()]))),
        MadeFor::Reading(Some(some)) => (None, Some(some.clone())),
    };
    json!({
        "id": token.id.as_str(),
        "reads": matches!(token.made_for, MadeFor::Reading(_)),
        "project": project,
        "projects": projects,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    })
}

fn row(token: &StoredToken, now: Timestamp) -> Vec<String> {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(end)) if end <= now => format!("ended {}", day(end)),
        (None, Some(end)) => format!("until {}", day(end)),
        (None, None) => "in force".to_owned(),
    };
    let made_for = match &token.made_for {
        MadeFor::Everything => "all".to_owned(),
        MadeFor::Project(one) => one.to_string(),
        MadeFor::Reading(None) => "reading all".to_owned(),
        MadeFor::Reading(Some(some)) if some.is_empty() => "reading nothing".to_owned(),
        MadeFor::Reading(Some(some)) => {
            let some: Vec<&str> = some.iter().map(ProjectName::as_str).collect();
            format!("reading {}", some.join(", "))
        }
    };
    vec![token.id.to_string(), made_for, day(token.created_at), state]
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}
