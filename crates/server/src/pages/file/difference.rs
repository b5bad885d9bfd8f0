//! What changed in who builds a project since the release before.

use touchplate_packaging::Version;
use touchplate_policy::history::{Builder, History, State};

use super::sentence::Sentence;

/// The difference to the last earlier release that has provenance, in words; none where nothing can be said.
pub(super) fn difference(history: &History, version: &Version) -> Option<Sentence> {
    let at = history
        .releases()
        .iter()
        .position(|it| it.facts.version == *version)?;
    let (earlier, rest) = history.releases().split_at(at);
    let judged = rest.first()?;
    let before = earlier.iter().rev().find(|it| it.facts.files > 0);
    let Some(before) = before else {
        return Some(Sentence::of("This is the project's first release here."));
    };
    if judged.is(State::Lost) {
        let attested = earlier.iter().rev().find(|it| it.facts.attested > 0);
        let last = attested.map_or(&before.facts.version, |it| &it.facts.version);
        return Some(
            Sentence::of("No file of this release has provenance, and earlier ones had: the last that had some is ")
                .name(&last.to_string())
                .say("."),
        );
    }
    let Some(change) = &judged.change else {
        return (judged.facts.attested > 0).then(|| {
            if earlier.iter().any(|it| it.facts.attested > 0) {
                Sentence::of("Who built the release before cannot be told here, so that nothing is said of what changed.")
            } else {
                Sentence::of("This is the first release of the project that has provenance.")
            }
        });
    };
    let since = change.since.to_string();
    if change.is_empty() {
        return Some(
            Sentence::of("Nothing changed in who builds it since release ")
                .name(&since)
                .say("."),
        );
    }
    let mut told = Sentence::of("Since release ").name(&since);
    if !change.added.is_empty() {
        told = listed(told.say(", new: "), change.added.iter());
    }
    if !change.removed.is_empty() {
        told = listed(
            told.say(if change.added.is_empty() {
                ", no more: "
            } else {
                "; no more: "
            }),
            change.removed.iter(),
        );
    }
    Some(told.say(". Look whether the project says why."))
}

fn listed<'b>(mut told: Sentence, builders: impl Iterator<Item = &'b Builder>) -> Sentence {
    for (at, builder) in builders.enumerate() {
        told = told
            .say(if at > 0 { ", " } else { "" })
            .name(&builder.to_string());
    }
    told
}
