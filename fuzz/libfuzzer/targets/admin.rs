#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| signal::fuzz::fuzz_admin(data));
