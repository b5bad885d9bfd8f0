//! How long a verification takes, beside the bare signature checks that it needs and beside `sigstore-verify`.
//!
//! `speed [ATTESTATION TRUSTED_ROOT FILENAME SHA256]`; without arguments, of an attestation minted here under an
//! authority on P-384. Each line on standard input asks for one round of every measurement; the answer is a line of
//! JSON with the microseconds of each call. `bench/verify` drives it.

// What an example prints is its result.
#![allow(clippy::print_stdout)]

mod checks;

use std::error::Error;
use std::hint::black_box;
use std::io::BufRead as _;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Bundle, Sha256Hash};
use sigstore_verify::{VerificationPolicy, Verifier};
use touchplate_attest::{
    Attestation, CertificateMemory, FileFacts, Sha256, TrustRoot, verify, verify_remembering,
};
use touchplate_trust::{Domain, Predicate, Workload};

use checks::Checks;

/// Calls of one measurement in one round, each timed alone and in turn with the others: all meet the same weather.
const CALLS: usize = 20;

/// Files of one release, signed by one certificate.
const FILES: usize = 20;

const NAME: &str = "sampleproject-1.0.tar.gz";

/// What is measured: a document, the file that it is about, and the root that it is verified under.
struct Subject {
    attestation: Vec<u8>,
    root: Vec<u8>,
    file: FileFacts,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let now = Timestamp::now();
    let subject = match arguments.as_slice() {
        [] => minted(now)?,
        [attestation, root, filename, sha256] => Subject {
            attestation: std::fs::read(attestation)?,
            root: std::fs::read(root)?,
            file: FileFacts {
                filename: filename.parse()?,
                sha256: sha256.parse()?,
            },
        },
        _ => return Err("usage: speed [ATTESTATION TRUSTED_ROOT FILENAME SHA256]".into()),
    };
    let one = One::new(&subject, now)?;
    let release = Release::new(now)?;
    for line in std::io::stdin().lock().lines() {
        let mut round = Map::new();
        match line?.as_str() {
            "single" => {
                one.measure(&mut round);
                release.measure(&mut round);
            }
            "threads" => one.measure_threads(&mut round),
            other => return Err(format!("expected `single` or `threads`, found {other:?}").into()),
        }
        println!("{}", Value::Object(round));
    }
    Ok(())
}

fn minted(now: Timestamp) -> Result<Subject, Box<dyn Error>> {
    let domain = Domain::with_p384_authority("trust.example", now)?;
    // As many entries as give a real log's proof some hashes.
    let sha256 = Sha256::of(b"the file's bytes");
    let mint = || domain.attest(&workload(), NAME, &sha256, Predicate::Publish, now);
    for _ in 0..40 {
        mint()?;
    }
    Ok(Subject {
        attestation: mint()?,
        root: domain.trusted_root_json(),
        file: FileFacts {
            filename: NAME.parse()?,
            sha256,
        },
    })
}

fn workload() -> Workload {
    Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0")
}

/// One attestation.
struct One<'s> {
    subject: &'s Subject,
    root: TrustRoot,
    checks: Checks,
    peer: Verifier,
    bundle: Vec<u8>,
    now: Timestamp,
}

impl<'s> One<'s> {
    fn new(subject: &'s Subject, now: Timestamp) -> Result<Self, Box<dyn Error>> {
        let root = TrustedRoot::from_json(std::str::from_utf8(&subject.root)?)?;
        let one = Self {
            root: TrustRoot::from_json(&subject.root)?,
            checks: Checks::read(&subject.attestation, &subject.root)?,
            peer: Verifier::new(&root)?,
            bundle: bundle(&subject.attestation)?,
            now,
            subject,
        };
        one.verify()?;
        one.ask_peer()?;
        Ok(one)
    }

    /// From the document's bytes to the result.
    fn verify(&self) -> Result<(), Box<dyn Error>> {
        let attestation = Attestation::parse(black_box(&self.subject.attestation))?;
        black_box(verify(
            &self.subject.file,
            &attestation,
            &self.root,
            self.now,
        )?);
        Ok(())
    }

    /// The same by `sigstore-verify`.
    fn ask_peer(&self) -> Result<(), Box<dyn Error>> {
        let bundle = Bundle::from_json(std::str::from_utf8(black_box(&self.bundle))?)?;
        let digest = Sha256Hash::new(*self.subject.file.sha256.as_bytes());
        black_box(
            self.peer
                .verify(digest, &bundle, &VerificationPolicy::any_identity())?,
        );
        Ok(())
    }

