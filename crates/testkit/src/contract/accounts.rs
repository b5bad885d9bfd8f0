//! Users, tokens, publishers.

use touchplate_attest::Publisher;
use touchplate_index::Ports;
use touchplate_index::accounts::{NarrowingKey, SecretHash};
use touchplate_index::ports::{
    AddPublisherError, AddUserError, NewToken, ProjectTarget, RevokeError, TokenError,
};
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
