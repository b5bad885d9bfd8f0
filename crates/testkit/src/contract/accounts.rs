//! Users, tokens, publishers.

use touchplate_attest::Publisher;
use touchplate_index::Ports;
use touchplate_index::accounts::{MadeFor, NarrowingKey, Role, SecretHash};
use touchplate_index::ports::{
    AddPublisherError, AddUserError, NewProject, NewToken, ProjectTarget, RevokeError, TokenError,
};
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::Terms;

use super::{NOW, demo, head, name, origin, user};

pub(super) async fn users_and_tokens_are_kept(ports: Ports) {
    demo(&ports).await;
    assert!(matches!(
        ports.accounts.add_user(&origin(), &user("alice")).await,
        Err(AddUserError::Exists(_))
    ));
    let token = |id: &str, who: &str, project: Option<&str>| NewToken {
        id: id.parse().expect("an id"),
        hash: SecretHash::from_bytes([7; 32]),
        narrowing_key: Some(NarrowingKey::from_bytes([8; 32])),
        user: user(who),
        made_for: project.map_or(MadeFor::Everything, |it| MadeFor::Project(name(it))),
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
        (stored.user, stored.made_for, stored.expires_at),
        (user("alice"), MadeFor::Project(name("demo")), Some(NOW))
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

pub(super) async fn read_tokens_are_for_the_projects_that_are_there(ports: Ports) {
    demo(&ports).await;
    let other = NewProject {
        display: "other".parse().expect("a project name"),
        visibility: Visibility::Private,
        owner: None,
    };
    ports.projects.create(&origin(), &other).await.unwrap();
    let token = |id: &str, some: Option<&[&str]>| NewToken {
        id: id.parse().expect("an id"),
        hash: SecretHash::from_bytes([7; 32]),
        narrowing_key: Some(NarrowingKey::from_bytes([8; 32])),
        user: user("alice"),
        made_for: MadeFor::Reading(some.map(|some| some.iter().copied().map(name).collect())),
        expires_at: Some(NOW),
    };
    let (all, two) = ("00000000000000aa", "00000000000000bb");
    let accounts = &ports.accounts;
    accounts
        .add_token(&origin(), &token(all, None))
        .await
        .unwrap();
    accounts
        .add_token(&origin(), &token(two, Some(&["demo", "other"])))
        .await
        .unwrap();
    assert!(!accounts.has_tokens().await.unwrap(), "none uploads");
    let before = head(&ports).await;
    let nowhere = accounts
        .add_token(&origin(), &token("00000000000000cc", Some(&["demo", "no"])))
        .await;
    assert!(
        matches!(&nowhere, Err(TokenError::NoSuchProject(project)) if *project == name("no")),
        "{nowhere:?}"
    );
    let stranger = NewToken {
        user: user("bob"),
        ..token("00000000000000cc", Some(&["demo"]))
    };
    let nobody = accounts.add_token(&origin(), &stranger).await;
    assert!(
        matches!(nobody, Err(TokenError::NoSuchUser(_))),
        "{nobody:?}"
    );
    assert_eq!(head(&ports).await, before, "a refused one is no change");

    let made_for = async |id: &str| {
        let stored = accounts.token(&id.parse().unwrap()).await.unwrap();
        stored.expect("it was stored").made_for
    };
    let reading = |some: &[&str]| {
        let some = some.iter().copied().map(name).collect();
        MadeFor::Reading(Some(some))
    };
    assert_eq!(made_for(all).await, MadeFor::Reading(None));
    assert_eq!(made_for(two).await, reading(&["demo", "other"]));
    for (gone, left) in [("other", &["demo"][..]), ("demo", &[])] {
        let deleted = ports.projects.delete(&origin(), &name(gone)).await;
        assert!(deleted.unwrap());
        // Never all of them, once none is left.
        assert_eq!(made_for(two).await, reading(left));
    }
    accounts
        .revoke_token(&origin(), &two.parse().unwrap())
        .await
        .unwrap();
    let listed = accounts.tokens(&user("alice")).await.unwrap();
    let seen: Vec<_> = listed
        .iter()
        .map(|t| (t.id.as_str(), t.revoked_at.is_some()))
        .collect();
    assert_eq!(seen, [(all, false), (two, true)]);
}

pub(super) async fn members_come_and_go(ports: Ports) {
    let ProjectTarget::Existing(id) = demo(&ports).await else {
        unreachable!("demo gives an existing project")
    };
    let accounts = &ports.accounts;
    let members = async || {
        let members = accounts.members(id).await.unwrap();
        let said = members.iter().map(|it| format!("{} {}", it.user, it.role));
        said.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(members().await, "alice owner");
    for (who, role) in [("zoe", Role::Reader), ("bob", Role::Uploader)] {
        accounts.add_user(&origin(), &user(who)).await.unwrap();
        accounts
            .set_role(&origin(), &name("demo"), &user(who), role)
            .await
            .unwrap();
    }
    accounts
        .set_role(&origin(), &name("demo"), &user("zoe"), Role::Maintainer)
        .await
        .unwrap();
    assert_eq!(members().await, "alice owner, bob uploader, zoe maintainer");
    let remove = async |who: &str, project: &str| {
        let (project, who) = (name(project), user(who));
        let removed = accounts.remove_role(&origin(), &project, &who).await;
        removed.unwrap()
    };
    assert!(remove("bob", "demo").await);
    assert_eq!(members().await, "alice owner, zoe maintainer");
    let before = head(&ports).await;
    for (who, project) in [("bob", "demo"), ("nobody", "demo"), ("zoe", "other")] {
        assert!(!remove(who, project).await, "{who} of {project}");
    }
    assert_eq!(head(&ports).await, before);
}

pub(super) async fn a_project_keeps_an_owner(ports: Ports) {
    demo(&ports).await;
    let accounts = &ports.accounts;
    accounts.add_user(&origin(), &user("bob")).await.unwrap();
    let change = async |who: &str, role: Option<Role>| {
        let (project, who) = (name("demo"), user(who));
        let changed = accounts
            .change_member(&origin(), &project, &who, role)
            .await;
        changed.map_err(|error| error.to_string())
    };
    let last = Err("the user `alice` is the project's last owner; make another one first".into());
    assert_eq!(change("alice", None).await, last);
    assert_eq!(change("alice", Some(Role::Reader)).await, last);
    let before = head(&ports).await;
    assert_eq!(
        change("alice", Some(Role::Owner)).await,
        Ok(Some(Role::Owner))
    );
    assert_eq!(head(&ports).await, before, "what is so is no change");
    assert_eq!(
        change("bob", None).await,
        Err("the user `bob` is no member of the project".into())
    );
    assert_eq!(
        change("nobody", Some(Role::Reader)).await,
        Err("there is no user `nobody`".into())
    );
    assert_eq!(head(&ports).await, before, "what is refused is no change");
    assert_eq!(change("bob", Some(Role::Owner)).await, Ok(None));
    assert_eq!(
        change("alice", Some(Role::Reader)).await,
        Ok(Some(Role::Owner))
    );
    assert_eq!(change("alice", None).await, Ok(Some(Role::Reader)));
    assert!(change("bob", None).await.is_err());
}

pub(super) async fn administrators_are_owners_everywhere(ports: Ports) {
    let ProjectTarget::Existing(id) = demo(&ports).await else {
        unreachable!("demo gives an existing project")
    };
    let accounts = &ports.accounts;
    accounts.add_user(&origin(), &user("root")).await.unwrap();
    let role = async || accounts.role(&user("root"), id).await.unwrap();
    assert_eq!(role().await, None);
    let set = async |who: &str, administrator| {
        let (origin, who) = (origin(), user(who));
        let set = accounts
            .set_administrator(&origin, &who, administrator)
            .await;
        set.unwrap()
    };
    assert!(set("root", true).await && !set("nobody", true).await);
    assert_eq!(role().await, Some(Role::Owner));
    let users = accounts.users().await.unwrap();
    let said: Vec<_> = users
        .iter()
        .map(|it| (it.name.as_str(), it.administrator))
        .collect();
    assert_eq!(said, [("alice", false), ("root", true)]);
    assert_eq!(accounts.members(id).await.unwrap().len(), 1, "no member");
    assert!(set("root", false).await);
    assert_eq!(role().await, None);
}

pub(super) async fn publishers_are_found_by_key(ports: Ports) {
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
        .add(&origin(), &name("demo"), &one, &Terms::default(), None)
        .await
        .unwrap();
    ports
        .publishers
        .add(&origin(), &name("demo"), &two, &Terms::default(), None)
        .await
        .unwrap();
    let twice = ports
        .publishers
        .add(&origin(), &name("demo"), &one, &Terms::default(), None)
        .await;
    assert!(
        matches!(twice, Err(AddPublisherError::Exists(_))),
        "{twice:?}"
    );
    let nowhere = ports
        .publishers
        .add(&origin(), &name("other"), &one, &Terms::default(), None)
        .await;
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
            .remove(&origin(), &name("demo"), first.id)
            .await
            .unwrap()
    );
    assert!(
        !ports
            .publishers
            .remove(&origin(), &name("demo"), first.id)
            .await
            .unwrap()
    );
    assert_eq!(ports.publishers.list(id).await.unwrap().len(), 1);
}
