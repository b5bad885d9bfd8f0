//! Users, and their roles in projects.

use clap::Subcommand;
use touchplate_index::Index;
use touchplate_index::accounts::{Role, UserName};
use touchplate_packaging::ProjectName;

use super::{done, origin};
use crate::options::one_of;
use crate::report::{Failure, Outcome};

/// Commands about users.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user
    #[command(after_help = "Example:\n  touchplate admin user add alice")]
    Add {
        /// Lower-case letters, digits, `.`, `_` and `-`
        name: UserName,
    },
}

impl User {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        let Self::Add { name } = self;
        index.add_user(&origin(), &name).await?;
        Ok(done(&format!("added the user {name}")))
    }
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
        /// An owner may do everything, a maintainer may upload
        #[arg(long, value_parser = one_of::<Role>(&["owner", "maintainer"]))]
        role: Role,
    },
}

impl Member {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        let Self::Add {
            project,
            user,
            role,
        } = self;
        index.set_role(&origin(), &project, &user, role).await?;
        Ok(done(&format!(
            "{user} is now {} of {project}",
            role.as_str()
        )))
    }
}
