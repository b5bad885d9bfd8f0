//! What every implementation of the ports must do. A new one is added to a list in `store/tests/contract.rs`.

use std::future::Future;
use std::pin::Pin;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use touchplate_attest::Publisher;
use touchplate_index::accounts::{Role, UserName};
use touchplate_index::ports::{
    AddPublisherError, AddUserError, ChangeError, CreateProjectError, NewFile, NewProject,
    NewToken, ProjectTarget, RecordError, RevokeError, Serial, TokenError,
};
use touchplate_index::projects::Visibility;
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Actor, Origin, Ports, RequestId};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{CoreMetadata, Filename, Hasher, Profile, ProjectName, Sha256, Version};

/// One check of the contract, on fresh ports.
pub type Check = fn(Ports) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        /// Every check, by name.
        pub const ALL: &[(&str, Check)] = &[$((stringify!($name), |ports| Box::pin($name(ports)))),*];
    };
}

checks![
    an_empty_index_has_nothing,
    every_change_writes_one_journal_row,
    users_and_tokens_are_kept,
    project_names_are_unique_and_not_confusable,
    an_upload_is_recorded_whole,
    a_refused_upload_changes_nothing,
    a_deleted_filename_stays_burned,
    a_yank_shows_on_every_file_of_the_release,
    deleting_a_project_takes_everything_but_its_filenames,
    publishers_are_found_by_key,
    two_racing_uploads_of_one_name_leave_one,
    swept_bytes_cannot_be_referred_to,
    bytes_are_read_back_in_ranges,
];

/// The moment that everything here happens at: 2025-01-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp::constant(1_735_689_600, 0);

/// An operator's change.
pub fn origin() -> Origin {
    Origin {
        actor: Actor::Operator,
        request: RequestId::random(),
        at: NOW,
    }
}

fn user(name: &str) -> UserName {
    name.parse().expect("a user name")
}

fn name(name: &str) -> ProjectName {
    name.parse().expect("a project name")
}

fn version(version: &str) -> Version {
    version.parse().expect("a version")
}

fn filename(filename: &str) -> Filename {
    filename.parse().expect("a filename")
}

fn project(display: &str, owner: Option<&str>) -> NewProject {
    NewProject {
        display: display.parse().expect("a project name"),
        visibility: Visibility::Public,
        owner: owner.map(user),
    }
}

/// An upload of `bytes` under `filename`, with the least metadata.
pub fn upload(target: ProjectTarget, given: &str, bytes: &[u8]) -> NewFile {
    let filename = filename(given);
    let fields = [
        ("metadata_version".to_owned(), "2.1".to_owned()),
        ("name".to_owned(), filename.project().to_string()),
        ("version".to_owned(), filename.version().to_string()),
        ("requires_python".to_owned(), ">=3.8".to_owned()),
    ];
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    let (digests, size) = hasher.finish();
    NewFile {
        target,
        size,
        digests,
        metadata: CoreMetadata::from_form(&fields, Profile::Private).expect("good metadata"),
        core_metadata: given
            .ends_with(".whl")
            .then(|| b"Metadata-Version: 2.1\n".to_vec()),
        differences: Vec::new(),
        notes: Vec::new(),
        pyversion: "py3".to_owned(),
        comment: None,
        attestations: Vec::new(),
        user_agent: Some("contract".to_owned()),
        equal_bytes_allowed: true,
        sweeps: 0,
        filename,
    }
}

async fn head(ports: &Ports) -> u64 {
    ports.journal.head().await.expect("the journal reads").0
}

/// A project `demo` owned by `alice`.
async fn demo(ports: &Ports) -> ProjectTarget {
    ports
        .accounts
        .add_user(&origin(), &user("alice"))
        .await
        .expect("alice is new");
    let created = ports
        .projects
        .create(&origin(), &project("demo", Some("alice")))
        .await
        .expect("demo is new");
    ProjectTarget::Existing(created.id)
}

async fn filenames(ports: &Ports, project: &str) -> Vec<String> {
    let found = ports
        .releases
        .project_files(&name(project))
        .await
        .expect("the store reads");
    let mut names: Vec<_> = found
        .map(|f| f.files)
        .unwrap_or_default()
        .iter()
        .map(|f| f.filename.to_string())
        .collect();
    names.sort();
    names
}

