//! Whether the sizes and times of records are those of a WebSocket.
//!
//! ```text
//! client   request ·················· 36 ······ 11 ···················· 8
//! server            tickets · 203 ········ 40 ······ 11 ·· 25 ·· 25 ······ 4
//!          a first exchange as large  │ records too short for a request,
//!          as an upgrade              │ records that nothing asked for
//! ```
//!
//! HTTP/1.1 over TLS looks different: each request is as long as the first, and each answer follows one. The judgement
//! is conservative: a WebSocket that does not show itself is only counted, unless the user names its server.

use std::time::Duration;

use crate::seen::Timestamp;
use crate::side::Side;

/// The exchanges of a connection so far.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    stage: Stage,
    /// Bytes of the first request.
    request: u32,
    /// Bytes that the server has sent since.
    answered: u32,
    /// Whether one of the server's records is as long as the answer to an opening handshake.
    has_answer: bool,
    is_websocket: bool,
    /// The client's records that follow one of the server: those as long as a request, and smaller ones.
    requests: u8,
    small: u8,
    /// The server's records that came long after its last one, while the client sent nothing.
    unasked: u8,
    /// The last record: its side, its length and its time.
    last: Option<(Side, u16, Timestamp)>,
    /// The time of the first request.
    began: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The client's first request. The server may have sent session tickets before it.
    #[default]
    Request,
    /// The server's answer to it, perhaps behind session tickets.
    Answer,
    /// What follows the first exchange.
    Upgraded,
    /// It cannot be a WebSocket, as far as its shape shows.
    Refuted,
}

/// Bytes of an opening handshake's request: its required lines take 140, and cookies may take some thousand.
const REQUEST: std::ops::RangeInclusive<u32> = 128..=8192;

/// Bytes of its answer: the required lines of a 101 take 129 (RFC 6455 §4.2.2), and few servers add more than some
/// hundred.
const ANSWER: std::ops::RangeInclusive<u16> = 129..=2048;

/// The most bytes that a server sends between its answer and the client's first frame: beyond that, it is a download.
const FIRST_BYTES: u32 = 16 * 1024;

/// The most bytes that a server sends before anything shows a WebSocket.
const BYTES: u32 = 64 * 1024;

/// The shortest request of HTTP/1.1: `GET / HTTP/1.1`, `Host: a`, an empty line.
const SHORTEST_REQUEST: u16 = 27;

/// The shortest frame of a client: two bytes of header, and the mask. A key update of TLS 1.3 takes 5 bytes.
const SHORTEST_FRAME: u16 = 6;

/// Bytes of `HTTP/1.1 100 Continue`, behind which a client may send a short body.
const CONTINUE: u16 = 25;

/// The records as long as a request that may follow each other before something shows a WebSocket.
const REQUESTS: u8 = 8;

/// The time after which another record of the server answers nothing that came before.
const UNASKED: Duration = Duration::from_secs(1);

/// The time for which servers keep an idle connection of HTTP/1.1 open, at most: nginx does for 75 s.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

impl Shape {
    /// Returns whether the records so far show a WebSocket.
    pub const fn is_websocket(&self) -> bool {
        self.is_websocket
    }

    /// Returns whether later records may still show a WebSocket.
    pub fn is_possible(&self) -> bool {
        self.stage != Stage::Refuted
    }

    /// Notes that records may be missing.
    pub fn lose(&mut self) {
        self.last = None;
        if self.stage != Stage::Upgraded {
            self.stage = Stage::Refuted;
        }
    }

    /// Notes a record with `len` bytes of data.
    pub fn record(&mut self, side: Side, len: u16, time: Timestamp) {
        match (self.stage, side) {
            (Stage::Request, Side::Client) => {
                if self.request == 0 {
                    self.began = time;
                }
                self.request = self.request.saturating_add(u32::from(len));
            }
            (Stage::Request, Side::Server) if self.request == 0 => {}
            (Stage::Request, Side::Server) => {
                self.stage = if REQUEST.contains(&self.request) { Stage::Answer } else { Stage::Refuted };
                self.answer(len);
            }
            (Stage::Answer, Side::Server) => self.answer(len),
            (Stage::Answer, Side::Client) => {
                self.stage = if self.has_answer { Stage::Upgraded } else { Stage::Refuted };
                self.ask(len);
            }
            (Stage::Upgraded, Side::Client) => self.ask(len),
            (Stage::Upgraded, Side::Server) => self.tell(len, time),
            (Stage::Refuted, _) => {}
        }
        self.last = Some((side, len, time));
        let lasted = time.since(self.began) > KEEP_ALIVE;
        if self.stage == Stage::Upgraded && lasted && self.unasked > 1 && self.small > 1 && self.requests == 0 {
            self.is_websocket = true;
        }
    }

