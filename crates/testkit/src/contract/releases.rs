//! Releases and files.

use touchplate_index::Ports;
use touchplate_index::accounts::Role;
use touchplate_index::ports::{
    AttestedBy, ChangeError, FileId, Findings, FormSaid, NewFile, ProjectTarget, RecordError,
    Serial, Viewer,
};
use touchplate_index::projects::Visibility;
use touchplate_packaging::archive::{Difference, Note};
use touchplate_packaging::simple::{ProjectStatus, Yanked};

use super::attesters::Mint;
use super::{NOW, demo, filename, filenames, head, name, origin, project, upload, user, version};

pub(super) async fn an_upload_is_recorded_whole(ports: Ports) {
    ports
        .accounts
        .add_user(&origin(), &user("alice"))
        .await
        .unwrap();
    let new = ProjectTarget::New(project("Demo", Some("alice")));
    let file = upload(new, "demo-1.0-py3-none-any.whl", b"wheel");
    ports.releases.record(&origin(), &file).await.unwrap();
    let (project, stored) = ports
        .releases
        .file(&file.filename, Viewer::Index)
        .await
        .unwrap()
        .expect("it was recorded");
    assert_eq!(
        (project.name, project.serial, project.status),
        (name("demo"), Serial(2), ProjectStatus::Active)
    );
    assert_eq!(
        ports
            .accounts
            .role(&user("alice"), project.id)
            .await
            .unwrap(),
        Some(Role::Owner)
    );
    assert_eq!((stored.size, &stored.digests), (5, &file.digests));
    assert_eq!(stored.requires_python.as_deref(), Some(">=3.8"));
    assert_eq!(
        (stored.uploaded_at, stored.uploaded_by.as_str()),
        (NOW, "operator")
    );
    assert_eq!(
        (stored.user_agent.as_deref(), stored.attestations),
        (Some("contract"), 0)
    );
    let digest = stored.core_metadata.expect("a wheel has METADATA");
    assert_eq!(
        ports.releases.core_metadata(&digest).await.unwrap(),
        file.core_metadata
    );
    let releases = ports.releases.metadata(project.id).await.unwrap();
    assert_eq!(releases.len(), 1);
    assert_eq!(releases[0].metadata, file.metadata);
    let forms = ports.releases.forms(project.id).await.unwrap();
    let said = FormSaid {
        file: stored.id,
        pyversion: file.pyversion.clone(),
        comment: file.comment.clone(),
    };
    assert_eq!(forms, [said]);
    assert_eq!(
        filenames(&ports, "demo").await,
        ["demo-1.0-py3-none-any.whl"]
    );
}

pub(super) async fn what_is_odd_about_a_file_is_kept_with_it(ports: Ports) {
    let at = demo(&ports).await;
    let (odd, plain) = ("demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz");
    let findings = Findings {
        differences: vec![
            Difference {
                field: "keywords".to_owned(),
                form: vec!["one \"two\"".to_owned(), "\u{1f409}\n".to_owned()],
                archive: Vec::new(),
            },
            Difference {
                field: "summary".to_owned(),
                form: Vec::new(),
                archive: vec![String::new()],
            },
        ],
        notes: vec![
            Note::WheelVersion {
                found: "2.0".to_owned(),
            },
            Note::OnlyInRecord {
                files: vec!["demo/\u{e9}.py".to_owned()],
                count: 3,
            },
        ],
    };
    let mut file = upload(at.clone(), odd, b"odd");
    file.differences = findings.differences.clone();
    file.notes = findings.notes.clone();
    let odd = ports.releases.record(&origin(), &file).await.unwrap();
    let file = upload(at.clone(), plain, b"plain");
    let plain = ports.releases.record(&origin(), &file).await.unwrap();
    let found = async |file| ports.releases.findings(file).await.unwrap();
    assert_eq!(found(odd).await, findings);
    assert_eq!(found(plain).await, Findings::default());
    // As they are after another upload of the same, which is refused, and of a file that is gone.
    let mut again = upload(at, "demo-1.0-py3-none-any.whl", b"odd");
    again.notes = Vec::new();
    let again = ports.releases.record(&origin(), &again).await;
    assert!(matches!(again, Err(RecordError::FileExists)), "{again:?}");
    assert_eq!(found(odd).await, findings);
    let gone = filename("demo-1.0-py3-none-any.whl");
    ports.releases.delete_file(&origin(), &gone).await.unwrap();
    assert_eq!(found(odd).await, Findings::default());
    assert_eq!(found(FileId(i64::MAX)).await, Findings::default());
}

