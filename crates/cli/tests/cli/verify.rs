//! `verify`: what holds and what is refused, with files minted for the test.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_json_snapshot;
use jiff::Timestamp;
use tempfile::TempDir;
use touchplate_attest::{Attestation, AttestationBundle, Provenance, Publisher, Sha256};
use touchplate_trust::{Domain, Fault, Predicate, Workload};

use crate::run::{Run, shape, touchplate_in};

pub(crate) const NAME: &str = "sampleproject-1.0.tar.gz";
pub(crate) const BYTES: &[u8] = b"the file's bytes";
pub(crate) const PUBLISHER: &str =
    r#"{"kind":"GitHub","repository":"example/sampleproject","workflow":"release.yml"}"#;
const OTHER: &str = r#"{"kind":"GitHub","repository":"example/other","workflow":"release.yml"}"#;
const SAN: &str =
    "https://github.com/example/sampleproject/.github/workflows/release.yml@refs/tags/v1.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// A folder with a file and a trust root.
pub(crate) struct Case {
    pub(crate) folder: TempDir,
    pub(crate) domain: Domain,
}

impl Case {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let domain = Domain::new("trust.example", Timestamp::now()).unwrap();
        fs::write(folder.path().join(NAME), BYTES).unwrap();
        fs::write(folder.path().join("root.json"), domain.trusted_root_json()).unwrap();
        Self { folder, domain }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    }

    pub(crate) fn mint(&self, predicate: Predicate) -> Vec<u8> {
        let sha256 = Sha256::of(BYTES);
        self.domain
            .attest(&workflow(), NAME, &sha256, predicate, Timestamp::now())
            .unwrap()
    }

    fn mint_wrongly(&self, fault: &Fault) -> Vec<u8> {
        let sha256 = Sha256::of(BYTES);
        self.domain
            .attest_wrongly(
                &workflow(),
                NAME,
                &sha256,
                Predicate::Publish,
                Timestamp::now(),
                fault,
            )
            .unwrap()
    }

    /// `verify` with the case's root.
    pub(crate) fn verify(&self, arguments: &[&str]) -> Run {
        touchplate_in(
            self.path(),
            &[&["verify", "--trusted-root", "root.json"], arguments].concat(),
        )
    }
}

fn workflow() -> Workload {
    Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0")
}

#[test]
fn a_file_by_the_expected_publisher_is_verified() {
    let case = Case::new();
    case.write("a.json", case.mint(Predicate::Publish));
    case.verify(&[NAME, "--attestation", "a.json", "--publisher", PUBLISHER])
        .ended(0)
        .says(&[
            "✓ sampleproject-1.0.tar.gz: verified",
            "GitHub workflow release.yml of example/sampleproject",
            "https://github.com/example/sampleproject/actions/runs/1/attempts/1",
            "refs/tags/v1.0",
            "github-hosted",
            "0 in https://rekor.trust.example",
            "says https://rekor.trust.example",
            "the certificate's key signed the statement",
        ]);
    // Any of several will do.
    case.verify(&[
        NAME,
        "--attestation",
        "a.json",
        "--publisher",
        OTHER,
        "--publisher",
        PUBLISHER,
    ])
    .ended(0);
    case.verify(&[
        NAME,
        "--attestation",
        "a.json",
        "--identity",
        SAN,
        "--issuer",
        ISSUER,
    ])
    .ended(0);
    // Every one must hold, and this one does.
    case.write("b.json", case.mint(Predicate::Slsa));
    case.verify(&[
        NAME,
        "--attestation",
        "a.json",
        "--attestation",
        "b.json",
        "--publisher",
        PUBLISHER,
    ])
    .ended(0);
}

#[test]
fn somebody_else_is_refused_and_named() {
    let case = Case::new();
    case.write("a.json", case.mint(Predicate::Publish));
    case.verify(&[NAME, "--attestation", "a.json", "--publisher", OTHER])
        .ended(1)
        .says(&[
            "✗ sampleproject-1.0.tar.gz: not verified",
            "it is not by whom you expect",
            "https://github.com/example/other",
            SAN,
        ]);
    let other = SAN.replace("v1.0", "v1.1");
    case.verify(&[
        NAME,
        "--attestation",
        "a.json",
        "--identity",
        &other,
        "--issuer",
        ISSUER,
    ])
    .ended(1)
    .says(&["it is not by whom you expect", &other]);
}

