//! What is proposed to a Rekor log: a right proposal becomes the body that a log of that kind has, and each wrong one is
//! refused by its own rule. What is right was minted, and `sigstore-verify` accepts its bodies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use touchplate_attest::Sha256;
use touchplate_trust::rekor::{Proposal, ProposalError, Query, QueryError, SearchKey};
use touchplate_trust::{BundleSigner, Domain, KeyKind, Predicate, Recipe};

use crate::support::{MESSAGE, NAME, decode, digest, domain, github, now};

fn recipe(domain: &Domain) -> Recipe {
    domain.recipe(&github(), NAME, &digest(), Predicate::Publish, now())
}

fn minted(domain: &Domain, recipe: &Recipe) -> Value {
    serde_json::from_slice(&domain.mint_bundle(recipe).unwrap().json).unwrap()
}

fn logged(bundle: &Value) -> Value {
    let body = decode(&bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]);
    serde_json::from_slice(&body).unwrap()
}

fn pem(bundle: &Value) -> String {
    let der = &bundle["verificationMaterial"]["certificate"]["rawBytes"];
    let text = der.as_str().unwrap().as_bytes();
    let lines = text.chunks(64).map(|line| String::from_utf8_lossy(line));
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

fn dsse(bundle: &Value) -> Value {
    json!({
        "kind": "dsse",
        "apiVersion": "0.0.1",
        "spec": {"proposedContent": {
            "envelope": bundle["dsseEnvelope"].to_string(),
            "verifiers": [STANDARD.encode(pem(bundle))],
        }},
    })
}

fn hashed_rekord(bundle: &Value) -> Value {
    json!({
        "kind": "hashedrekord",
        "apiVersion": "0.0.1",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": digest()}},
            "signature": {
                "content": bundle["messageSignature"]["signature"],
                "publicKey": {"content": STANDARD.encode(pem(bundle))},
            },
        },
    })
}

/// What is proposed is in the body of what was minted.
fn hashed_rekord_v2(bundle: &Value) -> Value {
    let spec = &logged(bundle)["spec"]["hashedRekordV002"];
    json!({"hashedRekordRequestV002": {
        "digest": spec["data"]["digest"],
        "signature": spec["signature"],
    }})
}

fn v1(proposal: &Value) -> Result<Proposal, ProposalError> {
    Proposal::for_v1(proposal.to_string().as_bytes())
}

fn v2(proposal: &Value) -> Result<Proposal, ProposalError> {
    Proposal::for_v2(proposal.to_string().as_bytes())
}

fn body(proposal: &Proposal) -> Value {
    serde_json::from_slice(proposal.body()).unwrap()
}

fn changed(good: &Value, pointer: &str, to: impl Into<Value>) -> Value {
    let mut changed = good.clone();
    *changed.pointer_mut(pointer).unwrap() = to.into();
    changed
}

/// The same text with its first octet behind base64 changed.
fn other_octet(text: &Value) -> Value {
    let mut bytes = decode(text);
    bytes[0] ^= 1;
    STANDARD.encode(bytes).into()
}

#[test]
fn an_envelope_becomes_the_body_that_rekor_v1_has() {
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain));
    let proposal = v1(&dsse(&bundle)).unwrap();
    assert_eq!(proposal.kind().named(), ("dsse", "0.0.1"));
    let mut expected = logged(&bundle);
    let envelope = Sha256::of(bundle["dsseEnvelope"].to_string().as_bytes());
    expected["spec"]["envelopeHash"]["value"] = envelope.to_string().into();
    assert_eq!(body(&proposal), expected);
    // In one spelling: keys in order, no white space.
    let canonical = serde_json_canonicalizer::to_vec(&expected).unwrap();
    assert_eq!(proposal.body(), &canonical);
}

#[test]
fn line_endings_of_the_verifier_and_nulls_change_nothing() {
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain));
    let good = dsse(&bundle);
    let windows = STANDARD.encode(pem(&bundle).replace('\n', "\r\n"));
    let unfinished = STANDARD.encode(pem(&bundle).trim_end());
    let mut nulls = good.clone();
    for member in ["envelopeHash", "payloadHash", "signatures"] {
        nulls["spec"][member] = Value::Null;
    }
    let verifier = "/spec/proposedContent/verifiers/0";
    for same in [
        changed(&good, verifier, windows),
        changed(&good, verifier, unfinished),
        nulls,
    ] {
        assert_eq!(
            v1(&same).unwrap().body(),
            v1(&good).unwrap().body(),
            "{same}"
        );
    }
}

