#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| touchplate_fuzz::run("managed_key", bytes));
