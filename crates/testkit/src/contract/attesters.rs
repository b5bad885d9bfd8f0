//! Attesters, and what is attested after an upload.

use touchplate_attest::{
    Attestation, FileFacts, Proven, PublisherError, Sha256, TrustRoot, Verified, verify,
};
use touchplate_index::Ports;
use touchplate_index::attesters::{
    Attester, AttesterRole, Attributed, Capacity, ChangeAttestersError, Expected, MAX_ATTESTERS,
    Predicates,
};
use touchplate_index::ports::{
    AddLateError, AttesterId, FileId, LateOutcome, ProjectId, ProjectTarget, PutAttester, Serial,
    Viewer,
};
use touchplate_index::projects::Visibility;
use touchplate_trust::{Domain, Predicate, Workload};

use super::{NOW, demo, filename, head, name, origin, project, upload, user};

const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn auditor(types: &str) -> Attester {
    attester(&format!(
        r#"{{"role":"auditor","identity":{{"san":"audit@example.org","issuer":"{ISSUER}"}},"predicate_types":{types}}}"#
    ))
}

fn rebuilder() -> Attester {
    attester(
        r#"{"role":"rebuilder","publisher":{"kind":"GitHub","repository":"re/build","workflow":"re.yml"}}"#,
    )
}

fn attester(json: &str) -> Attester {
    Attester::parse(json.as_bytes()).expect("an attester")
}

async fn demo_id(ports: &Ports) -> ProjectId {
    let ProjectTarget::Existing(id) = demo(ports).await else {
        unreachable!("demo gives an existing project")
    };
    id
}

