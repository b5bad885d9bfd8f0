//! Two processes that write at the same time: what the database decides, it decides once.

// A failure here is a failed test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use touchplate_attest::Publisher;
use touchplate_index::Ports;
use touchplate_index::ports::{NewProject, ProjectId, ProjectTarget, RecordError, Serial, Viewer};
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::Terms;
use touchplate_packaging::Hasher;
use touchplate_testkit::contract::{NOW, origin, upload, verified};
use touchplate_trust::{Domain, Predicate, Workload};

/// Runs `test` on each kind of database, opened by two.
async fn on_each<F: Future<Output = ()>>(test: impl Fn(&'static str, [Ports; 2]) -> F) {
    for (kind, kept) in ["sqlite", "postgres"].into_iter().zip(support::KEPT) {
        let folder = tempfile::tempdir().unwrap();
        let Some((url, _database)) = kept(folder.path()).await else {
            continue;
        };
        let one = support::opened(&url, folder.path()).await;
        let other = support::opened(&url, folder.path()).await;
        for name in ["alice", "bob"] {
            let name = name.parse().unwrap();
            one.accounts.add_user(&origin(), &name).await.unwrap();
        }
        test(kind, [one, other]).await;
    }
}

fn new(display: &str) -> NewProject {
    NewProject {
        display: display.parse().unwrap(),
        visibility: Visibility::Public,
        owner: Some("alice".parse().unwrap()),
    }
}

async fn made(ports: &Ports, display: &str) -> ProjectId {
    let made = ports.projects.create(&origin(), &new(display)).await;
    made.unwrap().id
}

/// All at once, each by one of the two processes; how each ended.
async fn all_at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    both: &[Ports; 2],
    count: usize,
    each: impl Fn(usize, Ports) -> F,
) -> Vec<T> {
    let tasks: Vec<_> = (0..count)
        .map(|n| tokio::spawn(each(n, both[n % 2].clone())))
        .collect();
    let mut ended = Vec::new();
    for task in tasks {
        ended.push(task.await.unwrap());
    }
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_the_journal_misses_no_row() {
    on_each(async |kind, both| {
        let done = Arc::new(AtomicBool::new(false));
        let follower = tokio::spawn({
            let (ports, done) = (both[1].clone(), done.clone());
            async move {
                let mut seen: Vec<u64> = Vec::new();
                loop {
                    let was_done = done.load(Ordering::SeqCst);
                    let last = Serial(seen.last().copied().unwrap_or_default());
                    let rows = ports.journal.after(last, 3).await.unwrap();
                    if rows.is_empty() && was_done {
                        break seen;
                    }
                    seen.extend(rows.iter().map(|row| row.serial.0));
                }
            }
        });
        let outcomes = all_at_once(&both, 12, |n, ports| async move {
            for m in 0..8 {
                let name = format!("p{n}x{m}");
                let file = upload(
                    ProjectTarget::New(new(&name)),
                    &format!("{name}-1.0.tar.gz"),
                    name.as_bytes(),
                );
                ports.releases.record(&origin(), &file).await.unwrap();
                // A refused change leaves no gap.
                let again = ports.releases.record(&origin(), &file).await;
                assert!(again.is_err());
            }
        });
        assert_eq!(outcomes.await.len(), 12);
        done.store(true, Ordering::SeqCst);
        let seen = follower.await.unwrap();
        // Two users, and the uploads: each once, in order, without gaps.
        assert_eq!(seen, (1..=2 + 12 * 8).collect::<Vec<u64>>(), "{kind}");
        let head = both[0].journal.head().await.unwrap();
        assert_eq!(head.0, 98, "{kind}");
        // Each project has the serial of its row.
        for row in both[0].journal.after(Serial(2), 200).await.unwrap() {
            let name = row.project.unwrap();
            let project = both[0].projects.by_name(&name).await.unwrap().unwrap();
            assert_eq!(project.serial, row.serial, "{kind}: {name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_new_release_come_at_once() {
    on_each(async |kind, both| {
        let id = made(&both[0], "demo").await;
        let outcomes = all_at_once(&both, 6, move |n, ports| async move {
            let filename = format!("demo-1.0-{}-none-any.whl", ["py2", "py3", "cp311"][n / 2]);
            let filename = match n {
                0 => "demo-1.0.tar.gz".to_owned(),
                1 => "demo-1.0.zip".to_owned(),
                _ => format!("{}{n}-{}", &filename[..9], &filename[9..]),
            };
            let file = upload(
                ProjectTarget::Existing(id),
                &filename,
                &[u8::try_from(n).unwrap()],
            );
            ports.releases.record(&origin(), &file).await
        });
        let outcomes = outcomes.await;
        let refused = outcomes.iter().filter(|it| it.is_err()).count();
        assert!(
            outcomes
                .iter()
                .flat_map(|it| it.as_ref().err())
                .all(|it| matches!(it, RecordError::SecondSdist)),
            "{kind}: {outcomes:?}"
        );
        assert_eq!(refused, 1, "{kind}: {outcomes:?}");
        let name = "demo".parse().unwrap();
        let facts = both[0]
            .releases
            .project_facts(&name, Viewer::Index)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((facts.releases.len(), facts.files.len()), (1, 5), "{kind}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_bytes_are_taken_once_where_they_may_be_there_once() {
    on_each(async |kind, both| {
        let outcomes = all_at_once(&both, 6, |n, ports| async move {
            let name = format!("p{n}");
            let mut file = upload(
                ProjectTarget::New(new(&name)),
                &format!("{name}-1.0.tar.gz"),
                b"same",
            );
            file.equal_bytes_allowed = false;
            ports.releases.record(&origin(), &file).await
        });
        let outcomes = outcomes.await;
        let won = outcomes.iter().filter(|it| it.is_ok()).count();
        assert_eq!(won, 1, "{kind}: {outcomes:?}");
        let lost = |it: &_| matches!(it, Ok(_) | Err(RecordError::EqualBytes(_)));
        assert!(outcomes.iter().all(lost), "{kind}: {outcomes:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_of_nobody_gets_one_owner() {
    on_each(async |kind, both| {
        let nobodys = NewProject {
            owner: None,
            ..new("demo")
        };
        let id = both[0]
            .projects
            .create(&origin(), &nobodys)
            .await
            .unwrap()
            .id;
        let outcomes = all_at_once(&both, 6, move |n, ports| async move {
            let by = ["alice", "bob"][n % 2].parse().unwrap();
            let target = ProjectTarget::Unclaimed(id, by);
            let file = upload(
                target,
                &format!("demo-{n}.0.tar.gz"),
                &[u8::try_from(n).unwrap()],
            );
            ports.releases.record(&origin(), &file).await
        });
        let outcomes = outcomes.await;
        let won = outcomes.iter().filter(|it| it.is_ok()).count();
        assert_eq!(won, 1, "{kind}: {outcomes:?}");
        assert_eq!(
            both[1].accounts.members(id).await.unwrap().len(),
            1,
            "{kind}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_sweep_and_an_upload_of_its_bytes_one_wins() {
    on_each(async |kind, both| {
        let id = made(&both[0], "demo").await;
        let outcomes = all_at_once(&both, 40, move |n, ports| async move {
            let bytes = [b's', u8::try_from(n / 2).unwrap()];
            let mut hasher = Hasher::new();
            hasher.update(&bytes);
            if n % 2 == 0 {
                let filename = format!("demo-{n}.0.tar.gz");
                let file = upload(ProjectTarget::Existing(id), &filename, &bytes);
                match ports.releases.record(&origin(), &file).await {
                    Ok(_) => true,
                    Err(RecordError::BytesSwept) => false,
                    Err(other) => panic!("{other:?}"),
                }
            } else {
                let sha256 = hasher.finish().0.sha256;
                ports.releases.begin_sweep(&sha256).await.unwrap()
            }
        });
        let outcomes = outcomes.await;
        for pair in outcomes.chunks(2) {
            assert_ne!(pair[0], pair[1], "{kind}: {outcomes:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_pin_two_publishers_in_opposite_order_do_not_end_each_other() {
    on_each(async |kind, both| {
        let domain = Arc::new(Domain::new("racing.example", NOW).unwrap());
        for round in 0..6 {
            let project = format!("p{round}");
            let id = made(&both[0], &project).await;
            let workflows = ["release.yml", "build.yml"];
            for workflow in workflows {
                let (name, publisher) = (project.parse().unwrap(), github(workflow));
                let (terms, origin) = (Terms::default(), origin());
                let added = both[0]
                    .publishers
                    .add(&origin, &name, &publisher, &terms, None);
                added.await.unwrap();
            }
            let domain = domain.clone();
            let outcomes = all_at_once(&both, 8, move |n, ports| {
                let filename = format!("p{round}-{n}.0.tar.gz");
                let mut file = upload(ProjectTarget::Existing(id), &filename, filename.as_bytes());
                let mut workflows = workflows;
                if n % 2 == 1 {
                    workflows.reverse();
                }
                file.attestations = Vec::from(workflows.map(|workflow| {
                    let mut who = Workload::github("example/demo", workflow, "refs/tags/v1");
                    who.claims.source_repository_id = Some("1".to_owned());
                    who.claims.source_repository_owner_id = Some("2".to_owned());
                    let by = (&who, &github(workflow));
                    verified(&domain, &file, by, Predicate::Publish)
                }));
                async move { ports.releases.record(&origin(), &file).await }
            });
            for outcome in outcomes.await {
                assert!(outcome.is_ok(), "{kind}: {outcome:?}");
            }
        }
    })
    .await;
}

fn github(workflow: &str) -> Publisher {
    Publisher::github("example/demo", workflow)
}
