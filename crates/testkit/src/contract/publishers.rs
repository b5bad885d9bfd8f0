//! Publishers, and the numbers that they are pinned to.

use touchplate_attest::{
    Attestation, FileFacts, PinnedIds, PredicateType, Publisher, TrustRoot, Verified,
    verify_any_predicate,
};
use touchplate_index::Ports;
use touchplate_index::ports::{
    AddPublisherError, AttestError, MAX_WITH_UPLOADS, NewFile, PinnedElsewhere, ProjectTarget,
    PublisherId, RecordError, Viewer,
};
use touchplate_index::trusted_publishing::Terms;
use touchplate_trust::{Domain, Predicate, Workload};

use super::{NOW, demo, filenames, head, name, origin, upload};

/// A project with publishers, and a domain that certifies them.
struct Scene {
    ports: Ports,
    domain: Domain,
    target: ProjectTarget,
}

impl Scene {
    async fn new(ports: Ports) -> Self {
        Self {
            target: demo(&ports).await,
            domain: Domain::new("contract.example", NOW).expect("a domain"),
            ports,
        }
    }

    async fn publisher(&self, publisher: &Publisher) -> PublisherId {
        let publishers = &self.ports.publishers;
        let added = publishers
            .add(&origin(), &name("demo"), publisher, &Terms::default(), None)
            .await;
        added.expect("it is new").id
    }

    async fn ids(&self, id: PublisherId) -> PinnedIds {
        let ProjectTarget::Existing(project) = self.target else {
            unreachable!("demo gives an existing project")
        };
        let listed = self.ports.publishers.list(project).await.unwrap();
        let found = listed.into_iter().find(|stored| stored.id == id);
        found.expect("it is listed").ids
    }

    /// A file with an attestation by each of these.
    fn file(&self, filename: &str, by: &[(&Workload, &Publisher)]) -> NewFile {
        let mut file = upload(self.target.clone(), filename, filename.as_bytes());
        let verified = by
            .iter()
            .map(|(who, publisher)| self.by(&file, who, publisher));
        file.attestations = verified.collect();
        file
    }

    fn by(&self, file: &NewFile, who: &Workload, publisher: &Publisher) -> Verified {
        self.claimed(file, who, publisher, Predicate::Publish)
    }

    /// That the file is for one index.
    fn bound(&self, file: &NewFile, who: &Workload, publisher: &Publisher) -> Verified {
        let claim = Predicate::Other {
            predicate_type: PredicateType::IndexPublish.to_string(),
            body: serde_json::json!({"index": "https://packages.example"}),
        };
        self.claimed(file, who, publisher, claim)
    }

    fn claimed(
        &self,
        file: &NewFile,
        who: &Workload,
        publisher: &Publisher,
        claim: Predicate,
    ) -> Verified {
        verified(&self.domain, file, (who, publisher), claim)
    }
}

/// An attestation of a file by a workload, which a domain certifies and a publisher is held to.
pub fn verified(
    domain: &Domain,
    file: &NewFile,
    (who, publisher): (&Workload, &Publisher),
    claim: Predicate,
) -> Verified {
    let (filename, sha256) = (file.filename.clone(), file.digests.sha256);
    let minted = domain
        .attest(who, filename.as_str(), &sha256, claim, NOW)
        .expect("it signs");
    let attestation = Attestation::parse(&minted).expect("an attestation");
    let root = TrustRoot::from_json(&domain.trusted_root_json()).expect("a root");
    let facts = FileFacts { filename, sha256 };
    let proven = verify_any_predicate(&facts, &attestation, &root, NOW);
    proven
        .expect("it verifies")
        .by(publisher)
        .expect("it is the publisher's")
}

fn workload(workflow: &str, ids: Option<(&str, &str)>) -> Workload {
    let mut who = Workload::github("example/demo", workflow, "refs/tags/v1");
    who.claims.source_repository_id = ids.map(|(repository, _)| repository.to_owned());
    who.claims.source_repository_owner_id = ids.map(|(_, owner)| owner.to_owned());
    who
}

