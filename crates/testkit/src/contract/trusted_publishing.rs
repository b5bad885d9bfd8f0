//! Publishers across projects, pending ones, minted tokens and used ID tokens.

use jiff::{SignedDuration, Timestamp};
use touchplate_attest::{PinnedIds, Publisher, Run};
use touchplate_index::accounts::{NarrowingKey, SecretHash, TokenId};
use touchplate_index::ports::{
    AddPendingError, AddPublisherError, AttestError, FulfilError, MintError, NewFile, NewMinted,
    PendingId, Project, ProjectId, ProjectTarget, PublisherId, Reach, RecordError, UploadRun,
};
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::{IdTokenUse, PendingPublisher, Terms};
use touchplate_index::{Origin, Ports};

use super::{NOW, demo, filenames, head, name, origin, project, upload, user, version};

fn later(seconds: i64) -> Timestamp {
    NOW.checked_add(SignedDuration::from_secs(seconds))
        .expect("a time of ours")
}

fn at(at: Timestamp) -> Origin {
    Origin { at, ..origin() }
}

pub(super) fn publisher(workflow: &str) -> Publisher {
    Publisher::github("Example/demo", workflow)
}

fn pending(display: &str, owner: Option<&str>, publisher: &Publisher) -> PendingPublisher {
    PendingPublisher {
        display: display.parse().expect("a project name"),
        visibility: Visibility::Internal,
        owner: owner.map(user),
        publisher: publisher.clone(),
        terms: Terms {
            token_seconds: Some(3600.try_into().expect("an hour")),
            ..Terms::default()
        },
    }
}

async fn created(ports: &Ports, display: &str) -> Project {
    let new = project(display, None);
    ports
        .projects
        .create(&origin(), &new)
        .await
        .expect("it is new")
}

async fn added(ports: &Ports, project: &str, publisher: &Publisher) -> PublisherId {
    let publishers = &ports.publishers;
    let terms = Terms::default();
    let added = publishers
        .add(&origin(), &name(project), publisher, &terms, None)
        .await;
    added.expect("it is new").id
}

fn reach(project: &Project, publisher: PublisherId) -> Reach {
    Reach {
        project: project.id,
        publisher,
        pinned: PinnedIds::default(),
        ids: PinnedIds::default(),
        spelled: None,
    }
}

pub(super) fn token(number: u32) -> TokenId {
    format!("{number:016x}").parse().expect("a token's id")
}

fn minted(number: u32, jti: &str, reach: Vec<Reach>) -> NewMinted {
    NewMinted {
        id: token(number),
        hash: SecretHash::from_bytes([7; 32]),
        narrowing_key: Some(NarrowingKey::from_bytes([8; 32])),
        expires_at: later(900),
        single_use: false,
        publisher: "GitHub workflow release.yml of Example/demo".to_owned(),
        issuer: "https://issuer.example".to_owned(),
        subject: "repo:Example/demo".to_owned(),
        run: Run {
            commit: Some("c0ffee".to_owned()),
            ..Run::default()
        },
        used: IdTokenUse::new("https://issuer.example", Some(jti), "", later(300)),
        reach,
    }
}

pub(super) async fn publishers_are_found_in_the_whole_index(ports: Ports) {
    let (one, two) = (created(&ports, "one").await, created(&ports, "two").await);
    let shared = publisher("release.yml");
    let first = added(&ports, "one", &shared).await;
    added(&ports, "two", &shared).await;
    added(&ports, "two", &publisher("other.yml")).await;
    let spelled = Publisher::github("EXAMPLE/Demo", "release.yml");
    let terms = Terms::default();
    let twice = ports
        .publishers
        .add(&origin(), &name("one"), &spelled, &terms, None)
        .await;
    assert!(matches!(twice, Err(AddPublisherError::Exists(_))));
    let keys = [spelled.lookup_key(), "nothing".to_owned()];
    let find = async |limit| ports.trusted.candidates(&keys, limit, NOW).await.unwrap();
    let found = find(10).await;
    let of: Vec<_> = found.publishers.iter().map(|it| it.project_id).collect();
    assert_eq!(of, [one.id, two.id]);
    assert_eq!(found.publishers[0].project, name("one"));
    assert!(!found.publishers[0].environment_required && found.pending.is_empty());
    assert_eq!(find(1).await.publishers.len(), 1);

    let terms = Terms {
        git_ref: Some("refs/tags/*".parse().unwrap()),
        ..Terms::default()
    };
    let trusted = &ports.trusted;
    let before = head(&ports).await;
    assert!(
        trusted
            .set_terms(&origin(), &name("one"), first, &terms)
            .await
            .unwrap()
    );
    assert!(
        !trusted
            .set_terms(&origin(), &name("two"), first, &terms)
            .await
            .unwrap()
    );
    assert_eq!(head(&ports).await, before + 1);
    assert_eq!(find(10).await.publishers[0].stored.terms, terms);
}