#[test]
fn without_an_expectation_it_shows_who_it_was_and_how_to_accept_them() {
    let case = Case::new();
    case.write("a.json", case.mint(Predicate::Publish));
    case.verify(&[NAME, "--attestation", "a.json"])
        .ended(1)
        .says(&[
            "not verified, since you did not say whom you expect",
            SAN,
            &format!("--publisher '{PUBLISHER}'"),
        ]);
    let person = Workload::email("a'b@example.org", "https://id.example");
    let sha256 = Sha256::of(BYTES);
    let json = case
        .domain
        .attest(&person, NAME, &sha256, Predicate::Publish, Timestamp::now())
        .unwrap();
    case.write("p.json", json);
    case.verify(&[NAME, "--attestation", "p.json"])
        .ended(1)
        .says(&[r"--identity 'a'\''b@example.org' --issuer https://id.example"]);
}

#[test]
fn each_thing_that_is_wrong_is_said() {
    let case = Case::new();
    let refuses = |contents: Vec<u8>, because: &str| {
        case.write("a.json", contents);
        case.verify(&[NAME, "--attestation", "a.json", "--publisher", PUBLISHER])
            .ended(1)
            .says(&["not verified", because]);
    };
    refuses(
        case.mint_wrongly(&Fault::CertificateExpired),
        "after the certificate expired at",
    );
    refuses(
        case.mint_wrongly(&Fault::ForeignLog),
        "which the trust root does not have",
    );
    refuses(
        case.mint_wrongly(&Fault::OtherFilename("other-1.0.tar.gz".into())),
        "is about the file other-1.0.tar.gz",
    );
    refuses(b"{}".to_vec(), "it is not a PEP 740 attestation");
    refuses(b"<html>".to_vec(), "not valid JSON");
    case.write("a.json", case.mint(Predicate::Publish));
    case.write(NAME, b"the file's bytez");
    case.verify(&[NAME, "--attestation", "a.json", "--publisher", PUBLISHER])
        .ended(1)
        .says(&["not about one with"]);
    // One that holds does not make up for one that does not.
    case.write(NAME, BYTES);
    case.write("b.json", case.mint_wrongly(&Fault::ForeignLog));
    case.verify(&[
        NAME,
        "--attestation",
        "a.json",
        "--attestation",
        "b.json",
        "--publisher",
        PUBLISHER,
    ])
    .ended(1);
}

#[test]
fn another_digest_in_the_statement_must_be_the_files_too() {
    let case = Case::new();
    let mint = |algorithm: &str, digest: &str| {
        let (sha256, now) = (Sha256::of(BYTES), Timestamp::now());
        let domain = &case.domain;
        let mut recipe = domain.recipe(&workflow(), NAME, &sha256, Predicate::Publish, now);
        let digests = &mut recipe.statement.subjects[0].1;
        digests.insert(algorithm.to_owned(), digest.to_owned());
        case.write("a.json", domain.mint(&recipe).unwrap());
        case.verify(&[NAME, "--attestation", "a.json", "--publisher", PUBLISHER])
    };
    let right = "9030d31e4603523bd1483ebadbcba33841805c4c077a1d430f136597e4aa17a368d992f731332597ac693cef7a54ca14a109cce211b06bc071eb0cd04829388f";
    mint("sha512", right).ended(0);
    mint("sha512", &right.replace('0', "1"))
        .ended(1)
        .says(&["with sha512"]);
    // What nobody here can compute proves nothing, and PEP 740 allows it.
    mint("blake9", "00").ended(0);
}

#[test]
fn under_another_root_nothing_holds() {
    let case = Case::new();
    case.write("a.json", case.mint(Predicate::Publish));
    let public_good = touchplate_in(
        case.path(),
        &[
            "verify",
            NAME,
            "--attestation",
            "a.json",
            "--publisher",
            PUBLISHER,
        ],
    );
    public_good
        .ended(1)
        .says(&["public-good Sigstore, embedded"]);
    case.write("root.json", "{}");
    case.verify(&[NAME, "--attestation", "a.json"])
        .ended(2)
        .complains(&["not a usable trust root", "hint:"]);
}

