//! The offline tests: no rights, no network, and no other program that has to be there.
//!
//! `cargo test --test suite redaction::` runs those of one area.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test says what it skips")]
#![allow(clippy::vec_box, reason = "a sink of the library is a `Vec<Box<Facts>>`")]

#[path = "../support/mod.rs"]
mod support;

mod attempts;
mod autobahn;
#[cfg(unix)]
mod bundles;
mod cli;
mod confusion;
mod cut_files;
mod dependencies;
mod fixtures;
mod fragments;
mod hostile;
mod languages;
mod layers;
#[cfg(feature = "live")]
mod libpcap;
mod not_websocket;
#[cfg(unix)]
mod outputs;
mod properties;
mod redaction;
mod reference;
#[cfg(target_os = "linux")]
mod sandbox;
mod slice;
#[cfg(target_os = "linux")]
mod slice_memory;
mod tshark;
mod views;
mod watch;
#[cfg(all(target_os = "linux", feature = "live"))]
mod without_libpcap;
mod words;
mod wrappings;