fn pinned(repository: &str, owner: &str) -> PinnedIds {
    PinnedIds {
        repository_id: Some(repository.to_owned()),
        owner_id: Some(owner.to_owned()),
    }
}

pub(super) async fn a_publisher_is_pinned_to_the_numbers_it_first_showed(ports: Ports) {
    let scene = Scene::new(ports).await;
    let releases = &scene.ports.releases;
    let release = Publisher::github("example/demo", "release.yml");
    let build = Publisher::github("example/demo", "build.yml");
    let (id, other) = (
        scene.publisher(&release).await,
        scene.publisher(&build).await,
    );
    assert!(scene.ids(id).await.is_empty());

    let first = workload("release.yml", Some(("1", "2")));
    let file = scene.file("demo-1.0.tar.gz", &[(&first, &release)]);
    let one = releases.record(&origin(), &file).await.unwrap();
    assert_eq!(scene.ids(id).await, pinned("1", "2"));
    assert!(scene.ids(other).await.is_empty(), "each its own");

    // The name in other hands, the repository made anew, and no numbers at all: whole uploads are refused.
    for ids in [Some(("1", "3")), Some(("3", "2")), None] {
        let resurrected = workload("release.yml", ids);
        let honest = workload("build.yml", Some(("1", "2")));
        let by = [(&honest, &build), (&resurrected, &release)];
        let file = scene.file("demo-1.1.tar.gz", &by);
        let before = head(&scene.ports).await;
        let refused = releases.record(&origin(), &file).await;
        let Err(RecordError::PinnedElsewhere(refused)) = refused else {
            panic!("{refused:?}")
        };
        let PinnedElsewhere {
            project, source, ..
        } = *refused;
        assert_eq!((project, refused_id(&source.pinned)), (name("demo"), "1"));
        assert_eq!(source.found, file.attestations[1].ids());
        // Added to a file that is there, likewise.
        let file = scene.file("demo-1.0.tar.gz", &by);
        let refused = releases
            .attest(&origin(), one, &file.attestations, None)
            .await;
        assert!(
            matches!(&refused, Err(AttestError::PinnedElsewhere(it)) if it.id == id),
            "{refused:?}"
        );
        assert_eq!(head(&scene.ports).await, before);
    }
    assert_eq!(filenames(&scene.ports, "demo").await, ["demo-1.0.tar.gz"]);
    assert_eq!(releases.attestations(one).await.unwrap().len(), 1);
    assert!(
        scene.ids(other).await.is_empty(),
        "a refused upload pins nobody"
    );

    // The same one that is there already: nothing is written.
    let before = head(&scene.ports).await;
    let again = releases
        .attest(&origin(), one, &file.attestations, None)
        .await;
    assert_eq!((again.unwrap(), head(&scene.ports).await), (0, before));

    // An operator forgets the numbers, and the next attestation pins anew; or sets them.
    let publishers = &scene.ports.publishers;
    let repin = async |project: &str, id, ids: PinnedIds| {
        publishers
            .repin(&origin(), &name(project), id, &ids)
            .await
            .unwrap()
    };
    assert!(repin("demo", id, PinnedIds::default()).await);
    assert_eq!(head(&scene.ports).await, before + 1);
    assert!(scene.ids(id).await.is_empty());
    let resurrected = workload("release.yml", Some(("3", "4")));
    let file = scene.file("demo-1.1.tar.gz", &[(&resurrected, &release)]);
    releases.record(&origin(), &file).await.unwrap();
    assert_eq!(scene.ids(id).await, pinned("3", "4"));
    assert!(repin("demo", other, pinned("5", "6")).await);
    assert_eq!(scene.ids(other).await, pinned("5", "6"));
    assert!(!repin("demo", PublisherId(999), pinned("5", "6")).await);
    assert!(!repin("nothing", id, pinned("5", "6")).await);

    // Two of one upload are held to each other.
    assert!(repin("demo", id, PinnedIds::default()).await);
    let mut slsa = workload("release.yml", Some(("9", "4")));
    slsa.san = touchplate_attest::SubjectName::Uri("https://github.com/example/demo/other".into());
    let file = scene.file(
        "demo-1.2.tar.gz",
        &[(&resurrected, &release), (&slsa, &release)],
    );
    let refused = releases.record(&origin(), &file).await;
    assert!(
        matches!(refused, Err(RecordError::PinnedElsewhere(_))),
        "{refused:?}"
    );
    assert!(scene.ids(id).await.is_empty());
}

