//! `trust refresh`: what a repository signs is taken, and everything else refused for its own reason.

use std::fs;
use std::net::TcpListener;

use insta::assert_json_snapshot;

use super::{Case, digest, root};
use crate::run::shape;
use crate::tuf_repository::{Key, TufRepository};

/// A store whose public-good domain was refreshed from a repository of the test's.
fn refreshed() -> (Case, TufRepository, Vec<u8>) {
    let case = Case::new();
    let root = root("first.example");
    let repository = TufRepository::new(&root);
    let first = repository.first_root();
    let first = first.to_str().unwrap();
    case.trust(&["refresh", "--url", &repository.url, "--tuf-root", first])
        .ended(0)
        .says(&[
            "public-good: there is a new root",
            &digest(&root),
            &repository.url,
        ]);
    (case, repository, root)
}

#[test]
fn a_refresh_takes_the_root_that_the_repository_signs() {
    let (case, mut repository, root) = refreshed();
    let shown = case.shown("store", "public-good");
    assert_eq!(
        (&shown["root_sha256"], &shown["origin"]["kind"]),
        (&digest(&root).into(), &"tuf".into())
    );
    // From then on neither the URL nor the first root need be given.
    case.trust(&["refresh"])
        .ended(0)
        .says(&["the root is current, and has not changed"]);
    let next = super::root("next.example");
    repository.trusted_root.clone_from(&next);
    repository.signing_config = Some(b"{\"caUrls\":[]}".to_vec());
    repository.version = 2;
    repository.rotate(2, true);
    repository.publish();
    let run = case
        .trust(&["refresh", "--domain", "public-good", "--format", "json"])
        .ended(0);
    let report = run.json();
    let domain = &report["domains"][0];
    assert_eq!(
        (&domain["changed"], &domain["targets_version"]),
        (&true.into(), &2.into())
    );
    assert_json_snapshot!("refreshed", shape(&report));
    assert_eq!(case.root_of("public-good"), digest(&next));
    assert_eq!(case.shown("store", "public-good")["signing_config"], true);
}

/// What a repository offers is refused for its own reason, and the root stays; once it is right again, it is taken.
fn refuses(change: impl FnOnce(&mut TufRepository), status: i32, because: &[&str]) {
    let (case, mut repository, root) = refreshed();
    repository.trusted_root = super::root("next.example");
    repository.version = 3;
    change(&mut repository);
    let run = case.trust(&["refresh"]).ended(status);
    run.complains(&["was not refreshed; it stays as it was"])
        .complains(because);
    assert_eq!(case.root_of("public-good"), digest(&root));
}

#[test]
fn an_expired_timestamp_is_refused() {
    refuses(
        |repository| {
            repository.expire();
            repository.publish();
        },
        1,
        &["timestamp metadata expired at 2001-01-01T00:00:00Z"],
    );
}

#[test]
fn a_frozen_repository_is_noticed_when_its_timestamp_expires() {
    let (case, mut repository, root) = refreshed();
    // As if time had passed: what was seen before and what is still served are one, and have expired.
    repository.expire();
    repository.publish();
    let seen = case.path().join("store/tuf/public-good/timestamp.json");
    assert!(seen.exists());
    fs::write(seen, repository.read("timestamp.json")).unwrap();
    case.trust(&["refresh"]).ended(1).complains(&[
        "it stays as it was",
        "expired",
        "somebody holds back what is newer",
    ]);
    assert_eq!(case.root_of("public-good"), digest(&root));
}

#[test]
fn an_older_timestamp_is_refused() {
    let (case, mut repository, _) = refreshed();
    let old = repository.read("timestamp.json");
    repository.trusted_root = super::root("next.example");
    repository.version = 2;
    repository.publish();
    case.trust(&["refresh"]).ended(0);
    let now = case.root_of("public-good");
    // What it said before, rightly signed and not expired.
    repository.write("timestamp.json", &old);
    case.trust(&["refresh"]).ended(1).complains(&[
        "expected version 2 or later of the repository's timestamp metadata, found 1",
    ]);
    assert_eq!(case.root_of("public-good"), now);
}

#[test]
fn a_wrong_signature_is_refused() {
    refuses(
        |repository| {
            repository.key = Key::new();
            repository.publish();
        },
        1,
        &["expected 1 valid signatures of the repository's timestamp metadata, found 0"],
    );
}

