//! Why did each WebSocket connection in a packet capture close?
//!
//! The way of the data, top to bottom; each layer knows only those below it in the table.
//!
//! ```text
//! capture file ─┐                                                          ┌─ terminal   (Document)
//!               ├─ Packet ─ Segment ─ Chunk ─ http ─ ws ─ Event ─ Facts ─ diagnose ─ Report ┤
//!               │  capture  packet    tcp     connection           │                       └─ json
//!               └─ pipe, interface                                 └─ Sink ─ live: what is told as it happens
//! ```
//!
//! | floor | modules | what they are |
//! |---|---|---|
//! | 1 | [`seen`] [`side`] [`chunk`] [`limits`] [`error`] [`prefetch`] [`target`] | the words that all others speak |
//! | 2 | [`capture`] [`tcp`] [`tls`] [`http`] [`ws`] | one protocol each, which know nothing of each other |
//! | 3 | [`packet`] [`event`] [`catalog`] | packets to segments; what can happen; the words of the reports |
//! | 4 | [`facts`] | what is known of one connection: the fold of its events |
//! | 5 | [`ending`] | how it ended, and who began the end |
//! | 6 | [`diagnose`] [`sink`] | why: one rule a mechanism; where results are pushed |
//! | 7 | [`connection`] [`report`] | which protocol stands on which; the report as plain data |
//! | 8 | [`analyzer`] [`mod@reference`] [`render`] | every connection of a capture; the close codes explained; reports as bytes |
//! | 9 | [`live`] [`mod@slice`] | what is told of connections while they go on; the packets of some as a capture of their own |
//!
//! Four laws, held by `tests/layers.rs`: a module imports only from lower floors; protocols never import each other; a
//! file that parses bytes with nom has no state, and one that has state knows no byte offset of a header; files stay small.
//!
//! The core pushes and has no clock, no I/O and no globals: time enters with the packets.
//!
//! ```no_run
//! use whyclosed::{analyzer::Analyzer, capture, catalog::Language, report::{Material, Report}};
//!
//! let mut source = capture::open(&["trace.pcapng".into()])?;
//! let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
//! loop {
//!     let packets = source.batch()?;
//!     if packets.is_empty() {
//!         break;
//!     }
//!     analyzer.push_all(&packets, &mut facts);
//! }
//! analyzer.finish(&mut facts);
//! let material = Material { captures: source.summaries(), facts, ..Material::default() };
//! for connection in Report::new(material, Language::English).connections {
//!     println!("{}: {}", connection.id, connection.verdict.summary);
//! }
//! # Ok::<(), whyclosed::error::Error>(())
//! ```
//!
//! In-order bytes are lent from the capture's buffer through every layer; only what comes out of order, a header cut in two,
//! and control payloads are copied, and every such buffer has a bound in [`limits`]. Bad traffic is never an error: it
//! becomes an event, for it is what the report is about.

pub mod analyzer;
pub mod capture;
pub mod catalog;
pub mod chunk;
pub mod connection;
pub mod diagnose;
pub mod ending;
pub mod error;
pub mod event;
pub mod facts;
pub mod http;
pub mod limits;
pub mod live;
pub mod packet;
pub mod prefetch;
pub mod reference;
pub mod render;
pub mod report;
pub mod seen;
pub mod side;
pub mod sink;
pub mod slice;
pub mod target;
pub mod tcp;
pub mod tls;
pub mod ws;
