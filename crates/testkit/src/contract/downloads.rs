//! Downloads.

use touchplate_index::Ports;
use touchplate_index::downloads::{Day, DownloadCount};
use touchplate_index::ports::{Downloaded, FileId, ProjectId};
use touchplate_index::projects::Visibility;

use super::{demo, filename, head, name, origin, upload};

fn counted(file: FileId, day: i32, count: u64) -> Downloaded {
    Downloaded {
        file,
        day: Day(day),
        count,
    }
}

fn count(ever: u64, lately: u64) -> DownloadCount {
    DownloadCount { ever, lately }
}

/// Two files of `demo`.
async fn two_files(ports: &Ports) -> (ProjectId, FileId, FileId) {
    let at = demo(ports).await;
    let sdist = upload(at.clone(), "demo-1.0.tar.gz", b"sdist");
    let sdist = ports.releases.record(&origin(), &sdist).await.unwrap();
    let wheel = upload(at, "demo-1.0-py3-none-any.whl", b"wheel");
    let wheel = ports.releases.record(&origin(), &wheel).await.unwrap();
    let project = ports.projects.by_name(&name("demo")).await.unwrap();
    (project.unwrap().id, sdist, wheel)
}

pub(super) async fn downloads_are_counted_by_file_project_and_day(ports: Ports) {
    let (project, sdist, wheel) = two_files(&ports).await;
    let downloads = &ports.downloads;
    let week = || Day(104)..=Day(110);
    assert_eq!(downloads.of_file(sdist, week()).await.unwrap(), count(0, 0));
    assert_eq!(
        downloads.of_project(project, week()).await.unwrap(),
        count(0, 0)
    );
    assert!(downloads.by_day(week()).await.unwrap().is_empty());
    let before = head(&ports).await;
    let first = [
        counted(sdist, 103, 1),
        counted(sdist, 104, 2),
        counted(wheel, 104, 4),
        counted(wheel, 110, 8),
        counted(wheel, 111, 16),
    ];
    downloads.add(&first).await.unwrap();
    downloads.add(&[counted(wheel, 110, 32)]).await.unwrap();
    downloads.add(&[]).await.unwrap();
    assert_eq!(head(&ports).await, before);
    assert_eq!(downloads.of_file(sdist, week()).await.unwrap(), count(3, 2));
    assert_eq!(
        downloads.of_file(wheel, week()).await.unwrap(),
        count(60, 44)
    );
    assert_eq!(
        downloads.of_project(project, week()).await.unwrap(),
        count(63, 46)
    );
    assert_eq!(
        downloads.by_day(week()).await.unwrap(),
        [(Day(104), 6), (Day(110), 40)]
    );
    downloads.forget_days_before(Day(110)).await.unwrap();
    assert_eq!(
        downloads.of_project(project, week()).await.unwrap(),
        count(63, 40)
    );
    assert_eq!(downloads.of_file(sdist, week()).await.unwrap(), count(3, 0));
    assert_eq!(downloads.by_day(week()).await.unwrap().len(), 2);
}

pub(super) async fn downloads_of_what_is_gone_are_passed_over(ports: Ports) {
    let (project, sdist, wheel) = two_files(&ports).await;
    let downloads = &ports.downloads;
    let days = || Day(1)..=Day(9);
    let both = [counted(sdist, 1, 1), counted(wheel, 1, 2)];
    downloads.add(&both).await.unwrap();
    let gone = filename("demo-1.0.tar.gz");
    ports.releases.delete_file(&origin(), &gone).await.unwrap();
    downloads.add(&both).await.unwrap();
    assert_eq!(downloads.of_file(sdist, days()).await.unwrap().ever, 0);
    assert_eq!(
        downloads.of_project(project, days()).await.unwrap(),
        count(4, 5)
    );
    let hidden = ports
        .projects
        .set_visibility(&origin(), &name("demo"), Visibility::Private, None)
        .await;
    hidden.unwrap();
    downloads.add(&both).await.unwrap();
    // Days that were public stay so; what comes after is nobody's business.
    assert_eq!(downloads.by_day(days()).await.unwrap(), [(Day(1), 5)]);
    assert_eq!(
        downloads.of_project(project, days()).await.unwrap(),
        count(6, 7)
    );
    let deleted = ports.projects.delete(&origin(), &name("demo")).await;
    assert!(deleted.unwrap());
    downloads.add(&both).await.unwrap();
    assert_eq!(downloads.of_file(wheel, days()).await.unwrap().ever, 0);
    assert_eq!(downloads.by_day(days()).await.unwrap(), [(Day(1), 5)]);
}
