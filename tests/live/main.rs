//! Tests `whyclosed live` with real endpoints. They need root, and are skipped without the necessary rights.
#![cfg(all(feature = "live", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::print_stdout, reason = "a test prints why it is skipped, and its measurements")]

mod loopback;
mod namespaces;
mod outputs;
mod piped;
mod run;
#[path = "../support/mod.rs"]
mod support;
mod watching;
