//! The bodies of the fuzz targets, as plain functions that tests run, too (`tests/fuzzing.rs`).
//!
//! A body panics only when it finds a fault. Most check that the result does not depend on the way the bytes arrive.
#![allow(clippy::vec_box, reason = "a sink of the library is a `Vec<Box<Facts>>`")]

mod captures;
mod catalogues;
mod conversations;
mod cuts;
mod files;
mod packets;
mod reports;
mod slices;
mod streams;

// The packet writer of the property tests.
#[allow(dead_code, reason = "shared with the properties")]
#[path = "../../tests/support/captured.rs"]
mod captured;
#[allow(dead_code, reason = "shared with the properties")]
#[path = "../../tests/support/conversation.rs"]
mod conversation;
#[path = "../../tests/support/essence.rs"]
mod essence;
#[allow(dead_code, reason = "shared with the benchmarks")]
#[path = "../../tests/support/random.rs"]
mod random;
#[allow(dead_code, reason = "shared with the properties")]
#[path = "../../tests/support/segments.rs"]
mod segments;
#[allow(dead_code, reason = "shared with the properties")]
#[path = "../../tests/support/way.rs"]
mod way;
#[allow(dead_code, reason = "shared with the benchmarks")]
#[path = "../../tests/support/wire.rs"]
mod wire;

pub use captures::{capture, compressed, pcap, pcapng};
pub use catalogues::catalog;
pub use conversations::conversation;
pub use packets::packets;
pub use slices::{redact, slice};
pub use streams::{frames, http, tls};

/// The body of a target.
pub type Body = fn(&[u8]);

/// Every target with its name.
pub const TARGETS: [(&str, Body); 12] = [
    ("capture", capture),
    ("pcap", pcap),
    ("pcapng", pcapng),
    ("compressed", compressed),
    ("packets", packets),
    ("conversation", conversation),
    ("frames", frames),
    ("http", http),
    ("tls", tls),
    ("catalog", catalog),
    ("slice", slice),
    ("redact", redact),
];