pub(super) async fn a_refused_upload_changes_nothing(ports: Ports) {
    let at = demo(&ports).await;
    ports
        .releases
        .record(&origin(), &upload(at.clone(), "demo-1.0.tar.gz", b"sdist"))
        .await
        .unwrap();
    let before = (head(&ports).await, filenames(&ports, "demo").await);
    let record = |file: NewFile| {
        let ports = ports.clone();
        async move { ports.releases.record(&origin(), &file).await }
    };
    let again = record(upload(at.clone(), "demo-1.0.tar.gz", b"other")).await;
    assert!(matches!(again, Err(RecordError::FileExists)), "{again:?}");
    let second = record(upload(at.clone(), "demo-1.0.zip", b"zip")).await;
    assert!(
        matches!(second, Err(RecordError::SecondSdist)),
        "{second:?}"
    );
    let mut equal = upload(at.clone(), "demo-1.0-py3-none-any.whl", b"sdist");
    equal.equal_bytes_allowed = false;
    let equal = record(equal).await;
    assert!(
        matches!(equal, Err(RecordError::EqualBytes(_))),
        "{equal:?}"
    );
    let appeared = record(upload(
        ProjectTarget::New(project("demo", None)),
        "demo-2.0.tar.gz",
        b"2",
    ))
    .await;
    assert!(
        matches!(appeared, Err(RecordError::ProjectAppeared)),
        "{appeared:?}"
    );
    let confusable = record(upload(
        ProjectTarget::New(project("dem0", None)),
        "dem0-2.0.tar.gz",
        b"2",
    ))
    .await;
    assert!(
        matches!(confusable, Err(RecordError::Confusable { .. })),
        "{confusable:?}"
    );
    assert_eq!(
        (head(&ports).await, filenames(&ports, "demo").await),
        before
    );
    assert!(
        !ports
            .releases
            .is_burned(&filename("demo-2.0.tar.gz"))
            .await
            .unwrap()
    );
    assert!(
        !ports
            .releases
            .is_burned(&filename("demo-1.0.zip"))
            .await
            .unwrap()
    );
    ports
        .projects
        .set_status(
            &origin(),
            &name("demo"),
            ProjectStatus::Archived,
            None,
            None,
        )
        .await
        .unwrap();
    let archived = record(upload(at, "demo-2.0.tar.gz", b"2")).await;
    assert!(
        matches!(
            archived,
            Err(RecordError::NotAccepting(ProjectStatus::Archived))
        ),
        "{archived:?}"
    );
}

pub(super) async fn a_deleted_filename_stays_burned(ports: Ports) {
    let at = demo(&ports).await;
    ports
        .releases
        .record(&origin(), &upload(at.clone(), "demo-1.0.tar.gz", b"1"))
        .await
        .unwrap();
    ports
        .releases
        .record(&origin(), &upload(at.clone(), "demo-2.0.tar.gz", b"2"))
        .await
        .unwrap();
    ports
        .releases
        .delete_file(&origin(), &filename("demo-1.0.tar.gz"))
        .await
        .unwrap();
    ports
        .releases
        .delete_release(&origin(), &name("demo"), &version("2.0.0"))
        .await
        .unwrap();
    for gone in ["demo-1.0.tar.gz", "demo-2.0.tar.gz"] {
        assert!(
            ports.releases.is_burned(&filename(gone)).await.unwrap(),
            "{gone}"
        );
        let again = ports
            .releases
            .record(&origin(), &upload(at.clone(), gone, b"1"))
            .await;
        assert!(
            matches!(again, Err(RecordError::FilenameBurned)),
            "{again:?}"
        );
    }
    assert!(filenames(&ports, "demo").await.is_empty());
    let ProjectTarget::Existing(id) = at else {
        unreachable!("demo gives an existing project")
    };
    assert!(ports.releases.metadata(id).await.unwrap().is_empty());
    let missing = ports
        .releases
        .delete_file(&origin(), &filename("demo-1.0.tar.gz"))
        .await;
    assert!(matches!(missing, Err(ChangeError::NotFound)), "{missing:?}");
}

