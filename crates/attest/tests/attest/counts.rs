//! How many signatures are checked: that none is left out, and none checked twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use touchplate_attest::crypto::{Algorithm, AwsLc, BadSignature, KeyError, Provider, PublicKey};
use touchplate_attest::{
    Attestation, CertificateMemory, FileFacts, Sha256, TrustDomains, TrustRoot, VerifyError,
    verify, verify_remembering,
};
use touchplate_trust::Predicate;

use crate::support::{Case, workload};

/// Counts the checks of aws-lc-rs. Each test has its own, since tests run side by side.
#[derive(Default)]
struct Counting(AtomicUsize);

struct Counted {
    key: Box<dyn PublicKey>,
    count: &'static AtomicUsize,
}

impl Counting {
    fn new() -> &'static Self {
        Box::leak(Box::default())
    }

    /// Since it was last asked.
    fn taken(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

// A key needs its counter for as long as it lives.
struct Shared(&'static Counting);

impl Provider for Shared {
    fn key(&self, algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn PublicKey>, KeyError> {
        Ok(Box::new(Counted {
            key: AwsLc.key(algorithm, key)?,
            count: &self.0.0,
        }))
    }
}

impl PublicKey for Counted {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.key.verify(message, signature)
    }

    fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.key.verify_digest(digest, signature)
    }
}

fn counted(case: &Case) -> (&'static Counting, TrustRoot) {
    let counting = Counting::new();
    let provider = Box::leak(Box::new(Shared(counting)));
    let root = TrustRoot::with_provider(case.root.to_string().as_bytes(), provider);
    let root = root.expect("a good root");
    counting.taken();
    (counting, root)
}

fn parse(json: &serde_json::Value) -> Attestation {
    Attestation::parse(json.to_string().as_bytes()).expect("a readable attestation")
}

#[test]
fn an_attestation_takes_one_check_for_each_signature() {
    let case = Case::good();
    let (counting, root) = counted(&case);
    let attestation = parse(&case.mint(&case.recipe()));
    verify(&case.file, &attestation, &root, case.now).unwrap();
    // Certificate, its timestamp, promise, checkpoint, statement.
    assert_eq!(counting.taken(), 5);
    let stamped = parse(&case.mint(&case.recipe().in_rekor_v2(case.now)));
    verify(&case.file, &stamped, &root, case.now).unwrap();
    // A timestamp in the place of the promise.
    assert_eq!(counting.taken(), 5);
}

#[test]
fn files_of_one_certificate_take_three_checks_each_and_two_once() {
    const FILES: usize = 7;
    let case = Case::good();
    let (counting, root) = counted(&case);
    let named = |at: usize| {
        let name = format!("sampleproject-1.{at}.tar.gz");
        (Sha256::of(name.as_bytes()), name)
    };
    let recipes: Vec<_> = (0..FILES)
        .map(|at| {
            let (sha256, name) = named(at);
            let who = workload();
            case.domain
                .recipe(&who, &name, &sha256, Predicate::Publish, case.now)
        })
        .collect();
    let minted = case.domain.mint_together(&recipes).unwrap();
    let mut memory = CertificateMemory::new();
    for (at, json) in minted.iter().enumerate() {
        let (sha256, name) = named(at);
        let file = FileFacts {
            filename: name.parse().unwrap(),
            sha256,
        };
        let attestation = Attestation::parse(json).unwrap();
        let proven = verify_remembering(&mut memory, &file, &attestation, &root, case.now);
        let alone = verify(&file, &attestation, &root, case.now).unwrap();
        assert_eq!(proven.unwrap().identity(), alone.identity());
    }
    assert_eq!(counting.taken(), (3 * FILES + 2) + 5 * FILES);
}

#[test]
fn a_remembered_certificate_is_believed_no_further_than_a_new_one() {
    let case = Case::good();
    let (counting, root) = counted(&case);
    let good = parse(&case.mint(&case.recipe()));
    let mut memory = CertificateMemory::new();
    verify_remembering(&mut memory, &case.file, &good, &root, case.now).unwrap();
    counting.taken();

    // Another root: its keys are asked.
    let other = Case::good();
    let (other_counting, other_root) = counted(&other);
    let refused = verify_remembering(&mut memory, &case.file, &good, &other_root, case.now);
    assert!(refused.is_err());
    assert_eq!(
        (counting.taken(), other_counting.taken()),
        (0, 0),
        "its authority is unknown there"
    );

    // The same certificate, a changed signature and a changed statement.
    let mut json = case.mint(&case.recipe());
    let mut swapped = serde_json::from_str::<serde_json::Value>(good.json()).unwrap();
    swapped["envelope"] = json["envelope"].take();
    let swapped = parse(&swapped);
    let refused = verify_remembering(&mut memory, &case.file, &swapped, &root, case.now);
    assert!(
        matches!(refused, Err(VerifyError::Entry { .. })),
        "{refused:?}"
    );

    // The authority is not believed any more at the time of signing.
    let mut ended = case.root.clone();
    ended["certificateAuthorities"][0]["validFor"]["end"] = "2025-06-15T11:00:00Z".into();
    let ended = TrustRoot::from_json(ended.to_string().as_bytes()).unwrap();
    let refused = verify_remembering(&mut memory, &case.file, &good, &ended, case.now);
    assert!(refused.is_err());
    let domains = TrustDomains::only(root.clone());
    domains
        .verify_remembering(&mut memory, &case.file, &good, case.now)
        .unwrap();
    assert_eq!(counting.taken(), 3);
}