pub(super) async fn attesters_are_put_replaced_and_removed(ports: Ports) {
    let id = demo_id(&ports).await;
    let project = name("demo");
    let put = async |attester: &Attester| {
        let ports = &ports.attesters;
        ports.put(&origin(), &name("demo"), attester).await
    };
    let serial = ports.projects.by_name(&project).await.unwrap().unwrap();
    let Ok(PutAttester::Added(first)) = put(&auditor("null")).await else {
        panic!("it is new")
    };
    let before = head(&ports).await;
    let again = put(&auditor("null")).await.unwrap();
    assert_eq!(again, PutAttester::Unchanged(first));
    assert_eq!(head(&ports).await, before, "putting it again is no change");
    let narrower = auditor(r#"["urn:example:audit"]"#);
    assert_eq!(put(&narrower).await.unwrap(), PutAttester::Changed(first));
    let second = put(&rebuilder()).await.unwrap().id();
    let listed = ports.attesters.list(id).await.unwrap();
    let seen: Vec<_> = listed.into_iter().map(|it| (it.id, it.attester)).collect();
    assert_eq!(seen, [(first, narrower), (second, rebuilder())]);

    let other = name("other");
    let nowhere = ports.attesters.put(&origin(), &other, &rebuilder()).await;
    assert!(
        matches!(nowhere, Err(ChangeAttestersError::NoSuchProject(_))),
        "{nowhere:?}"
    );
    let replace = async |id, attester: &Attester| {
        let ports = &ports.attesters;
        ports.replace(&origin(), &name("demo"), id, attester).await
    };
    let taken = replace(second, &auditor("null")).await;
    assert!(
        matches!(taken, Err(ChangeAttestersError::Exists { id, .. }) if id == first),
        "{taken:?}"
    );
    let missing = replace(AttesterId(999), &auditor(r#"["urn:a:b"]"#)).await;
    assert!(
        matches!(missing, Err(ChangeAttestersError::Exists { .. })),
        "{missing:?}"
    );
    let builder = Attester {
        role: AttesterRole::Builder,
        ..rebuilder()
    };
    let missing = replace(AttesterId(999), &builder).await;
    assert!(
        matches!(missing, Err(ChangeAttestersError::NoSuchAttester { .. })),
        "{missing:?}"
    );
    replace(second, &builder).await.unwrap();
    let before = head(&ports).await;
    replace(second, &builder).await.unwrap();
    assert_eq!(
        head(&ports).await,
        before,
        "replacing it by itself is no change"
    );
    let keys = [builder.expected.lookup_key(), "nothing".to_owned()];
    let found = ports.attesters.candidates(id, &keys).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, &found[0].attester), (second, &builder));
    assert!(
        ports
            .attesters
            .candidates(id, &[])
            .await
            .unwrap()
            .is_empty()
    );

    let remove = async |id| ports.attesters.remove(&origin(), &project, id).await;
    assert!(remove(first).await.unwrap());
    assert!(!remove(first).await.unwrap());
    let rows = ports.journal.after(Serial(2), 100).await.unwrap();
    let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "add attester",
            "change attester",
            "add attester",
            "change attester",
            "remove attester"
        ]
    );
    assert!(rows.iter().all(|row| row.project == Some(name("demo"))));
    let now = ports
        .projects
        .by_name(&name("demo"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(now.serial, serial.serial, "no page of an installer changed");
    ports
        .projects
        .delete(&origin(), &name("demo"))
        .await
        .unwrap();
    assert!(ports.attesters.list(id).await.unwrap().is_empty());
}

pub(super) async fn attesters_of_a_project_are_bounded(ports: Ports) {
    demo(&ports).await;
    let put = async |number: usize| {
        let json = format!(
            r#"{{"role":"builder","identity":{{"san":"b{number}@example.org","issuer":"{ISSUER}"}}}}"#
        );
        let attester = attester(&json);
        ports
            .attesters
            .put(&origin(), &name("demo"), &attester)
            .await
    };
    for number in 0..MAX_ATTESTERS {
        put(number).await.unwrap();
    }
    let more = put(MAX_ATTESTERS).await;
    assert!(
        matches!(more, Err(ChangeAttestersError::TooMany)),
        "{more:?}"
    );
    put(0).await.unwrap();
}

/// Mints what somebody says of a file.
pub(super) struct Mint {
    domain: Domain,
    root: TrustRoot,
}

impl Mint {
    pub(super) fn new() -> Self {
        let domain = Domain::new("contract.test", NOW).expect("a domain");
        let root = TrustRoot::from_json(&domain.trusted_root_json()).expect("a trust root");
        Self { domain, root }
    }

    fn proven(&self, who: &Workload, given: &str, bytes: &[u8], what: Predicate) -> Proven {
        let (filename, sha256) = (filename(given), Sha256::of(bytes));
        let json = self.domain.attest(who, given, &sha256, what, NOW);
        let attestation = Attestation::parse(&json.expect("it is minted")).expect("it reads");
        let file = FileFacts { filename, sha256 };
        verify(&file, &attestation, &self.root, NOW).expect("it verifies")
    }

    pub(super) fn verified(&self, given: &str, bytes: &[u8]) -> Verified {
        let who = Workload::github("o/r", "w.yml", "refs/tags/v1");
        let proven = self.proven(&who, given, bytes, Predicate::Publish);
        let publisher = r#"{"kind":"GitHub","repository":"o/r","workflow":"w.yml"}"#;
        let publisher: Result<_, PublisherError> =
            touchplate_attest::Publisher::parse(publisher.as_bytes());
        proven
            .by(&publisher.expect("a publisher"))
            .expect("it is theirs")
    }

    fn by_auditor(&self, given: &str, bytes: &[u8]) -> Attributed {
        let who = Workload::email("audit@example.org", ISSUER);
        let proven = self.proven(&who, given, bytes, Predicate::Slsa);
        Attributed::by_attester(&proven, &auditor("null")).expect("it is theirs")
    }
}

async fn file_id(ports: &Ports, given: &str) -> FileId {
    let found = ports
        .releases
        .file(&filename(given), Viewer::Index)
        .await
        .unwrap();
    found.expect("it is there").1.id
}

pub(super) async fn later_attestations_are_kept_aside(ports: Ports) {
    let mint = Mint::new();
    let at = demo(&ports).await;
    let given = "demo-1.0.tar.gz";
    let mut file = upload(at.clone(), given, b"1");
    file.attestations = vec![mint.verified(given, b"1")];
    ports.releases.record(&origin(), &file).await.unwrap();
    let id = file_id(&ports, given).await;
    let shown = async || {
        let files = ports
            .releases
            .project_files(&name("demo"), Viewer::Index)
            .await
            .unwrap()
            .unwrap();
        let attestations = ports.releases.attestations(id).await.unwrap();
        let jsons: Vec<_> = attestations.into_iter().map(|it| it.json).collect();
        (files.project.serial, format!("{:?}", files.files), jsons)
    };
    let before = (shown().await, head(&ports).await);

    let audit = mint.by_auditor(given, b"1");
    let add = async |attributed: &Attributed| ports.late.add(&origin(), id, attributed).await;
    assert_eq!(add(&audit).await.unwrap(), LateOutcome::Added);
    assert_eq!(shown().await, before.0, "what installers read changed");
    let listed = ports.late.list(id).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].json, audit.proven().attestation().json());
    assert_eq!(listed[0].facts.record, audit.record());
    assert_eq!(
        listed[0].facts.capacity,
        Capacity::Attester(AttesterRole::Auditor)
    );
    let added = listed[0].facts.added.clone().expect("it was added later");
    assert_eq!((added.at, added.by.as_str()), (NOW, "operator"));
    let rows = ports.journal.after(Serial(before.1), 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].action.as_str(), rows[0].project.clone()),
        ("add later attestation", Some(name("demo")))
    );

    // The same once more, another in its place, and those that the upload brought.
    let equal = add(&audit).await.unwrap();
    assert_eq!(equal, LateOutcome::Equal(Box::new(listed[0].facts.clone())));
    let other = add(&mint.by_auditor(given, b"1")).await;
    assert!(matches!(other, Err(AddLateError::Different)), "{other:?}");
    let equal = add(&Attributed::by_publisher(&file.attestations[0]))
        .await
        .unwrap();
    assert!(
        matches!(&equal, LateOutcome::Equal(facts) if facts.added.is_none()),
        "{equal:?}"
    );
    let other = add(&Attributed::by_publisher(&mint.verified(given, b"1"))).await;
    assert!(matches!(other, Err(AddLateError::Different)), "{other:?}");
    let gone = ports.late.add(&origin(), FileId(999), &audit).await;
    assert!(matches!(gone, Err(AddLateError::NoSuchFile)), "{gone:?}");
    assert_eq!(head(&ports).await, before.1 + 1);
    assert_eq!(ports.late.list(id).await.unwrap().len(), 1);

    ports
        .releases
        .delete_file(&origin(), &filename(given))
        .await
        .unwrap();
    assert!(ports.late.list(id).await.unwrap().is_empty());
}

