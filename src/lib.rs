//! Why did each WebSocket connection in a packet capture close?
//!
//! # A tour
//!
//! Reading a capture takes three steps: open it, push its packets through an [`Analyzer`](analyzer::Analyzer), and make a
//! [`Report`](report::Report) of the facts that come out.
//!
//! ```
//! use whyclosed::{analyzer::Analyzer, capture, catalog::Language, report::{Collection, Material, Report}};
//!
//! let mut source = capture::open(&["fixtures/invalid_utf8/capture.pcapng".into()])?;
//! let (mut analyzer, mut collection) = (Analyzer::default(), Collection::default());
//! analyzer.read(&mut *source, &mut collection, |_packet| {})?;
//!
//! let facts = collection.finish().facts;
//! let material = Material { captures: source.summaries(), facts, ..Material::default() };
//! let report = Report::new(material, Language::English);
//! let verdict = &report.connections[0].verdict;
//! assert_eq!(verdict.rule.name, "invalid_utf8");
//! assert!(verdict.summary.starts_with("the client sent a text message that is not UTF-8"));
//! # Ok::<(), whyclosed::error::Error>(())
//! ```
//!
//! The core has no clock, no I/O and no globals: time enters with the packets, and results leave through a
//! [`Sink`](sink::Sink). A [`Collection`](report::Collection) is the sink of a report, which keeps many connections in a
//! temporary file, and a `Vec` one that keeps everything in memory; implement `Sink` to act on a connection as soon as it has
//! ended, as `src/examples/tally.rs` does.
//!
//! # How a packet becomes a verdict
//!
//! ```text
//! capture file ─┐                                                          ┌─ terminal, Markdown
//!               ├─ Packet ─ Segment ─ Chunk ─ http ─ ws ─ Event ─ Facts ─ diagnose ─ Report ┼─ HTML
//!               │  capture  packet    tcp     connection           │                       └─ JSON, NDJSON, CSV, Arrow, Parquet
//!               └─ pipe, interface                                 └─ Sink ─ live
//! ```
//!
//! Take a client that sends Latin-1 as text, and a server that closes with 1007.
//!
//! 1. `capture` lends a `Packet`: its number, its time and its bytes. `packet` takes the headers off, whatever they
//!    are wrapped in, and gives a TCP segment.
//! 2. `tcp` puts each direction back in order and passes on chunks of contiguous bytes, or a gap where bytes are missing.
//!    Beside the stream it keeps what the other side has acknowledged.
//! 3. `connection` finds out which protocol the bytes are: `http` reads the opening handshake, after which `ws` reads
//!    frames. The text's bytes are checked as they arrive; the byte 0xE9 is a violation, with its offset and packet.
//! 4. Each of these is an [`Event`](event::Event). [`Facts`](facts::Facts) is the fold of a connection's events.
//! 5. [`ending`] decides from the facts how the connection ended and who began the end: here the server, with a Close frame.
//! 6. [`diagnose`] asks every rule. A rule is one mechanism in one file, `src/diagnose/rules/NAME.rs`, beside its words.
//!    `invalid_utf8` fits, and is *certain*: the server had acknowledged the bad byte before it closed.
//! 7. [`report`] turns findings into plain data in one of six languages, with secrets redacted, and [`render`] writes it.
//!
//! # Layers
//!
//! Each layer knows only those above it in the table.
//!
//! | floor | modules | what they are |
//! |---|---|---|
//! | 1 | [`seen`] [`side`] `chunk` [`limits`] [`error`] `prefetch` `shortcuts` [`target`] | the words that all others use |
//! | 2 | [`capture`] `tcp` `tls` `http` `http2` `ws` | one protocol each; none knows another |
//! | 3 | `packet` [`event`] [`catalog`] | packets to segments; everything that can happen; the words of the reports |
//! | 4 | [`facts`] | what is known of one connection |
//! | 5 | [`ending`] | how it ended, and who began the end |
//! | 6 | [`diagnose`] [`sink`] | why: one rule a mechanism; where results go |
//! | 7 | `connection` [`report`] | which protocol carries which; the report as plain data |
//! | 8 | [`analyzer`] [`mod@reference`] [`render`] | every connection of a capture; the close codes explained; reports as bytes |
//! | 9 | [`live`] [`mod@slice`] [`archive`] `view` | connections while they are open; the packets of some as a capture of their own; connections from the parts that several runs have seen; the terminal view |
//!
//! The program that uses all this is `src/cli/`. Four laws are checked by `tests/suite/layers.rs`: a module imports only
//! from lower floors; protocols never import each other; a file that parses bytes with nom has no state, and one that has
//! state knows no byte offset of a header; files stay small.
//!
//! In-order bytes are lent from the capture's buffer through every layer. Only what comes out of order, a header cut in two,
//! and the payloads of control frames are copied, and every such buffer has a bound in [`limits`]. Bad traffic is never an
//! error: it becomes an event, because it is what the report is about.

pub mod analyzer;
pub mod archive;
pub mod capture;
pub mod catalog;
mod connection;
pub mod diagnose;
pub mod ending;
pub mod error;
pub mod event;
pub mod facts;
pub mod limits;
pub mod live;
mod prefetch;
pub mod reference;
pub mod render;
pub mod report;
pub mod seen;
#[cfg(not(feature = "internals"))]
mod shortcuts;
#[cfg(feature = "internals")]
pub mod shortcuts;
pub mod side;
pub mod sink;
pub mod slice;
pub mod target;
#[cfg(feature = "view")]
pub mod view;

// The layers below an event. They are public only to this project's own tests and fuzz targets.
#[cfg(not(feature = "internals"))]
mod chunk;
#[cfg(feature = "internals")]
pub mod chunk;
#[cfg(not(feature = "internals"))]
mod http;
#[cfg(feature = "internals")]
pub mod http;
#[cfg(not(feature = "internals"))]
mod http2;
#[cfg(feature = "internals")]
pub mod http2;
#[cfg(not(feature = "internals"))]
mod packet;
#[cfg(feature = "internals")]
pub mod packet;
#[cfg(not(feature = "internals"))]
mod tcp;
#[cfg(feature = "internals")]
pub mod tcp;
#[cfg(not(feature = "internals"))]
mod tls;
#[cfg(feature = "internals")]
pub mod tls;
#[cfg(not(feature = "internals"))]
mod ws;
#[cfg(feature = "internals")]
pub mod ws;