    fn measure(&self, round: &mut Map<String, Value>) {
        for _ in 0..CALLS {
            note(round, "raw", 1, || self.checks.run());
            note(round, "verify", 1, || {
                self.verify().expect("it verified before");
            });
            note(round, "sigstore_verify", 1, || {
                self.ask_peer().expect("it verified before");
            });
            note(round, "parse", 1, || {
                black_box(Attestation::parse(black_box(&self.subject.attestation)).is_ok());
            });
        }
    }

    /// What a second core gains, for both.
    fn measure_threads(&self, round: &mut Map<String, Value>) {
        const EACH: usize = 10;
        let raw = || self.checks.run();
        let verify = || self.verify().expect("it verified before");
        let run: [(&str, &(dyn Fn() + Sync)); 2] = [("raw", &raw), ("verify", &verify)];
        for _ in 0..CALLS / 4 {
            for (name, call) in run {
                for threads in [1, 2] {
                    note(round, &format!("{name}_{threads}"), threads * EACH, || {
                        std::thread::scope(|scope| {
                            for _ in 0..threads {
                                scope.spawn(|| (0..EACH).for_each(|_| call()));
                            }
                        });
                    });
                }
            }
        }
    }
}

/// Several files that one certificate signed.
struct Release {
    subjects: Vec<Subject>,
    root: TrustRoot,
    checks: Vec<Checks>,
    now: Timestamp,
}

impl Release {
    fn new(now: Timestamp) -> Result<Self, Box<dyn Error>> {
        let domain = Domain::with_p384_authority("trust.example", now)?;
        let who = workload();
        let files: Vec<(String, Sha256)> = (0..FILES)
            .map(|at| {
                let name = format!("sampleproject-1.0-cp3{at}-none-any.whl");
                let sha256 = Sha256::of(name.as_bytes());
                (name, sha256)
            })
            .collect();
        let recipe = |(name, sha256): &(String, Sha256)| {
            domain.recipe(&who, name, sha256, Predicate::Publish, now)
        };
        let recipes: Vec<_> = files.iter().map(recipe).collect();
        let minted = domain.mint_together(&recipes)?;
        let root = domain.trusted_root_json();
        let mut subjects = Vec::new();
        for (attestation, (name, sha256)) in minted.into_iter().zip(files) {
            let file = FileFacts {
                filename: name.parse()?,
                sha256,
            };
            subjects.push(Subject {
                attestation,
                root: Vec::new(),
                file,
            });
        }
        let checks = subjects
            .iter()
            .map(|it| Checks::read(&it.attestation, &root));
        Ok(Self {
            checks: checks.collect::<Result<_, _>>()?,
            root: TrustRoot::from_json(&root)?,
            subjects,
            now,
        })
    }

    /// The least: chain and timestamp once, then three checks a file.
    fn run_raw(&self) {
        self.checks.iter().take(1).for_each(Checks::run_certificate);
        self.checks.iter().for_each(Checks::run_own);
    }

    fn verify(&self) -> Result<(), Box<dyn Error>> {
        let mut memory = CertificateMemory::new();
        for Subject {
            attestation, file, ..
        } in &self.subjects
        {
            let attestation = Attestation::parse(black_box(attestation))?;
            let proven = verify_remembering(&mut memory, file, &attestation, &self.root, self.now)?;
            black_box(proven);
        }
        Ok(())
    }

    fn measure(&self, round: &mut Map<String, Value>) {
        let files = self.subjects.len();
        note(round, "shared_raw", files, || self.run_raw());
        note(round, "shared_verify", files, || {
            self.verify().expect("they verified before");
        });
    }
}

/// The attestation as the bundle that it stands for.
fn bundle(attestation: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let it: Value = serde_json::from_slice(attestation)?;
    let one_line = |text: &Value| text.as_str().map(|text| text.replace('\n', ""));
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": one_line(&it["verification_material"]["certificate"])},
            "tlogEntries": it["verification_material"]["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": one_line(&it["envelope"]["statement"]),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": one_line(&it["envelope"]["signature"])}],
        },
    });
    Ok(bundle.to_string().into_bytes())
}

/// Times one call: microseconds for each of its `parts`. Single calls, so that the least of them met no other process.
fn note(round: &mut Map<String, Value>, name: &str, parts: usize, call: impl Fn()) {
    let began = Instant::now();
    call();
    let each = began.elapsed().as_secs_f64() * 1e6 / parts as f64;
    let all = round.entry(name).or_insert_with(|| json!([]));
    all.as_array_mut().expect("an array").push(json!(each));
}
