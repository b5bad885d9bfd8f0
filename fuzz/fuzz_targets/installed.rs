#![no_main]

#[path = "../src/apart.rs"]
mod apart;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| apart::run("installed", bytes));