#[test]
fn what_lies_beside_the_file_is_found() {
    let case = Case::new();
    case.verify(&[NAME, "--publisher", PUBLISHER])
        .ended(1)
        .says(&["there is no attestation", ".publish.attestation"]);
    case.write(
        &format!("{NAME}.publish.attestation"),
        case.mint(Predicate::Publish),
    );
    case.write(
        &format!("{NAME}.slsa.attestation"),
        case.mint(Predicate::Slsa),
    );
    let run = case
        .verify(&[NAME, "--publisher", PUBLISHER, "--format", "json"])
        .ended(0);
    assert_eq!(
        run.json()["files"][0]["attestations"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    case.write(&format!("{NAME}.provenance"), provenance(&case));
    let run = case
        .verify(&[NAME, "--publisher", PUBLISHER, "--format", "json"])
        .ended(0);
    assert_eq!(
        run.json()["files"][0]["attestations"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    case.write(&format!("{NAME}.other.attestation"), "{}");
    case.verify(&[NAME, "--publisher", PUBLISHER]).ended(1);
    // Two files: both must be verified.
    case.write("sampleproject-1.1.tar.gz", "x");
    fs::remove_file(case.path().join(format!("{NAME}.other.attestation"))).unwrap();
    case.verify(&[NAME, "sampleproject-1.1.tar.gz", "--publisher", PUBLISHER])
        .ended(1)
        .says(&[
            "✓ sampleproject-1.0.tar.gz: verified",
            "✗ sampleproject-1.1.tar.gz: not verified, since there is no attestation",
        ]);
}

fn provenance(case: &Case) -> Vec<u8> {
    let attestation = Attestation::parse(&case.mint(Predicate::Publish)).unwrap();
    let publisher = Publisher::parse(PUBLISHER.as_bytes()).unwrap();
    Provenance::new(vec![AttestationBundle::new(publisher, vec![attestation])]).to_json()
}

#[test]
fn provenance_arrays_and_files_not_at_hand() {
    let case = Case::new();
    case.write("p.json", provenance(&case));
    case.verify(&[NAME, "--provenance", "p.json", "--publisher", PUBLISHER])
        .ended(0);
    case.verify(&[NAME, "--provenance", "p.json", "--publisher", OTHER])
        .ended(1);
    // What the object says of its publisher is no expectation.
    case.verify(&[NAME, "--provenance", "p.json"])
        .ended(1)
        .says(&["you did not say whom you expect"]);
    let both = [
        b"[".as_slice(),
        &case.mint(Predicate::Publish),
        b",",
        &case.mint(Predicate::Slsa),
        b"]",
    ]
    .concat();
    case.write("array.json", both);
    case.verify(&[
        NAME,
        "--attestations",
        "array.json",
        "--publisher",
        PUBLISHER,
    ])
    .ended(0);
    let sha256 = Sha256::of(BYTES).to_string();
    let absent = [
        "--filename",
        NAME,
        "--sha256",
        &sha256,
        "--publisher",
        PUBLISHER,
        "--provenance",
        "p.json",
    ];
    case.verify(&absent).ended(0);
    case.verify(&["--filename", NAME, "--sha256", &sha256])
        .ended(2)
        .complains(&["--attestation"]);
    case.verify(&[&[NAME], absent.as_slice()].concat()).ended(2);
    case.verify(&["gone-1.0.tar.gz", "--publisher", PUBLISHER])
        .ended(3)
        .complains(&["gone-1.0.tar.gz", "could not be read"]);
    case.verify(&["root.json", "--publisher", PUBLISHER])
        .ended(2)
        .complains(&["not the name of a wheel or sdist", "hint:"]);
    let empty = case.path().join("empty");
    fs::create_dir(&empty).unwrap();
    case.verify(&["empty", "--publisher", PUBLISHER])
        .ended(2)
        .complains(&["there is no wheel or sdist in the directory", "--recursive"]);
}

#[test]
fn the_json_reports_have_a_stable_shape() {
    let case = Case::new();
    case.write("a.json", case.mint(Predicate::Publish));
    let arguments = |publisher| {
        [
            NAME,
            "--format",
            "json",
            "--attestation",
            "a.json",
            "--publisher",
            publisher,
        ]
    };
    let verified = case.verify(&arguments(PUBLISHER)).ended(0).json();
    assert_eq!(verified["version"], 1);
    assert_eq!(verified["verified"], true);
    assert_json_snapshot!("verified", shape(&verified));
    let refused = case.verify(&arguments(OTHER)).ended(1).json();
    assert_eq!(refused["files"][0]["reason"], "refused");
    assert_json_snapshot!("refused", shape(&refused));
}

#[test]
fn escape_sequences_of_others_are_not_obeyed() {
    let case = Case::new();
    let mut who = workflow();
    who.claims.build_trigger = Some("\u{1b}]0;owned\u{7}\u{1b}[2J".to_owned());
    let sha256 = Sha256::of(BYTES);
    let json = case
        .domain
        .attest(&who, NAME, &sha256, Predicate::Publish, Timestamp::now())
        .unwrap();
    case.write("a.json", json);
    let run = case
        .verify(&[NAME, "--attestation", "a.json", "--publisher", PUBLISHER])
        .ended(0);
    assert!(!run.stdout.contains('\u{1b}'));
    assert!(run.stdout.contains(r"\u{1b}]0;owned\u{7}"));
}
