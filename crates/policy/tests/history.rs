//! A project's history, judged. What must hold of every history is tried on every history of up to four releases of eight
//! kinds, which is every way in which three neighbours can differ.

// A failure here is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _};
use touchplate_attest::Publisher;
use touchplate_packaging::Version;
use touchplate_policy::history::{FileProvenance, History, JudgedRelease, ReleaseFacts, State};
use touchplate_policy::{Builder, Shown};

fn version(number: usize) -> Version {
    format!("{number}.0").parse().unwrap()
}

fn day(number: usize) -> Timestamp {
    let first: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    first + (24 * i64::try_from(number).unwrap()).hours()
}

fn builder(repository: &str, workflow: &str) -> Builder {
    Builder::new(&Publisher::github(repository, workflow), Shown::default())
}

fn by(builders: &[&str]) -> FileProvenance {
    let builders = builders.iter().map(|name| builder("o/r", name));
    FileProvenance::By(builders.collect())
}

/// A release of the day and version `number`.
fn release(number: usize, files: impl IntoIterator<Item = FileProvenance>) -> ReleaseFacts {
    let mut facts = ReleaseFacts::new(version(number), day(number));
    for file in files {
        facts.count(file);
    }
    facts
}

fn history(releases: Vec<Vec<FileProvenance>>) -> History {
    let releases = releases.into_iter().enumerate();
    History::of(releases.map(|(number, files)| release(number, files)))
}

fn words(release: &JudgedRelease) -> Vec<&'static str> {
    release.states.iter().map(|state| state.as_str()).collect()
}

fn names<'b>(builders: impl IntoIterator<Item = &'b Builder>) -> Vec<String> {
    builders.into_iter().map(ToString::to_string).collect()
}

#[test]
fn a_release_is_judged_by_its_files_and_the_last_one_with_provenance() {
    use FileProvenance::Absent;
    let judged = history(vec![
        vec![Absent],
        vec![by(&["a.yml"]), by(&["a.yml"])],
        vec![by(&["a.yml"]), Absent],
        vec![Absent, Absent],
        vec![],
        vec![by(&["b.yml"]), by(&["b.yml"])],
        vec![by(&["a.yml"]), by(&["b.yml"])],
    ]);
    let states: Vec<_> = judged.releases().iter().map(words).collect();
    assert_eq!(
        states,
        [
            vec!["none"],
            vec!["full"],
            vec!["partial"],
            vec!["none", "lost"],
            vec![],
            vec!["full", "changed"],
            vec!["full", "inconsistent", "changed"],
        ]
    );
    let changes: Vec<_> = judged.releases().iter().map(|it| &it.change).collect();
    assert!(changes[..2].iter().all(|change| change.is_none()));
    assert!(changes[2].as_ref().unwrap().is_empty());
    let change = changes[5].as_ref().unwrap();
    assert_eq!(change.since, version(2));
    assert_eq!(names(&change.added), ["b.yml of github.com/o/r"]);
    assert_eq!(names(&change.removed), ["a.yml of github.com/o/r"]);
    let change = changes[6].as_ref().unwrap();
    assert_eq!(names(&change.added), ["a.yml of github.com/o/r"]);
    assert_eq!(
        (change.since.clone(), change.removed.len()),
        (version(5), 0)
    );
}

/// Two weeks are all that PyPI looks back; a loss is not over when nobody mended it.
#[test]
fn a_loss_is_one_however_long_ago_there_was_provenance() {
    let releases = [
        release(0, [by(&["a.yml"])]),
        release(4000, [FileProvenance::Absent]),
    ];
    let judged = History::of(releases);
    assert!(judged.release(&version(4000)).unwrap().is(State::Lost));
}

/// Unknown is not absent: it can neither have come nor gone.
#[test]
fn what_cannot_be_read_is_no_change_and_no_loss() {
    use FileProvenance::Unreadable;
    let judged = history(vec![
        vec![by(&["a.yml"])],
        vec![Unreadable, by(&["b.yml"])],
        vec![by(&["c.yml"])],
        vec![by(&["d.yml"])],
    ]);
    let states: Vec<_> = judged.releases().iter().map(words).collect();
    assert_eq!(
        states,
        [
            vec!["full"],
            vec!["full"],
            vec!["full"],
            vec!["full", "changed"]
        ]
    );
}

