//! Everything that is stored, row by row.

use touchplate_index::Ports;
use touchplate_index::checking::Review;
use touchplate_index::ports::{Came, FileId, HeldBytes, HeldMetadata, KeptPage, PageName};
use touchplate_packaging::Sha256;

use super::{NOW, demo, name, origin, upload};

pub(super) async fn files_are_walked_through_in_pages(ports: Ports) {
    let at = demo(&ports).await;
    let inventory = &ports.inventory;
    assert!(
        inventory
            .files_after(FileId(0), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let names = [
        "demo-1.0.tar.gz",
        "demo-1.0-py3-none-any.whl",
        "demo-2.0.tar.gz",
    ];
    let mut files = Vec::new();
    for name in names {
        let file = upload(at.clone(), name, name.as_bytes());
        files.push((ports.releases.record(&origin(), &file).await.unwrap(), file));
    }
    let (mut after, mut walked) = (FileId(0), Vec::new());
    loop {
        let page = inventory.files_after(after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = last.id;
        walked.extend(page);
    }
    let walked: Vec<_> = walked
        .into_iter()
        .map(|it| (it.id, it.name, it.held.unwrap()))
        .collect();
    let expected: Vec<_> = files
        .iter()
        .map(|(id, file)| {
            let core_metadata = file.core_metadata.as_ref().map(|bytes| HeldMetadata {
                sha256: Sha256::of(bytes),
                stored: Some(Sha256::of(bytes)),
            });
            let held = HeldBytes {
                size: file.size,
                sha256: file.digests.sha256,
                core_metadata,
            };
            (*id, file.filename.to_string(), held)
        })
        .collect();
    assert_eq!(walked, expected);
    assert!(
        walked
            .iter()
            .any(|(_, _, held)| held.core_metadata.is_some())
    );
    for came in Came::ALL {
        let none = inventory.attestations_after(came, 0, 10).await.unwrap();
        assert!(none.is_empty(), "{none:?}");
    }
}

pub(super) async fn what_nothing_refers_to_is_told_apart(ports: Ports) {
    let at = demo(&ports).await;
    let file = upload(at, "demo-1.0.tar.gz", b"a file");
    ports.releases.record(&origin(), &file).await.unwrap();
    let demo = name("demo");
    let project = ports.projects.by_name(&demo).await.unwrap().unwrap();
    let page = KeptPage {
        serial: project.serial,
        plain: Sha256::of(b"plain"),
        sha256: Sha256::of(b"a page"),
        bytes: 6,
    };
    let shape = PageName {
        project: &demo,
        shape: "html",
        made_by: "one",
    };
    assert!(ports.kept.keep(shape, &page).await.unwrap());
    let nobodys = [Sha256::of(b"b"), Sha256::of(b"a")];
    let asked = [nobodys[0], file.digests.sha256, page.sha256, nobodys[1]];
    assert_eq!(ports.inventory.unreferenced(&asked).await.unwrap(), nobodys);
    assert!(ports.inventory.unreferenced(&[]).await.unwrap().is_empty());
}

pub(super) async fn the_latest_review_is_kept(ports: Ports) {
    let inventory = &ports.inventory;
    assert_eq!(inventory.review().await.unwrap(), None);
    let review = |after: i64, ended: Option<&str>| -> Review {
        let listed = serde_json::json!({
            "filename": "demo-1.0-py3-none-any.whl", "later": true, "row": 7, "finding": "attestation-unsound",
            "messages": ["it no longer holds", "the “log” is not known"],
        });
        let review = serde_json::json!({
            "believed": Sha256::from_bytes([7; 32]).to_string(), "began_at": NOW, "ended_at": ended, "attestations": 12, "unsound": 1,
            "listed": [listed], "later": ended.is_some(), "after": after,
        });
        serde_json::from_value(review).expect("a review")
    };
    // One that is under way, one that went on, and one that is over: each in the place of the one before.
    for kept in [
        review(0, None),
        review(i64::MAX, None),
        review(3, Some("2025-01-01T01:00:00Z")),
    ] {
        inventory.keep_review(&kept).await.unwrap();
        assert_eq!(inventory.review().await.unwrap(), Some(kept));
    }
    // It is no change of the index.
    assert_eq!(ports.journal.head().await.unwrap().0, 0);
}