pub(super) async fn a_token_is_minted_once_for_one_id_token(ports: Ports) {
    let one = created(&ports, "one").await;
    let id = added(&ports, "one", &publisher("release.yml")).await;
    let trusted = &ports.trusted;
    let before = head(&ports).await;
    let spelled = Publisher::github("Example/Demo", "release.yml");
    let ids = PinnedIds {
        repository_id: Some("1".into()),
        owner_id: Some("2".into()),
    };
    let first = Reach {
        ids: ids.clone(),
        spelled: Some(spelled.clone()),
        ..reach(&one, id)
    };
    trusted
        .mint(&origin(), &minted(1, "a", vec![first]))
        .await
        .unwrap();
    assert_eq!(head(&ports).await, before + 1);
    let stored = trusted.minted(&token(1)).await.unwrap().unwrap();
    assert_eq!((stored.created_at, stored.expires_at), (NOW, later(900)));
    assert_eq!(stored.run.commit.as_deref(), Some("c0ffee"));
    assert_eq!(stored.hash.as_bytes(), &[7; 32]);
    assert!(trusted.minted(&token(2)).await.unwrap().is_none());
    let reached = trusted.reached(&token(1), one.id).await.unwrap().unwrap();
    assert_eq!((reached.publisher, reached.ids), (spelled, ids.clone()));

    // Judged by what the publisher was before it was pinned.
    let outdated = trusted
        .mint(&origin(), &minted(2, "b", vec![reach(&one, id)]))
        .await;
    assert!(matches!(outdated, Err(MintError::Changed)), "{outdated:?}");
    let pinned = || Reach {
        pinned: ids.clone(),
        ids: ids.clone(),
        ..reach(&one, id)
    };
    let used = trusted
        .mint(&origin(), &minted(2, "a", vec![pinned()]))
        .await;
    assert!(matches!(used, Err(MintError::Used)), "{used:?}");
    assert!(trusted.minted(&token(2)).await.unwrap().is_none());
    let is_used = async |jti, at| {
        let used = IdTokenUse::new("https://issuer.example", Some(jti), "", later(300));
        trusted.is_used(&used, at).await.unwrap()
    };
    let told = [
        is_used("a", NOW).await,
        is_used("b", NOW).await,
        is_used("a", later(400)).await,
    ];
    assert_eq!(told, [true, false, false]);
    // What was refused did not use up its ID token.
    trusted
        .mint(&origin(), &minted(2, "b", vec![pinned()]))
        .await
        .unwrap();
    // Ids are the issuer's own.
    let mut elsewhere = minted(3, "a", vec![pinned()]);
    elsewhere.used = IdTokenUse::new("https://other.example", Some("a"), "", later(300));
    trusted.mint(&origin(), &elsewhere).await.unwrap();
    // Without an id, by what is signed.
    let unnamed = |number, signed| {
        let mut minted = minted(number, "", vec![pinned()]);
        minted.used = IdTokenUse::new("https://issuer.example", None, signed, later(300));
        minted
    };
    trusted.mint(&origin(), &unnamed(4, "h.c")).await.unwrap();
    let used = trusted.mint(&origin(), &unnamed(5, "h.c")).await;
    assert!(matches!(used, Err(MintError::Used)), "{used:?}");
    trusted.mint(&origin(), &unnamed(5, "h.d")).await.unwrap();
    // Until its end and the leeway: then nobody would take it anyway.
    let again = trusted
        .mint(&at(later(335)), &minted(6, "a", vec![pinned()]))
        .await;
    assert!(matches!(again, Err(MintError::Used)), "{again:?}");
    trusted
        .mint(&at(later(336)), &minted(6, "a", vec![pinned()]))
        .await
        .unwrap();

    let listed = trusted.minted_for(one.id, 3).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|it| it.id.clone()).collect();
    assert_eq!(listed, [token(6), token(1), token(2)]);
}

