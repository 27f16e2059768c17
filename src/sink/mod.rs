//! The interface through which the analyzer hands out its results.
//!
//! The analyzer pushes, because packets drive it: a file, a pipe and a live interface look the same to a sink. A sink
//! that needs only the end results implements only [`Sink::connection`].

mod collection;

pub use collection::{Collection, Unanswered};

use crate::event::Event;
use crate::facts::Facts;

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
    /// WebSocket connections and attempts that were given up before their end, for
    /// [`limits::CONNECTIONS`](crate::limits::CONNECTIONS) or [`limits::WAITING`](crate::limits::WAITING).
    pub given_up: u64,
}

impl Sink for Vec<Box<Facts>> {
    fn connection(&mut self, facts: Box<Facts>) {
        self.push(facts);
    }
}
