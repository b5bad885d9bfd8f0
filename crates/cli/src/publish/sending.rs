//! Sending the files of a run, and what became of each.

use touchplate_client::fetch::Agent;
use touchplate_client::publish::form::Form;
use touchplate_client::publish::remote::Listing;
use touchplate_client::publish::upload::{Item, Uploaded, Uploader};
use touchplate_client::publish::{Standing, upload_all};

use super::attesting::Made;
use super::preflight::Preflight;
use super::progress::Sending;
use super::target::Shelf;
use crate::report::{Failure, Outcome};

/// What became of one file.
#[derive(Debug)]
pub(super) enum Fate {
    /// The index has it from this run.
    Sent,
    /// It was there when the run began, or came while it ran.
    Found,
    /// The index does not have it from this run.
    Failed(Failure),
    /// It was not begun, since another one failed.
    NotBegun,
    /// Nothing was tried.
    Planned,
}

/// What became of each file, by position.
#[derive(Debug)]
pub(super) struct Outcomes {
    pub(super) fates: Vec<Fate>,
    pub(super) made: Vec<Vec<Made>>,
}

impl Outcomes {
    /// Nothing was sent.
    pub(super) fn none(preflight: &Preflight<'_>) -> Self {
        let count = preflight.checked.len();
        let fate = |at| match preflight.wanted.standing(at) {
            Some(Standing::Identical { .. }) if !preflight.wanted.is_sent(at) => Fate::Found,
            _ => Fate::Planned,
        };
        Self {
            fates: (0..count).map(fate).collect(),
            made: (0..count).map(|_| Vec::new()).collect(),
        }
    }

    /// Whether all files of the run are at the index.
    pub(super) fn is_whole(&self) -> bool {
        let mut fates = self.fates.iter();
        fates.all(|fate| matches!(fate, Fate::Sent | Fate::Found))
    }

    /// A file that was refused decides before one that the network kept from being sent.
    pub(super) fn end(self) -> Result<Outcome, Failure> {
        let failures = self.fates.into_iter().filter_map(|fate| match fate {
            Fate::Failed(failure) => Some(failure),
            Fate::Sent | Fate::Found | Fate::NotBegun | Fate::Planned => None,
        });
        let mut failures: Vec<Failure> = failures.collect();
        let rank = |failure: &Failure| match failure.kind() {
            crate::report::Kind::Refused => 0,
            crate::report::Kind::Usage => 1,
            crate::report::Kind::Outside => 2,
        };
        let deciding = (0..failures.len()).min_by_key(|&at| failures.get(at).map(rank));
        let deciding = deciding.map(|at| failures.remove(at));
        failures.iter().for_each(Failure::tell);
        deciding.map_or(Ok(Outcome::Done), Err)
    }
}

/// Sends what is wanted, project by project.
pub(super) fn send(
    preflight: &Preflight<'_>,
    made: Vec<Vec<Made>>,
    shelf: &Shelf<'_>,
    agent: &Agent,
) -> Result<Outcomes, Failure> {
    let mut outcomes = Outcomes::none(preflight);
    let mut items = items(preflight, made, &mut outcomes)?;
    let uploader = Uploader {
        agent,
        url: &preflight.target.destination.url,
        access: preflight.access,
        listing: shelf,
    };
    let mut has_failed = false;
    for project in super::target::projects(items.iter().map(|(_, item)| &item.file)) {
        let (theirs, others): (Vec<_>, Vec<_>) = items
            .into_iter()
            .partition(|(_, item)| *item.file.filename().project() == project);
        items = others;
        let (places, theirs): (Vec<usize>, Vec<Item>) = theirs.into_iter().unzip();
        let results = if has_failed {
            theirs.iter().map(|_| None).collect()
        } else {
            let bytes = theirs.iter().map(|item| item.form.length()).sum();
            let watch = Sending::of(theirs.len(), bytes);
            // Whoever creates a project does so once.
            let is_new = !matches!(shelf.listing(&project), Some(Listing::Page(_)));
            upload_all(&uploader, &theirs, is_new, &watch)
        };
        for (at, result) in places.into_iter().zip(results) {
            has_failed |= !matches!(result, Some(Ok(_)));
            if let Some(place) = outcomes.fates.get_mut(at) {
                *place = match result {
                    Some(Ok(Uploaded::Sent)) => Fate::Sent,
                    Some(Ok(Uploaded::Found)) => Fate::Found,
                    Some(Err(error)) => Fate::Failed(error.into()),
                    None => Fate::NotBegun,
                };
            }
        }
    }
    Ok(outcomes)
}

/// What is sent of each file that is wanted, by position; what was made for it is kept with the outcomes.
fn items(
    preflight: &Preflight<'_>,
    made: Vec<Vec<Made>>,
    outcomes: &mut Outcomes,
) -> Result<Vec<(usize, Item)>, Failure> {
    let mut items = Vec::with_capacity(made.len());
    for (&at, made) in preflight.wanted.sent().iter().zip(made) {
        let Some(checked) = preflight.checked.get(at) else {
            continue;
        };
        let attestations: Vec<String> = made.iter().map(|it| it.json.clone()).collect();
        let metadata = &checked.contents.metadata_bytes;
        let form = Form::new(&checked.file, metadata, &attestations)?;
        let standing = preflight.wanted.standing(at);
        let item = Item {
            file: checked.file.clone(),
            form,
            was_there: matches!(standing, Some(Standing::Identical { .. })),
        };
        items.push((at, item));
        if let Some(place) = outcomes.made.get_mut(at) {
            *place = made;
        }
    }
    Ok(items)
}