pub(super) async fn a_token_for_one_upload_is_used_up_by_the_one_that_is_recorded(ports: Ports) {
    let one = created(&ports, "one").await;
    let id = added(&ports, "one", &publisher("release.yml")).await;
    let (trusted, releases) = (&ports.trusted, &ports.releases);
    let mint = async |number: u32| {
        let minted = NewMinted {
            single_use: true,
            ..minted(number, &number.to_string(), vec![reach(&one, id)])
        };
        trusted.mint(&origin(), &minted).await.unwrap();
    };
    let used_at = async |number| {
        let stored = trusted.minted(&token(number)).await.unwrap();
        stored.unwrap().used_at
    };
    let file = |filename: &str, number| NewFile {
        spends: Some(token(number)),
        ..upload(ProjectTarget::Existing(one.id), filename, b"bytes")
    };
    mint(1).await;
    // What is refused in the transaction leaves it: here by a project that is no more.
    let nowhere = NewFile {
        target: ProjectTarget::Existing(ProjectId(999)),
        ..file("one-1.0.tar.gz", 1)
    };
    let refused = releases.record(&origin(), &nowhere).await;
    assert!(
        matches!(refused, Err(RecordError::ProjectGone)),
        "{refused:?}"
    );
    assert_eq!(used_at(1).await, None);

    let (first, second) = (file("one-1.0.tar.gz", 1), file("one-1.1.tar.gz", 1));
    let origin = origin();
    let raced = tokio::join!(
        releases.record(&origin, &first),
        releases.record(&origin, &second)
    );
    let there = match raced {
        (Ok(there), Err(RecordError::UsedUp)) | (Err(RecordError::UsedUp), Ok(there)) => there,
        other => panic!("{other:?}"),
    };
    assert_eq!(used_at(1).await, Some(NOW));
    assert_eq!(filenames(&ports, "one").await.len(), 1);

    // The same bytes once more: they bring nothing, and are an upload.
    mint(2).await;
    let before = head(&ports).await;
    for (token, expected) in [(token(2), true), (token(2), false), (token(99), false)] {
        let told = releases.attest(&origin, there, &[], Some(&token)).await;
        let is_as_expected = match &told {
            Ok(0) => expected,
            Err(AttestError::UsedUp) => !expected,
            _ => false,
        };
        assert!(is_as_expected, "{told:?}");
    }
    assert_eq!((used_at(2).await, head(&ports).await), (Some(NOW), before));
}

pub(super) async fn a_removed_publishers_tokens_reach_nothing(ports: Ports) {
    let (one, two) = (created(&ports, "one").await, created(&ports, "two").await);
    let id = added(&ports, "one", &publisher("release.yml")).await;
    let other = added(&ports, "two", &publisher("release.yml")).await;
    let trusted = &ports.trusted;
    let both = vec![reach(&one, id), reach(&two, other)];
    trusted
        .mint(&origin(), &minted(1, "a", both.clone()))
        .await
        .unwrap();
    let reaches = async |project: &Project| {
        let reached = trusted.reached(&token(1), project.id).await.unwrap();
        reached.is_some()
    };
    assert!(reaches(&one).await && reaches(&two).await);
    assert!(
        ports
            .publishers
            .remove(&origin(), &name("one"), id)
            .await
            .unwrap()
    );
    assert!(!reaches(&one).await && reaches(&two).await);
    assert!(trusted.minted_for(one.id, 9).await.unwrap().is_empty());
    let gone = trusted.mint(&origin(), &minted(2, "b", both)).await;
    assert!(matches!(gone, Err(MintError::Changed)), "{gone:?}");
    assert!(
        ports
            .projects
            .delete(&origin(), &name("two"))
            .await
            .unwrap()
    );
    assert!(!reaches(&two).await);

    let before = head(&ports).await;
    assert!(
        trusted
            .revoke_minted(&at(later(5)), &token(1))
            .await
            .unwrap()
    );
    assert!(
        trusted
            .revoke_minted(&at(later(9)), &token(1))
            .await
            .unwrap()
    );
    assert!(!trusted.revoke_minted(&origin(), &token(9)).await.unwrap());
    assert_eq!(head(&ports).await, before + 1);
    let stored = trusted.minted(&token(1)).await.unwrap().unwrap();
    assert_eq!(stored.revoked_at, Some(later(5)));
}

