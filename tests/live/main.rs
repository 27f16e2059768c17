//! `whyclosed live` with real endpoints. Needs root; where the rights are missing, the tests say so and do nothing.
#![cfg(all(feature = "live", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::print_stdout, reason = "a test says what it skips and what it measured")]

mod loopback;
mod namespaces;
#[path = "../support/mod.rs"]
mod support;
mod watching;
