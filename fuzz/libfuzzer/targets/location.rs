#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| loadgen::fuzz::fuzz_location(data));
