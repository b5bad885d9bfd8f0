//! Trust roots, whole and with windows that have ended.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use touchplate_trust::{Predicate, Window, Windows};

use crate::support::{NAME, digest, domain, github, library, mint, now, ours};

#[test]
fn a_root_has_what_clients_ask_of_it() {
    let root: Value = serde_json::from_slice(&domain().trusted_root_json()).unwrap();
    let media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
    assert_eq!(root["mediaType"], media_type);
    assert_eq!(root["tlogs"][0]["baseUrl"], "https://rekor.trust.example");
    let chain = &root["certificateAuthorities"][0]["certChain"]["certificates"];
    assert_eq!(chain.as_array().unwrap().len(), 2);
    // Rekor v2's key and its id are of another kind.
    let second = &root["tlogs"][1];
    assert_eq!(second["baseUrl"], "https://rekor2.trust.example");
    assert_eq!(second["publicKey"]["keyDetails"], "PKIX_ED25519");
    assert_eq!(root["tlogs"].as_array().unwrap().len(), 2);
    let stamps = &root["timestampAuthorities"][0];
    let chain = &stamps["certChain"]["certificates"];
    assert_eq!(chain.as_array().unwrap().len(), 2);
    assert_eq!(stamps["validFor"]["start"], "2024-06-15T12:00:00Z");
    for log in ["tlogs", "ctlogs"] {
        let key = &root[log][0]["publicKey"];
        assert_eq!(key["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
        // A year before the domain was made, without the fraction of a second.
        assert_eq!(key["validFor"]["start"], "2024-06-15T12:00:00Z");
    }
    // Clients hold a checkpoint against the log's address.
    let json = mint(&domain());
    let entry = &json["verification_material"]["transparency_entries"][0];
    let note = entry["inclusionProof"]["checkpoint"]["envelope"]
        .as_str()
        .unwrap();
    assert!(note.starts_with("rekor.trust.example - 1\n1\n"), "{note}");
    assert!(note.contains("\n\u{2014} rekor.trust.example "), "{note}");
}

#[test]
fn what_was_signed_outside_a_window_is_refused() {
    type Part = fn(&mut Windows) -> &mut Window;
    let parts: [(&str, Part); 3] = [
        ("the log", |windows| &mut windows.log),
        ("the authority", |windows| &mut windows.authority),
        ("the certificate log", |windows| {
            &mut windows.certificate_log
        }),
    ];
    let domain = domain();
    let json = mint(&domain);
    let minute = SignedDuration::from_mins(1);
    let of = |part: Part, start: Timestamp, end: Option<Timestamp>| {
        let mut windows = domain.windows();
        *part(&mut windows) = Window { start, end };
        domain.trusted_root_json_within(&windows)
    };
    for (name, part) in parts {
        let begun = domain.windows().log.start;
        for (start, end) in [(begun, Some(now() - minute)), (now() + minute, None)] {
            let root = of(part, start, end);
            let refused = ours(&root, &json).map(|_| ()).unwrap_err();
            assert!(refused.contains("did not believe"), "{name}: {refused}");
            library(&root, &json).expect_err(name);
        }
        let root = of(part, begun, Some(now() + minute));
        ours(&root, &json).unwrap_or_else(|error| panic!("{name}: {error}"));
        library(&root, &json).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn what_was_logged_in_rekor_v2_outside_a_window_is_refused() {
    let domain = domain();
    let recipe = domain.recipe(&github(), NAME, &digest(), Predicate::Publish, now());
    let json = domain.mint(&recipe.in_rekor_v2(now())).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let minute = SignedDuration::from_mins(1);
    let begun = domain.windows().log_v2.start;
    for (start, end) in [(begun, Some(now() - minute)), (now() + minute, None)] {
        let window = Window { start, end };
        let mut windows = domain.windows();
        windows.stamps = window.clone();
        let root = domain.trusted_root_json_within(&windows);
        let refused = ours(&root, &json).map(|_| ()).unwrap_err();
        assert!(refused.contains("does not believe"), "{refused}");
        library(&root, &json).unwrap_err();
        let mut windows = domain.windows();
        windows.log_v2 = window;
        let root = domain.trusted_root_json_within(&windows);
        let refused = ours(&root, &json).map(|_| ()).unwrap_err();
        assert!(refused.contains("did not believe its log"), "{refused}");
        // It holds that key against no time.
        library(&root, &json).unwrap();
    }
}

#[test]
fn another_domain_of_the_same_name_is_another() {
    let json = mint(&domain());
    let root = domain().trusted_root_json();
    ours(&root, &json).map(|_| ()).unwrap_err();
    library(&root, &json).unwrap_err();
}
