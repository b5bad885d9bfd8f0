//! A good case to begin with, minted anew for each test.

use jiff::Timestamp;
use serde_json::Value;
use touchplate_attest::verify::{Outcome, Report, report};
use touchplate_attest::{
    Attestation, FileFacts, Proven, Publisher, Sha256, TrustRoot, VerifyError, verify,
};
use touchplate_trust::{Domain, Predicate, Recipe, Workload};

pub(crate) const NAME: &str = "sampleproject-1.0.tar.gz";

/// A time that stands still, in the past of every machine that runs this.
pub(crate) fn now() -> Timestamp {
    "2025-06-15T12:00:00Z".parse().unwrap()
}

pub(crate) fn digest() -> Sha256 {
    Sha256::of(b"the file's bytes")
}

/// Everything that `verify` is given.
pub(crate) struct Case {
    pub(crate) domain: Domain,
    pub(crate) file: FileFacts,
    pub(crate) root: Value,
    pub(crate) now: Timestamp,
}

impl Case {
    pub(crate) fn good() -> Self {
        let domain = Domain::new("trust.example", now()).unwrap();
        // A tree of several entries, so that there are proof hashes to go wrong.
        for _ in 0..5 {
            domain
                .attest(&workload(), NAME, &digest(), Predicate::Publish, now())
                .unwrap();
        }
        Self {
            root: serde_json::from_slice(&domain.trusted_root_json()).unwrap(),
            file: FileFacts {
                filename: NAME.parse().unwrap(),
                sha256: digest(),
            },
            domain,
            now: now(),
        }
    }

    pub(crate) fn recipe(&self) -> Recipe {
        self.recipe_by(&workload())
    }

    pub(crate) fn recipe_by(&self, who: &Workload) -> Recipe {
        self.domain
            .recipe(who, NAME, &digest(), Predicate::Publish, now())
    }

    pub(crate) fn mint_by(&self, who: &Workload) -> Value {
        self.mint(&self.recipe_by(who))
    }

    pub(crate) fn mint(&self, recipe: &Recipe) -> Value {
        serde_json::from_slice(&self.domain.mint(recipe).unwrap()).unwrap()
    }

    pub(crate) fn root(&self) -> TrustRoot {
        TrustRoot::from_json(self.root.to_string().as_bytes()).unwrap()
    }

    pub(crate) fn verify(&self, json: &Value) -> Result<Proven, VerifyError> {
        let text = json.to_string();
        let attestation = Attestation::parse(text.as_bytes()).unwrap();
        let root = self.root();
        tells_the_same(&report(&self.file, text.as_bytes(), &root, self.now));
        verify(&self.file, &attestation, &root, self.now)
    }
}

/// Whether the checks one by one say what `verify` says: all hold, or one of those that failed names its rule.
pub(crate) fn tells_the_same(report: &Report) {
    let failures = report.outcomes().iter().filter_map(|(_, it)| match it {
        Outcome::Failed(failure) => Some(format!("{failure:?}")),
        Outcome::Held | Outcome::NotReached => None,
    });
    let failures: Vec<String> = failures.collect();
    let all_held = report.outcomes().iter().all(|(_, it)| it.is_held());
    assert_eq!(all_held, report.proven().is_some(), "{report:?}");
    match report.refusal() {
        Some(refusal) => {
            let expected = format!("Rule({refusal:?})");
            assert!(failures.contains(&expected), "{expected}: {failures:?}");
        }
        // Held, or no attestation at all.
        None => assert_eq!(failures.len(), usize::from(report.attestation().is_none())),
    }
}

pub(crate) fn workload() -> Workload {
    Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0")
}

pub(crate) fn publisher() -> Publisher {
    Publisher::github("example/sampleproject", "release.yml")
}

/// Changes one byte of base64 text.
pub(crate) fn flip(text: &mut Value, byte: usize) {
    let mut bytes = base64::decode(text);
    bytes[byte] ^= 1;
    *text = base64::encode(&bytes).into();
}

pub(crate) mod base64 {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    use serde_json::Value;

    pub(crate) fn decode(text: &Value) -> Vec<u8> {
        STANDARD.decode(text.as_str().unwrap()).unwrap()
    }

    pub(crate) fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }
}
