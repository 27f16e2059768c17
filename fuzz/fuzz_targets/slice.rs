#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| whyclosed_fuzz::slice(data));
