//! A closing handshake by its sizes.
//!
//! A Close frame repeats the code, and mostly the reason, of the one that it answers, and only a client's has a mask. So
//! the last data of both sides are records of n and n + 4 bytes:
//!
//! ```text
//! server   ├ 88 │ 2 + r ┼ code:2 ┼ reason:r ┤                  n     = 4 + r
//! client   ├ 88 │ 82 + r ┼ mask:4 ┼ code:2 ┼ reason:r ┤        n + 4
//! ```
//!
//! An empty Close has 2 and 6 bytes. In TLS 1.3 a record of 2 bytes may as well be an alert: a server's close_notify.

use std::time::Duration;

use super::{ALERT, Mark, Outside};
use crate::seen::Seen;
use crate::side::{PerSide, Side};

/// A closing handshake, as far as sizes show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Closing {
    /// The records of both sides.
    pub closes: PerSide<Mark>,
    /// The side whose record was the first.
    pub by: Side,
    /// Bytes of the reason that both Close frames may carry.
    pub reason: u16,
}

impl Closing {
    /// Returns the record that began it.
    pub fn first(&self) -> &Mark {
        &self.closes[self.by]
    }

    /// Returns whether both Close frames are empty: they carry no code.
    pub const fn is_empty(&self) -> bool {
        self.closes.server.len == EMPTY
    }
}

/// Bytes of the mask.
const MASK: u16 = 4;

/// Bytes of a server's empty Close, of one with a code, and of one with the longest reason (RFC 6455 §5.5).
const EMPTY: u16 = 2;
const WITH_CODE: u16 = 4;
const LONGEST: u16 = 2 + 125;

/// Returns the closing handshake that the last records of both sides look like, if each step came no later than `prompt`
/// after the one before.
pub fn closing(outside: &Outside, prompt: Duration, fins: PerSide<Option<Seen>>) -> Option<Closing> {
    // Records of a side may be missing.
    if Side::BOTH.iter().any(|side| outside.readers[*side].is_lost()) {
        return None;
    }
    let client = *outside.marks(Side::Client).iter().rfind(|mark| !outside.looks_like_alert(mark))?;
    let server = server_close(outside, client.len)?;
    let n = server.len;
    if client.len != n + MASK || !(n == EMPTY || (WITH_CODE..=LONGEST).contains(&n)) {
        return None;
    }
    let closes = PerSide { client, server };
    let by = began(&closes);
    let (first, second) = (closes[by].carrier.seen, closes[!by].carrier.seen);
    let end = first_end(outside, &closes, fins).filter(|end| *end >= first)?;
    let is_prompt = second.time.since(first.time) <= prompt && end.time.since(second.time) <= prompt;
    // An exact echo has the same sizes, and its client may be killed then. After a Close frame it waits for the server
    // (RFC 6455 §7.1.1), or does not wait for the answer at all.
    let is_bare_fin = Some(end) == fins.client && notify(outside, &closes, Side::Client).is_none_or(|own| own > end);
    let is_orderly = !is_bare_fin || end < second;
    (is_prompt && is_orderly).then_some(Closing { closes, by, reason: n.saturating_sub(WITH_CODE) })
}

/// Returns the first close_notify or FIN.
fn first_end(outside: &Outside, closes: &PerSide<Mark>, fins: PerSide<Option<Seen>>) -> Option<Seen> {
    Side::BOTH.into_iter().flat_map(|side| [notify(outside, closes, side), fins[side]]).flatten().min()
}

/// Returns the packet of a side's close_notify behind its Close frame.
fn notify(outside: &Outside, closes: &PerSide<Mark>, side: Side) -> Option<Seen> {
    let last = outside.marks(side).last().filter(|mark| **mark != closes[side] && outside.looks_like_alert(mark));
    last.map(|mark| mark.carrier.seen)
}

/// Returns the server's record that may be a Close frame: its last one that is not the close_notify.
fn server_close(outside: &Outside, of_client: u16) -> Option<Mark> {
    let mut last = outside.marks(Side::Server).iter().rev();
    let mark = last.next()?;
    if !outside.looks_like_alert(mark) {
        return Some(*mark);
    }
    // Two records of this size: the last is the close_notify, the other an empty Close. One alone may be either.
    let before = last.next().filter(|before| !before.is_alert)?;
    (before.len != ALERT || of_client == EMPTY + MASK).then_some(*before)
}

