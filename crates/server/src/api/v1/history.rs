//! What is proved of who built a release, as JSON.

use std::collections::BTreeSet;

use serde::Serialize;
use touchplate_packaging::Version;
use touchplate_policy::Builder;
use touchplate_policy::history::{Change, JudgedRelease, State};

/// What a release's provenance says, by itself and beside what came before.
#[derive(Serialize)]
pub(super) struct ReleaseProvenance<'k> {
    /// `full`, `partial` or `none`; `inconsistent`, `lost`, `changed` on top.
    states: Vec<&'static str>,
    files: u32,
    /// How many of them have provenance.
    attested: u32,
    builders: Vec<BuilderTold<'k>>,
    /// The last earlier release that has provenance.
    earlier: Option<&'k Version>,
    /// Who came and who went since then; null where that cannot be said.
    change: Option<ChangeTold<'k>>,
}

#[derive(Serialize)]
struct BuilderTold<'k> {
    kind: &'static str,
    issuer: &'k str,
    source: &'k str,
    url: Option<&'k str>,
    workflow: Option<&'k str>,
}

#[derive(Serialize)]
struct ChangeTold<'k> {
    added: Vec<BuilderTold<'k>>,
    removed: Vec<BuilderTold<'k>>,
}

impl<'k> ReleaseProvenance<'k> {
    pub(super) fn of(judged: &'k JudgedRelease) -> Self {
        let states = judged.states.iter().map(|state: &State| state.as_str());
        Self {
            states: states.collect(),
            files: judged.facts.files,
            attested: judged.facts.attested,
            builders: judged.facts.builders.keys().map(BuilderTold::of).collect(),
            earlier: judged.earlier.as_ref(),
            change: judged.change.as_ref().map(ChangeTold::of),
        }
    }
}

impl<'k> BuilderTold<'k> {
    fn of(builder: &'k Builder) -> Self {
        Self {
            kind: builder.source.kind(),
            issuer: builder.source.issuer(),
            source: builder.source.name(),
            url: builder.source.url(),
            workflow: builder.workflow.as_deref(),
        }
    }
}

impl<'k> ChangeTold<'k> {
    fn of(change: &'k Change) -> Self {
        let all = |builders: &'k BTreeSet<Builder>| builders.iter().map(BuilderTold::of).collect();
        Self {
            added: all(&change.added),
            removed: all(&change.removed),
        }
    }
}
