//! The parsers of outside bytes: an answer for each input, and what is read is read again as the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use touchplate_attest::domain::TrustConfig;
use touchplate_attest::log::{Checkpoint, EntryBundle, TilePath, append_entry};
use touchplate_attest::logged::LoggedEntry;
use touchplate_attest::root_facts::RootFacts;
use touchplate_attest::stamp::Token;
use touchplate_attest::{
    Attestation, Bundle, Filename, ManagedKey, Provenance, Publisher, TrustRoot,
};

use super::verification::good;

pub(crate) fn attestation(bytes: &[u8]) {
    if let Ok(read) = Attestation::parse(bytes) {
        let again = Attestation::parse(read.json().as_bytes()).expect("its own text is readable");
        assert!(read.is_same_as(&again));
        let _ = read.certificate_facts();
    }
    if let Ok(all) = Attestation::parse_array(bytes) {
        for read in all {
            let again =
                Attestation::parse(read.json().as_bytes()).expect("its own text is readable");
            assert!(read.is_same_as(&again));
        }
    }
}

pub(crate) fn provenance(bytes: &[u8]) {
    if let Ok(read) = Provenance::parse(bytes) {
        let written = read.to_json();
        let again = Provenance::parse(&written).expect("what is written is readable");
        assert_eq!(again.to_json(), written);
        assert_eq!(again.bundles.len(), read.bundles.len());
    }
}

pub(crate) fn publisher(bytes: &[u8]) {
    if let Ok(read) = Publisher::parse(bytes) {
        let written = read.to_json().to_string();
        let again = Publisher::parse(written.as_bytes()).expect("what is written is readable");
        assert_eq!(again, read);
        assert_eq!(again.lookup_key(), read.lookup_key());
        let _ = (read.describe(), read.check_form());
    }
}

/// Behind the door of an attestation, which is the only one to a statement.
pub(crate) fn statement(bytes: &[u8]) {
    let mut document = good().documents[0].json.clone();
    document["envelope"]["statement"] = STANDARD.encode(bytes).into();
    if let Ok(read) = Attestation::parse(document.to_string().as_bytes()) {
        let value: Value = serde_json::from_slice(bytes).expect("a statement is JSON");
        assert_eq!(value["_type"], read.statement().type_uri());
        assert_eq!(value["predicateType"], read.predicate_type().as_str());
        assert_eq!(value["predicate"], *read.statement().predicate());
    }
}

/// Behind the door of an attestation, which is the only one to a certificate.
pub(crate) fn certificate(bytes: &[u8]) {
    let mut document = good().documents[0].json.clone();
    document["verification_material"]["certificate"] = STANDARD.encode(bytes).into();
    if let Ok(read) = Attestation::parse(document.to_string().as_bytes()) {
        assert_eq!(read.certificate(), bytes);
        if let Ok(facts) = read.certificate_facts() {
            assert!(!facts.identity.issuer().contains('\0') || facts.identity.sans().count() > 0);
        }
    }
}

pub(crate) fn checkpoint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(read) = Checkpoint::parse(text) {
        assert_eq!(read.note(), text);
        let root = STANDARD.encode(read.root_hash());
        let head = format!("{}\n{}\n{root}\n", read.origin(), read.tree_size());
        assert!(text.starts_with(&head));
        assert!(read.signers().count() > 0);
    }
}

pub(crate) fn tile_path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(read) = text.parse::<TilePath>() {
        // A tile has one path, so no other can be a second name of a file.
        assert_eq!(read.to_string(), text);
        assert!((1..=256).contains(&read.width()));
        assert!(!text.contains("..") && !text.starts_with('/'));
    }
}

pub(crate) fn entry_bundle(bytes: &[u8]) {
    if let Ok(read) = EntryBundle::parse(bytes) {
        let mut again = Vec::new();
        for entry in read.entries() {
            assert!(append_entry(&mut again, entry));
        }
        assert_eq!(again, bytes);
    }
}

pub(crate) fn bundle(bytes: &[u8]) {
    if let Ok(read) = Bundle::parse(bytes) {
        let again = Bundle::parse(bytes).expect("what was read is readable");
        assert_eq!(again.signature(), read.signature());
        assert_eq!(again.transparency_entries(), read.transparency_entries());
        let _ = read.certificate_facts();
    }
}

pub(crate) fn timestamp(bytes: &[u8]) {
    if let Ok(read) = Token::parse(bytes) {
        let again = Token::parse(read.der()).expect("its own bytes are readable");
        assert!(again == read);
        let (hash, digest) = read.message_digest();
        assert_eq!(hash.of(b"").len(), digest.len());
        let _ = (read.time(), read.certificates());
    }
}

pub(crate) fn trust_config(bytes: &[u8]) {
    if let Ok(read) = TrustConfig::parse(bytes) {
        let root = read.root_json().as_bytes();
        let again = TrustRoot::from_json(root).expect("its root is readable");
        assert_eq!(again.digest(), read.root().digest());
    }
}

pub(crate) fn trusted_root(bytes: &[u8]) {
    let _ = RootFacts::read(bytes);
    if let Ok(read) = TrustRoot::from_json(bytes) {
        let again = TrustRoot::from_json(bytes).expect("what was read is readable");
        assert_eq!(read.digest(), again.digest());
    }
}

pub(crate) fn managed_key(bytes: &[u8]) {
    let _ = ManagedKey::parse(bytes);
}

/// As a body of Rekor's, and as a leaf of a certificate log.
pub(crate) fn logged_entry(bytes: &[u8]) {
    for read in [
        LoggedEntry::of_rekor(bytes),
        LoggedEntry::of_certificate_log(bytes),
    ]
    .into_iter()
    .flatten()
    {
        let _ = (read.kind, read.digest);
    }
}

pub(crate) fn strict_json(bytes: &[u8]) {
    const LIMIT: usize = 64 * 1024;
    if let Ok(strict) = touchplate_attest::read_strict_json(bytes, LIMIT) {
        let lenient: Value = serde_json::from_slice(bytes).expect("strict JSON is JSON");
        assert_eq!(strict, lenient);
    }
}

pub(crate) fn filename(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(read) = text.parse::<Filename>() {
        let again: Filename = read.to_string().parse().expect("what is shown is readable");
        assert_eq!(again, read);
        assert!(again.is_same_distribution(&read));
    }
}
