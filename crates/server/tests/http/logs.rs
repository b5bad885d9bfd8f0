//! The private stack's logs as their clients ask them: what is logged is proved, and each bad request has the API's own
//! shape of refusal.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use touchplate_attest::log::{Checkpoint, NoteKey, check_consistency, inclusion_root, leaf_hash};
use touchplate_attest::{Bundle, Sha256, TrustRoot};
use touchplate_server::app::App;
use touchplate_server::outbound::Issuers;
use touchplate_server::wiring;
use touchplate_testkit::FixedClock;
use touchplate_trust::layout::KeyRing;
use touchplate_trust::{Domain, Predicate, Recipe, Workload};
use tower::ServiceExt as _;

use touchplate_server::Clock as _;

use crate::stack::Stack;

pub(crate) const ENTRIES1: &str = "/trust/rekor1/api/v1/log/entries";
pub(crate) const ENTRIES2: &str = "/trust/rekor2/api/v2/log/entries";
const FILE: &[u8] = b"the file's bytes";
const NAME: &str = "sampleproject-1.0.tar.gz";

pub(crate) struct World {
    app: App,
    clock: Arc<FixedClock>,
    domain: Domain,
    rekor1: Vec<u8>,
    rekor2: Vec<u8>,
    _stack: Stack,
}

pub(crate) struct Said {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Refused as Rekor v1 refuses.
    pub(crate) fn refuses1(&self, status: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        let said = self.json();
        let message = said["message"].as_str().unwrap();
        assert_eq!(said, json!({"code": status, "message": message}));
        assert!(message.contains(words), "{message}");
    }

    /// Refused as a gRPC gateway refuses.
    pub(crate) fn refuses2(&self, status: u16, code: u16, words: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        let said = self.json();
        let message = said["message"].as_str().unwrap();
        assert_eq!(
            said,
            json!({"code": code, "message": message, "details": []})
        );
        assert!(message.contains(words), "{message}");
    }
}

impl World {
    async fn new() -> Self {
        Self::with(Stack::new(Issuers::default()).await)
    }

