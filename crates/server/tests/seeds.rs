//! The kept seeds of the fuzz targets for clients, the index and the server, as plain tests.
// What the tests' own functions unwrap is what a test expects.
#![allow(clippy::unwrap_used)]

use std::path::Path;

// In the fuzzer's workspace both belong to its programs.
#[path = "../../../fuzz/src/apart.rs"]
#[allow(dead_code)]
mod apart;
#[path = "../../../fuzz/src/served.rs"]
#[allow(dead_code)]
mod served;

#[test]
fn every_kept_seed_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, target) in apart::TARGETS.iter().chain(served::TARGETS) {
        let seeds = std::fs::read_dir(folder.join(name)).unwrap();
        let mut count = 0;
        for seed in seeds {
            let path = seed.unwrap().path();
            eprintln!("{}", path.display()); // shown if it panics
            let bytes = std::fs::read(path).unwrap();
            target(&bytes);
            changed(&bytes, *target);
            count += 1;
        }
        assert!(count > 0, "{name} has no seed");
    }
}

/// A short run without a fuzzer: each seed cut and with one byte changed, the same changes each time.
fn changed(seed: &[u8], target: fn(&[u8])) {
    let steps = seed.len().div_ceil(40).max(1);
    for at in (0..seed.len()).step_by(steps) {
        target(&seed[..at]);
        let mut damaged = seed.to_vec();
        damaged[at] ^= 1 << (at % 8);
        target(&damaged);
    }
}