    fn answer(&mut self, len: u16) {
        self.answered = self.answered.saturating_add(u32::from(len));
        self.has_answer |= ANSWER.contains(&len);
        let is_other = !self.has_answer && len > *ANSWER.end();
        if is_other || self.answered > FIRST_BYTES {
            self.stage = Stage::Refuted;
        }
    }

    fn tell(&mut self, len: u16, time: Timestamp) {
        self.answered = self.answered.saturating_add(u32::from(len));
        if let Some((Side::Server, _, before)) = self.last
            && time.since(before) >= UNASKED
        {
            self.unasked = self.unasked.saturating_add(1);
        }
        if self.answered > BYTES {
            self.stage = Stage::Refuted;
        }
    }

    /// Notes a record of the client behind the first exchange. Only one that follows a record of the server can begin a
    /// request: others may belong to its body.
    fn ask(&mut self, len: u16) {
        let Some((Side::Server, answer, _)) = self.last else {
            return;
        };
        if (SHORTEST_FRAME..SHORTEST_REQUEST).contains(&len) && answer != CONTINUE {
            self.is_websocket |= self.stage == Stage::Upgraded;
        } else if u32::from(len) * 2 > self.request {
            self.requests = self.requests.saturating_add(1);
            if self.requests > REQUESTS {
                self.stage = Stage::Refuted;
            }
            return;
        }
        self.small = self.small.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: Side = Side::Client;
    const S: Side = Side::Server;

    /// Returns whether records, given with their seconds, show a WebSocket; `None` if they rule it out.
    fn shape(records: &[(Side, u16, i64)]) -> Option<bool> {
        let mut shape = Shape::default();
        for (side, len, seconds) in records {
            shape.record(*side, *len, Timestamp::from_nanos(seconds * 1_000_000_000));
        }
        shape.is_possible().then_some(shape.is_websocket())
    }

    /// A request, two tickets and an answer, as `websockets` sends them.
    const UPGRADE: [(Side, u16, i64); 4] = [(C, 183, 0), (S, 249, 0), (S, 249, 0), (S, 203, 0)];

    fn behind(records: &[(Side, u16, i64)]) -> Option<bool> {
        shape(&[&UPGRADE, records].concat())
    }

    #[test]
    fn a_record_too_short_for_a_request_shows_a_websocket() {
        assert_eq!(behind(&[]), Some(false));
        assert_eq!(behind(&[(C, 36, 0), (S, 53, 0)]), Some(false));
        assert_eq!(behind(&[(C, 36, 0), (S, 53, 0), (C, 17, 1)]), Some(true));
        assert_eq!(behind(&[(C, 26, 0)]), Some(true));
        assert_eq!(behind(&[(C, 27, 0)]), Some(false));
        assert_eq!(behind(&[(C, 5, 0)]), Some(false), "a key update");
    }

    #[test]
    fn bodies_show_nothing() {
        assert_eq!(behind(&[(C, 150, 0), (C, 12, 0)]), Some(false), "behind its head");
        assert_eq!(behind(&[(C, 90, 0), (S, 25, 0), (C, 12, 0)]), Some(false), "behind 100 Continue");
    }

    #[test]
    fn a_first_exchange_of_another_size_rules_it_out() {
        assert_eq!(shape(&[(C, 87, 0), (S, 148, 0)]), None, "a short request");
        assert_eq!(shape(&[(C, 183, 0), (S, 3150, 0)]), None, "a long answer");
        assert_eq!(shape(&[(C, 183, 0), (S, 4, 0), (C, 8, 0)]), None, "a short answer");
        assert_eq!(behind(&[(S, 16_384, 0)]), None, "a download");
    }

    #[test]
    fn http_shows_nothing() {
        let polls: Vec<_> = (1..8).flat_map(|at| [(C, 142, 10 * at), (S, 160, 10 * at + 9)]).collect();
        assert_eq!(behind(&polls), Some(false), "long polls");
        let more: Vec<_> = (1..20).flat_map(|at| [(C, 142, at), (S, 160, at)]).collect();
        assert_eq!(behind(&more), None, "keep-alive");
        let events: Vec<_> = (1..100).map(|at| (S, 27, 5 * at)).collect();
        assert_eq!(behind(&events), Some(false), "server-sent events");
    }

    #[test]
    fn records_that_nothing_asked_for_show_it_after_a_while() {
        let pushes: Vec<_> =
            (1..20).flat_map(|at| [(S, 60, 5 * at), (S, 60, 5 * at + 2), (C, 40, 5 * at + 3)]).collect();
        assert_eq!(behind(&pushes[..30]), Some(false), "not longer than a connection is kept alive");
        assert_eq!(behind(&pushes), Some(true));
    }
}
