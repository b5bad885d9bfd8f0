#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| touchplate_fuzz::run("logged_entry", bytes));
