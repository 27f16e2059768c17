//! The interface through which the analyzer hands out its results.
//!
//! The analyzer pushes, because packets drive it: a file, a pipe and a live interface look the same to a sink. A sink
//! that needs only the end results implements only [`Sink::connection`].

use crate::event::Event;
use crate::facts::Facts;
use crate::tls::session::{Obstacle, Summary};

/// A receiver of the analyzer's results.
///
/// An [`Analyzer`](crate::analyzer::Analyzer) calls its sink from within `push`, `push_all`, `tick` and `finish`, on
/// the thread that calls these.
///
/// # Order of calls
///
/// For each connection, [`Sink::event`] is called any number of times, then [`Sink::connection`] at most once. No event
/// of a connection follows its `connection` call. Calls for different connections interleave in the order of the
/// packets.
///
/// The events of one side come in stream order. Bytes that waited behind a hole are reported once the hole is filled or
/// given up, so the packet numbers of a connection's events may go backwards.
///
/// [`Facts::stream`] is not unique: a second opening handshake on the same TCP connection is a connection of its own
/// with the same number, and so is a TCP connection begun by a SYN that Wireshark counts to the same `tcp.stream`.
///
/// # Errors and early stops
///
/// Neither is possible: the methods return nothing, and the analyzer does not ask whether to go on. A sink that runs
/// into an error has to keep it for its owner. An owner that wants no more stops pushing packets; connections that are
/// still followed are handed out by `Analyzer::finish` only.
pub trait Sink {
    /// Receives the final facts of a WebSocket connection, or of an attempt at one.
    ///
    /// The analyzer calls it when it expects no more of the connection: [`limits::LINGER`](crate::limits::LINGER) after
    /// both sides have sent a FIN or one has sent an RST, when another connection or attempt takes its place, when it
    /// is given up for one of the [`limits`](crate::limits), or in `Analyzer::finish`, in the order of the stream
    /// numbers. A TCP connection that does not turn out to be one to report ([`Facts::is_reportable`]) is dropped
    /// without a call. [`Facts::tcp`] is set only in this call.
    fn connection(&mut self, facts: Box<Facts>);

    /// Receives the final facts of a TLS connection that could not be decrypted, but outlived its handshake and is, or
    /// seems to be, a WebSocket ([`Rare::outside`](crate::facts::Rare::outside)). There are no events of it. The analyzer
    /// calls it when it would call [`Sink::connection`], and never both for one connection. The default implementation does
    /// nothing.
    fn outside(&mut self, facts: Box<Facts>) {
        let _ = facts;
    }

    /// Receives an event of a TCP connection that is, or may become, a WebSocket connection; `facts` already contain
    /// it. They are not final. The default implementation does nothing.
    fn event(&mut self, facts: &Facts, event: &Event<'_>) {
        let _ = (facts, event);
    }
}

/// The counts that a report gives beside its connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections, those with a WebSocket included.
    pub tcp_streams: u64,
    /// TLS connections that could not be read.
    pub encrypted: u64,
    /// TLS connections by whether they could be decrypted, and why not.
    pub tls: TlsCounts,
    /// HTTP/1 connections without an attempt at a WebSocket, in the clear or decrypted.
    pub http: u64,
    /// HTTP/2 connections without an attempt at a WebSocket, in the clear or decrypted.
    pub http2: u64,
    /// TCP connections that began before the capture, and of which nothing was recognised.
    pub unrecognised: u64,
    /// WebSocket connections and attempts that were given up before their end, for
    /// [`limits::CONNECTIONS`](crate::limits::CONNECTIONS) or [`limits::WAITING`](crate::limits::WAITING).
    pub given_up: u64,
}

/// The TLS connections with encrypted data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsCounts {
    /// Those that were decrypted.
    pub decrypted: u64,
    /// Those that were not, because there are no keys at all.
    pub without_keys: u64,
    /// Those whose handshake is not in the capture, and which no key fits.
    pub without_handshake: u64,
    /// Those whose keys are not among those that are known.
    pub of_other_sessions: u64,
    /// Those of which only some keys are known.
    pub with_incomplete_keys: u64,
    /// Those with a version or a cipher suite that is not supported.
    pub unsupported: u64,
    /// Those with keys that no record authenticates with.
    pub with_wrong_keys: u64,
}

impl Counts {
    /// Adds the counts of other connections.
    pub(crate) const fn add(&mut self, other: &Self) {
        let Self { tcp_streams, encrypted, tls, http, http2, unrecognised, given_up } = other;
        self.tcp_streams += *tcp_streams;
        self.encrypted += *encrypted;
        self.tls.add(tls);
        self.http += *http;
        self.http2 += *http2;
        self.unrecognised += *unrecognised;
        self.given_up += *given_up;
    }
}

impl TlsCounts {
    const fn add(&mut self, other: &Self) {
        let Self { decrypted, without_keys, without_handshake, of_other_sessions, .. } = other;
        let Self { with_incomplete_keys, unsupported, with_wrong_keys, .. } = other;
        self.decrypted += *decrypted;
        self.without_keys += *without_keys;
        self.without_handshake += *without_handshake;
        self.of_other_sessions += *of_other_sessions;
        self.with_incomplete_keys += *with_incomplete_keys;
        self.unsupported += *unsupported;
        self.with_wrong_keys += *with_wrong_keys;
    }

    /// Returns the number of those that were not decrypted.
    pub const fn unread(&self) -> u64 {
        let with_keys = self.with_incomplete_keys + self.with_wrong_keys;
        self.without_keys + self.without_handshake + self.of_other_sessions + self.unsupported + with_keys
    }

    /// Counts a session.
    pub(crate) const fn count(&mut self, summary: &Summary) {
        let of = match summary.obstacle {
            _ if summary.is_decrypted() => &mut self.decrypted,
            None => return,
            Some(Obstacle::NoKeys) => &mut self.without_keys,
            Some(Obstacle::HandshakeNotCaptured) => &mut self.without_handshake,
            Some(Obstacle::OtherSessions) => &mut self.of_other_sessions,
            Some(Obstacle::IncompleteKeys) => &mut self.with_incomplete_keys,
            Some(Obstacle::Unsupported) => &mut self.unsupported,
            Some(Obstacle::NothingAuthenticated) => &mut self.with_wrong_keys,
        };
        *of += 1;
    }
}

impl Sink for Vec<Box<Facts>> {
    fn connection(&mut self, facts: Box<Facts>) {
        self.push(facts);
    }
}
