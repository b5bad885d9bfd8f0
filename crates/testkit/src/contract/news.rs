//! What was released lately.

use touchplate_index::Ports;
use touchplate_index::ports::{NewFile, ProjectTarget};
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;

use super::attesters::Mint;
use super::{demo, filename, name, origin, project, upload, version};

async fn record(ports: &Ports, file: &NewFile) {
    ports.releases.record(&origin(), file).await.unwrap();
}

/// `project version`, attested files, files, and where they were built.
async fn latest(ports: &Ports, limit: u32) -> Vec<(String, u32, u32, Option<String>)> {
    let news = ports.news.latest(None, limit).await.unwrap();
    news.into_iter()
        .map(|it| {
            (
                format!("{} {}", it.project, it.version),
                it.attested,
                it.files,
                it.built_from,
            )
        })
        .collect()
}

pub(super) async fn the_latest_releases_are_listed_newest_first(ports: Ports) {
    assert!(latest(&ports, 10).await.is_empty());
    let at = demo(&ports).await;
    assert!(latest(&ports, 10).await.is_empty());
    record(&ports, &upload(at.clone(), "demo-2.0.tar.gz", b"2.0")).await;
    record(&ports, &upload(at.clone(), "demo-1.0.tar.gz", b"1.0")).await;
    let mint = Mint::new();
    let mut wheel = upload(at.clone(), "demo-1.0-py3-none-any.whl", b"wheel");
    wheel.attestations = vec![mint.verified("demo-1.0-py3-none-any.whl", b"wheel")];
    record(&ports, &wheel).await;
    assert_eq!(
        latest(&ports, 10).await,
        [
            (
                "demo 1.0".to_owned(),
                1,
                2,
                Some("https://github.com/o/r".to_owned())
            ),
            ("demo 2.0".to_owned(), 0, 1, None)
        ]
    );
    assert_eq!(latest(&ports, 1).await.len(), 1);
    let gone = filename("demo-2.0.tar.gz");
    ports.releases.delete_file(&origin(), &gone).await.unwrap();
    assert_eq!(latest(&ports, 10).await.len(), 1);
    let yanked = touchplate_packaging::simple::Yanked::Yes(None);
    ports
        .releases
        .set_yanked(&origin(), &name("demo"), &version("1.0"), &yanked, None)
        .await
        .unwrap();
    let told = ports.news.latest(None, 10).await.unwrap();
    assert_eq!((told.len(), &told[0].yanked), (1, &yanked));
}

pub(super) async fn what_not_everybody_may_see_is_no_news(ports: Ports) {
    let at = demo(&ports).await;
    record(&ports, &upload(at, "demo-1.0.tar.gz", b"demo")).await;
    let other = ProjectTarget::New(project("other", None));
    record(&ports, &upload(other, "other-1.0.tar.gz", b"other")).await;
    let found = ports.projects.by_name(&name("demo")).await.unwrap();
    let demo = Some(found.unwrap().id);
    assert_eq!(latest(&ports, 10).await.len(), 2);
    assert_eq!(ports.news.latest(demo, 10).await.unwrap().len(), 1);
    for hidden in [Visibility::Internal, Visibility::Private] {
        let project = name("demo");
        ports
            .projects
            .set_visibility(&origin(), &project, hidden, None)
            .await
            .unwrap();
        assert_eq!(latest(&ports, 10).await.len(), 1, "{hidden:?}");
        assert!(ports.news.latest(demo, 10).await.unwrap().is_empty());
    }
    let (project, status) = (name("other"), ProjectStatus::Quarantined);
    ports
        .projects
        .set_status(&origin(), &project, status, None, None)
        .await
        .unwrap();
    assert!(latest(&ports, 10).await.is_empty());
}
