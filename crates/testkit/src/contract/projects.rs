//! Projects and the journal.

use touchplate_index::Ports;
use touchplate_index::accounts::{MadeFor, Role, SecretHash};
use touchplate_index::ports::{
    ChangeError, CreateProjectError, NewProject, NewToken, Serial, Viewer,
};
use touchplate_index::projects::Visibility;
use touchplate_packaging::Sha256;
use touchplate_packaging::simple::{ProjectStatus, Yanked};

use super::{demo, filename, head, name, origin, project, upload, user, version};

pub(super) async fn an_empty_index_has_nothing(ports: Ports) {
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
            .project_files(&name("demo"), Viewer::Index)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        ports
            .releases
            .file(&filename("demo-1.0.tar.gz"), Viewer::Index)
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

pub(super) async fn projects_are_listed_as_a_user_sees_them(ports: Ports) {
    for (given, visibility) in [
        ("Open", Visibility::Public),
        ("inner", Visibility::Internal),
        ("secret", Visibility::Private),
        ("a-secret", Visibility::Private),
    ] {
        let new = NewProject {
            visibility,
            ..project(given, None)
        };
        ports.projects.create(&origin(), &new).await.unwrap();
    }
    for (name, role) in [("mia", Some(Role::Maintainer)), ("sam", None)] {
        let member = user(name);
        ports.accounts.add_user(&origin(), &member).await.unwrap();
        if let Some(role) = role {
            let (origin, project) = (origin(), super::name("secret"));
            let set = ports.accounts.set_role(&origin, &project, &member, role);
            set.await.unwrap();
        }
    }
    let seen = async |who: Option<&str>, after: Option<&str>, limit| {
        let who = who.map(user);
        let found = ports.projects.seen_by(who.as_ref(), after, limit).await;
        let names = found.unwrap().into_iter();
        let names: Vec<_> = names
            .map(|(project, is_member)| match is_member {
                true => format!("{}!", project.name),
                false => project.name.to_string(),
            })
            .collect();
        names.join(" ")
    };
    assert_eq!(seen(None, None, 9).await, "open");
    assert_eq!(seen(Some("sam"), None, 9).await, "inner open");
    assert_eq!(seen(Some("nobody"), None, 9).await, "inner open");
    assert_eq!(seen(Some("mia"), None, 9).await, "inner open secret!");
    assert_eq!(seen(Some("mia"), None, 2).await, "inner open");
    assert_eq!(seen(Some("mia"), Some("inner"), 1).await, "open");
    assert_eq!(seen(Some("mia"), Some("p"), 9).await, "secret!");
    assert_eq!(seen(Some("mia"), Some("secret"), 9).await, "");
    assert_eq!(seen(Some("mia"), None, 0).await, "");
}

pub(super) async fn every_change_writes_one_journal_row(ports: Ports) {
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
            None,
        )
        .await
        .unwrap();
    ports
        .releases
        .set_yanked(
            &origin(),
            &name("demo"),
            &version("1.0.0"),
            &Yanked::No,
            None,
        )
        .await
        .unwrap();
    ports
        .projects
        .set_status(
            &origin(),
            &name("demo"),
            ProjectStatus::Archived,
            Some("done"),
            None,
        )
        .await
        .unwrap();
    ports
        .projects
        .set_visibility(&origin(), &name("demo"), Visibility::Private, None)
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

pub(super) async fn project_names_are_unique_and_not_confusable(ports: Ports) {
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
    let nobody = ports
        .projects
        .set_visibility(&origin(), &name("nobody"), Visibility::Public, None)
        .await;
    assert!(matches!(nobody, Err(ChangeError::NotFound)));
    ports
        .projects
        .set_visibility(&origin(), &name("demo"), Visibility::Internal, None)
        .await
        .unwrap();
    assert_eq!(ports.projects.list_public().await.unwrap().len(), 1);
}

/// Whoever may see a project sees it, its files and what is known of them; for others there is nothing.
pub(super) async fn the_database_hides_what_a_viewer_may_not_see(ports: Ports) {
    let at = demo(&ports).await;
    let file = upload(at, "demo-1.0.tar.gz", b"1");
    ports.releases.record(&origin(), &file).await.unwrap();
    for who in ["reader", "stranger", "root"] {
        ports
            .accounts
            .add_user(&origin(), &user(who))
            .await
            .unwrap();
    }
    let (project, reader, root) = (name("demo"), user("reader"), user("root"));
    ports
        .accounts
        .set_role(&origin(), &project, &reader, Role::Reader)
        .await
        .unwrap();
    ports
        .accounts
        .set_administrator(&origin(), &root, true)
        .await
        .unwrap();
    let (alice, stranger) = (user("alice"), user("stranger"));
    let viewers = [
        (Viewer::Index, None),
        (Viewer::Anybody, None),
        (Viewer::User(&stranger), None),
        (Viewer::User(&reader), Some(Role::Reader)),
        (Viewer::User(&alice), Some(Role::Owner)),
        (Viewer::User(&root), Some(Role::Owner)),
    ];
    for (visibility, sees) in [
        (Visibility::Public, [true, true, true, true, true, true]),
        (Visibility::Internal, [true, false, true, true, true, true]),
        (Visibility::Private, [true, false, false, true, true, true]),
    ] {
        ports
            .projects
            .set_visibility(&origin(), &project, visibility, None)
            .await
            .unwrap();
        for ((viewer, role), sees) in viewers.into_iter().zip(sees) {
            let seen = ports.projects.seen(&project, viewer).await.unwrap();
            let releases = &ports.releases;
            let answers = [
                seen.is_some(),
                releases
                    .project_files(&project, viewer)
                    .await
                    .unwrap()
                    .is_some(),
                releases
                    .project_facts(&project, viewer)
                    .await
                    .unwrap()
                    .is_some(),
                releases
                    .file(&file.filename, viewer)
                    .await
                    .unwrap()
                    .is_some(),
            ];
            assert_eq!(answers, [sees; 4], "{visibility:?} for {viewer:?}");
            assert_eq!(seen.and_then(|seen| seen.role), role.filter(|_| sees));
            let unknown = ports.projects.seen(&name("unknown"), viewer).await.unwrap();
            assert!(unknown.is_none());
        }
    }
}

pub(super) async fn deleting_a_project_takes_everything_but_its_filenames(ports: Ports) {
    let at = demo(&ports).await;
    ports
        .releases
        .record(&origin(), &upload(at, "demo-1.0.tar.gz", b"1"))
        .await
        .unwrap();
    let token = NewToken {
        id: "00000000000000aa".parse().unwrap(),
        hash: SecretHash::from_bytes([0; 32]),
        narrowing_key: None,
        user: user("alice"),
        made_for: MadeFor::Project(name("demo")),
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
            .project_files(&name("demo"), Viewer::Index)
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
