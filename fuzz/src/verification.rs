//! `verify` and `verify_bundle`: no change to a good document makes another one that is believed.

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::Value;
use touchplate_attest::attestation::TransparencyEntry;
use touchplate_attest::{
    Artifact, Attestation, Bundle, BundleContent, FileFacts, Sha256, SignedTime, TrustRoot,
    verify_bundle,
};

use super::mutation::{self, Input};

/// Changes to one document. Two at once may hide each other; more only cost time.
const MAX_CHANGES: usize = 4;

/// The file that all of them are about.
const FILE: &[u8] = b"the file's bytes";

/// Good documents, and what they are verified with. Minted once: their keys are gone.
pub(crate) struct Good {
    root: TrustRoot,
    file: FileFacts,
    artifact: Artifact,
    now: Timestamp,
    pub(crate) documents: Vec<Document>,
}

/// One good document: attestation or bundle.
pub(crate) struct Document {
    pub(crate) json: Value,
    pub(crate) is_bundle: bool,
    says: Says,
}

/// What is believed of a document.
struct Says {
    certificate: Vec<u8>,
    content: Vec<u8>,
    signature: Vec<u8>,
    entries: Vec<TransparencyEntry>,
    times: Vec<SignedTime>,
}

/// Attestations first. Rekor v1; Rekor v2 with a timestamp; bundles of a statement, of a bare message, and of an older
/// kind of entry with promise and timestamp.
const FIXTURES: &[(&[u8], bool)] = &[
    (include_bytes!("../fixtures/attestation.json"), false),
    (include_bytes!("../fixtures/attestation-v2.json"), false),
    (include_bytes!("../fixtures/bundle-statement.json"), true),
    (include_bytes!("../fixtures/bundle-message.json"), true),
    (include_bytes!("../fixtures/bundle-intoto.json"), true),
];

pub(crate) fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let root = include_bytes!("../fixtures/trusted_root.json");
        let mut good = Good {
            root: TrustRoot::from_json(root).expect("the fixture is a trust root"),
            file: FileFacts {
                filename: "sampleproject-1.0.tar.gz".parse().expect("a filename"),
                sha256: Sha256::of(FILE),
            },
            artifact: Artifact::of(FILE),
            now: "2025-06-15T12:30:00Z".parse().expect("a time"),
            documents: Vec::new(),
        };
        for (text, is_bundle) in FIXTURES {
            let says = good
                .believe(text, *is_bundle)
                .expect("the fixture verifies");
            let json = serde_json::from_slice(text).expect("the fixture is JSON");
            good.documents.push(Document {
                json,
                is_bundle: *is_bundle,
                says,
            });
        }
        good
    })
}

/// Whatever is believed says the same as the good one.
pub(crate) fn verify(bytes: &[u8]) {
    let good = good();
    let (document, text) = changed(bytes);
    let Some(says) = good.believe(&text, document.is_bundle) else {
        return;
    };
    let other = &document.says;
    assert_eq!(says.content, other.content, "other content is believed");
    assert_eq!(
        says.certificate, other.certificate,
        "another certificate is believed"
    );
    assert_eq!(
        says.signature, other.signature,
        "another signature is believed"
    );
    for entry in &says.entries {
        let known = other.entries.iter().any(|known| is_same(entry, known));
        assert!(known, "another log entry is believed");
    }
    for time in &says.times {
        assert!(
            other.times.contains(time),
            "another time is believed: {time:?}"
        );
    }
    assert!(!says.times.is_empty());
}

/// First byte: which document, how many changes, whether its text is changed too. Two values stand for a whole document
/// that follows.
pub(crate) fn changed(bytes: &[u8]) -> (&'static Document, Vec<u8>) {
    const ATTESTATION: u8 = 0xff;
    const BUNDLE: u8 = 0xfe;
    let documents = &good().documents;
    let (&first, rest) = bytes.split_first().unwrap_or((&ATTESTATION, &[]));
    match first {
        ATTESTATION => return (&documents[0], rest.to_vec()),
        BUNDLE => return (&documents[2], rest.to_vec()),
        _ => {}
    }
    let document = &documents[usize::from(first & 7) % documents.len()];
    let mut json = document.json.clone();
    let mut input = Input(rest);
    for _ in 0..=usize::from(first >> 3) % MAX_CHANGES {
        mutation::change(&mut json, &mut input, 0);
    }
    let text = json.to_string().into_bytes();
    // Below the reach of a JSON writer: equal keys, spelling, white space.
    if first & 0x80 == 0 {
        (document, text)
    } else {
        (document, mutation::change_bytes(&text, &mut input))
    }
}

impl Good {
    fn believe(&self, text: &[u8], is_bundle: bool) -> Option<Says> {
        if is_bundle {
            self.believe_bundle(text)
        } else {
            self.believe_attestation(text)
        }
    }

    fn believe_attestation(&self, text: &[u8]) -> Option<Says> {
        let read = Attestation::parse(text).ok()?;
        let proven = touchplate_attest::verify(&self.file, &read, &self.root, self.now).ok()?;
        assert_eq!(
            proven.log_entries().len(),
            read.transparency_entries().len()
        );
        Some(Says {
            certificate: read.certificate().to_vec(),
            content: format!("{:?}", read.statement()).into_bytes(),
            signature: read.signature().to_vec(),
            entries: read.transparency_entries().to_vec(),
            times: proven.times().to_vec(),
        })
    }

    fn believe_bundle(&self, text: &[u8]) -> Option<Says> {
        let read = Bundle::parse(text).ok()?;
        let proven = verify_bundle(&self.artifact, &read, None, &self.root, self.now).ok()?;
        assert_eq!(
            proven.log_entries().len(),
            read.transparency_entries().len()
        );
        Some(Says {
            certificate: read.certificate()?.to_vec(),
            content: match read.content() {
                BundleContent::Statement { payload, .. } => payload.clone(),
                // The digest beside it is only a hint; what was signed is the artifact itself.
                BundleContent::Artifact { .. } => Vec::new(),
            },
            signature: read.signature().to_vec(),
            entries: read.transparency_entries().to_vec(),
            times: proven.times().to_vec(),
        })
    }
}

/// Whether both say the same. Signatures are left out: of ECDSA there are two for one message and key, and others may
/// sign a checkpoint beside the log.
fn is_same(one: &TransparencyEntry, other: &TransparencyEntry) -> bool {
    let promised = one.promise.is_some();
    let signed = |entry: &TransparencyEntry| {
        let mut entry = entry.clone();
        entry.promise = None;
        if !promised {
            // Then nothing of Rekor v1 signs them, and its time is not believed.
            (entry.integrated_time, entry.log_index) = (None, 0);
        }
        let proof = entry.proof.take().map(|proof| {
            let text = proof.checkpoint.text().to_owned();
            (
                proof.log_index,
                proof.root_hash,
                proof.tree_size,
                proof.hashes,
                text,
            )
        });
        (entry, proof)
    };
    signed(one) == signed(other)
}
