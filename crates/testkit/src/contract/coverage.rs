//! How much of the index has provenance.

use jiff::SignedDuration;
use touchplate_index::Ports;
use touchplate_index::coverage::{BuiltBy, Counted, Grain, LostProvenance, ProjectCoverage, Share};
use touchplate_index::downloads::Day;
use touchplate_index::ports::{LostList, Serial};
use touchplate_index::projects::Visibility;

use super::{NOW, head, name, origin, project, version};

fn covered(counts: &[(i32, Counted, u64)]) -> ProjectCoverage {
    let by_day = counts
        .iter()
        .map(|(day, counted, count)| ((Day(*day), counted.clone()), *count));
    ProjectCoverage {
        by_day: by_day.collect(),
        lost: None,
    }
}

fn github() -> Counted {
    Counted::File(BuiltBy::Kind("GitHub".to_owned()))
}

async fn tallies(ports: &Ports, grain: Grain, since: i32) -> Vec<(i32, String, u64)> {
    let found = ports.coverage.tallies(grain, Day(since)).await.unwrap();
    let told = found
        .iter()
        .map(|it| (it.start.0, it.counted.to_string(), it.count));
    told.collect()
}

fn told(start: i32, counted: &str, count: u64) -> (i32, String, u64) {
    (start, counted.to_owned(), count)
}

pub(super) async fn coverage_is_counted_once_and_taken_back(ports: Ports) {
    let coverage = &ports.coverage;
    assert_eq!(coverage.counted_to().await.unwrap(), Serial(0));
    assert!(tallies(&ports, Grain::Ever, 0).await.is_empty());
    let full = Counted::Release(Share::Full);
    let none = Counted::File(BuiltBy::Unknown);
    // 1970-02-01 is day 31.
    let demo = covered(&[(30, github(), 2), (31, github(), 3), (30, full.clone(), 1)]);
    let other = covered(&[(31, github(), 10), (31, none.clone(), 1)]);
    let both = [
        (name("demo"), Some(demo.clone())),
        (name("other"), Some(other)),
    ];
    assert!(coverage.count(Serial(0), Serial(7), &both).await.unwrap());
    // Another process counts the same.
    assert!(!coverage.count(Serial(0), Serial(7), &both).await.unwrap());
    assert_eq!(coverage.counted_to().await.unwrap(), Serial(7));
    assert_eq!(head(&ports).await, 0);
    let all = [
        told(0, "file:by:GitHub", 15),
        told(0, "file:none", 1),
        told(0, "release:full", 1),
    ];
    assert_eq!(tallies(&ports, Grain::Ever, 0).await, all);
    let months = [
        told(0, "file:by:GitHub", 2),
        told(0, "release:full", 1),
        told(31, "file:by:GitHub", 13),
        told(31, "file:none", 1),
    ];
    assert_eq!(tallies(&ports, Grain::Month, 0).await, months);
    assert_eq!(tallies(&ports, Grain::Month, 1).await, months[2..]);
    assert_eq!(tallies(&ports, Grain::Day, 31).await, months[2..]);

    let less = covered(&[(31, github(), 1)]);
    let changed = [
        (name("demo"), Some(less)),
        (name("other"), None),
        (name("never"), None),
    ];
    assert!(
        coverage
            .count(Serial(7), Serial(9), &changed)
            .await
            .unwrap()
    );
    let left = [told(31, "file:by:GitHub", 1)];
    assert_eq!(tallies(&ports, Grain::Day, 0).await, left);
    assert_eq!(tallies(&ports, Grain::Month, 0).await, left);
    let again = [(name("demo"), Some(demo))];
    assert!(coverage.count(Serial(9), Serial(10), &again).await.unwrap());
    let all = [told(0, "file:by:GitHub", 5), told(0, "release:full", 1)];
    assert_eq!(tallies(&ports, Grain::Ever, 0).await, all);
}

pub(super) async fn projects_that_lost_their_provenance_are_listed(ports: Ports) {
    let coverage = &ports.coverage;
    assert_eq!(coverage.lost(9).await.unwrap(), LostList::default());
    for display in ["alpha", "beta", "gamma"] {
        let new = project(display, None);
        ports.projects.create(&origin(), &new).await.unwrap();
    }
    let lost = |project: &str, hours: i64| LostProvenance {
        project: name(project),
        version: version("2.0"),
        at: NOW + SignedDuration::from_hours(hours),
        had: version("1.0"),
    };
    let losing = |project: &str, hours: i64| {
        let coverage = ProjectCoverage {
            lost: Some(lost(project, hours)),
            ..ProjectCoverage::default()
        };
        (name(project), Some(coverage))
    };
    // A project that is gone by the time of the answer is not told of.
    let four = [
        losing("alpha", 1),
        losing("beta", 3),
        losing("gamma", 2),
        losing("nothing", 4),
    ];
    assert!(coverage.count(Serial(0), Serial(1), &four).await.unwrap());
    let two = coverage.lost(2).await.unwrap();
    assert_eq!(two.count, 3);
    assert_eq!(two.latest, [lost("beta", 3), lost("gamma", 2)]);
    let hidden = ports
        .projects
        .set_visibility(&origin(), &name("beta"), Visibility::Internal, None)
        .await;
    hidden.unwrap();
    let mended = [(name("alpha"), Some(ProjectCoverage::default()))];
    assert!(coverage.count(Serial(1), Serial(2), &mended).await.unwrap());
    let one = coverage.lost(9).await.unwrap();
    assert_eq!((one.count, one.latest), (1, vec![lost("gamma", 2)]));
}