async fn an_empty_index_has_nothing(ports: Ports) {
    assert_eq!(head(&ports).await, 0);
    assert!(ports.journal.after(Serial(0), 10).await.unwrap().is_empty());
    assert!(ports.projects.list_public().await.unwrap().is_empty());
    assert!(
        ports
            .projects
            .by_name(&name("demo"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        ports
            .releases
            .project_files(&name("demo"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        ports
            .releases
            .file(&filename("demo-1.0.tar.gz"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        !ports
            .releases
            .is_burned(&filename("demo-1.0.tar.gz"))
            .await
            .unwrap()
    );
    assert!(!ports.accounts.has_tokens().await.unwrap());
    assert!(ports.blobs.size(&Sha256::of(b"x")).await.unwrap().is_none());
    assert!(
        ports
            .blobs
            .read(&Sha256::of(b"x"), 0..1)
            .await
            .unwrap()
            .is_none()
    );
    ports.blobs.remove(&Sha256::of(b"x")).await.unwrap();
}

async fn every_change_writes_one_journal_row(ports: Ports) {
    let at = demo(&ports).await;
    ports
        .releases
        .record(&origin(), &upload(at, "demo-1.0.tar.gz", b"sdist"))
        .await
        .unwrap();
    ports
        .releases
        .set_yanked(
            &origin(),
            &name("demo"),
            &version("1.0"),
            &Yanked::Yes(None),
        )
        .await
        .unwrap();
    ports
        .releases
        .set_yanked(&origin(), &name("demo"), &version("1.0.0"), &Yanked::No)
        .await
        .unwrap();
    ports
        .projects
        .set_status(
            &origin(),
            &name("demo"),
            ProjectStatus::Archived,
            Some("done"),
        )
        .await
        .unwrap();
    ports
        .projects
        .set_visibility(&origin(), &name("demo"), Visibility::Private)
        .await
        .unwrap();
    ports
        .accounts
        .set_role(&origin(), &name("demo"), &user("alice"), Role::Maintainer)
        .await
        .unwrap();
    ports
        .releases
        .delete_file(&origin(), &filename("demo-1.0.tar.gz"))
        .await
        .unwrap();
    ports
        .projects
        .delete(&origin(), &name("demo"))
        .await
        .unwrap();
    let rows = ports.journal.after(Serial(0), 100).await.unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.serial.0, row.action.as_str(), row.project.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            (1, "add user", false),
            (2, "create project", true),
            (3, "upload file", true),
            (4, "yank release", true),
            (5, "unyank release", true),
            (6, "set status", true),
            (7, "set visibility", true),
            (8, "set role", true),
            (9, "delete file", true),
            (10, "delete project", true),
        ]
    );
    assert_eq!(rows[0].actor, "operator");
    assert_eq!(ports.journal.after(Serial(9), 1).await.unwrap(), rows[9..]);
}

async fn users_and_tokens_are_kept(ports: Ports) {
    demo(&ports).await;
    assert!(matches!(
        ports.accounts.add_user(&origin(), &user("alice")).await,
        Err(AddUserError::Exists(_))
    ));
    let token = |id: &str, who: &str, project: Option<&str>| NewToken {
        id: id.parse().expect("an id"),
        hash: touchplate_index::accounts::SecretHash::from_bytes([7; 32]),
        user: user(who),
        project: project.map(name),
        expires_at: Some(NOW),
    };
    let (one, two) = ("00000000000000aa", "00000000000000bb");
    ports
        .accounts
        .add_token(&origin(), &token(one, "alice", Some("demo")))
        .await
        .unwrap();
    ports
        .accounts
        .add_token(&origin(), &token(two, "alice", None))
        .await
        .unwrap();
    let nobody = ports
        .accounts
        .add_token(&origin(), &token("00000000000000cc", "bob", None))
        .await;
    assert!(
        matches!(nobody, Err(TokenError::NoSuchUser(_))),
        "{nobody:?}"
    );
    let nowhere = ports
        .accounts
        .add_token(
            &origin(),
            &token("00000000000000cc", "alice", Some("other")),
        )
        .await;
    assert!(
        matches!(nowhere, Err(TokenError::NoSuchProject(_))),
        "{nowhere:?}"
    );
    let stored = ports
        .accounts
        .token(&one.parse().unwrap())
        .await
        .unwrap()
        .expect("it was stored");
    assert_eq!(
        (stored.user, stored.project, stored.expires_at),
        (user("alice"), Some(name("demo")), Some(NOW))
    );
    assert_eq!(stored.hash.as_bytes(), &[7; 32]);
    ports
        .accounts
        .revoke_token(&origin(), &one.parse().unwrap())
        .await
        .unwrap();
    let before = head(&ports).await;
    ports
        .accounts
        .revoke_token(&origin(), &one.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(head(&ports).await, before, "revoking again is no change");
    let unknown = ports
        .accounts
        .revoke_token(&origin(), &"00000000000000ff".parse().unwrap())
        .await;
    assert!(matches!(unknown, Err(RevokeError::NoSuchToken(_))));
    let listed = ports.accounts.tokens(&user("alice")).await.unwrap();
    let seen: Vec<_> = listed
        .iter()
        .map(|t| (t.id.as_str(), t.revoked_at.is_some()))
        .collect();
    assert_eq!(seen, [(one, true), (two, false)]);
    assert!(ports.accounts.has_tokens().await.unwrap());
}

async fn project_names_are_unique_and_not_confusable(ports: Ports) {
    demo(&ports).await;
    let create = |display: &str, owner: Option<&str>| {
        let (ports, new) = (ports.clone(), project(display, owner));
        async move {
            ports
                .projects
                .create(&origin(), &new)
                .await
                .map(|project| project.name)
        }
    };
    assert!(matches!(
        create("Demo", None).await,
        Err(CreateProjectError::Exists(_))
    ));
    assert!(matches!(
        create("dem0", None).await,
        Err(CreateProjectError::Confusable { .. })
    ));
    assert!(matches!(
        create("other", Some("bob")).await,
        Err(CreateProjectError::NoSuchUser(_))
    ));
    assert!(
        ports
            .projects
            .by_name(&name("other"))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        create("Other.Thing", None).await.unwrap(),
        name("other-thing")
    );
    let listed = ports.projects.list_public().await.unwrap();
    let seen: Vec<_> = listed
        .iter()
        .map(|p| (p.name.to_string(), p.display.as_str().to_owned()))
        .collect();
    assert_eq!(
        seen,
        [
            ("demo".into(), "demo".into()),
            ("other-thing".into(), "Other.Thing".into())
        ]
    );
    assert!(
        !ports
            .projects
            .set_visibility(&origin(), &name("nobody"), Visibility::Public)
            .await
            .unwrap()
    );
    ports
        .projects
        .set_visibility(&origin(), &name("demo"), Visibility::Internal)
        .await
        .unwrap();
    assert_eq!(ports.projects.list_public().await.unwrap().len(), 1);
}

async fn an_upload_is_recorded_whole(ports: Ports) {
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
        .file(&file.filename)
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
    assert_eq!(
        filenames(&ports, "demo").await,
        ["demo-1.0-py3-none-any.whl"]
    );
}

async fn a_refused_upload_changes_nothing(ports: Ports) {
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
        .set_status(&origin(), &name("demo"), ProjectStatus::Archived, None)
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

async fn a_deleted_filename_stays_burned(ports: Ports) {
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

async fn a_yank_shows_on_every_file_of_the_release(ports: Ports) {
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
        .set_yanked(&origin(), &name("demo"), &version("1.0"), &reason)
        .await
        .unwrap();
    let files = ports
        .releases
        .project_files(&name("demo"))
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
        .set_yanked(&origin(), &name("demo"), &version("9"), &Yanked::No)
        .await;
    assert!(matches!(missing, Err(ChangeError::NotFound)), "{missing:?}");
}

async fn deleting_a_project_takes_everything_but_its_filenames(ports: Ports) {
    let at = demo(&ports).await;
    ports
        .releases
        .record(&origin(), &upload(at, "demo-1.0.tar.gz", b"1"))
        .await
        .unwrap();
    let token = NewToken {
        id: "00000000000000aa".parse().unwrap(),
        hash: touchplate_index::accounts::SecretHash::from_bytes([0; 32]),
        user: user("alice"),
        project: Some(name("demo")),
        expires_at: None,
    };
    ports.accounts.add_token(&origin(), &token).await.unwrap();
    assert!(
        ports
            .projects
            .delete(&origin(), &name("demo"))
            .await
            .unwrap()
    );
    assert!(
        !ports
            .projects
            .delete(&origin(), &name("demo"))
            .await
            .unwrap()
    );
    assert!(ports.accounts.token(&token.id).await.unwrap().is_none());
    assert!(
        ports
            .releases
            .project_files(&name("demo"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        ports
            .releases
            .is_burned(&filename("demo-1.0.tar.gz"))
            .await
            .unwrap()
    );
    let reborn = ports
        .projects
        .create(&origin(), &project("demo", None))
        .await
        .unwrap();
    assert_eq!(
        ports
            .accounts
            .role(&user("alice"), reborn.id)
            .await
            .unwrap(),
        None
    );
}

async fn publishers_are_found_by_key(ports: Ports) {
    let ProjectTarget::Existing(id) = demo(&ports).await else {
        unreachable!("demo gives an existing project")
    };
    let publisher = |workflow: &str| {
        let json = format!(r#"{{"kind":"GitHub","repository":"o/r","workflow":"{workflow}"}}"#);
        serde_json::from_str::<Publisher>(&json).expect("a publisher")
    };
    let (one, two) = (publisher("one.yml"), publisher("two.yml"));
    let first = ports
        .publishers
        .add(&origin(), &name("demo"), &one)
        .await
        .unwrap();
    ports
        .publishers
        .add(&origin(), &name("demo"), &two)
        .await
        .unwrap();
    let twice = ports.publishers.add(&origin(), &name("demo"), &one).await;
    assert!(
        matches!(twice, Err(AddPublisherError::Exists(_))),
        "{twice:?}"
    );
    let nowhere = ports.publishers.add(&origin(), &name("other"), &one).await;
    assert!(
        matches!(nowhere, Err(AddPublisherError::NoSuchProject(_))),
        "{nowhere:?}"
    );
    let found = ports
        .publishers
        .candidates(id, &[two.lookup_key(), "nothing".to_owned()])
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|s| &s.publisher).collect::<Vec<_>>(),
        [&two]
    );
    assert!(
        ports
            .publishers
            .candidates(id, &[])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(ports.publishers.list(id).await.unwrap().len(), 2);
    assert!(
        ports
            .publishers
            .remove(&origin(), &name("demo"), first)
            .await
            .unwrap()
    );
    assert!(
        !ports
            .publishers
            .remove(&origin(), &name("demo"), first)
            .await
            .unwrap()
    );
    assert_eq!(ports.publishers.list(id).await.unwrap().len(), 1);
}

async fn two_racing_uploads_of_one_name_leave_one(ports: Ports) {
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

async fn swept_bytes_cannot_be_referred_to(ports: Ports) {
    let at = demo(&ports).await;
    let digest = Sha256::of(b"bytes");
    assert_eq!(ports.releases.sweeps(&digest).await.unwrap(), 0);
    assert!(ports.releases.begin_sweep(&digest).await.unwrap());
    assert_eq!(
        ports.releases.unfinished_sweeps().await.unwrap(),
        std::slice::from_ref(&digest)
    );
    let mut file = upload(at, "demo-1.0.tar.gz", b"bytes");
    let late = ports.releases.record(&origin(), &file).await;
    assert!(
        matches!(late, Err(RecordError::BytesSwept)),
        "stored before the sweep: {late:?}"
    );
    file.sweeps = ports.releases.sweeps(&digest).await.unwrap();
    let underway = ports.releases.record(&origin(), &file).await;
    assert!(
        matches!(underway, Err(RecordError::BytesSwept)),
        "stored during the sweep: {underway:?}"
    );
    ports.releases.swept(&digest).await.unwrap();
    assert!(ports.releases.unfinished_sweeps().await.unwrap().is_empty());
    ports
        .releases
        .record(&origin(), &file)
        .await
        .expect("stored after the sweep");
    assert!(
        !ports.releases.begin_sweep(&digest).await.unwrap(),
        "a file refers to them now"
    );
}

async fn bytes_are_read_back_in_ranges(ports: Ports) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Larger than one read of the disk store, and no multiple of it.
    let content: Vec<u8> = (0..700_001_u32)
        .map(|n| u8::try_from(n % 251).expect("below 251"))
        .collect();
    let digest = Sha256::of(&content);
    for _ in 0..2 {
        // The disk store renames the spooled file, so it must be on the same file system: temporary folders are.
        let room = SpoolRoom::open(folder.path()).expect("a spool room");
        let mut writer = room.writer(1 << 20);
        writer.write(&content.clone().into()).await.unwrap();
        ports
            .blobs
            .put(&digest, writer.finish().await.unwrap())
            .await
            .unwrap();
    }
    assert_eq!(ports.blobs.size(&digest).await.unwrap(), Some(700_001));
    for range in [
        0..700_001_usize,
        0..1,
        5..5,
        262_143..262_145,
        700_000..700_001,
        1..700_000,
    ] {
        let stream = ports
            .blobs
            .read(&digest, range.start as u64..range.end as u64)
            .await
            .unwrap()
            .expect("it is there");
        let read: Vec<u8> = stream
            .try_fold(Vec::new(), |mut all, piece| async move {
                all.extend_from_slice(&piece);
                Ok(all)
            })
            .await
            .unwrap();
        assert!(read == content[range.clone()], "{range:?}");
    }
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    assert_eq!(
        ports.blobs.stored_before(later).await.unwrap(),
        std::slice::from_ref(&digest)
    );
    assert!(
        ports
            .blobs
            .stored_before(std::time::SystemTime::UNIX_EPOCH)
            .await
            .unwrap()
            .is_empty()
    );
    ports.blobs.remove(&digest).await.unwrap();
    assert_eq!(ports.blobs.size(&digest).await.unwrap(), None);
}