pub(super) async fn an_upload_brings_nothing_that_was_added_before(ports: Ports) {
    let mint = Mint::new();
    let at = demo(&ports).await;
    let given = "demo-1.0.tar.gz";
    ports
        .releases
        .record(&origin(), &upload(at, given, b"1"))
        .await
        .unwrap();
    let id = file_id(&ports, given).await;
    let verified = mint.verified(given, b"1");
    let late = Attributed::by_publisher(&verified);
    assert_eq!(
        ports.late.add(&origin(), id, &late).await.unwrap(),
        LateOutcome::Added
    );
    let before = head(&ports).await;
    let added = ports
        .releases
        .attest(&origin(), id, &[verified], None)
        .await
        .unwrap();
    assert_eq!((added, head(&ports).await), (0, before));
    assert!(ports.releases.attestations(id).await.unwrap().is_empty());
}

pub(super) async fn of_racing_attestations_one_is_kept(ports: Ports) {
    let mint = Mint::new();
    let at = demo(&ports).await;
    let given = "demo-1.0.tar.gz";
    let file = upload(at, given, b"1");
    ports.releases.record(&origin(), &file).await.unwrap();
    let id = file_id(&ports, given).await;
    // Half of them as if they came with the same upload once more: whichever is first stays, in one place.
    let mut tries = Vec::new();
    for number in 0..8 {
        let (ports, verified) = (ports.clone(), mint.verified(given, b"1"));
        tries.push(tokio::spawn(async move {
            if number % 2 == 0 {
                let late = Attributed::by_publisher(&verified);
                let added = ports.late.add(&origin(), id, &late).await;
                return u32::from(added.is_ok());
            }
            let added = ports
                .releases
                .attest(&origin(), id, &[verified], None)
                .await;
            added.expect("it finds its file")
        }));
    }
    let mut won = 0;
    for one in tries {
        won += one.await.expect("it does not panic");
    }
    let kept = ports.late.list(id).await.unwrap().len();
    let uploaded = ports.releases.attestations(id).await.unwrap().len();
    assert_eq!((won, kept + uploaded), (1, 1));
}

