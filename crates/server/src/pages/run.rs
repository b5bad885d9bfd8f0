//! The run that uploaded a file, in words.

use touchplate_attest::Run;
use touchplate_index::attesters::KnownFile;

use super::link::Link;

/// The run that uploaded a file, as people read it. Not who started it: a name or an address that the world has no need of.
pub(super) struct RunTold {
    /// The publisher that its token was minted for.
    pub(super) publisher: String,
    /// What its ID token said, as far as it did.
    pub(super) facts: Vec<(&'static str, Link)>,
    /// Where attestations name other commits than the run's.
    pub(super) differs: Option<String>,
}

/// What is known of the run; none where a user uploaded the file.
pub(super) fn told(known: &KnownFile) -> Option<RunTold> {
    let uploaded = known.run.as_ref()?;
    let with_upload = known
        .attestations
        .iter()
        .filter(|it| it.facts.added.is_none());
    let claims = with_upload.map(|it| &it.facts.record.claims);
    let others = uploaded.other_commits(claims);
    let Run {
        url,
        commit,
        git_ref,
        environment,
        trigger,
        actor: _,
        called,
    } = &uploaded.run;
    let facts = [
        ("run", url),
        ("commit", commit),
        ("ref", git_ref),
        ("deployment environment", environment),
        ("started by the event", trigger),
        ("called workflow", called),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(label, value)| Some((label, Link::of(value.as_deref()?))));
    Some(RunTold {
        publisher: uploaded.publisher.clone(),
        facts: facts.collect(),
        differs: (!others.is_empty()).then(|| {
            format!(
                "The run that uploaded this file was of the commit {}; its attestations name another: {}.",
                commit.as_deref().unwrap_or_default(),
                others.join(", ")
            )
        }),
    })
}
