//! Everything that is stored, row by row.

use touchplate_index::Ports;
use touchplate_index::ports::{Came, FileId, HeldBytes, HeldMetadata, KeptPage, PageName};
use touchplate_packaging::Sha256;

use super::{demo, name, origin, upload};

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