pub(super) async fn a_pending_publisher_becomes_a_project(ports: Ports) {
    demo(&ports).await;
    ports
        .accounts
        .add_user(&origin(), &user("bob"))
        .await
        .unwrap();
    let trusted = &ports.trusted;
    let (release, build) = (publisher("release.yml"), publisher("build.yml"));
    let add = async |display: &str, owner: Option<&str>, publisher: &Publisher| {
        let pending = pending(display, owner, publisher);
        trusted
            .add_pending(&origin(), &pending, later(1000), 3)
            .await
    };
    let id = add("New.Thing", Some("alice"), &release).await.unwrap();
    add("new-thing", Some("alice"), &build).await.unwrap();
    add("new-thing", Some("bob"), &publisher("bobs.yml"))
        .await
        .unwrap();
    assert!(matches!(
        add("new_thing", None, &release).await,
        Err(AddPendingError::Exists(_))
    ));
    assert!(matches!(
        add("demo", None, &release).await,
        Err(AddPendingError::ProjectExists(_))
    ));
    assert!(matches!(
        add("dem0", None, &release).await,
        Err(AddPendingError::Confusable(_))
    ));
    assert!(matches!(
        add("x", Some("nobody"), &release).await,
        Err(AddPendingError::NoSuchUser(_))
    ));
    add("third", Some("alice"), &release).await.unwrap();
    assert!(matches!(
        add("fourth", Some("alice"), &release).await,
        Err(AddPendingError::TooMany(_))
    ));
    assert_eq!(trusted.pending(None).await.unwrap().len(), 4);
    assert_eq!(trusted.pending(Some(&user("bob"))).await.unwrap().len(), 1);
    let find = async |now| {
        let keys = [release.lookup_key()];
        trusted.candidates(&keys, 10, now).await.unwrap()
    };
    assert_eq!(
        find(NOW).await.pending[0].pending,
        pending("New.Thing", Some("alice"), &release)
    );
    assert!(find(later(1000)).await.pending.is_empty(), "it has ended");

    let before = head(&ports).await;
    assert_eq!(
        trusted.fulfil(&origin(), id).await.unwrap(),
        name("new-thing")
    );
    assert_eq!(head(&ports).await, before + 1);
    let project = ports
        .projects
        .by_name(&name("new-thing"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (project.display.as_str(), project.visibility),
        ("New.Thing", Visibility::Internal)
    );
    assert!(
        ports
            .accounts
            .role(&user("alice"), project.id)
            .await
            .unwrap()
            .is_some()
    );
    let listed = ports.publishers.list(project.id).await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|it| (it.publisher.clone(), it.terms.token_seconds.is_some()))
        .collect();
    assert_eq!(
        listed,
        [(release.clone(), true), (build, true)],
        "alice's, not bob's"
    );
    assert_eq!(trusted.pending(None).await.unwrap().len(), 1);
    assert!(matches!(
        trusted.fulfil(&origin(), id).await,
        Err(FulfilError::Gone)
    ));

    // Nobody's, but not the first uploader's either.
    let id = add("operators", None, &release).await.unwrap();
    trusted.fulfil(&origin(), id).await.unwrap();
    let project = ports
        .projects
        .by_name(&name("operators"))
        .await
        .unwrap()
        .unwrap();
    assert!(ports.accounts.is_claimed(project.id).await.unwrap());
    let target = ProjectTarget::Unclaimed(project.id, user("bob"));
    let file = upload(target, "operators-1.0.tar.gz", b"x");
    assert!(ports.releases.record(&origin(), &file).await.is_err());
}