pub(super) async fn a_yank_shows_on_every_file_of_the_release(ports: Ports) {
    let at = demo(&ports).await;
    for (given, bytes) in [
        ("demo-1.0.tar.gz", b"1"),
        ("demo-1.0.0-py3-none-any.whl", b"2"),
        ("demo-1.1.tar.gz", b"3"),
    ] {
        ports
            .releases
            .record(&origin(), &upload(at.clone(), given, bytes))
            .await
            .unwrap();
    }
    let reason = Yanked::Yes(Some("broken".to_owned()));
    ports
        .releases
        .set_yanked(&origin(), &name("demo"), &version("1.0"), &reason, None)
        .await
        .unwrap();
    let files = ports
        .releases
        .project_files(&name("demo"), Viewer::Index)
        .await
        .unwrap()
        .unwrap()
        .files;
    let mut seen: Vec<_> = files
        .into_iter()
        .map(|f| (f.filename.to_string(), f.yanked))
        .collect();
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        seen,
        [
            ("demo-1.0.0-py3-none-any.whl".to_owned(), reason.clone()),
            ("demo-1.0.tar.gz".to_owned(), reason),
            ("demo-1.1.tar.gz".to_owned(), Yanked::No),
        ]
    );
    let missing = ports
        .releases
        .set_yanked(&origin(), &name("demo"), &version("9"), &Yanked::No, None)
        .await;
    assert!(matches!(missing, Err(ChangeError::NotFound)), "{missing:?}");
}

pub(super) async fn a_change_may_ask_that_nothing_came_in_between(ports: Ports) {
    let at = demo(&ports).await;
    let sdist = upload(at, "demo-1.0.tar.gz", b"sdist");
    ports.releases.record(&origin(), &sdist).await.unwrap();
    let (demo, first, reason) = (name("demo"), version("1.0"), Yanked::Yes(None));
    let yank = async |since| {
        let releases = &ports.releases;
        let origin = origin();
        releases
            .set_yanked(&origin, &demo, &first, &reason, since)
            .await
    };
    let archive = async |since| {
        let (origin, status) = (origin(), ProjectStatus::Archived);
        let projects = &ports.projects;
        projects
            .set_status(&origin, &demo, status, Some("why"), since)
            .await
    };
    let hide = async |since| {
        let (origin, projects) = (origin(), &ports.projects);
        projects
            .set_visibility(&origin, &demo, Visibility::Internal, since)
            .await
    };
    let serial = async || {
        let found = ports.projects.by_name(&demo).await.unwrap();
        found.expect("it is there").serial
    };
    let known = serial().await;
    yank(Some(known)).await.unwrap();
    let before = head(&ports).await;
    for refused in [
        yank(Some(known)).await,
        archive(Some(known)).await,
        hide(Some(known)).await,
    ] {
        assert!(matches!(refused, Err(ChangeError::Changed)), "{refused:?}");
    }
    assert_eq!(head(&ports).await, before);
    archive(Some(serial().await)).await.unwrap();
    archive(None).await.unwrap();
    hide(Some(serial().await)).await.unwrap();
    hide(None).await.unwrap();
    let known = Serial(serial().await.0 + 1);
    yank(Some(known)).await.unwrap();
    let found = ports.projects.by_name(&demo).await.unwrap().unwrap();
    let status = (found.status, found.status_reason.as_deref());
    assert_eq!(status, (ProjectStatus::Archived, Some("why")));
    assert_eq!(found.visibility, Visibility::Internal);
    let (origin, nothing) = (origin(), name("nothing"));
    let projects = &ports.projects;
    let missing = projects.set_status(&origin, &nothing, ProjectStatus::Active, None, None);
    assert!(matches!(missing.await, Err(ChangeError::NotFound)));
}