#[test]
fn a_fix_of_an_old_series_is_compared_with_what_came_before_it() {
    let old = ReleaseFacts::new("1.9".parse().unwrap(), day(2));
    let with = |mut facts: ReleaseFacts, file| {
        facts.count(file);
        facts
    };
    let judged = History::of([
        with(old, by(&["b.yml"])),
        release(1, [by(&["a.yml"])]),
        with(
            ReleaseFacts::new("2.0".parse().unwrap(), day(2)),
            by(&["b.yml"]),
        ),
    ]);
    let order: Vec<_> = judged
        .releases()
        .iter()
        .map(|it| it.facts.version.to_string())
        .collect();
    assert_eq!(order, ["1.0", "1.9", "2.0"]);
    assert!(judged.releases()[1].is(State::Changed));
    assert!(!judged.releases()[2].is(State::Changed));
}

/// The kinds of releases that histories are made of below.
fn kinds() -> Vec<Vec<FileProvenance>> {
    use FileProvenance::{Absent, Unreadable};
    vec![
        vec![],
        vec![Absent],
        vec![by(&["a.yml"])],
        vec![by(&["b.yml"])],
        vec![by(&["a.yml", "b.yml"])],
        vec![by(&["a.yml"]), Absent],
        vec![by(&["a.yml"]), Unreadable],
        vec![Unreadable, Absent],
    ]
}

fn every_history(check: impl Fn(&History)) {
    let kinds = kinds();
    for length in 0..=4 {
        for number in 0..kinds.len().pow(length) {
            let mut rest = number;
            let releases = (0..length).map(|_| {
                let kind = kinds[rest % kinds.len()].clone();
                rest /= kinds.len();
                kind
            });
            check(&history(releases.collect()));
        }
    }
}

#[test]
fn one_share_holds_of_each_release_with_files_and_no_more() {
    every_history(|history| {
        for release in history.releases() {
            let shares = [State::Full, State::Partial, State::None];
            let held = shares.iter().filter(|state| release.is(**state)).count();
            assert_eq!(held, usize::from(release.facts.files > 0), "{release:?}");
            assert_eq!(release.states.is_empty(), release.facts.files == 0);
        }
    });
}

#[test]
fn a_loss_is_where_nothing_is_attested_and_something_was() {
    every_history(|history| {
        let mut had_some = false;
        for release in history.releases() {
            let facts = &release.facts;
            let lost = facts.files > 0 && facts.attested == 0 && had_some;
            assert_eq!(release.is(State::Lost), lost, "{history:?}");
            had_some |= facts.attested > 0;
        }
    });
}

/// What a change says, added to what there was, is what there is: nobody comes or goes untold, unless something was unreadable.
#[test]
fn changes_lead_from_each_release_with_provenance_to_the_next() {
    every_history(|history| {
        let attested = history.releases().iter().filter(|it| it.facts.attested > 0);
        let attested: Vec<&JudgedRelease> = attested.collect();
        for pair in attested.windows(2) {
            let [earlier, later] = pair else {
                unreachable!()
            };
            let readable = earlier.facts.unreadable + later.facts.unreadable == 0;
            assert_eq!(later.change.is_some(), readable);
            let Some(change) = &later.change else {
                assert!(!later.is(State::Changed));
                continue;
            };
            let mut builders: BTreeSet<_> = earlier.facts.builders.keys().cloned().collect();
            builders.retain(|it| !change.removed.contains(it));
            builders.extend(change.added.iter().cloned());
            assert_eq!(builders, later.facts.builders.keys().cloned().collect());
            assert_eq!(later.is(State::Changed), !change.is_empty());
            assert_eq!(change.since, earlier.facts.version);
        }
    });
}

#[test]
fn the_order_in_which_releases_are_given_says_nothing() {
    every_history(|judged| {
        let mut facts: Vec<_> = judged
            .releases()
            .iter()
            .map(|it| it.facts.clone())
            .collect();
        facts.reverse();
        assert_eq!(&History::of(facts), judged);
    });
}
