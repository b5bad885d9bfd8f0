//! The kept seeds of the fuzz targets `wheel`, `sdist` and `metadata`, and what a fuzzer found once, as plain tests.

mod judge;

use std::path::Path;

#[test]
fn every_kept_seed_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, target) in judge::TARGETS {
        let mut count = 0;
        for seed in std::fs::read_dir(folder.join(name)).unwrap() {
            let path = seed.unwrap().path();
            eprintln!("{}", path.display()); // shown if it panics
            target(&std::fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has no seed");
    }
}

/// A short run without a fuzzer: each byte of each small seed, changed in two ways, and each cut.
#[test]
fn changed_seeds_are_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, target) in judge::TARGETS {
        for seed in std::fs::read_dir(folder.join(name)).unwrap() {
            let good = std::fs::read(seed.unwrap().path()).unwrap();
            // A step that is no divisor of a block's size, so that each field has its turn.
            for at in (0..good.len()).step_by(1 + good.len() / 100) {
                for change in [0x01, 0xff] {
                    let mut changed = good.clone();
                    changed[at] ^= change;
                    target(&changed);
                }
                target(&good[..at]);
            }
        }
    }
}
