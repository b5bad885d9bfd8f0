//! What a token's holder narrowed it to: projects, an end, networks.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_packaging::ProjectName;

use super::Network;

/// Projects that one block names. A monorepo's release has some dozens; what is more is better served by a token for all.
pub const MAX_CAVEAT_PROJECTS: usize = 32;

/// Networks that one block names. The ranges of a company's runners are a handful.
pub const MAX_CAVEAT_NETWORKS: usize = 16;

/// Projects, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<ProjectName>", into = "BTreeSet<ProjectName>")]
pub struct Projects(BTreeSet<ProjectName>);

/// Networks, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Network>", into = "Vec<Network>")]
pub struct Networks(Vec<Network>);

/// Too many or too few of what a block may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {most} {of}, found {found}")]
pub struct WrongCount {
    /// Of what.
    pub of: &'static str,
    /// The most there may be.
    pub most: usize,
    /// How many there are.
    pub found: usize,
}

fn counted(of: &'static str, most: usize, found: usize) -> Result<(), WrongCount> {
    let right = (1..=most).contains(&found);
    right.then_some(()).ok_or(WrongCount { of, most, found })
}

impl TryFrom<BTreeSet<ProjectName>> for Projects {
    type Error = WrongCount;

    fn try_from(given: BTreeSet<ProjectName>) -> Result<Self, WrongCount> {
        counted("projects", MAX_CAVEAT_PROJECTS, given.len())?;
        Ok(Self(given))
    }
}

impl From<Projects> for BTreeSet<ProjectName> {
    fn from(projects: Projects) -> Self {
        projects.0
    }
}

impl TryFrom<Vec<Network>> for Networks {
    type Error = WrongCount;

    fn try_from(given: Vec<Network>) -> Result<Self, WrongCount> {
        counted("networks", MAX_CAVEAT_NETWORKS, given.len())?;
        Ok(Self(given))
    }
}

impl From<Networks> for Vec<Network> {
    fn from(networks: Networks) -> Self {
        networks.0
    }
}

impl Projects {
    /// One project.
    pub fn one(project: ProjectName) -> Self {
        Self(BTreeSet::from([project]))
    }

    /// Whether it is among them.
    pub fn contains(&self, project: &ProjectName) -> bool {
        self.0.contains(project)
    }

    /// Those that both name, if there are any.
    pub fn and(&self, other: &Self) -> Option<Self> {
        let both: BTreeSet<_> = self.0.intersection(&other.0).cloned().collect();
        (!both.is_empty()).then_some(Self(both))
    }
}

impl fmt::Display for Projects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the project{plural} {}", quoted(&self.0))
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the network{plural} {}", quoted(&self.0))
    }
}

fn quoted<T: fmt::Display>(all: impl IntoIterator<Item = T>) -> String {
    let all: Vec<_> = all.into_iter().map(|one| format!("`{one}`")).collect();
    all.join(", ")
}

/// What one block of a narrowed token asks. All of it must hold; what is absent asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caveats {
    /// The projects that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<Projects>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Where it may come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networks: Option<Networks>,
}

/// When and from where a token was presented.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// When.
    pub now: Timestamp,
    /// By whom, if that is known: what asks for a network is refused where it is not.
    pub from: Option<IpAddr>,
}

/// What a holder narrowed a token to, and is not so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaveatUnmet {
    /// It has ended.
    #[error("the token was narrowed to end at {0}, which has passed")]
    Ended(Timestamp),
    /// It came from elsewhere.
    #[error("the token was narrowed to {networks}, and this request came from {from}")]
    Elsewhere {
        /// Where it may come from.
        networks: Networks,
        /// Where it came from.
        from: IpAddr,
    },
    /// Nobody knows where it came from.
    #[error("the token was narrowed to {0}, and where this request came from is not known")]
    FromNowhere(Networks),
    /// What two of its blocks, or a block and the token, name have nothing in common.
    #[error("the token was narrowed to {0}, and before to others alone, so it is for no project")]
    NoProject(Projects),
}

/// What follows "narrowed the token": each caveat in words.
impl fmt::Display for Caveats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(projects) = &self.projects {
            write!(f, " to {projects}")?;
        }
        if let Some(end) = self.expires_at {
            write!(f, " until {end}")?;
        }
        if let Some(networks) = &self.networks {
            write!(f, " from {networks}")?;
        }
        Ok(())
    }
}

impl Caveats {
    /// Whether they ask nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether time and place are as they ask.
    pub(super) fn check(&self, occasion: &Occasion) -> Result<(), CaveatUnmet> {
        if let Some(end) = self.expires_at
            && end <= occasion.now
        {
            return Err(CaveatUnmet::Ended(end));
        }
        match (&self.networks, occasion.from) {
            (None, _) => Ok(()),
            (Some(networks), Some(from)) if networks.0.iter().any(|it| it.contains(from)) => Ok(()),
            (Some(networks), Some(from)) => Err(CaveatUnmet::Elsewhere {
                networks: networks.clone(),
                from: from.to_canonical(),
            }),
            (Some(networks), None) => Err(CaveatUnmet::FromNowhere(networks.clone())),
        }
    }

    /// What is left of the projects that a token reaches.
    pub(super) fn narrow(&self, only: Option<Projects>) -> Result<Option<Projects>, CaveatUnmet> {
        match (only, &self.projects) {
            (only, None) => Ok(only),
            (None, Some(projects)) => Ok(Some(projects.clone())),
            (Some(only), Some(projects)) => {
                let both = only.and(projects);
                both.map(Some)
                    .ok_or_else(|| CaveatUnmet::NoProject(projects.clone()))
            }
        }
    }
}