pub(super) async fn numbers_outlive_their_publisher(ports: Ports) {
    let scene = Scene::new(ports).await;
    let (publishers, releases) = (&scene.ports.publishers, &scene.ports.releases);
    let release = Publisher::github("example/demo", "release.yml");
    let remove = async |id| {
        let removed = publishers.remove(&origin(), &name("demo"), id).await;
        assert!(removed.unwrap());
    };
    let id = scene.publisher(&release).await;
    remove(id).await;
    let id = scene.publisher(&release).await;
    assert!(scene.ids(id).await.is_empty(), "it has shown none yet");
    let first = workload("release.yml", Some(("1", "2")));
    let file = scene.file("demo-1.0.tar.gz", &[(&first, &release)]);
    releases.record(&origin(), &file).await.unwrap();

    // Another of the same repository, spelled in another way, and the same after it was removed.
    let build = Publisher::github("Example/Demo", "build.yml");
    let other = scene.publisher(&build).await;
    assert_eq!(scene.ids(other).await, pinned("1", "2"));
    let elsewhere = scene
        .publisher(&Publisher::github("example/other", "release.yml"))
        .await;
    assert!(scene.ids(elsewhere).await.is_empty());
    remove(id).await;
    let id = scene.publisher(&release).await;
    assert_eq!(scene.ids(id).await, pinned("1", "2"));
    let resurrected = workload("release.yml", Some(("3", "4")));
    let file = scene.file("demo-1.1.tar.gz", &[(&resurrected, &release)]);
    let refused = releases.record(&origin(), &file).await;
    assert!(
        matches!(refused, Err(RecordError::PinnedElsewhere(_))),
        "{refused:?}"
    );

    // The operator forgets them: then also for one that is added anew.
    let forgotten = publishers
        .repin(&origin(), &name("demo"), id, &PinnedIds::default())
        .await;
    assert!(forgotten.unwrap());
    remove(id).await;
    let id = scene.publisher(&release).await;
    assert!(scene.ids(id).await.is_empty());
    releases.record(&origin(), &file).await.unwrap();
    assert_eq!(scene.ids(id).await, pinned("3", "4"));
    assert_eq!(scene.ids(other).await, pinned("1", "2"));
}

pub(super) async fn a_project_takes_so_many_publishers(ports: Ports) {
    let scene = Scene::new(ports).await;
    let add = async |repository: &str| {
        let publisher = Publisher::github(repository, "release.yml");
        let (terms, limit) = (Terms::default(), Some(3));
        let publishers = &scene.ports.publishers;
        let added = publishers
            .add(&origin(), &name("demo"), &publisher, &terms, limit)
            .await;
        added.map(|stored| stored.id)
    };
    let first = add("example/a").await.unwrap();
    add("example/b").await.unwrap();
    let before = head(&scene.ports).await;
    let (one, two) = tokio::join!(add("example/c"), add("example/d"));
    let won = [&one, &two].into_iter().filter(|added| added.is_ok());
    assert_eq!(won.count(), 1, "{one:?} {two:?}");
    let full = add("example/e").await;
    assert!(
        matches!(full, Err(AddPublisherError::TooMany(_))),
        "{full:?}"
    );
    assert_eq!(head(&scene.ports).await, before + 1);
    let there = add("example/a").await;
    assert!(
        matches!(there, Err(AddPublisherError::Exists(_))),
        "{there:?}"
    );
    // The operator's have no end.
    scene
        .publisher(&Publisher::github("example/e", "release.yml"))
        .await;
    let removed = scene
        .ports
        .publishers
        .remove(&origin(), &name("demo"), first)
        .await;
    assert!(removed.unwrap());
    let full = add("example/f").await;
    assert!(
        matches!(full, Err(AddPublisherError::TooMany(_))),
        "{full:?}"
    );
}

