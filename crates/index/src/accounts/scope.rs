//! What a token reaches: what it was made for, and what its holders left of that.

use std::sync::Arc;

use touchplate_packaging::ProjectName;

use super::narrowed::{CaveatUnmet, Narrowing};

/// What a token reaches.
#[derive(Clone, Debug)]
pub struct Scope {
    made_for: Option<ProjectName>,
    narrowing: Option<Arc<Narrowing>>,
}

/// Why a token does not reach a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// It was made for another one.
    MadeFor(ProjectName),
    /// A holder narrowed it.
    Narrowed(CaveatUnmet),
}

impl Scope {
    pub(super) fn new(made_for: Option<ProjectName>, narrowing: Option<Narrowing>) -> Self {
        Self {
            made_for,
            narrowing: narrowing.map(Arc::new),
        }
    }

    /// Whether it is for everything of its user: also for projects that are not there, and for what concerns no single one.
    pub(crate) fn is_all(&self) -> bool {
        let narrowed = self.narrowing.as_ref();
        self.made_for.is_none() && narrowed.is_none_or(|it| it.is_for_all())
    }

    /// Whether it reaches the project.
    pub(crate) fn reaches(&self, project: &ProjectName) -> Result<(), OutOfScope> {
        if let Some(only) = self.made_for.as_ref().filter(|only| *only != project) {
            return Err(OutOfScope::MadeFor(only.clone()));
        }
        let narrowing = self.narrowing.as_ref();
        narrowing
            .map_or(Ok(()), |it| it.allows(project))
            .map_err(OutOfScope::Narrowed)
    }
}
