//! The kept seeds of the fuzz targets, and what a fuzzer found once, as plain tests.

use std::path::Path;

// In the fuzzer's workspace it is a crate of its own.
#[expect(unreachable_pub)]
#[path = "../../../../fuzz/src/lib.rs"]
pub(crate) mod fuzz;

#[test]
fn every_kept_seed_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, target) in fuzz::TARGETS {
        let seeds = std::fs::read_dir(folder.join(name)).unwrap();
        let mut count = 0;
        for seed in seeds {
            let path = seed.unwrap().path();
            eprintln!("{}", path.display()); // shown if it panics
            target(&std::fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has no seed");
    }
}

/// A short run without a fuzzer: the same changes each time.
#[test]
fn changed_attestations_are_never_believed() {
    for bytes in random_changes(3000) {
        fuzz::run("verify", &bytes);
    }
}

/// Bytes for the target `verify`: the same on each run (Marsaglia's xorshift).
pub(crate) fn random_changes(count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..count).map(move |_| (0..6).flat_map(|_| next()).collect())
}
