//! Another verifier, `sigstore-verify`, over the same attestations: whatever is accepted here it accepts, and what it
//! accepts and is refused here is refused by a rule that it lacks.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Bundle, Sha256Hash};
use sigstore_verify::{VerificationPolicy, Verifier};
use touchplate_attest::{Artifact, Sha256, TrustRoot};
use touchplate_trust::Fault;

use crate::mutations::{Change, judge, judge_bundle, mutations};
use crate::seeds::{fuzz, random_changes};
use crate::support::Case;

/// What the library is not shown, or leaves to others: the document around the bundle, and the statement but for the
/// digests in it.
const NOT_ITS_OWN: &[&str] = &[
    "Json/DuplicateKey",
    "Json/TooDeep",
    "Json/TooLarge",
    "Json/TooManyValues",
    "Version",
    "StatementType",
    "SubjectCount",
    "NoSubjectName",
    "SubjectName",
    "OtherFile",
    "Sha256Spelling",
    "PredicateType",
    "PredicateBody",
];

/// Rules of certificates and logs that it does not have.
const LACKING: &[&str] = &[
    "Field/TooMany",
    "Field/Unknown",
    "Checkpoint/TooManySignatures",
    "Checkpoint/Unfinished",
    "Certificate/DuplicateExtension",
    "Certificate/ExtendedKeyUsage",
    "Certificate/KeyAlgorithm",
    "Certificate/KeyUsage",
    "Certificate/MalformedExtension",
    "Certificate/NameKind",
    "Certificate/NameNotCritical",
    "Certificate/NoAuthorityKeyId",
    "Certificate/NoIssuer",
    "Certificate/NoKeyUsage",
    "Certificate/NoName",
    "Certificate/SignsCertificates",
    "Certificate/TimeEncoding",
    "Certificate/TooManyNames",
    "Certificate/TwoIssuers",
    "CertificateTimestampInFuture",
    "Entry/BodyKind",
    "Entry/CheckpointKey",
    "Entry/CheckpointOrigin",
    "Entry/CheckpointSigner",
    "Entry/InFuture",
    "Entry/TreeSize",
];

/// More of them, which random changes alone come upon: fields that it does without, chains that it does not read, log ids
/// that it takes as a hint.
const LACKING_ELSEWHERE: &[&str] = &[
    "ChainCertificate",
    "Entry/UnknownLog",
    "Field/Length",
    "Field/Missing",
    "RepeatedEntry",
    "RepeatedTimestamp",
];

#[test]
fn the_library_accepts_what_is_accepted_and_lacks_only_known_rules() {
    let case = Case::good();
    let root = case.root();
    let library = Library::new(case.root.to_string().as_bytes());
    let mut lacking = BTreeSet::new();
    let faults = faults().into_iter().map(Change::Fault);
    let changes = mutations().map(|(_, change, _)| change).chain(faults);
    for change in changes {
        let document = change.make(&case);
        let ours = judge(&case.file, &document, &root, case.now);
        let theirs = library.accepts(&document, &case.file.sha256);
        match ours {
            Ok(()) => panic!("accepted"),
            Err(rule) if theirs => {
                lacking.insert(rule);
            }
            Err(_) => {}
        }
    }
    assert_eq!(lacking, known());
}

#[test]
fn random_changes_are_judged_alike() {
    let case = Case::good();
    let root = include_bytes!("../../../../fuzz/fixtures/trusted_root.json");
    let library = Library::new(root);
    let root = TrustRoot::from_json(root).unwrap();
    let (mut both, mut laxer, mut lacking) = (0, Vec::new(), BTreeSet::new());
    for bytes in random_changes(1500) {
        let (document, is_bundle) = fuzz::changed_document(&bytes);
        let (ours, theirs) = if is_bundle {
            let artifact = Artifact::of(b"the file's bytes");
            (
                judge_bundle(&artifact, &document, &root, case.now),
                library.accepts_bundle(&document, &case.file.sha256),
            )
        } else {
            (
                judge(&case.file, &document, &root, case.now),
                library.accepts(&document, &case.file.sha256),
            )
        };
        match ours {
            Ok(()) => {
                // A token's own certificates are hints here: where the root has the signer, they are not read.
                if !theirs && !library.accepts_with_good_stamps(&document, &bytes) {
                    laxer.push(String::from_utf8_lossy(&document).into_owned());
                }
                both += 1;
            }
            Err(rule) if theirs => {
                lacking.insert(rule);
            }
            Err(_) => {}
        }
    }
    assert!(laxer.is_empty(), "{}", laxer.join("\n"));
    let mut known = known();
    known.extend(LACKING_ELSEWHERE.iter().map(|&rule| rule.to_owned()));
    let unknown: Vec<_> = lacking.difference(&known).collect();
    assert!(unknown.is_empty() && both > 0, "{unknown:?} {both}");
}

