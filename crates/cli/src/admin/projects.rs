//! Projects: creation, status, visibility, deletion.

use clap::Subcommand;
use touchplate_index::Index;
use touchplate_index::accounts::UserName;
use touchplate_index::ports::{NewProject, Quota};
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{DisplayName, ProjectName};

use super::{done, origin};
use crate::options::one_of;
use crate::report::{Failure, Outcome};

const VISIBILITIES: &[&str] = &["public", "internal", "private"];
const STATUSES: &[&str] = &["active", "archived", "quarantined", "deprecated"];

/// Commands about projects.
#[derive(Debug, Subcommand)]
pub(crate) enum Project {
    /// Create a project without files, so that publishers can be added before the first upload
    #[command(
        after_help = "Example:\n  touchplate admin project create demo --owner alice --visibility internal"
    )]
    Create {
        /// Its name, as people shall see it
        name: DisplayName,
        /// Who may see it: everybody, any account, or its members [default: the configured one]
        #[arg(long, value_parser = one_of::<Visibility>(VISIBILITIES))]
        visibility: Option<Visibility>,
        /// The user who owns it
        #[arg(long, value_name = "USER")]
        owner: Option<UserName>,
    },
    /// Set the status (PEP 792)
    #[command(
        after_help = "Example:\n  touchplate admin project status demo archived --reason 'see demo2'"
    )]
    Status {
        /// The project
        name: ProjectName,
        /// Archived and quarantined projects take no uploads; of a quarantined one no file is offered
        #[arg(value_parser = one_of::<ProjectStatus>(STATUSES))]
        status: ProjectStatus,
        /// Why, for readers of the project's page
        #[arg(long)]
        reason: Option<String>,
    },
    /// Set who may see a project
    #[command(after_help = "Example:\n  touchplate admin project visibility demo private")]
    Visibility {
        /// The project
        name: ProjectName,
        /// Everybody, any account, or its members
        #[arg(value_parser = one_of::<Visibility>(VISIBILITIES))]
        visibility: Visibility,
    },
    /// Say how many bytes a project's files may have together
    #[command(after_help = "Example:\n  touchplate admin project quota demo 5000000000")]
    Quota {
        /// The project
        name: ProjectName,
        /// Bytes; `none` for no limit, `default` for what `max_project_bytes` says
        quota: Quota,
    },
    /// Delete a project with all its releases, publishers and tokens; its filenames are never used again
    #[command(after_help = "Example:\n  touchplate admin project delete demo --yes")]
    Delete {
        /// The project
        name: ProjectName,
        /// Really: this cannot be undone
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, thiserror::Error)]
#[error(
    "nothing was deleted: expected --yes, since the project `{0}` and its files cannot be brought back"
)]
struct NotConfirmed(ProjectName);

impl Project {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        let origin = origin();
        match self {
            Self::Create {
                name,
                visibility,
                owner,
            } => {
                let visibility = visibility.unwrap_or(index.settings().default_visibility);
                let project = NewProject {
                    display: name,
                    visibility,
                    owner,
                };
                let project = index.create_project(&origin, &project).await?;
                Ok(done(&format!(
                    "created the {} project {}",
                    visibility.as_str(),
                    project.name
                )))
            }
            Self::Status {
                name,
                status,
                reason,
            } => {
                index
                    .set_status(&origin, &name, status, reason.as_deref())
                    .await?;
                Ok(done(&format!("{name} is now {status}")))
            }
            Self::Visibility { name, visibility } => {
                index.set_visibility(&origin, &name, visibility).await?;
                Ok(done(&format!("{name} is now {}", visibility.as_str())))
            }
            Self::Quota { name, quota } => {
                index.set_quota(&origin, &name, quota).await?;
                Ok(done(&match quota {
                    Quota::Bytes(bytes) => format!("the files of {name} may have {bytes} bytes"),
                    Quota::Unlimited => format!("the files of {name} have no limit"),
                    Quota::AsConfigured => {
                        format!("the files of {name} may have what `max_project_bytes` says")
                    }
                }))
            }
            Self::Delete { name, yes: false } => Err(Failure::usage(NotConfirmed(name))),
            Self::Delete { name, yes: true } => {
                index.delete_project(&origin, &name).await?;
                Ok(done(&format!("deleted the project {name}")))
            }
        }
    }
}
