//! What each target does with its bytes. The fuzzer runs these, and `attest`'s tests run them on the kept seeds.
//!
//! A target returns for every input. It panics only where a promise of the crate is broken.

mod der;
mod mutation;
mod parsers;
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
    ("trusted_root", parsers::trusted_root),
    ("strict_json", parsers::strict_json),
    ("filename", parsers::filename),
];

/// Runs the target with this name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, run) = target.expect("the fuzzer and the tests name targets of the table");
    run(bytes);
}