#[test]
fn artifacts_become_the_bodies_that_rekor_has() {
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain).of_message(MESSAGE));
    let proposal = v1(&hashed_rekord(&bundle)).unwrap();
    assert_eq!(proposal.kind().named(), ("hashedrekord", "0.0.1"));
    assert_eq!(body(&proposal), logged(&bundle));
    for recipe in [recipe(&domain), recipe(&domain).of_message(MESSAGE)] {
        let bundle = minted(&domain, &recipe.in_rekor_v2(now()));
        let proposal = v2(&hashed_rekord_v2(&bundle)).unwrap();
        assert_eq!(proposal.kind().named(), ("hashedrekord", "0.0.2"));
        assert_eq!(body(&proposal), logged(&bundle));
        assert!(proposal.search().is_empty());
    }
}

#[test]
fn managed_keys_of_each_curve_are_logged() {
    let domain = domain();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521] {
        let mut recipe = recipe(&domain).in_rekor_v2(now());
        recipe.bundle.signer = BundleSigner::ManagedKey(kind);
        let bundle = minted(&domain, &recipe);
        let asked = hashed_rekord_v2(&bundle);
        if kind == KeyKind::P256 {
            assert_eq!(body(&v2(&asked).unwrap()), logged(&bundle));
        }
        let other = "PKIX_ECDSA_P384_SHA_384";
        let details = "/hashedRekordRequestV002/signature/verifier/keyDetails";
        if kind != KeyKind::P384 {
            assert!(v2(&changed(&asked, details, other)).is_err());
        }
    }
}

#[test]
fn an_entry_is_found_by_its_signer_its_name_and_its_digests() {
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain));
    let proposal = v1(&dsse(&bundle)).unwrap();
    let asks = |query: &Value| Query::parse(query.to_string().as_bytes()).unwrap();
    let payload = Sha256::of(&decode(&bundle["dsseEnvelope"]["payload"]));
    let san =
        "https://github.com/example/sampleproject/.github/workflows/release.yml@refs/tags/v1.0";
    for query in [
        json!({"hash": format!("sha256:{}", digest())}),
        json!({"hash": digest().to_string().to_uppercase()}),
        json!({"hash": format!("sha256:{payload}")}),
        json!({"email": san}),
        json!({"publicKey": {"format": "x509", "content": STANDARD.encode(pem(&bundle))}}),
    ] {
        let Query { keys, .. } = asks(&query);
        let [key]: [SearchKey; 1] = keys.try_into().unwrap();
        assert!(proposal.search().contains(&key), "{query}");
    }
    let both = asks(&json!({"hash": digest(), "email": san, "operator": "and"}));
    assert!(both.all);
    assert_eq!(both.keys.len(), 2);
    let [stranger] = asks(&json!({"email": "someone@example.org"})).keys[..] else {
        panic!("one key");
    };
    assert!(!proposal.search().contains(&stranger));
}

#[test]
fn each_rule_of_a_query_has_its_own_refusal() {
    use QueryError as E;
    let refused = |query: Value| Query::parse(query.to_string().as_bytes()).unwrap_err();
    assert!(matches!(Query::parse(b"{"), Err(E::Json(_))));
    assert!(matches!(refused(json!({})), E::Empty));
    assert!(matches!(
        refused(json!({"email": "", "hash": ""})),
        E::Empty
    ));
    assert!(matches!(refused(json!({"hash": 1})), E::Form(_)));
    assert!(matches!(refused(json!({"other": "x"})), E::Form(_)));
    assert!(matches!(refused(json!({"operator": "xor"})), E::Form(_)));
    for hash in ["sha256:00", "md5:00", "x", &"g".repeat(64)] {
        assert!(
            matches!(refused(json!({"hash": hash})), E::Hash { .. }),
            "{hash}"
        );
    }
    let key =
        |format: &str, content: &str| json!({"publicKey": {"format": format, "content": content}});
    assert!(matches!(refused(key("pgp", "")), E::KeyFormat));
    assert!(matches!(refused(key("x509", "!")), E::KeyContent));
    assert!(matches!(refused(key("x509", "AAAA")), E::Key(_)));
    let fetched = json!({"publicKey": {"format": "x509", "url": "http://127.0.0.1/"}});
    assert!(matches!(refused(fetched), E::KeyContent));
}

