//! What is minted well is accepted.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use touchplate_attest::Publisher;
use touchplate_trust::{Domain, Predicate, TrustError};

use crate::support::{
    NAME, decode, digest, domain, github, library, mint, now, ours, publish_with_empty_body,
    workloads,
};

#[test]
fn every_workload_and_predicate_is_accepted_and_is_its_publisher() {
    let domain = domain();
    let root = domain.trusted_root_json();
    for (kind, who, publisher) in workloads() {
        let publisher: Publisher = serde_json::from_value(publisher).unwrap();
        for predicate in [
            Predicate::Publish,
            publish_with_empty_body(),
            Predicate::Slsa,
        ] {
            let json = domain
                .attest(&who, NAME, &digest(), predicate, now())
                .unwrap();
            let json: Value = serde_json::from_slice(&json).unwrap();
            library(&root, &json).unwrap_or_else(|error| panic!("{kind}: {error}"));
            let proven = ours(&root, &json).unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(proven.identity().issuer(), who.issuer);
            assert_eq!(proven.identity().only_san(), Some(&who.san));
            assert_eq!(proven.claims(), &who.claims);
            proven
                .by(&publisher)
                .unwrap_or_else(|error| panic!("{kind}: {error}"));
        }
    }
}

#[test]
fn an_authority_on_p384_is_accepted() {
    let domain = Domain::with_p384_authority("trust.example", now()).unwrap();
    let root = domain.trusted_root_json();
    let json = mint(&domain);
    library(&root, &json).unwrap();
    ours(&root, &json).unwrap();
}

#[test]
fn a_certificate_may_sign_several_statements() {
    let domain = domain();
    let root = domain.trusted_root_json();
    let recipe = domain.recipe(&github(), NAME, &digest(), Predicate::Publish, now());
    let minted = domain.mint_together(&[recipe.clone(), recipe]).unwrap();
    let minted = minted.iter().map(|json| serde_json::from_slice(json));
    let minted: Vec<Value> = minted.collect::<Result<_, _>>().unwrap();
    let [first, second] = minted.as_slice() else {
        panic!("{}", minted.len());
    };
    let certificate = "/verification_material/certificate";
    assert_eq!(first.pointer(certificate), second.pointer(certificate));
    assert_ne!(
        first["envelope"]["signature"],
        second["envelope"]["signature"]
    );
    for json in &minted {
        library(&root, json).unwrap();
        ours(&root, json).unwrap();
    }
    assert!(domain.mint_together(&[]).unwrap().is_empty());
}

#[test]
fn every_proof_of_a_growing_log_is_accepted() {
    let domain = domain();
    let root = domain.trusted_root_json();
    for size in 1..=33 {
        let json = mint(&domain);
        let proof = &json["verification_material"]["transparency_entries"][0]["inclusionProof"];
        assert_eq!(proof["treeSize"], json!(size.to_string()));
        library(&root, &json).unwrap_or_else(|error| panic!("{size}: {error}"));
        ours(&root, &json).unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(domain.log_head().size, size);
        let head = domain.log_head().root.to_vec();
        assert_eq!(decode(&proof["rootHash"]), head);
    }
}

#[test]
fn threads_may_share_a_domain() {
    let domain = domain();
    let root = domain.trusted_root_json();
    let minted: Vec<Value> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..5).map(|_| mint(&domain)).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(domain.log_head().size, 20);
    for json in &minted {
        ours(&root, json).unwrap();
    }
}

#[test]
fn statements_and_attestations_are_written_as_real_ones_are() {
    let json = mint(&domain());
    let statement = String::from_utf8(decode(&json["envelope"]["statement"])).unwrap();
    assert_eq!(
        statement,
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"{NAME}","digest":{{"sha256":"{}"}}}}],"predicateType":"https://docs.pypi.org/attestations/publish/v1","predicate":null}}"#,
            digest()
        )
    );
    let keys = |value: &Value| {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(keys(&json), "envelope verification_material version");
    let material = &json["verification_material"];
    assert_eq!(keys(material), "certificate transparency_entries");
    let entry = &material["transparency_entries"][0];
    assert_eq!(
        keys(entry),
        "canonicalizedBody inclusionPromise inclusionProof integratedTime kindVersion logId logIndex"
    );
    assert_eq!(
        keys(&entry["inclusionProof"]),
        "checkpoint hashes logIndex rootHash treeSize"
    );
    let body = String::from_utf8(decode(&entry["canonicalizedBody"])).unwrap();
    let start = r#"{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{"algorithm":"sha256","value":""#;
    assert!(body.starts_with(start), "{body}");
}

#[test]
fn a_build_is_told_in_the_provenance() {
    let json = domain().attest(&github(), NAME, &digest(), Predicate::Slsa, now());
    let json: Value = serde_json::from_slice(&json.unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&decode(&json["envelope"]["statement"])).unwrap();
    let build = &statement["predicate"]["buildDefinition"];
    assert_eq!(
        build["externalParameters"]["workflow"],
        json!({
            "ref": "refs/tags/v1.0",
            "repository": "https://github.com/example/sampleproject",
            "path": ".github/workflows/release.yml",
        })
    );
    assert_eq!(
        build["resolvedDependencies"][0]["uri"],
        "git+https://github.com/example/sampleproject@refs/tags/v1.0"
    );
}

#[test]
fn keys_that_the_format_does_not_define_are_allowed() {
    let domain = domain();
    let mut recipe = domain.recipe(&github(), NAME, &digest(), Predicate::Publish, now());
    recipe.unknown_keys = true;
    let json: Value = serde_json::from_slice(&domain.mint(&recipe).unwrap()).unwrap();
    assert_eq!(json["unknown"], json["envelope"]["unknown"]);
    ours(&domain.trusted_root_json(), &json).unwrap();
}

#[test]
fn a_domain_costs_little() {
    let fastest = (0..5).map(|_| {
        let start = Instant::now();
        domain();
        start.elapsed()
    });
    // The fastest of five: other tests run beside this one.
    let fastest = fastest.min().unwrap();
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
}

#[test]
fn names_and_times_that_do_not_fit_are_refused() {
    for name in ["", "Trust.example", "trust.example\n", "ü", &"a".repeat(64)] {
        let refused = Domain::new(name, now()).map(|_| ()).unwrap_err();
        assert!(matches!(&refused, TrustError::Name { found } if found == name));
    }
    let before = "1969-12-31T23:59:59Z".parse().unwrap();
    let refused = domain().attest(&github(), NAME, &digest(), Predicate::Publish, before);
    assert!(matches!(refused, Err(TrustError::Time { .. })));
}
