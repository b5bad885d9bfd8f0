//! What a project's files may have together.

use touchplate_index::Ports;
use touchplate_index::ports::{
    ChangeError, FileId, NewFile, ProjectId, ProjectTarget, Quota, RecordError,
};

use super::{demo, filename, head, name, origin, project, upload};

/// An upload of so many bytes, where projects without a quota may have `configured`.
fn of_size(target: ProjectTarget, filename: &str, size: u64, configured: Option<u64>) -> NewFile {
    let mut file = upload(target, filename, filename.as_bytes());
    file.size = size;
    file.max_project_bytes = configured;
    file
}

#[track_caller]
fn over(outcome: Result<FileId, RecordError>) -> (u64, u64) {
    match outcome.unwrap_err() {
        RecordError::OverQuota { used, limit } => (used, limit),
        other => panic!("{other}"),
    }
}

pub(super) async fn a_quota_bounds_what_a_project_has(ports: Ports) {
    let target = demo(&ports).await;
    let ProjectTarget::Existing(id) = &target else {
        unreachable!("demo gives an existing project")
    };
    let record = async |version: u32, size, configured| {
        let filename = format!("demo-{version}.0-py3-none-any.whl");
        let file = of_size(target.clone(), &filename, size, configured);
        ports.releases.record(&origin(), &file).await
    };
    let usage = async || ports.projects.usage(*id).await.unwrap().unwrap();
    let set = async |quota| {
        ports
            .projects
            .set_quota(&origin(), &name("demo"), quota)
            .await
    };
    record(1, 600, None).await.unwrap();
    assert_eq!(
        (usage().await.used, usage().await.quota),
        (600, Quota::AsConfigured)
    );
    // As the configuration says.
    let before = head(&ports).await;
    assert_eq!(over(record(2, 401, Some(1000)).await), (600, 1000));
    assert_eq!(head(&ports).await, before, "nothing happened");
    record(2, 400, Some(1000)).await.unwrap();
    // Its own says more, or less, or nothing.
    set(Quota::Bytes(1500)).await.unwrap();
    assert_eq!(usage().await.quota, Quota::Bytes(1500));
    assert_eq!(over(record(3, 501, None).await), (1000, 1500));
    record(3, 500, Some(1)).await.unwrap();
    set(Quota::Unlimited).await.unwrap();
    assert_eq!(usage().await.quota, Quota::Unlimited);
    record(4, 500, Some(1)).await.unwrap();
    set(Quota::AsConfigured).await.unwrap();
    assert_eq!(over(record(5, 1, Some(1999)).await), (2000, 1999));
    // What is deleted makes room.
    let filename = filename("demo-1.0-py3-none-any.whl");
    ports
        .releases
        .delete_file(&origin(), &filename)
        .await
        .unwrap();
    record(5, 1, Some(1999)).await.unwrap();
    assert_eq!(usage().await.used, 1401);
    let unknown = ports
        .projects
        .set_quota(&origin(), &name("nothing"), Quota::Unlimited)
        .await;
    assert!(matches!(unknown, Err(ChangeError::NotFound)));
    assert!(
        ports
            .projects
            .usage(ProjectId(i64::MAX))
            .await
            .unwrap()
            .is_none()
    );
    // A project that an upload creates has it from its first file.
    let new = ProjectTarget::New(project("fresh", Some("alice")));
    let file = of_size(new, "fresh-1.0-py3-none-any.whl", 11, Some(10));
    assert_eq!(over(ports.releases.record(&origin(), &file).await), (0, 10));
    assert!(
        ports
            .projects
            .by_name(&name("fresh"))
            .await
            .unwrap()
            .is_none()
    );
}

pub(super) async fn of_racing_uploads_one_has_the_last_room(ports: Ports) {
    let target = demo(&ports).await;
    for turn in 0..8 {
        let quota = Quota::Bytes(100 * (turn + 1));
        let (origin, demo) = (origin(), name("demo"));
        let set = ports.projects.set_quota(&origin, &demo, quota);
        set.await.unwrap();
        let race = (0..4).map(|racer| {
            let filename = format!("demo-{turn}.{racer}-py3-none-any.whl");
            let file = of_size(target.clone(), &filename, 100, None);
            let releases = ports.releases.clone();
            let origin = origin.clone();
            tokio::spawn(async move { releases.record(&origin, &file).await })
        });
        let race: Vec<_> = race.collect();
        let mut stored = 0;
        for racer in race {
            match racer.await.unwrap() {
                Ok(_) => stored += 1,
                refused => assert_eq!(over(refused), (100 * (turn + 1), 100 * (turn + 1))),
            }
        }
        assert_eq!(stored, 1);
    }
}
