#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dial::fuzz::fuzz_location(data));
