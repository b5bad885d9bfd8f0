//! What a token reaches: what it was made for, and what its holders left of that.

use std::collections::BTreeSet;
use std::sync::Arc;

use touchplate_packaging::ProjectName;

use super::narrowed::{CaveatUnmet, Narrowing};

/// What a token is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MadeFor {
    /// All that its user may do, in projects to come too.
    Everything,
    /// What its user may do in one project, but for its settings.
    Project(ProjectName),
    /// Reading alone: what its user may see, or those projects of it.
    Reading(Option<BTreeSet<ProjectName>>),
}

/// Projects that one read token is for. A team's installers read some dozen; more are better read by a user of their own.
pub const MAX_READ_PROJECTS: usize = 100;

/// What a token reaches.
#[derive(Clone, Debug)]
pub struct Scope {
    made_for: MadeFor,
    narrowing: Option<Arc<Narrowing>>,
}

/// Why a token does not reach a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// It was made for another one.
    MadeFor(ProjectName),
    /// It was made for reading others.
    ReadsOthers,
    /// A holder narrowed it.
    Narrowed(CaveatUnmet),
}

impl Scope {
    pub(super) fn new(made_for: MadeFor, narrowing: Option<Narrowing>) -> Self {
        Self {
            made_for,
            narrowing: narrowing.map(Arc::new),
        }
    }

    /// Whether it is for everything of its user: also for projects that are not there, and for what concerns no single one.
    pub(crate) fn is_all(&self) -> bool {
        let narrowed = self.narrowing.as_ref();
        self.made_for == MadeFor::Everything && narrowed.is_none_or(|it| it.is_for_all())
    }

    /// Whether it is as the index made it, for everything of its user.
    pub(crate) fn is_whole(&self) -> bool {
        self.made_for == MadeFor::Everything && self.narrowing.is_none()
    }

    /// Whether it is for reading alone.
    pub fn only_reads(&self) -> bool {
        matches!(self.made_for, MadeFor::Reading(_))
    }

    /// Whether it reaches the project.
    pub(crate) fn reaches(&self, project: &ProjectName) -> Result<(), OutOfScope> {
        match &self.made_for {
            MadeFor::Project(only) if only != project => {
                return Err(OutOfScope::MadeFor(only.clone()));
            }
            MadeFor::Reading(Some(some)) if !some.contains(project) => {
                return Err(OutOfScope::ReadsOthers);
            }
            MadeFor::Everything | MadeFor::Project(_) | MadeFor::Reading(_) => {}
        }
        let narrowing = self.narrowing.as_ref();
        narrowing
            .map_or(Ok(()), |it| it.allows(project))
            .map_err(OutOfScope::Narrowed)
    }
}
