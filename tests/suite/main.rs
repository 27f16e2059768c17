//! The offline tests: they need no rights and no network, and skip checks whose programs are missing.
//!
//! `cargo test --test suite redaction::` runs the tests of one area.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test prints why it is skipped")]
#![allow(clippy::vec_box, reason = "a sink of the library is a `Vec<Box<Facts>>`")]

#[path = "../support/mod.rs"]
mod support;

mod annotate;
mod answers;
#[cfg(feature = "arrow")]
mod arrow;
mod attempts;
mod autobahn;
#[cfg(unix)]
mod bundles;
mod cli;
mod completions;
mod config;
mod confusion;
mod cut_files;
mod dependencies;
mod fixtures;
#[cfg(feature = "arrow")]
mod fleet;
mod fragments;
mod held;
mod hostile;
mod http2;
mod items;
mod languages;
mod layers;
#[cfg(feature = "live")]
mod libpcap;
mod manual;
mod narrow;
mod not_websocket;
mod nothing_found;
#[cfg(unix)]
mod outputs;
mod outside;
mod packaging;
#[cfg(all(unix, feature = "live"))]
mod piped;
mod processes;
mod properties;
mod redaction;
mod reference;
#[cfg(target_os = "linux")]
mod sandbox;
mod several;
mod shortcuts;
mod slice;
#[cfg(target_os = "linux")]
mod slice_memory;
mod threads;
mod tshark;
#[cfg(feature = "view")]
mod view;
#[cfg(all(unix, feature = "view"))]
mod view_in_terminal;
mod views;
mod watch;
#[cfg(all(target_os = "linux", feature = "live"))]
mod without_libpcap;
mod words;
mod wrappings;
mod wss;