pub(super) async fn what_a_project_has_is_read_at_once(ports: Ports) {
    let (mint, at) = (Mint::new(), demo(&ports).await);
    let wheel = "demo-1.0-py3-none-any.whl";
    let mut attested = upload(at.clone(), wheel, b"1");
    attested.attestations = vec![mint.verified(wheel, b"1")];
    let id = ports.releases.record(&origin(), &attested).await.unwrap();
    for (given, bytes) in [("demo-1.0.0.tar.gz", b"2"), ("demo-1.1.tar.gz", b"3")] {
        let file = upload(at.clone(), given, bytes);
        ports.releases.record(&origin(), &file).await.unwrap();
    }
    let facts = ports
        .releases
        .project_facts(&name("demo"), Viewer::Index)
        .await
        .unwrap();
    let facts = facts.expect("it is there");
    let mut releases: Vec<_> = facts.releases.iter().map(|it| it.version.clone()).collect();
    releases.sort();
    assert_eq!(releases, [version("1.0"), version("1.1")]);
    assert!(facts.releases.iter().all(|it| it.created_at == NOW));
    assert_eq!(facts.files.len(), 3);
    let by = AttestedBy {
        file: id,
        publisher: Some(attested.attestations[0].publisher().clone()),
        san: "https://github.com/o/r/.github/workflows/w.yml@refs/tags/v1".to_owned(),
        repository: Some("https://github.com/o/r".to_owned()),
    };
    assert_eq!(facts.attested, [by]);
    let project = facts.project.id;
    let one = ports.releases.release(project, &version("1.0.0")).await;
    assert_eq!(one.unwrap().unwrap().metadata, attested.metadata);
    let none = ports.releases.release(project, &version("2.0")).await;
    assert!(none.unwrap().is_none());
    let none = ports
        .releases
        .project_facts(&name("other"), Viewer::Index)
        .await;
    assert!(none.unwrap().is_none());
}

pub(super) async fn two_racing_uploads_of_one_name_leave_one(ports: Ports) {
    ports
        .accounts
        .add_user(&origin(), &user("alice"))
        .await
        .unwrap();
    let tries = (0_u8..8).map(|n| {
        let ports = ports.clone();
        tokio::spawn(async move {
            let new = ProjectTarget::New(project("demo", Some("alice")));
            ports
                .releases
                .record(&origin(), &upload(new, "demo-1.0.tar.gz", &[n]))
                .await
                .is_ok()
        })
    });
    let mut won = 0;
    for one in tries.collect::<Vec<_>>() {
        won += u32::from(one.await.expect("it does not panic"));
    }
    assert_eq!(won, 1);
    assert_eq!(filenames(&ports, "demo").await, ["demo-1.0.tar.gz"]);
    assert_eq!(head(&ports).await, 2);
}

pub(super) async fn a_project_of_nobody_belongs_to_the_first_who_uploads(ports: Ports) {
    for name in ["alice", "bob"] {
        ports
            .accounts
            .add_user(&origin(), &user(name))
            .await
            .unwrap();
    }
    let made = ports
        .projects
        .create(&origin(), &project("demo", None))
        .await
        .unwrap();
    assert!(!ports.accounts.is_claimed(made.id).await.unwrap());
    let by = |name: &str| ProjectTarget::Unclaimed(made.id, user(name));
    let first = upload(by("alice"), "demo-1.0.tar.gz", b"1");
    ports.releases.record(&origin(), &first).await.unwrap();
    assert!(ports.accounts.is_claimed(made.id).await.unwrap());
    assert_eq!(
        ports.accounts.role(&user("alice"), made.id).await.unwrap(),
        Some(Role::Owner)
    );
    let late = upload(by("bob"), "demo-2.0.tar.gz", b"2");
    let late = ports.releases.record(&origin(), &late).await;
    assert!(
        matches!(late, Err(RecordError::ProjectAppeared)),
        "{late:?}"
    );
    assert_eq!(
        ports.accounts.role(&user("bob"), made.id).await.unwrap(),
        None
    );
    assert_eq!(filenames(&ports, "demo").await, ["demo-1.0.tar.gz"]);
}
