#![no_main]

#[path = "../src/served.rs"]
mod served;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| served::run("accept", bytes));