    pub(crate) fn with(stack: Stack) -> Self {
        let current = |ring: &KeyRing| ring.current(stack.clock.now()).unwrap().key.clone();
        Self {
            domain: Domain::new("trust.example", stack.clock.now()).unwrap(),
            rekor1: current(&stack.keys.rekor1).public().to_vec(),
            rekor2: current(&stack.keys.rekor2).public().to_vec(),
            clock: stack.clock.clone(),
            app: stack.app.clone(),
            _stack: stack,
        }
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Said {
        let answer = wiring::router(self.app.clone())
            .oneshot(request)
            .await
            .unwrap();
        let (parts, body) = answer.into_parts();
        Said {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Said {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into());
        self.ask(request.unwrap()).await
    }

    async fn propose(&self, path: &str, proposal: &Value) -> Said {
        self.post(path, proposal.to_string()).await
    }

    fn recipe(&self) -> Recipe {
        let who = Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0");
        let digest = Sha256::of(FILE);
        self.domain
            .recipe(&who, NAME, &digest, Predicate::Publish, self.clock.now())
    }

    fn bundle(&self, recipe: &Recipe) -> Value {
        serde_json::from_slice(&self.domain.mint_bundle(recipe).unwrap().json).unwrap()
    }

    fn dsse(&self) -> (Value, Value) {
        let bundle = self.bundle(&self.recipe());
        let proposal = json!({
            "kind": "dsse",
            "apiVersion": "0.0.1",
            "spec": {"proposedContent": {
                "envelope": bundle["dsseEnvelope"].to_string(),
                "verifiers": [logged(&bundle)["spec"]["signatures"][0]["verifier"]],
            }},
        });
        (proposal, bundle)
    }

    fn hashed_rekord_v2(&self) -> Value {
        let bundle = self.bundle(&self.recipe().in_rekor_v2(self.clock.now()));
        let spec = &logged(&bundle)["spec"]["hashedRekordV002"];
        json!({"hashedRekordRequestV002": {
            "digest": spec["data"]["digest"],
            "signature": spec["signature"],
        }})
    }
}

/// The body that a minted bundle's entry has.
fn logged(bundle: &Value) -> Value {
    let body = &bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"];
    serde_json::from_slice(&STANDARD.decode(body.as_str().unwrap()).unwrap()).unwrap()
}

fn hash(text: &Value) -> [u8; 32] {
    hex::decode(text.as_str().unwrap())
        .unwrap()
        .try_into()
        .unwrap()
}

#[tokio::test]
async fn what_is_logged_in_rekor1_is_proved_by_its_answer() {
    let world = World::new().await;
    for _ in 0..3 {
        let (proposal, _) = world.dsse();
        assert_eq!(world.propose(ENTRIES1, &proposal).await.status, 201);
    }
    let (proposal, mut bundle) = world.dsse();
    let said = world.propose(ENTRIES1, &proposal).await;
    assert_eq!(said.status, 201, "{}", said.text());
    let answer = said.json();
    let (uuid, entry) = answer.as_object().unwrap().iter().next().unwrap();
    assert_eq!(said.header("location"), format!("{ENTRIES1}/{uuid}"));
    assert_eq!(entry["logIndex"], 3);
    let proof = &entry["verification"]["inclusionProof"];
    let hex_to_base64 = |text: &Value| STANDARD.encode(hash(text));
    // As a signer makes a bundle of it; under a root that believes this log.
    bundle["verificationMaterial"]["tlogEntries"][0] = json!({
        "logIndex": entry["logIndex"].to_string(),
        "logId": {"keyId": hex_to_base64(&entry["logID"])},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": entry["integratedTime"].to_string(),
        "inclusionPromise": {"signedEntryTimestamp": entry["verification"]["signedEntryTimestamp"]},
        "inclusionProof": {
            "logIndex": proof["logIndex"].to_string(),
            "rootHash": hex_to_base64(&proof["rootHash"]),
            "treeSize": proof["treeSize"].to_string(),
            "hashes": proof["hashes"].as_array().unwrap().iter().map(hex_to_base64).collect::<Vec<_>>(),
            "checkpoint": {"envelope": proof["checkpoint"]},
        },
        "canonicalizedBody": entry["body"],
    });
    let mut root: Value = serde_json::from_slice(&world.domain.trusted_root_json()).unwrap();
    root["tlogs"] = json!([{
        "baseUrl": "https://packages.example/trust/rekor1",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": STANDARD.encode(&world.rekor1),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        },
        "logId": {"keyId": hex_to_base64(&entry["logID"])},
    }]);
    let root = TrustRoot::from_json(root.to_string().as_bytes()).unwrap();
    let read = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let artifact = touchplate_attest::Artifact::of(FILE);
    touchplate_attest::verify_bundle(&artifact, &read, None, &root, world.clock.now()).unwrap();
}

#[tokio::test]
async fn entries_are_found_by_name_index_proposal_and_search() {
    let world = World::new().await;
    let (proposal, _) = world.dsse();
    let said = world.propose(ENTRIES1, &proposal).await.json();
    let uuid = said.as_object().unwrap().keys().next().unwrap().clone();
    let told = |mut answer: Value| {
        // Each answer is signed anew.
        let verification = &mut answer[uuid.as_str()]["verification"];
        verification["signedEntryTimestamp"] = Value::Null;
        answer
    };
    let expected = told(said.clone());
    for path in [
        format!("{ENTRIES1}/{uuid}"),
        format!("{ENTRIES1}/{}", &uuid[16..]),
        format!("{ENTRIES1}?logIndex=0"),
    ] {
        assert_eq!(told(world.get(&path).await.json()), expected, "{path}");
    }
    let retrieve = format!("{ENTRIES1}/retrieve");
    for asked in [
        json!({"entryUUIDs": [uuid]}),
        json!({"logIndexes": [0, 7]}),
        json!({"entries": [proposal]}),
    ] {
        let found = world.propose(&retrieve, &asked).await.json();
        assert_eq!(found.as_array().unwrap().len(), 1, "{asked}");
        assert_eq!(told(found[0].clone()), expected, "{asked}");
    }
    let search = "/trust/rekor1/api/v1/index/retrieve";
    let san =
        "https://github.com/example/sampleproject/.github/workflows/release.yml@refs/tags/v1.0";
    let verifier = &proposal["spec"]["proposedContent"]["verifiers"][0];
    let digest = format!("sha256:{}", Sha256::of(FILE));
    for (query, expected) in [
        (json!({"hash": digest}), vec![&uuid]),
        (json!({"email": san}), vec![&uuid]),
        (
            json!({"publicKey": {"format": "x509", "content": verifier}}),
            vec![&uuid],
        ),
        (
            json!({"hash": digest, "email": "nobody@example.org", "operator": "or"}),
            vec![&uuid],
        ),
        (
            json!({"hash": digest, "email": "nobody@example.org", "operator": "and"}),
            vec![],
        ),
        (json!({"hash": "0".repeat(64)}), vec![]),
    ] {
        let found = world.propose(search, &query).await.json();
        assert_eq!(found, json!(expected), "{query}");
    }
}

#[tokio::test]
async fn an_equal_entry_is_a_conflict_that_says_where_it_is() {
    let world = World::new().await;
    let (proposal, _) = world.dsse();
    let first = world.propose(ENTRIES1, &proposal).await;
    let again = world.propose(ENTRIES1, &proposal).await;
    again.refuses1(409, "already exists in the transparency log with UUID");
    assert_eq!(again.header("location"), first.header("location"));
    let proposal = world.hashed_rekord_v2();
    assert_eq!(world.propose(ENTRIES2, &proposal).await.status, 201);
    let again = world.propose(ENTRIES2, &proposal).await;
    again.refuses2(
        409,
        6,
        "already exists in the transparency log with index 0",
    );
    assert_eq!(again.header("x-log-index"), "0");
}

#[tokio::test]
async fn what_is_logged_in_rekor2_is_in_its_tiles() {
    let world = World::new().await;
    let mut last = Value::Null;
    for _ in 0..3 {
        let said = world.propose(ENTRIES2, &world.hashed_rekord_v2()).await;
        assert_eq!(said.status, 201, "{}", said.text());
        last = said.json();
    }
    let note = world.get("/trust/rekor2/api/v2/checkpoint").await;
    assert_eq!(note.header("cache-control"), "no-store");
    let note = note.text();
    assert_eq!(last["inclusionProof"]["checkpoint"]["envelope"], note);
    let checkpoint = Checkpoint::parse(&note).unwrap();
    let key = NoteKey::new("packages.example/trust/rekor2", &world.rekor2).unwrap();
    key.check(&checkpoint).unwrap();
    assert_eq!(last["logId"], json!({"keyId": STANDARD.encode(key.id())}));
    let tile = world.get("/trust/rekor2/api/v2/tile/entries/000.p/3").await;
    assert_eq!(tile.status, 200);
    assert!(tile.header("cache-control").contains("immutable"));
    let body = STANDARD.decode(last["canonicalizedBody"].as_str().unwrap());
    let body = body.unwrap();
    assert!(tile.body.ends_with(&body));
    let hashes = world.get("/trust/rekor2/api/v2/tile/0/000.p/3").await.body;
    assert_eq!(hashes[64..], leaf_hash(&body));
    let proof: Vec<[u8; 32]> = last["inclusionProof"]["hashes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let bytes = STANDARD.decode(it.as_str().unwrap()).unwrap();
            bytes.try_into().unwrap()
        })
        .collect();
    let root = inclusion_root(&leaf_hash(&body), 2, 3, &proof).unwrap();
    assert_eq!(&root, checkpoint.root_hash());
}

#[tokio::test]
async fn a_logs_growth_is_proved() {
    let world = World::new().await;
    let mut roots = Vec::new();
    for _ in 0..4 {
        let (proposal, _) = world.dsse();
        world.propose(ENTRIES1, &proposal).await;
        let info = world.get("/trust/rekor1/api/v1/log").await.json();
        roots.push(hash(&info["rootHash"]));
    }
    let info = world.get("/trust/rekor1/api/v1/log").await.json();
    assert_eq!(info["treeSize"], 4);
    assert_eq!(info["inactiveShards"], json!([]));
    let tree = info["treeID"].as_str().unwrap();
    let proof = "/trust/rekor1/api/v1/log/proof";
    for (first, last) in [(1, 4), (2, 3), (3, 3), (3, 4)] {
        let path = format!("{proof}?firstSize={first}&lastSize={last}&treeID={tree}");
        let said = world.get(&path).await.json();
        let hashes: Vec<_> = said["hashes"]
            .as_array()
            .unwrap()
            .iter()
            .map(hash)
            .collect();
        let (old, new) = (roots[first - 1], hash(&said["rootHash"]));
        assert_eq!(new, roots[last - 1], "{path}");
        check_consistency((first as u64, &old), (last as u64, &new), &hashes).unwrap();
    }
    for (query, words) in [
        ("lastSize=5", "greater than what is currently observable(4)"),
        ("firstSize=3&lastSize=2", "must be at least 1"),
        ("firstSize=0&lastSize=2", "must be at least 1"),
        ("lastSize=2&treeID=1", "only one"),
        ("lastSize=x", ""),
        ("", "lastSize"),
    ] {
        let said = world.get(&format!("{proof}?{query}")).await;
        said.refuses1(400, words);
    }
    let key = world.get("/trust/rekor1/api/v1/log/publicKey").await;
    assert_eq!(key.header("content-type"), "application/x-pem-file");
    assert!(key.text().starts_with("-----BEGIN PUBLIC KEY-----\n"));
}

#[tokio::test]
async fn bad_proposals_are_refused_in_the_shape_of_each_api() {
    let world = World::new().await;
    let (good, bundle) = world.dsse();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut envelope = bundle["dsseEnvelope"].clone();
        change(&mut envelope);
        let mut changed = good.clone();
        changed["spec"]["proposedContent"]["envelope"] = envelope.to_string().into();
        changed
    };
    let two = with(&|it| {
        let one = it["signatures"][0].clone();
        it["signatures"] = json!([one, one]);
    });
    let payload_type = with(&|it| it["payloadType"] = "application/json".into());
    let forged = with(&|it| it["signatures"][0]["sig"] = "AAAA".into());
    for (proposal, words) in [
        (&two, "expected one signature in the envelope, found 2"),
        (
            &payload_type,
            "expected the payload type application/vnd.in-toto+json",
        ),
        (&forged, "verifying signature"),
        (&json!({}), "another form than its kind"),
        (&json!([]), "another form than its kind"),
    ] {
        let said = world.propose(ENTRIES1, proposal).await;
        said.refuses1(400, words);
        assert!(
            said.json()["message"]
                .as_str()
                .unwrap()
                .starts_with("error processing entry: ")
        );
    }
    world
        .post(ENTRIES1, "{")
        .await
        .refuses1(400, "not valid JSON");

