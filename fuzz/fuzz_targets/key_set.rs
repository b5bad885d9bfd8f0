#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| touchplate_fuzz::run("key_set", bytes));
