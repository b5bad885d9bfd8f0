//! Hostile bytes may be refused or accepted, and nothing else: no panic, no endless loop.

use super::sample::*;
use crate::archive::*;
use std::io::Cursor;

/// The same numbers on every run (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// `inspect` on every prefix of `good`, and on copies of it with a few bytes changed at random.
fn survive(good: &[u8], filename: &str, wrap: impl Fn(&[u8]) -> Vec<u8>) {
    let filename: Filename = filename.parse().unwrap();
    let limits = Limits {
        ratio_free_bytes: 1 << 18,
        ..Limits::default()
    };
    let answer = |bytes: &[u8]| {
        drop(inspect(
            &mut Cursor::new(wrap(bytes)),
            &filename,
            Profile::Private,
            &limits,
        ));
    };
    for end in 0..good.len() {
        answer(&good[..end]);
    }
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..1000 {
        let mut changed = good.to_vec();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(changed.len());
            changed[at] = [
                0,
                1,
                0x7f,
                0xff,
                b'/',
                b'.',
                changed[at] ^ (1 << numbers.below(8)),
            ][numbers.below(7)];
        }
        answer(&changed);
    }
}

#[test]
fn wheels() {
    survive(&zip(&parts()), "demo-1.0-py3-none-any.whl", <[u8]>::to_vec);
    survive(
        &zip_by_crate(&wheel_files()),
        "demo-1.0-py3-none-any.whl",
        <[u8]>::to_vec,
    );
}

#[test]
fn sdists() {
    let entries = || {
        entries(
            "demo-1.0",
            &[("PKG-INFO", &metadata("demo", "1.0")), ("demo.py", b"")],
        )
    };
    survive(&gzip(&tar(entries())), "demo-1.0.tar.gz", <[u8]>::to_vec);
    // Changed below the compression, with the checksums of the headers left wrong or hit by chance…
    survive(&tar(entries()), "demo-1.0.tar.gz", gzip);
    // …and with them set right.
    survive(&tar(entries()), "demo-1.0.tar.gz", |bytes| {
        let mut bytes = bytes.to_vec();
        for block in bytes.chunks_exact_mut(512) {
            if block[257..262] == *b"ustar" {
                block[148..156].fill(b' ');
                let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
                block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
            }
        }
        gzip(&bytes)
    });
}