pub(super) async fn files_are_found_by_digest_with_all_their_attestations(ports: Ports) {
    let mint = Mint::new();
    let at = demo(&ports).await;
    ports
        .accounts
        .add_user(&origin(), &user("bob"))
        .await
        .unwrap();
    let created = ports
        .projects
        .create(&origin(), &project("other", Some("bob")))
        .await;
    let other = ProjectTarget::Existing(created.unwrap().id);
    let (one, two, three) = (
        "demo-1.0.tar.gz",
        "demo-1.0-py3-none-any.whl",
        "other-1.0.tar.gz",
    );
    let mut attested = upload(at.clone(), one, b"1");
    attested.attestations = vec![mint.verified(one, b"1")];
    for file in [attested, upload(at, two, b"2"), upload(other, three, b"2")] {
        ports.releases.record(&origin(), &file).await.unwrap();
    }
    let id = file_id(&ports, one).await;
    let audit = mint.by_auditor(one, b"1");
    ports.late.add(&origin(), id, &audit).await.unwrap();

    let asked = [b"1", b"2", b"3"].map(|bytes| Sha256::of(bytes));
    let bob = user("bob");
    let weighed = ports.late.by_digest(&asked, Some(&bob)).await.unwrap();
    let weight: Vec<_> = weighed.iter().map(|it| (it.sha256, it.bytes > 0)).collect();
    assert_eq!(
        weight,
        [(asked[0], true), (asked[1], false), (asked[1], false)]
    );
    let ids: Vec<FileId> = weighed.iter().map(|it| it.id).collect();
    let found = ports.late.of_files(&ids, Some(&bob)).await.unwrap();
    let seen: Vec<_> = found
        .iter()
        .map(|it| {
            (
                it.project.name.as_str(),
                it.file.filename.as_str(),
                it.is_member,
                it.attestations.len(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("demo", one, false, 2),
            ("demo", two, false, 0),
            ("other", three, true, 0)
        ]
    );
    let known = &found[0].attestations;
    let verified = mint.verified(one, b"1");
    assert_eq!(known[0].facts.capacity, Capacity::Publisher);
    assert_eq!(
        known[0].facts.record.expected,
        Expected::Publisher(verified.publisher().clone())
    );
    assert!(known[0].facts.added.is_none() && known[1].facts.added.is_some());
    assert_eq!(known[1].facts.record, audit.record());
    // As each port tells them by itself, and no more than what was weighed.
    let uploaded = ports.releases.attestations(id).await.unwrap();
    let later = ports.late.list(id).await.unwrap();
    assert_eq!(known[0].json, uploaded[0].json);
    assert_eq!(known[1].json, later[0].json);
    let texts = known.iter().map(|it| it.json.len() as u64);
    assert!(texts.sum::<u64>() < weighed[0].bytes);

    assert!(ports.late.by_digest(&[], None).await.unwrap().is_empty());
    assert!(ports.late.of_files(&[], None).await.unwrap().is_empty());
    let nobody = ports.late.of_files(&ids[1..], None).await.unwrap();
    assert!(nobody.len() == 2 && nobody.iter().all(|it| !it.is_member));
    assert_eq!(auditor("null").predicates, Predicates::Any);

    // What became private since it was weighed is not told, and what is gone neither.
    let other = "other".parse().unwrap();
    let hidden = ports
        .projects
        .set_visibility(&origin(), &other, Visibility::Private, None)
        .await;
    hidden.unwrap();
    let gone = filename(two);
    ports.releases.delete_file(&origin(), &gone).await.unwrap();
    let alice = user("alice");
    let told = async |member| -> Vec<usize> {
        let weighed = ports.late.by_digest(&asked, member).await.unwrap();
        let found = ports.late.of_files(&ids, member).await.unwrap();
        vec![weighed.len(), found.len()]
    };
    assert_eq!(told(None).await, [1, 1]);
    assert_eq!(told(Some(&alice)).await, [1, 1]);
    assert_eq!(told(Some(&bob)).await, [2, 2]);
}
