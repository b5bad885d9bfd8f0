//! Users, and their roles in projects.

use clap::Subcommand;
use serde_json::json;
use touchplate_index::Index;
use touchplate_index::accounts::{Role, UserName};
use touchplate_packaging::ProjectName;

use super::{done, origin};
use crate::options::{Format, REPORT_VERSION, Reporting, one_of};
use crate::report::{Failure, Outcome, say, say_json};
use crate::screen::columns;

/// Commands about users.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user
    #[command(after_help = "Example:\n  touchplate admin user add alice")]
    Add {
        /// Lower-case letters, digits, `.`, `_` and `-`
        name: UserName,
        /// As an owner of every project
        #[arg(long)]
        administrator: bool,
    },
    /// List the users
    #[command(after_help = "Example:\n  touchplate admin user list")]
    List {
        #[command(flatten)]
        reporting: Reporting,
    },
    /// Make a user an administrator, who is as an owner of every project
    #[command(after_help = "Example:\n  touchplate admin user promote alice")]
    Promote {
        /// Who
        name: UserName,
    },
    /// Make an administrator a user as others are; the roles that they have stay
    #[command(after_help = "Example:\n  touchplate admin user demote alice")]
    Demote {
        /// Who
        name: UserName,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("there is no user `{0}`")]
struct NoUser(UserName);

impl User {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        match self {
            Self::Add {
                name,
                administrator,
            } => {
                index.add_user(&origin(), &name).await?;
                if administrator {
                    set_administrator(index, name, true).await
                } else {
                    Ok(done(&format!("added the user {name}")))
                }
            }
            Self::List { reporting } => list_users(index, reporting.format).await,
            Self::Promote { name } => set_administrator(index, name, true).await,
            Self::Demote { name } => set_administrator(index, name, false).await,
        }
    }
}

async fn set_administrator(
    index: &Index,
    name: UserName,
    administrator: bool,
) -> Result<Outcome, Failure> {
    let origin = origin();
    let set = index
        .set_administrator(&origin, &name, administrator)
        .await?;
    if !set {
        return Err(Failure::refused(NoUser(name)));
    }
    let what = if administrator {
        "an administrator"
    } else {
        "no administrator"
    };
    Ok(done(&format!("{name} is {what}")))
}

async fn list_users(index: &Index, format: Format) -> Result<Outcome, Failure> {
    let users = index.users().await?;
    match format {
        Format::Json => {
            let users = users.iter().map(|user| {
                json!({
                    "user": user.name.as_str(),
                    "administrator": user.administrator,
                    "created_at": user.created_at,
                })
            });
            let users: Vec<_> = users.collect();
            say_json(&json!({"version": REPORT_VERSION, "users": users}))?;
        }
        Format::Text => {
            let kind = |administrator| if administrator { "administrator" } else { "-" };
            let rows = users
                .iter()
                .map(|user| [user.name.as_str(), kind(user.administrator)]);
            let rows: Vec<Vec<String>> = std::iter::once(["USER", "KIND"])
                .chain(rows)
                .map(|row| row.map(str::to_owned).to_vec())
                .collect();
            say(&columns(&rows))?;
        }
    }
    Ok(Outcome::Done)
}

/// Commands about roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Give a user a role in a project, in place of the one held before
    #[command(
        after_help = "Example:\n  touchplate admin member add --project demo --user alice --role maintainer"
    )]
    Add {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// The user
        #[arg(long)]
        user: UserName,
        /// A reader sees the project, an uploader also uploads, a maintainer also yanks, an owner may do everything
        #[arg(long, value_parser = one_of::<Role>(&["owner", "maintainer", "uploader", "reader"]))]
        role: Role,
    },
    /// List the members of a project
    #[command(after_help = "Example:\n  touchplate admin member list --project demo")]
    List {
        /// The project
        #[arg(long)]
        project: ProjectName,
        #[command(flatten)]
        reporting: Reporting,
    },
    /// Take a user's role in a project from them; their tokens reach it no more
    #[command(
        after_help = "Example:\n  touchplate admin member remove --project demo --user alice"
    )]
    Remove {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// The user
        #[arg(long)]
        user: UserName,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("{user} is no member of {project}")]
struct NoMember {
    user: UserName,
    project: ProjectName,
}

impl Member {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        match self {
            Self::Add {
                project,
                user,
                role,
            } => {
                index.set_role(&origin(), &project, &user, role).await?;
                Ok(done(&format!("{user} is now {role} of {project}")))
            }
            Self::List { project, reporting } => list(index, &project, reporting.format).await,
            Self::Remove { project, user } => {
                let removed = index.remove_role(&origin(), &project, &user).await?;
                if !removed {
                    return Err(Failure::refused(NoMember { user, project }));
                }
                Ok(done(&format!("{user} is no member of {project} any more")))
            }
        }
    }
}

async fn list(index: &Index, project: &ProjectName, format: Format) -> Result<Outcome, Failure> {
    let members = index.members(project).await?;
    match format {
        Format::Json => {
            let members = members.iter();
            let members = members
                .map(|member| json!({"user": member.user.as_str(), "role": member.role.as_str()}));
            let members: Vec<_> = members.collect();
            say_json(
                &json!({"version": REPORT_VERSION, "project": project.as_str(), "members": members}),
            )?;
        }
        Format::Text => {
            let rows = members.iter();
            let rows = rows.map(|member| [member.user.as_str(), member.role.as_str()]);
            let rows: Vec<Vec<String>> = std::iter::once(["USER", "ROLE"])
                .chain(rows)
                .map(|row| row.map(str::to_owned).to_vec())
                .collect();
            say(&columns(&rows))?;
        }
    }
    Ok(Outcome::Done)
}