pub(super) async fn a_name_that_was_taken_removes_the_pending_publisher(ports: Ports) {
    let trusted = &ports.trusted;
    let release = publisher("release.yml");
    let add = async |display: &str| {
        let pending = pending(display, None, &release);
        trusted
            .add_pending(&origin(), &pending, later(1000), 3)
            .await
            .unwrap()
    };
    let (id, similar) = (add("thing").await, add("lib0").await);
    created(&ports, "thing").await;
    created(&ports, "libo").await;
    let before = head(&ports).await;
    let taken = trusted.fulfil(&origin(), id).await;
    assert!(
        matches!(&taken, Err(FulfilError::Taken(it)) if *it == name("thing")),
        "{taken:?}"
    );
    assert_eq!(
        head(&ports).await,
        before + 1,
        "its removal is in the journal"
    );
    assert!(matches!(
        trusted.fulfil(&origin(), id).await,
        Err(FulfilError::Gone)
    ));
    let refused = trusted.fulfil(&origin(), similar).await;
    assert!(
        matches!(refused, Err(FulfilError::Confusable(_))),
        "{refused:?}"
    );
    assert_eq!(trusted.pending(None).await.unwrap().len(), 1, "it stays");
    assert!(trusted.remove_pending(&origin(), similar).await.unwrap());
    assert!(
        !trusted
            .remove_pending(&origin(), PendingId(99))
            .await
            .unwrap()
    );
}

pub(super) async fn racing_mints_leave_one_project_and_one_token(ports: Ports) {
    let trusted = &ports.trusted;
    let pending = pending("thing", None, &publisher("release.yml"));
    let id = trusted
        .add_pending(&origin(), &pending, later(1000), 3)
        .await
        .unwrap();
    let races = (0..8).map(|_| {
        let ports = ports.clone();
        tokio::spawn(async move { ports.trusted.fulfil(&origin(), id).await.is_ok() })
    });
    let mut created = 0;
    for race in races.collect::<Vec<_>>() {
        created += u32::from(race.await.unwrap());
    }
    assert_eq!(created, 1);
    let project = ports
        .projects
        .by_name(&name("thing"))
        .await
        .unwrap()
        .unwrap();
    let publisher = ports.publishers.list(project.id).await.unwrap()[0].id;
    let races = (0..32).map(|number| {
        let (ports, minted) = (
            ports.clone(),
            minted(number, "same", vec![reach(&project, publisher)]),
        );
        tokio::spawn(async move { ports.trusted.mint(&origin(), &minted).await.is_ok() })
    });
    let mut minted = 0;
    for race in races.collect::<Vec<_>>() {
        minted += u32::from(race.await.unwrap());
    }
    assert_eq!(minted, 1);
    assert_eq!(trusted.minted_for(project.id, 99).await.unwrap().len(), 1);
}

pub(super) async fn what_ended_is_forgotten(ports: Ports) {
    let target = demo(&ports).await;
    let demo = ports
        .projects
        .by_name(&name("demo"))
        .await
        .unwrap()
        .unwrap();
    let id = added(&ports, "demo", &publisher("release.yml")).await;
    let trusted = &ports.trusted;
    let run = Run {
        url: Some("https://ci.example/1".into()),
        ..Run::default()
    };
    let run = UploadRun {
        token: token(1),
        publisher: "somebody".into(),
        run,
        attested_commit: Some("f00d".into()),
    };
    let mut file = upload(target, "demo-1.0.tar.gz", b"x");
    file.run = Some(run.clone());
    let file = ports.releases.record(&origin(), &file).await.unwrap();
    assert_eq!(trusted.run_of(file).await.unwrap(), Some(run.clone()));
    assert_eq!(
        trusted
            .release_began(demo.id, &version("1.0.0"))
            .await
            .unwrap(),
        Some(NOW)
    );
    assert_eq!(
        trusted
            .release_began(demo.id, &version("1.1"))
            .await
            .unwrap(),
        None
    );

    trusted
        .mint(&origin(), &minted(1, "a", vec![reach(&demo, id)]))
        .await
        .unwrap();
    let pending = pending("thing", None, &publisher("release.yml"));
    trusted
        .add_pending(&origin(), &pending, later(1000), 3)
        .await
        .unwrap();
    trusted.prune(later(300), later(300)).await.unwrap();
    assert!(trusted.minted(&token(1)).await.unwrap().is_some());
    assert_eq!(trusted.pending(None).await.unwrap().len(), 1);
    let used = trusted
        .mint(&at(later(300)), &minted(2, "a", vec![reach(&demo, id)]))
        .await;
    assert!(matches!(used, Err(MintError::Used)), "{used:?}");
    trusted.prune(later(2000), later(2000)).await.unwrap();
    assert!(trusted.minted(&token(1)).await.unwrap().is_none());
    assert!(trusted.pending(None).await.unwrap().is_empty());
    assert_eq!(
        trusted.run_of(file).await.unwrap(),
        Some(run),
        "what a file's page says stays"
    );
}
