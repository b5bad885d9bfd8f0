#![no_main]

#[path = "../../crates/packaging/tests/seeds/judge.rs"]
#[allow(dead_code)]
mod judge;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| judge::metadata(bytes));