    let good = world.hashed_rekord_v2();
    let mut forged = good.clone();
    forged["hashedRekordRequestV002"]["signature"]["content"] = "AAAA".into();
    let mut details = good.clone();
    details["hashedRekordRequestV002"]["signature"]["verifier"]["keyDetails"] =
        "PKIX_ED25519".into();
    for (proposal, words) in [
        (&forged, "verifying signature"),
        (&details, "expected keyDetails to be"),
        (&json!({"dsseRequestV002": {}}), "found dsse 0.0.2"),
        (&json!({}), "another form than its kind"),
    ] {
        world
            .propose(ENTRIES2, proposal)
            .await
            .refuses2(400, 3, words);
    }
    world
        .post(ENTRIES2, "{")
        .await
        .refuses2(400, 3, "not valid JSON");
    // Nothing of it was logged.
    let info = world.get("/trust/rekor1/api/v1/log").await.json();
    assert_eq!(info["treeSize"], 0);
    let note = world.get("/trust/rekor2/api/v2/checkpoint").await.text();
    assert_eq!(Checkpoint::parse(&note).unwrap().tree_size(), 0);
}

#[tokio::test]
async fn a_huge_body_is_refused_before_it_is_read() {
    const HUGE: usize = 100 * 1024 * 1024;
    let world = World::new().await;
    let announced = |path: &str| {
        Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, HUGE)
            .body(Body::from(vec![b' '; HUGE]))
            .unwrap()
    };
    let unannounced = || {
        let pieces = (0..HUGE / (1 << 20)).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    for path in [
        ENTRIES1,
        "/trust/rekor1/api/v1/log/entries/retrieve",
        "/trust/rekor1/api/v1/index/retrieve",
    ] {
        let said = world.ask(announced(path)).await;
        said.refuses1(413, "expected a body of at most");
        let said = world.post(path, unannounced()).await;
        said.refuses1(413, "expected a body of at most");
    }
    let said = world.ask(announced(ENTRIES2)).await;
    said.refuses2(413, 8, "expected a body of at most 65535 bytes");
    let said = world.post(ENTRIES2, unannounced()).await;
    said.refuses2(413, 8, "expected a body of at most 65535 bytes");
}

