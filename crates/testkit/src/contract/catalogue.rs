//! What search is told of projects.

use touchplate_index::Ports;
use touchplate_index::ports::ProjectTarget;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::{ProjectStatus, Yanked};

use super::{NOW, demo, name, origin, project, upload, version};

pub(super) async fn search_is_told_of_what_anybody_may_find(ports: Ports) {
    let target = demo(&ports).await;
    for given in [
        "demo-1.0-py3-none-any.whl",
        "demo-1.0.tar.gz",
        "demo-2.0.tar.gz",
    ] {
        let file = upload(target.clone(), given, given.as_bytes());
        ports
            .releases
            .record(&origin(), &file)
            .await
            .expect("it is recorded");
    }
    let yanked = Yanked::Yes(None);
    let yank = ports
        .releases
        .set_yanked(&origin(), &name("demo"), &version("2.0"), &yanked, None)
        .await;
    yank.expect("it is yanked");
    let found = ports
        .catalogue
        .named(&[name("demo"), name("none")])
        .await
        .expect("it reads");
    assert_eq!(found.len(), 1);
    let mut releases: Vec<_> = found[0]
        .releases
        .iter()
        .map(|it| (it.version.to_string(), it.yanked, it.files, it.attested))
        .collect();
    releases.sort();
    assert_eq!(
        releases,
        [
            ("1.0".to_owned(), false, 2, 0),
            ("2.0".to_owned(), true, 1, 0)
        ]
    );
    assert!(found[0].releases.iter().all(|it| it.created_at == NOW));
    assert!(found[0].publishers.is_empty());
    for (change, told) in [
        (Change::Status(ProjectStatus::Quarantined), 0),
        (Change::Status(ProjectStatus::Archived), 1),
        (Change::Visibility(Visibility::Internal), 0),
        (Change::Visibility(Visibility::Private), 0),
        (Change::Visibility(Visibility::Public), 1),
    ] {
        let (origin, demo, projects) = (origin(), name("demo"), &ports.projects);
        match change {
            Change::Status(status) => {
                let set = projects.set_status(&origin, &demo, status, None, None);
                set.await.expect("it is changed");
            }
            Change::Visibility(to) => {
                let set = projects.set_visibility(&origin, &demo, to, None).await;
                set.expect("it is changed");
            }
        }
        assert_eq!(
            ports
                .catalogue
                .named(&[name("demo")])
                .await
                .expect("it reads")
                .len(),
            told
        );
        assert_eq!(
            ports
                .catalogue
                .behind(None, 10)
                .await
                .expect("it reads")
                .len(),
            told
        );
    }
}

enum Change {
    Status(ProjectStatus),
    Visibility(Visibility),
}

pub(super) async fn search_is_told_of_all_projects_by_name(ports: Ports) {
    for display in ["beta", "Alpha", "gamma-1", "delta", "gamma"] {
        let created = ports
            .projects
            .create(&origin(), &project(display, None))
            .await;
        created.expect("it is new");
    }
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let found = ports
            .catalogue
            .behind(after.as_ref(), 2)
            .await
            .expect("it reads");
        names.extend(found.iter().map(|it| it.project.name.to_string()));
        after = found.last().map(|it| it.project.name.clone());
        if found.len() < 2 {
            break;
        }
    }
    assert_eq!(names, ["alpha", "beta", "delta", "gamma", "gamma-1"]);
}

pub(super) async fn search_is_told_what_releases_say(ports: Ports) {
    let target = demo(&ports).await;
    let ProjectTarget::Existing(id) = target else {
        unreachable!("demo exists")
    };
    for (given, summary, keywords) in [
        ("demo-1.0.tar.gz", None, vec![]),
        (
            "demo-2.0.tar.gz",
            Some("It's a \"demo\" \u{202e}"),
            vec!["one", "two words"],
        ),
    ] {
        let mut file = upload(target.clone(), given, given.as_bytes());
        file.metadata.summary = summary.map(str::to_owned);
        file.metadata.keywords = keywords.into_iter().map(str::to_owned).collect();
        ports
            .releases
            .record(&origin(), &file)
            .await
            .expect("it is recorded");
    }
    let asked = [
        (id, version("2.0.0")),
        (id, version("3")),
        (id, version("1.0")),
    ];
    let blurbs = ports.catalogue.blurbs(&asked).await.expect("it reads");
    assert_eq!(blurbs.len(), 3);
    assert_eq!(
        blurbs[0].summary.as_deref(),
        Some("It's a \"demo\" \u{202e}")
    );
    assert_eq!(blurbs[0].keywords, ["one", "two words"]);
    assert_eq!(
        (&blurbs[1], &blurbs[2]),
        (&Default::default(), &Default::default())
    );
}
