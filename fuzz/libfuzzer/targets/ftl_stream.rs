#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ftl::fuzz::fuzz_ftl_stream(data));