fn refused_id(ids: &PinnedIds) -> &str {
    ids.repository_id.as_deref().unwrap_or_default()
}

pub(super) async fn uploads_bring_a_file_so_many_attestations(ports: Ports) {
    let scene = Scene::new(ports).await;
    let github = Publisher::github("example/demo", "release.yml");
    scene.publisher(&github).await;
    let at = |number: u32| {
        let git_ref = format!("refs/tags/v{number}");
        Workload::github("example/demo", "release.yml", &git_ref)
    };
    let file = scene.file("demo-1.0.tar.gz", &[(&at(1), &github)]);
    let releases = &scene.ports.releases;
    let id = releases.record(&origin(), &file).await.unwrap();
    let add = async |number| {
        let file = scene.file("demo-1.0.tar.gz", &[(&at(number), &github)]);
        releases
            .attest(&origin(), id, &file.attestations, None)
            .await
    };
    for number in 2..=MAX_WITH_UPLOADS {
        assert_eq!(add(number).await.unwrap(), 1);
    }
    let before = head(&scene.ports).await;
    let refused = add(MAX_WITH_UPLOADS + 1).await;
    assert!(matches!(refused, Err(AttestError::TooMany)), "{refused:?}");
    let (_, stored) = releases
        .file(&file.filename, Viewer::Index)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.attestations, MAX_WITH_UPLOADS);
    assert_eq!(head(&scene.ports).await, before);
    assert_eq!(add(2).await.unwrap(), 0, "one that is there is no more");
}

pub(super) async fn attestations_that_name_the_index_are_kept_and_counted_apart(ports: Ports) {
    let scene = Scene::new(ports).await;
    let github = Publisher::github("example/demo", "release.yml");
    scene.publisher(&github).await;
    let at = |number: u32| {
        let git_ref = format!("refs/tags/v{number}");
        Workload::github("example/demo", "release.yml", &git_ref)
    };
    let releases = &scene.ports.releases;
    let mut file = scene.file("demo-1.0.tar.gz", &[(&at(1), &github)]);
    let bound = scene.bound(&file, &at(1), &github);
    file.attestations.push(bound);
    let id = releases.record(&origin(), &file).await.unwrap();
    let counted = async || {
        let found = releases.file(&file.filename, Viewer::Index).await.unwrap();
        found.expect("it is there").1.attestations
    };
    assert_eq!(counted().await, 1);
    assert_eq!(releases.attestations(id).await.unwrap().len(), 2);
    let add = async |number| {
        let bound = scene.bound(&file, &at(number), &github);
        releases.attest(&origin(), id, &[bound], None).await
    };
    for number in 2..=MAX_WITH_UPLOADS {
        assert_eq!(add(number).await.unwrap(), 1);
    }
    let refused = add(MAX_WITH_UPLOADS + 1).await;
    assert!(matches!(refused, Err(AttestError::TooMany)), "{refused:?}");
    assert_eq!(counted().await, 1);
    // They take no room from those that installers see.
    let published = scene.file("demo-1.0.tar.gz", &[(&at(2), &github)]);
    let added = releases
        .attest(&origin(), id, &published.attestations, None)
        .await;
    assert_eq!(added.unwrap(), 1);
    assert_eq!(counted().await, 2);
}
