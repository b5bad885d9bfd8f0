//! States and builders in words. A state is never told by its colour alone.

use std::collections::BTreeSet;

use touchplate_policy::history::{JudgedRelease, State};
use touchplate_policy::{Builder, Source};

use crate::pages::link::Link;
use crate::pages::text;

/// A state, briefly.
pub(super) struct Badge {
    /// The end of its class: `full`, `none`.
    pub(super) class: &'static str,
    pub(super) words: String,
}

/// A builder as people read it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct BuilderTold {
    /// What ran, such as `release.yml`.
    pub(super) workflow: Option<String>,
    /// Where.
    pub(super) source: String,
    pub(super) url: Option<String>,
}

/// A release's provenance in one sentence: words, builders, words.
pub(super) struct Story {
    pub(super) before: String,
    pub(super) builders: Vec<BuilderTold>,
    pub(super) after: String,
}

/// Who came and who went since an earlier release: by workflow alone where all of them are of one source.
pub(super) struct ChangeTold {
    pub(super) since: String,
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
}

/// What can be said of a release, as badges.
pub(super) fn badges(release: &JudgedRelease) -> Vec<Badge> {
    let facts = &release.facts;
    let badge = |state: &State| Badge {
        class: state.as_str(),
        words: match state {
            State::Full => "Full provenance".to_owned(),
            State::Partial => format!("Provenance for {} of {} files", facts.attested, facts.files),
            State::None => "No provenance".to_owned(),
            State::Inconsistent => format!("{} builders", facts.builders.len()),
            State::Lost => "Provenance lost".to_owned(),
            State::Changed => "Builder changed".to_owned(),
        },
    };
    release.states.iter().map(badge).collect()
}

/// Who is proved to have built a release's files.
pub(super) fn story(release: &JudgedRelease) -> Story {
    let facts = &release.facts;
    let (files, attested, unreadable) = (facts.files, facts.attested, facts.unreadable);
    if attested == 0 {
        return Story {
            before: match files {
                1 => "Nothing proves who built its file: the index knows only who uploaded it.",
                _ => "Nothing proves who built its files: the index knows only who uploaded them.",
            }
            .to_owned(),
            builders: Vec::new(),
            after: String::new(),
        };
    }
    let builders: Vec<&Builder> = facts.builders.keys().collect();
    let share = match (attested, files) {
        (1, 1) => "Its file is".to_owned(),
        (2, 2) => "Both of its files are".to_owned(),
        (attested, files) if attested == files => format!("All of its {files} files are"),
        (1, files) => format!("1 of its {files} files is"),
        (attested, files) => format!("{attested} of its {files} files are"),
    };
    let verb = if builders.iter().all(|builder| builds(builder)) {
        "built"
    } else {
        "signed"
    };
    let rest = match files - attested {
        0 => String::new(),
        1 => " Nothing proves who built the other one.".to_owned(),
        _ => " Nothing proves who built the others.".to_owned(),
    };
    let unread = match unreadable {
        0 => String::new(),
        count => format!(" What proves it for {count} of them is newer than this program."),
    };
    let before = if builders.is_empty() {
        format!("{share} proved to be built by somebody")
    } else {
        format!("{share} proved to be {verb} by ")
    };
    Story {
        before,
        builders: builders.into_iter().map(told).collect(),
        after: format!(".{rest}{unread}"),
    }
}

/// Whether it is something that builds, and not an account that signs what was built anywhere.
fn builds(builder: &Builder) -> bool {
    builder.workflow.is_some() || builder.source.url().is_some()
}

/// A builder as people read it.
pub(super) fn told(builder: &Builder) -> BuilderTold {
    let source = builder.source.name();
    BuilderTold {
        workflow: builder
            .workflow
            .as_deref()
            .map(|it| text::line(it).into_owned()),
        source: text::line(source).into_owned(),
        url: builder
            .source
            .url()
            .and_then(|url| Link::new(source, url).href),
    }
}

/// Who came and who went, if somebody did.
pub(super) fn change(release: &JudgedRelease) -> Option<ChangeTold> {
    let change = release.change.as_ref().filter(|it| !it.is_empty())?;
    let named = release.facts.builders.keys().chain(&change.removed);
    let sources: BTreeSet<&Source> = named.map(|builder| &builder.source).collect();
    let brief = |builder: &Builder| {
        let workflow = builder.workflow.as_deref().filter(|_| sources.len() == 1);
        let name = workflow.map_or_else(|| builder.to_string(), str::to_owned);
        text::line(&name).into_owned()
    };
    Some(ChangeTold {
        since: change.since.to_string(),
        added: change.added.iter().map(brief).collect(),
        removed: change.removed.iter().map(brief).collect(),
    })
}

/// A number and its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}
