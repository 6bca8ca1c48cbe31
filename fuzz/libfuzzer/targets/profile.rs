#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netsim::fuzz::fuzz_profile(data));