#[tokio::test]
async fn hostile_paths_are_refused_in_the_shape_of_each_api() {
    let world = World::new().await;
    world.propose(ENTRIES1, &world.dsse().0).await;
    world.propose(ENTRIES2, &world.hashed_rekord_v2()).await;
    for path in [
        "tile/0/000",
        "tile/0/000.p/2",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/1/000.p/1",
        "tile/6/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/..%2f..%2f..%2fstack.toml",
        "tile/0/%2e%2e/000",
        "tile/0/%00",
        "tile/0/%ff%fe",
        "tile/0/00%30.p/1",
        "tile/entries/../../stack.toml",
        "tile/entries/..%5c..%5ckeys",
        "tile//etc/passwd",
        "tile/",
    ] {
        let said = world.get(&format!("/trust/rekor1/{path}")).await;
        said.refuses1(404, "");
        let said = world.get(&format!("/trust/rekor2/api/v2/{path}")).await;
        said.refuses2(404, 5, "");
        assert_eq!(world.get(&format!("/trust/ct/{path}")).await.status, 404);
    }
    assert_eq!(world.get("/trust/rekor1/tile/0/000.p/1").await.status, 200);
    for uuid in ["x", &"0".repeat(63), &"g".repeat(64), "%ff", "..%2f.."] {
        let said = world.get(&format!("{ENTRIES1}/{uuid}")).await;
        said.refuses1(400, "UUID must be");
    }
    let absent = world.get(&format!("{ENTRIES1}/{}", "0".repeat(64))).await;
    absent.refuses1(404, "the log has no such entry");
    for index in ["1", "18446744073709551615"] {
        let said = world.get(&format!("{ENTRIES1}?logIndex={index}")).await;
        said.refuses1(404, "the log has no such entry");
    }
    for query in [
        "",
        "?logIndex=-1",
        "?logIndex=x",
        "?logIndex=1e9",
        "?logIndex=%ff",
    ] {
        world
            .get(&format!("{ENTRIES1}{query}"))
            .await
            .refuses1(400, "");
    }
}

