//! `verify`: no change to a good attestation makes another one that is believed.

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::Value;
use touchplate_attest::attestation::TransparencyEntry;
use touchplate_attest::{Attestation, FileFacts, Sha256, TrustRoot};

use super::mutation::{self, Input};

/// Changes to one document. Two at once may hide each other; more only cost time.
const MAX_CHANGES: usize = 4;

/// A good attestation and all that it is verified with. Minted once: its keys are gone.
pub(crate) struct Good {
    pub(crate) document: Value,
    pub(crate) attestation: Attestation,
    root: TrustRoot,
    file: FileFacts,
    now: Timestamp,
}

pub(crate) fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let text = include_bytes!("../fixtures/attestation.json");
        let good = Good {
            document: serde_json::from_slice(text).expect("the fixture is JSON"),
            attestation: Attestation::parse(text).expect("the fixture is an attestation"),
            root: TrustRoot::from_json(include_bytes!("../fixtures/trusted_root.json"))
                .expect("the fixture is a trust root"),
            file: FileFacts {
                filename: "sampleproject-1.0.tar.gz".parse().expect("a filename"),
                sha256: Sha256::of(b"the file's bytes"),
            },
            now: "2025-06-15T12:30:00Z".parse().expect("a time"),
        };
        touchplate_attest::verify(&good.file, &good.attestation, &good.root, good.now)
            .expect("the fixture verifies");
        good
    })
}

/// First byte: whether the rest is the document itself, or changes to the good one.
pub(crate) fn verify(bytes: &[u8]) {
    const WHOLE: u8 = 0xff;
    match bytes.split_first() {
        Some((&WHOLE, document)) => check(document),
        Some((&kind, changes)) => check(&changed(kind, changes)),
        None => {}
    }
}

fn changed(kind: u8, changes: &[u8]) -> Vec<u8> {
    let mut document = good().document.clone();
    let mut input = Input(changes);
    for _ in 0..=usize::from(kind) % MAX_CHANGES {
        mutation::change(&mut document, &mut input, 0);
    }
    let text = document.to_string().into_bytes();
    // Below the reach of a JSON writer: equal keys, spelling, white space.
    if kind & 0x80 == 0 {
        text
    } else {
        mutation::change_bytes(&text, &mut input)
    }
}

fn check(document: &[u8]) {
    let good = good();
    let Ok(attestation) = Attestation::parse(document) else {
        return;
    };
    let Ok(proven) = touchplate_attest::verify(&good.file, &attestation, &good.root, good.now)
    else {
        return;
    };
    let same = attestation.certificate() == good.attestation.certificate()
        && attestation.statement() == good.attestation.statement()
        && attestation.signature() == good.attestation.signature();
    assert!(same, "another attestation is believed");
    let known = good.attestation.transparency_entries();
    for entry in attestation.transparency_entries() {
        let known = known.iter().any(|known| is_same(entry, known));
        assert!(known, "another log entry is believed");
    }
    assert_eq!(
        proven.log_entries().len(),
        attestation.transparency_entries().len()
    );
}

/// Whether both say the same. Signatures are left out: of ECDSA there are two for one message and key, and others may
/// sign a checkpoint beside the log.
fn is_same(one: &TransparencyEntry, other: &TransparencyEntry) -> bool {
    let signed = |entry: &TransparencyEntry| {
        let mut entry = entry.clone();
        entry.promise = None;
        let proof = entry.proof.take().map(|proof| {
            let note = proof.checkpoint.note();
            let text = note.split_once("\n\n").map(|(text, _)| text.to_owned());
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
