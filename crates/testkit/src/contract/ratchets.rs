//! Ratchets: they turn one way, and what they ask holds in the transaction.

use touchplate_index::Ports;
use touchplate_index::accounts::{MadeFor, SecretHash};
use touchplate_index::ports::{AddPublisherError, NewToken, RatchetError, TokenError};
use touchplate_index::trusted_publishing::{Ratchet, RatchetKind, Terms};

use super::trusted_publishing::{publisher, token};
use super::{NOW, demo, head, name, origin, user};

pub(super) async fn ratchets_turn_one_way(ports: Ports) {
    demo(&ports).await;
    let demo = ports
        .projects
        .by_name(&name("demo"))
        .await
        .unwrap()
        .unwrap();
    let trusted = &ports.trusted;
    let turn = async |ratchet| trusted.turn(&origin(), &name("demo"), ratchet).await;
    let late = |days| RatchetKind::NoLateFiles.turned(Some(days)).unwrap();
    let before = head(&ports).await;
    assert!(turn(Ratchet::AttestationsRequired).await.unwrap());
    assert!(!turn(Ratchet::AttestationsRequired).await.unwrap());
    assert!(turn(late(14)).await.unwrap());
    assert!(turn(late(7)).await.unwrap());
    assert!(!turn(late(7)).await.unwrap());
    let looser = turn(late(8)).await;
    assert!(
        matches!(looser, Err(RatchetError::Tighter { stands: 7, .. })),
        "{looser:?}"
    );
    assert_eq!(head(&ports).await, before + 3);
    let nowhere = trusted.turn(&origin(), &name("nothing"), late(7)).await;
    assert!(matches!(nowhere, Err(RatchetError::NoSuchProject(_))));
    let stand = trusted.ratchets(demo.id).await.unwrap();
    let stand: Vec<_> = stand
        .iter()
        .map(|it| (it.ratchet, it.by.as_str()))
        .collect();
    assert_eq!(
        stand,
        [
            (Ratchet::AttestationsRequired, "operator"),
            (late(7), "operator")
        ]
    );
    let release = async |kind| {
        trusted
            .release_ratchet(&origin(), &name("demo"), kind, "moved")
            .await
    };
    assert!(release(RatchetKind::NoLateFiles).await.unwrap());
    assert!(!release(RatchetKind::NoLateFiles).await.unwrap());
    assert_eq!(trusted.ratchets(demo.id).await.unwrap().len(), 1);

    let leftover = |number: u32, project: Option<&str>| NewToken {
        id: token(number),
        hash: SecretHash::from_bytes([1; 32]),
        narrowing_key: None,
        user: user("alice"),
        made_for: project.map_or(MadeFor::Everything, |it| MadeFor::Project(name(it))),
        expires_at: None,
    };
    ports
        .accounts
        .add_token(&origin(), &leftover(1, Some("demo")))
        .await
        .unwrap();
    ports
        .accounts
        .add_token(&origin(), &leftover(2, None))
        .await
        .unwrap();
    assert!(turn(Ratchet::NoLeftoverTokens).await.unwrap());
    let revoked = async |number| {
        ports
            .accounts
            .token(&token(number))
            .await
            .unwrap()
            .unwrap()
            .revoked_at
    };
    assert_eq!((revoked(1).await, revoked(2).await), (Some(NOW), None));
    let refused = ports
        .accounts
        .add_token(&origin(), &leftover(3, Some("demo")))
        .await;
    assert!(
        matches!(refused, Err(TokenError::NoLeftoverTokens(_))),
        "{refused:?}"
    );

    assert!(turn(Ratchet::EnvironmentRequired).await.unwrap());
    let any = publisher("release.yml");
    let refused = ports
        .publishers
        .add(&origin(), &name("demo"), &any, &Terms::default(), None)
        .await;
    assert!(
        matches!(refused, Err(AddPublisherError::NoEnvironment(_))),
        "{refused:?}"
    );
}