#[test]
fn a_root_that_its_keys_did_not_sign_is_refused() {
    refuses(
        |repository| {
            repository.rotate(2, false);
            repository.publish();
        },
        1,
        &["valid signatures of the repository's root metadata, found 0"],
    );
}

#[test]
fn a_root_out_of_turn_is_refused() {
    refuses(
        |repository| {
            repository.rotate(3, true);
            let third = repository.read("3.root.json");
            repository.write("2.root.json", &third);
            repository.publish();
        },
        1,
        &["expected version 2 of the repository's root metadata, found 3"],
    );
}

#[test]
fn another_file_than_the_metadata_names_is_refused() {
    refuses(
        |repository| {
            repository.publish();
            let mut target = repository.trusted_root.clone();
            target[1] ^= 1;
            repository.write(&repository.target_file(), &target);
        },
        1,
        &["not the one that its metadata names"],
    );
}

#[test]
fn more_bytes_than_metadata_may_have_are_refused() {
    refuses(
        |repository| {
            repository.publish();
            repository.write("timestamp.json", &vec![b' '; 1 << 20]);
        },
        1,
        &["expected at most 16384 bytes, found more at http://127.0.0.1"],
    );
    refuses(
        |repository| {
            repository.publish();
            let mut target = repository.trusted_root.clone();
            target.push(b'\n');
            repository.write(&repository.target_file(), &target);
        },
        1,
        &["bytes, found more at http://127.0.0.1"],
    );
}

#[test]
fn a_root_that_is_signed_and_unusable_is_refused() {
    refuses(
        |repository| {
            repository.trusted_root = b"{}".to_vec();
            repository.publish();
        },
        1,
        &["the repository's trust root is not usable"],
    );
}

#[test]
fn metadata_that_is_none_is_refused() {
    refuses(
        |repository| repository.write("timestamp.json", b"<html>"),
        1,
        &["the repository's metadata is not readable"],
    );
    refuses(
        |repository| repository.remove("timestamp.json"),
        1,
        &[
            "expected a TUF repository, found none",
            "timestamp.json does not exist",
        ],
    );
}

#[test]
fn a_repository_that_cannot_be_reached_is_no_verdict() {
    let (case, _repository, root) = refreshed();
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    case.trust(&["refresh", "--url", &url])
        .ended(3)
        .complains(&[
            "the TUF repository could not be read",
            "could not be reached",
        ]);
    assert_eq!(case.root_of("public-good"), digest(&root));
    case.trust(&["refresh", "--offline"])
        .ended(2)
        .complains(&["--offline"]);
    case.trust(&["refresh", "--url", "ftp://x"])
        .ended(2)
        .complains(&["http or https"]);
}

#[test]
fn the_embedded_first_root_is_not_replaced_by_what_a_repository_says() {
    let case = Case::new();
    let repository = TufRepository::new(&root("first.example"));
    // A repository of somebody else's in the place of Sigstore's: none of its keys is known.
    case.trust(&["refresh", "--url", &repository.url])
        .ended(1)
        .complains(&["valid signatures of the repository's timestamp metadata, found 0"]);
    assert_eq!(
        case.shown("store", "public-good")["origin"]["kind"],
        "embedded"
    );
}

#[test]
fn a_private_domain_is_refreshed_from_a_repository_of_its_own() {
    let (case, _) = Case::with_acme();
    let next = root("trust.acme.example");
    let repository = TufRepository::new(&next);
    case.trust(&["refresh", "--domain", "acme"])
        .ended(2)
        .complains(&["acme has no TUF repository", "--tuf-root"]);
    case.trust(&["refresh", "--domain", "acme", "--url", &repository.url])
        .ended(2)
        .complains(&["acme has no first TUF root"]);
    let first = repository.first_root();
    let with = [
        "--url",
        &repository.url,
        "--tuf-root",
        first.to_str().unwrap(),
    ];
    case.trust(&[&["refresh", "--domain", "acme"], &with[..]].concat())
        .ended(0);
    let acme = case.shown("store", "acme");
    assert_eq!(
        (&acme["root_sha256"], &acme["projects"][0]),
        (&digest(&next).into(), &"acme-*".into())
    );
    case.trust(&["refresh", "--domain", "acme"]).ended(0);
    case.trust(&["refresh", "--domain", "none"]).ended(2);
    case.write("no.json", b"{}");
    let with = ["--url", &repository.url, "--tuf-root", "no.json"];
    case.trust(&[&["refresh", "--domain", "acme"], &with[..]].concat())
        .ended(2)
        .complains(&["the first TUF root is not usable"]);
}
