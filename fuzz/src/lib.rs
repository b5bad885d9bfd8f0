//! What each target does with its bytes. The fuzzer runs these, and `attest`'s tests run them on the kept seeds.
//!
//! A target returns for every input. It panics only where a promise of the crate is broken.

mod der;
mod mutation;
mod parsers;
mod proposals;
mod tokens;
mod verification;

/// A target: a name, which is also that of its folder of seeds, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("verify", verification::verify),
    ("attestation", parsers::attestation),
    ("provenance", parsers::provenance),
    ("publisher", parsers::publisher),
    ("statement", parsers::statement),
    ("certificate", parsers::certificate),
    ("checkpoint", parsers::checkpoint),
    ("tile_path", parsers::tile_path),
    ("entry_bundle", parsers::entry_bundle),
    ("bundle", parsers::bundle),
    ("timestamp", parsers::timestamp),
    ("trusted_root", parsers::trusted_root),
    ("trust_config", parsers::trust_config),
    ("rekor1", proposals::rekor1),
    ("rekor2", proposals::rekor2),
    ("rekor_query", proposals::query),
    ("id_token", tokens::id_token),
    ("key_set", tokens::key_set),
    ("signing_request", tokens::signing_request),
    ("logged_entry", parsers::logged_entry),
    ("managed_key", parsers::managed_key),
    ("strict_json", parsers::strict_json),
    ("filename", parsers::filename),
];

/// Runs the target with this name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, run) = target.expect("the fuzzer and the tests name targets of the table");
    run(bytes);
}

/// The document that `bytes` make of a good one for the target `verify`, and whether that is a bundle.
pub fn changed_document(bytes: &[u8]) -> (Vec<u8>, bool) {
    let (document, text) = verification::changed(bytes);
    (text, document.is_bundle)
}

/// The good document that [`changed_document`] changes, and whether it is a bundle.
pub fn good_document(bytes: &[u8]) -> (&'static serde_json::Value, bool) {
    let (document, _) = verification::changed(bytes);
    (&document.json, document.is_bundle)
}