#[test]
fn each_rule_of_an_envelope_has_its_own_refusal() {
    use ProposalError as E;
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain));
    let good = dsse(&bundle);
    let with_envelope = |envelope: &Value| {
        let text = envelope.to_string();
        v1(&changed(&good, "/spec/proposedContent/envelope", text)).unwrap_err()
    };
    let envelope = &bundle["dsseEnvelope"];
    let signature = &envelope["signatures"][0];
    let two = changed(envelope, "/signatures", json!([signature, signature]));
    assert!(matches!(with_envelope(&two), E::Signatures { found: 2 }));
    let none = changed(envelope, "/signatures", json!([]));
    assert!(matches!(with_envelope(&none), E::Signatures { found: 0 }));
    for other in ["application/json", "", "application/vnd.in-toto+json "] {
        let other = changed(envelope, "/payloadType", other);
        assert!(matches!(with_envelope(&other), E::PayloadType { .. }));
    }
    let forged = other_octet(&envelope["payload"]);
    let forged = changed(envelope, "/payload", forged);
    assert!(matches!(with_envelope(&forged), E::Signature(_)));
    let forged = changed(envelope, "/signatures/0/sig", "AAAA");
    assert!(matches!(with_envelope(&forged), E::Signature(_)));
    let unpadded = changed(envelope, "/signatures/0/sig", "AAA");
    assert!(matches!(with_envelope(&unpadded), E::Base64 { .. }));
    assert!(matches!(with_envelope(&json!({})), E::EnvelopeForm(_)));
    let more = changed(envelope, "/signatures/0", json!({"sig": "AAAA", "x": 1}));
    assert!(matches!(with_envelope(&more), E::EnvelopeForm(_)));
    let text = changed(&good, "/spec/proposedContent/envelope", "{");
    assert!(matches!(v1(&text).unwrap_err(), E::Envelope(_)));
    let twice = r#"{"payload":"","payload":""}"#;
    let twice = changed(&good, "/spec/proposedContent/envelope", twice);
    assert!(matches!(v1(&twice).unwrap_err(), E::Envelope(_)));
}

#[test]
fn each_rule_of_a_v1_proposal_has_its_own_refusal() {
    use ProposalError as E;
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain));
    let good = dsse(&bundle);
    assert!(matches!(Proposal::for_v1(b"{"), Err(E::Json(_))));
    let huge = vec![b' '; 100 * 1024 * 1024];
    assert!(matches!(Proposal::for_v1(&huge), Err(E::Json(_))));
    for (kind, version) in [("intoto", "0.0.2"), ("dsse", "0.0.2"), ("rekord", "0.0.1")] {
        let other = changed(&changed(&good, "/kind", kind), "/apiVersion", version);
        assert!(
            matches!(v1(&other).unwrap_err(), E::Kind { .. }),
            "{kind} {version}"
        );
    }
    for member in ["envelopeHash", "payloadHash", "signatures"] {
        let mut computed = good.clone();
        computed["spec"][member] = json!([]);
        let refused = v1(&computed).unwrap_err();
        assert!(
            matches!(refused, E::Computed { member: told } if told == member),
            "{refused:?}"
        );
    }
    let verifiers = |verifiers: Value| {
        v1(&changed(
            &good,
            "/spec/proposedContent/verifiers",
            verifiers,
        ))
        .unwrap_err()
    };
    let right = &good["spec"]["proposedContent"]["verifiers"][0];
    assert!(matches!(
        verifiers(json!([right, right])),
        E::Verifiers { found: 2 }
    ));
    assert!(matches!(verifiers(json!([])), E::Verifiers { found: 0 }));
    assert!(matches!(verifiers(json!(["!"])), E::Base64 { .. }));
    for text in [
        "x".to_owned(),
        pem(&bundle).replace("CERTIFICATE", "PRIVATE KEY"),
        pem(&bundle).repeat(2),
        "x".repeat(100_000),
    ] {
        let refused = verifiers(json!([STANDARD.encode(&text)]));
        assert!(matches!(refused, E::Verifier(_)), "{refused:?}");
    }
    // Another's certificate.
    let other = minted(&domain, &recipe(&domain));
    let refused = verifiers(json!([STANDARD.encode(pem(&other))]));
    assert!(matches!(refused, E::Signature(_)));
    let mut unknown = good.clone();
    unknown["spec"]["unknown"] = json!(1);
    assert!(matches!(v1(&unknown).unwrap_err(), E::Form(_)));
}

#[test]
fn each_rule_of_a_hashedrekord_has_its_own_refusal() {
    use ProposalError as E;
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain).of_message(MESSAGE));
    let good = hashed_rekord(&bundle);
    let refused = |pointer: &str, to: Value| v1(&changed(&good, pointer, to)).unwrap_err();
    let hash = "/spec/data/hash";
    assert!(matches!(
        refused(&format!("{hash}/algorithm"), "sha1".into()),
        E::HashAlgorithm { .. }
    ));
    let upper = digest().to_string().to_uppercase();
    for value in [upper.as_str(), "00", "", "zz"] {
        let refused = refused(&format!("{hash}/value"), value.into());
        assert!(matches!(refused, E::Digest { .. }), "{value}");
    }
    let other = Sha256::of(b"another file").to_string();
    assert!(matches!(
        refused(&format!("{hash}/value"), other.into()),
        E::Signature(_)
    ));
    let signature = other_octet(&bundle["messageSignature"]["signature"]);
    assert!(matches!(
        refused("/spec/signature/content", signature),
        E::Signature(_)
    ));
    assert!(matches!(
        refused("/spec/signature/content", "".into()),
        E::Base64 { .. }
    ));
    // Ed25519 signs messages.
    let ed25519 = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let refused = refused(
        "/spec/signature/publicKey/content",
        STANDARD.encode(ed25519).into(),
    );
    assert!(matches!(refused, E::NeedsMessage), "{refused:?}");
}