fn known() -> BTreeSet<String> {
    let rules = NOT_ITS_OWN.iter().chain(LACKING);
    rules.map(|&rule| rule.to_owned()).collect()
}

/// Every fault, with something in it where it holds something.
fn faults() -> Vec<Fault> {
    use Fault as F;
    vec![
        F::CertificateExpired,
        F::CertificateNotYetValid,
        F::ForeignAuthority,
        F::UnknownAuthority,
        F::NoKeyUsage,
        F::P384Key,
        F::NoCertificateTimestamp,
        F::ForeignCertificateTimestamp,
        F::ForgedCertificateTimestamp,
        F::TimestampOfAnotherCertificate,
        F::ForeignLog,
        F::NoPromise,
        F::ForeignPromise,
        F::NoProof,
        F::OtherProofHash,
        F::NoCheckpoint,
        F::ForeignCheckpoint,
        F::CheckpointOfAnotherSize,
        F::CheckpointOfAnotherRoot,
        F::OtherPayloadLogged,
        F::OtherSignatureLogged,
        F::OtherCertificateLogged,
        F::EntryOfAnotherAttestation,
        F::LoggedInFuture(SignedDuration::from_hours(1)),
        F::SecondEntryLate,
        F::SecondEntryForged,
        F::NoStamp,
        F::StampEarly,
        F::StampLate,
        F::StampOfAnother,
        F::StampOfStatement,
        F::ForeignStamp,
        F::ForgedStamp,
        F::StampNotGranted,
        F::EntryOfOtherLog,
        F::CheckpointOfOtherLog,
        F::StatementDigestLogged,
        F::OtherKey,
        F::OtherFilename("other-1.0.tar.gz".to_owned()),
        F::OtherSha256(Sha256::of(b"other")),
        F::TwoSubjects,
        F::NoSubject,
        F::OtherPredicateType("https://example.org/v1".to_owned()),
        F::OtherStatementType("https://in-toto.io/Statement/v0.1".to_owned()),
        F::OtherVersion(2),
    ]
}

struct Library(Verifier);

impl Library {
    fn new(root: &[u8]) -> Self {
        let root = TrustedRoot::from_json(std::str::from_utf8(root).unwrap()).unwrap();
        Self(Verifier::new(&root).unwrap())
    }

    /// An attestation, as the bundle that it stands for. What is no JSON has no parts to make one of.
    fn accepts(&self, document: &[u8], sha256: &Sha256) -> bool {
        let Ok(it) = serde_json::from_slice::<Value>(document) else {
            return false;
        };
        let material = &it["verification_material"];
        let mut bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": material["certificate"]},
                "tlogEntries": material["transparency_entries"],
            },
            "dsseEnvelope": {
                "payload": it["envelope"]["statement"],
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"sig": it["envelope"]["signature"]}],
            },
        });
        if let Some(stamps) = material["timestamps"].as_array() {
            let stamps = stamps.iter().map(|stamp| json!({"signedTimestamp": stamp}));
            let stamps: Vec<_> = stamps.collect();
            bundle["verificationMaterial"]["timestampVerificationData"] =
                json!({"rfc3161Timestamps": stamps});
        }
        self.accepts_bundle(bundle.to_string().as_bytes(), sha256)
    }

    /// The document that `change` made, with the timestamps that it had before.
    fn accepts_with_good_stamps(&self, document: &[u8], change: &[u8]) -> bool {
        let (good, is_bundle) = fuzz::good_document(change);
        let mut json: Value = serde_json::from_slice(document).unwrap();
        let stamps = if is_bundle {
            "/verificationMaterial/timestampVerificationData"
        } else {
            "/verification_material/timestamps"
        };
        let Some((changed, good)) = json.pointer_mut(stamps).zip(good.pointer(stamps)) else {
            return false;
        };
        changed.clone_from(good);
        let (text, sha256) = (json.to_string(), Sha256::of(b"the file's bytes"));
        if is_bundle {
            self.accepts_bundle(text.as_bytes(), &sha256)
        } else {
            self.accepts(text.as_bytes(), &sha256)
        }
    }

    /// Whoever signed.
    fn accepts_bundle(&self, bundle: &[u8], sha256: &Sha256) -> bool {
        let bundle = std::str::from_utf8(bundle).ok();
        let Some(Ok(bundle)) = bundle.map(Bundle::from_json) else {
            return false;
        };
        let digest = Sha256Hash::new(*sha256.as_bytes());
        let any = VerificationPolicy::any_identity();
        self.0.verify(digest, &bundle, &any).is_ok()
    }
}