/// Returns the side whose record was the first: the first to be captured, unless it acknowledges the other.
fn began(closes: &PerSide<Mark>) -> Side {
    let knows = |side: Side| closes[side].carrier.acked().is_some_and(|acked| acked >= closes[!side].end);
    match (knows(Side::Client), knows(Side::Server)) {
        (true, false) => Side::Server,
        (false, true) => Side::Client,
        _ if closes.client.carrier.seen < closes.server.carrier.seen => Side::Client,
        _ => Side::Server,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ends;
    use super::*;
    use crate::chunk::Carrier;
    use crate::seen::Timestamp;
    use crate::tls::suite::SuiteId;

    const C: Side = Side::Client;
    const S: Side = Side::Server;

    /// Returns the closing handshake at the end of these records of TLS 1.3, given with the lengths of their plaintexts
    /// and their milliseconds, and a FIN of the server.
    fn closing_of(records: &[(Side, u16, i64)], fin: Option<i64>) -> Option<(Side, u16)> {
        closing_before(records, PerSide { client: None, server: fin })
    }

    /// The same with a FIN of either side.
    fn closing_before(records: &[(Side, u16, i64)], fins: PerSide<Option<i64>>) -> Option<(Side, u16)> {
        let suite = SuiteId::TLS_AES_128_GCM_SHA256.suite();
        let mut outside = Outside { is_tls13: true, suite, ..Outside::begun_before(&Carrier::default()) };
        // Up to ten packets in each millisecond; a FIN is the last.
        let seen = |at: i64, millis: i64| {
            let packet = (10 * millis + at).cast_unsigned();
            Seen { packet, time: Timestamp::from_nanos(millis * 1_000_000) }
        };
        for ((side, len, millis), packet) in records.iter().zip(1..) {
            let carrier = Carrier::new(seen(packet, *millis), None, 64);
            outside.sent[*side].last.push(Mark { carrier, end: packet.cast_unsigned(), len: *len, is_alert: false });
        }
        let fin = |side: Side| fins[side].map(|millis| seen(9, millis));
        let fins = PerSide { client: fin(C), server: fin(S) };
        let view = outside.conclude(Duration::from_millis(20), &Ends { fins, ..Ends::default() });
        view.unwrap().closing.map(|closing| (closing.by, closing.reason))
    }

    #[test]
    fn a_close_and_its_answer() {
        assert_eq!(closing_of(&[(C, 8, 0), (S, 4, 1)], Some(2)), Some((C, 0)));
        assert_eq!(closing_of(&[(S, 4, 0), (C, 8, 1), (S, 2, 2)], None), Some((S, 0)));
        assert_eq!(closing_of(&[(S, 27, 0), (C, 31, 1), (S, 2, 2), (C, 2, 3)], Some(4)), Some((S, 23)));
        assert_eq!(closing_of(&[(S, 127, 0), (C, 131, 1)], Some(2)), Some((S, 123)));
        assert_eq!(closing_of(&[(C, 9, 0), (S, 40, 1), (C, 8, 2), (S, 4, 3)], Some(4)), Some((C, 0)));
    }

    #[test]
    fn an_empty_close_needs_a_close_notify_behind_it() {
        assert_eq!(closing_of(&[(C, 6, 0), (S, 2, 1), (S, 2, 2)], Some(3)), Some((C, 0)));
        assert_eq!(closing_of(&[(S, 2, 0), (C, 6, 1), (S, 2, 2)], Some(3)), Some((S, 0)));
        assert_eq!(closing_of(&[(C, 6, 0), (S, 2, 1)], Some(3)), None, "a close_notify alone");
        assert_eq!(closing_of(&[(C, 8, 0), (S, 2, 1), (S, 2, 2)], Some(3)), None);
    }

    #[test]
    fn a_client_that_is_killed_behind_an_echo_has_closed_nothing() {
        let client = |millis| PerSide { client: Some(millis), server: None };
        let echo = [(C, 58, 0), (S, 54, 1)];
        assert_eq!(closing_before(&echo, client(200)), None);
        assert_eq!(closing_before(&[&echo[..], &[(S, 2, 201)]].concat(), client(200)), None, "and the server notices");
        assert_eq!(closing_before(&[&echo[..], &[(C, 2, 2)]].concat(), client(3)), Some((C, 50)), "said goodbye");
        assert_eq!(closing_before(&[(C, 58, 0), (S, 54, 2)], client(1)), Some((C, 50)), "a tab is closed");
    }

    #[test]
    fn other_sizes_are_none() {
        assert_eq!(closing_of(&[(C, 8, 0), (S, 5, 1)], Some(2)), None);
        assert_eq!(closing_of(&[(C, 8, 0), (S, 8, 1)], Some(2)), None);
        assert_eq!(closing_of(&[(C, 7, 0), (S, 3, 1)], Some(2)), None, "half a code");
        assert_eq!(closing_of(&[(C, 132, 0), (S, 128, 1)], Some(2)), None, "longer than any");
        assert_eq!(closing_of(&[(C, 8, 0)], Some(2)), None, "not answered");
        assert_eq!(closing_of(&[(C, 8, 0), (S, 4, 1), (S, 50, 2)], Some(3)), None, "something followed");
    }

    #[test]
    fn what_takes_long_is_none() {
        assert_eq!(closing_of(&[(C, 8, 0), (S, 4, 519)], Some(519)), Some((C, 0)));
        assert_eq!(closing_of(&[(C, 8, 0), (S, 4, 521)], Some(521)), None, "the answer");
        assert_eq!(closing_of(&[(C, 8, 0), (S, 4, 1)], Some(600)), None, "the end");
        assert_eq!(closing_of(&[(C, 8, 0), (S, 4, 1)], None), None, "no end");
    }

    #[test]
    fn without_exact_sizes_there_is_none() {
        let carrier = Carrier::default();
        let mark = |len| Mark { carrier, end: 1, len, is_alert: false };
        for (suite, is_found) in [(0xC02F, true), (0xC027, false)] {
            let mut outside = Outside { suite: SuiteId(suite).suite(), ..Outside::begun_before(&carrier) };
            outside.sent.client.last.push(mark(8));
            outside.sent.server.last.push(mark(4));
            let fins = PerSide { client: None, server: Some(Seen::default()) };
            let view = outside.conclude(Duration::ZERO, &Ends { fins, ..Ends::default() }).unwrap();
            assert_eq!((view.closing.is_some(), view.may_hide_closing), (is_found, !is_found), "{suite:x}");
        }
    }
}