#[test]
fn each_rule_of_a_v2_proposal_has_its_own_refusal() {
    use ProposalError as E;
    let domain = domain();
    let bundle = minted(&domain, &recipe(&domain).in_rekor_v2(now()));
    let good = hashed_rekord_v2(&bundle);
    let request = "/hashedRekordRequestV002";
    let at = |pointer: &str, to: Value| {
        v2(&changed(&good, &format!("{request}{pointer}"), to)).unwrap_err()
    };
    assert!(matches!(
        v2(&json!({"dsseRequestV002": {}})).unwrap_err(),
        E::Kind { .. }
    ));
    assert!(matches!(v2(&json!({})).unwrap_err(), E::Form(_)));
    assert!(matches!(
        Proposal::for_v2(&vec![b' '; 100_000]),
        Err(E::Json(_))
    ));
    assert!(matches!(at("/digest", "AAAA".into()), E::Digest { .. }));
    assert!(matches!(at("/digest", "?".into()), E::Base64 { .. }));
    let digest = other_octet(&good["hashedRekordRequestV002"]["digest"]);
    assert!(matches!(at("/digest", digest), E::Signature(_)));
    let verifier = "/signature/verifier";
    for details in ["PKIX_ED25519", "PKIX_RSA_PKCS1V15_2048_SHA256", "", "5"] {
        let refused = at(&format!("{verifier}/keyDetails"), details.into());
        assert!(matches!(refused, E::KeyDetails { .. }), "{details}");
    }
    let right = &good["hashedRekordRequestV002"]["signature"]["verifier"]["x509Certificate"];
    let both = json!({
        "keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": right, "publicKey": right,
    });
    assert!(matches!(at(verifier, both), E::VerifierForm));
    let none = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256"});
    assert!(matches!(at(verifier, none), E::VerifierForm));
    let as_key = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256", "publicKey": right});
    assert!(matches!(at(verifier, as_key), E::Verifier(_)));
    assert!(matches!(
        at(
            &format!("{verifier}/x509Certificate/rawBytes"),
            "AAAA".into()
        ),
        E::Verifier(_)
    ));
}

/// One changed octet is refused, or changes nothing that the signature is over: white space, say, or in the certificate what
/// its authority signed, which is not the log's to check.
#[test]
fn one_changed_octet_changes_nothing_that_is_signed() {
    type Read = fn(&[u8]) -> Result<Proposal, ProposalError>;
    let domain = domain();
    let first = dsse(&minted(&domain, &recipe(&domain)));
    let artifact = recipe(&domain).of_message(MESSAGE);
    let second = hashed_rekord(&minted(&domain, &artifact));
    let stamped = recipe(&domain).in_rekor_v2(now());
    let third = hashed_rekord_v2(&minted(&domain, &stamped));
    let cases: [(&Value, Read, &[&str]); 3] = [
        (
            &first,
            Proposal::for_v1,
            // The envelope's own spelling is not signed.
            &["/spec/envelopeHash", "/spec/signatures/0/verifier"],
        ),
        (&second, Proposal::for_v1, &["/spec/signature/publicKey"]),
        (
            &third,
            Proposal::for_v2,
            &["/spec/hashedRekordV002/signature/verifier"],
        ),
    ];
    for (good, read, unsigned) in cases {
        let text = good.to_string();
        let signed = |proposal: &Proposal| {
            let mut body = body(proposal);
            for pointer in unsigned {
                *body.pointer_mut(pointer).unwrap() = Value::Null;
            }
            body
        };
        let expected = signed(&read(text.as_bytes()).unwrap());
        for changed in each_octet_changed(&text) {
            if let Ok(proposal) = read(&changed) {
                let text = String::from_utf8_lossy(&changed);
                assert_eq!(signed(&proposal), expected, "{text}");
            }
        }
    }
}

/// Every third, which meets each field at each place of base64.
fn each_octet_changed(text: &str) -> impl Iterator<Item = Vec<u8>> {
    (0..text.len()).step_by(3).map(|at| {
        let mut changed = text.as_bytes().to_vec();
        changed[at] ^= 1;
        changed
    })
}