#[tokio::test]
async fn other_methods_types_and_questions_have_the_shape_too() {
    let world = World::new().await;
    let delete = Request::delete(ENTRIES1).body(Body::empty()).unwrap();
    world
        .ask(delete)
        .await
        .refuses1(405, "this URL takes GET, HEAD, POST");
    let get = world.get(ENTRIES2).await;
    get.refuses2(405, 12, "this URL takes POST");
    world
        .get("/trust/rekor1/api/v1/nothing")
        .await
        .refuses1(404, "");
    world
        .get("/trust/rekor2/api/v1/log")
        .await
        .refuses2(404, 5, "");
    let text = |path: &str| {
        let request = Request::post(path).header(header::CONTENT_TYPE, "text/plain");
        request.body(Body::from("{}")).unwrap()
    };
    world
        .ask(text(ENTRIES1))
        .await
        .refuses1(415, "application/json");
    world
        .ask(text(ENTRIES2))
        .await
        .refuses2(415, 3, "application/json");
    let retrieve = format!("{ENTRIES1}/retrieve");
    let many: Vec<u64> = (0..11).collect();
    for asked in [json!({}), json!({"logIndexes": many}), json!({"other": 1})] {
        world.propose(&retrieve, &asked).await.refuses1(422, "");
    }
    let search = "/trust/rekor1/api/v1/index/retrieve";
    for (query, words) in [
        (json!({}), "expected one of email, publicKey and hash"),
        (json!({"hash": "sha256:x"}), "expected a hash"),
        (json!({"publicKey": {"format": "pgp"}}), "PKI format"),
    ] {
        world.propose(search, &query).await.refuses1(400, words);
    }
}

#[tokio::test]
async fn nothing_is_promised_for_an_earlier_time_than_before() {
    let world = World::new().await;
    assert_eq!(world.propose(ENTRIES1, &world.dsse().0).await.status, 201);
    let (proposal, _) = world.dsse();
    world.clock.advance(SignedDuration::from_hours(-1));
    let said = world.propose(ENTRIES1, &proposal).await;
    said.refuses1(503, "clock");
    assert!(["59", "60"].contains(&said.header("retry-after")));
    let info = world.get("/trust/rekor1/api/v1/log").await.json();
    assert_eq!(info["treeSize"], 1);
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(world.propose(ENTRIES1, &proposal).await.status, 201);
}
