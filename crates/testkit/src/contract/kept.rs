//! Rendered pages that are kept.

use touchplate_index::Ports;
use touchplate_index::ports::{KeptPage, PageName, Serial};
use touchplate_index::projects::Visibility;
use touchplate_packaging::{ProjectName, Sha256};

use super::{demo, head, name, origin, upload};

fn named<'p>(project: &'p ProjectName, shape: &'p str, made_by: &'p str) -> PageName<'p> {
    PageName {
        project,
        shape,
        made_by,
    }
}

async fn page(ports: &Ports, bytes: &[u8]) -> KeptPage {
    let project = ports.projects.by_name(&name("demo")).await.unwrap();
    KeptPage {
        serial: project.expect("it is there").serial,
        plain: Sha256::of(b"plain"),
        sha256: Sha256::of(bytes),
        bytes: bytes.len() as u64,
    }
}

pub(super) async fn a_page_is_kept_while_it_is_right(ports: Ports) {
    let at = demo(&ports).await;
    let (demo, other) = (name("demo"), name("other"));
    let (html, json) = (named(&demo, "html", "one"), named(&demo, "json", "one"));
    assert_eq!(ports.kept.kept(html).await.unwrap(), None);
    let before = head(&ports).await;
    let first = page(&ports, b"first").await;
    assert!(ports.kept.keep(html, &first).await.unwrap());
    assert_eq!(ports.kept.kept(html).await.unwrap(), Some(first.clone()));
    // Neither in another shape, nor by another maker, nor of another project.
    for none in [
        json,
        named(&demo, "html", "two"),
        named(&other, "html", "one"),
    ] {
        assert_eq!(ports.kept.kept(none).await.unwrap(), None);
    }
    // One of a shape, whoever made it.
    let second = page(&ports, b"second").await;
    let by_two = named(&demo, "html", "two");
    assert!(ports.kept.keep(by_two, &second).await.unwrap());
    assert_eq!(ports.kept.kept(html).await.unwrap(), None);
    assert_eq!(ports.kept.kept(by_two).await.unwrap(), Some(second.clone()));
    assert!(ports.kept.keep(json, &first).await.unwrap());
    assert_eq!(ports.kept.forget_stale().await.unwrap(), 0);
    // No change of the index.
    assert_eq!(head(&ports).await, before);

    // The bytes of neither are swept: each is a page's.
    assert!(!ports.releases.begin_sweep(&second.sha256).await.unwrap());
    assert!(!ports.releases.begin_sweep(&first.sha256).await.unwrap());

    // A change makes all of them stale, and what was rendered before it is kept no more.
    let file = upload(at, "demo-1.0.tar.gz", b"1");
    ports.releases.record(&origin(), &file).await.unwrap();
    for stale in [by_two, json] {
        assert_eq!(ports.kept.kept(stale).await.unwrap(), None);
    }
    assert!(!ports.kept.keep(html, &first).await.unwrap());
    let future = KeptPage {
        serial: Serial(first.serial.0 + 100),
        ..first.clone()
    };
    assert!(!ports.kept.keep(html, &future).await.unwrap());
    assert_eq!(ports.kept.forget_stale().await.unwrap(), 2);
    assert!(ports.releases.begin_sweep(&second.sha256).await.unwrap());
    ports.releases.swept(&second.sha256).await.unwrap();
}

pub(super) async fn only_what_anybody_may_see_is_kept(ports: Ports) {
    demo(&ports).await;
    let demo = name("demo");
    let html = named(&demo, "html", "one");
    let set = async |visibility| {
        ports
            .projects
            .set_visibility(&origin(), &demo, visibility, None)
            .await
            .unwrap();
    };
    let public = page(&ports, b"public").await;
    assert!(ports.kept.keep(html, &public).await.unwrap());
    for hidden in [Visibility::Internal, Visibility::Private] {
        set(hidden).await;
        assert_eq!(ports.kept.kept(html).await.unwrap(), None);
        let now = page(&ports, b"hidden").await;
        assert!(!ports.kept.keep(html, &now).await.unwrap());
    }
    // Public again, it is another page.
    set(Visibility::Public).await;
    assert_eq!(ports.kept.kept(html).await.unwrap(), None);
    let now = page(&ports, b"again").await;
    assert!(ports.kept.keep(html, &now).await.unwrap());
    assert!(ports.projects.delete(&origin(), &demo).await.unwrap());
    assert_eq!(ports.kept.kept(html).await.unwrap(), None);
    ports.kept.forget_stale().await.unwrap();
    assert!(ports.releases.begin_sweep(&now.sha256).await.unwrap());
}
