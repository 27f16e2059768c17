//! The ending of a connection: its kind, and the side that began it.

mod outside;

use std::time::Duration;

use serde::Serialize;

use crate::chunk::Carrier;
use crate::event::EndKind;
use crate::facts::{Close, End, Facts, Moment};
use crate::seen::Seen;
use crate::side::Side;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Both sides sent a Close frame.
    CloseHandshake,
    /// One side sent a Close frame, the other none.
    CloseUnanswered,
    /// A side that had not sent a Close frame sent FIN, before the other side sent a Close frame.
    Fin,
    /// A side sent RST without a Close frame before it.
    Reset,
    /// A side ended its direction of its HTTP/2 stream (END_STREAM) without a Close frame before it.
    EndStream,
    /// A side reset its HTTP/2 stream (RST_STREAM) without a Close frame before it.
    StreamReset,
    /// The connection was still open when the capture ended.
    Open,
    /// The opening handshake was answered with another status than the one that opens the WebSocket.
    Refused,
    /// The opening handshake was not answered.
    NoAnswer,
}

impl Kind {
    /// Returns whether a side gave up the connection, or its stream, without a Close frame.
    pub const fn is_reset(self) -> bool {
        matches!(self, Self::Reset | Self::StreamReset)
    }

    /// Returns whether the WebSocket ended without a Close frame.
    pub const fn is_bare(self) -> bool {
        matches!(self, Self::Fin | Self::Reset | Self::EndStream | Self::StreamReset)
    }
}

/// An ending: its kind, the side and the segment that began it.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// The kind.
    pub kind: Kind,
    /// The side that began the end; `None` while the connection is open, or if the side is not known.
    pub by: Option<Side>,
    /// The segment that began it, or the first of the end where `by` is not known; `None` while the connection is open.
    pub carrier: Option<Carrier>,
}

impl Ending {
    /// Determines the ending of a connection from its facts.
    pub fn of(facts: &Facts) -> Self {
        if let Some(outside) = facts.rare.outside.as_deref() {
            return Self::seen_from_outside(facts, outside);
        }
        let begun =
            |kind, end: Option<(Side, Carrier)>| Self { kind, by: end.map(|end| end.0), carrier: end.map(|end| end.1) };
        if let Some(close) = beginning_close(facts) {
            if let Some(fin) = fin_before(facts, close) {
                return begun(fin_kind(facts, !close.side), Some((!close.side, fin)));
            }
            let both = Side::BOTH.iter().all(|side| first_close(facts, *side).is_some());
            let kind = if both { Kind::CloseHandshake } else { Kind::CloseUnanswered };
            return begun(kind, Some((close.side, close.carrier)));
        }
        if facts.switched.is_none() {
            if let Some(response) = &facts.handshake.response {
                let carrier = Carrier::new(response.seen, response.acked, 0);
                return begun(Kind::Refused, Some((Side::Server, carrier)));
            }
            if let Some((side, seen, _)) = facts.rare.tls.as_deref().copied() {
                return begun(Kind::Refused, Some((side, Carrier::new(seen, None, 0))));
            }
            if let Some((seen, _)) = facts.rare.answered_with.as_deref() {
                return begun(Kind::Refused, Some((Side::Server, Carrier::new(*seen, None, 0))));
            }
            return begun(Kind::NoAnswer, first_end(facts).map(|(_, side, carrier)| (side, carrier)));
        }
        match first_end(facts) {
            Some((kind, side, carrier)) => begun(kind, Some((side, carrier))),
            None => begun(Kind::Open, None),
        }
    }
}

/// Returns a side's first Close frame.
pub fn first_close(facts: &Facts, side: Side) -> Option<&Close> {
    facts.closes.iter().find(|close| close.side == side)
}

/// Returns the Close frame that began the closing handshake: the first to be captured, unless it acknowledges the other
/// side's.
pub fn beginning_close(facts: &Facts) -> Option<&Close> {
    let earliest = facts.closes.first()?;
    let other = first_close(facts, !earliest.side);
    match other {
        Some(other) if has_received(&earliest.carrier, other) && !has_received(&other.carrier, earliest) => Some(other),
        _ => Some(earliest),
    }
}

/// Returns the other side's FIN, if the sender of this Close frame had received it, and no Close frame with it. In that
/// case the FIN began the end, and the Close frame only answers it.
fn fin_before(facts: &Facts, close: &Close) -> Option<Carrier> {
    let fin = own_fin(facts, !close.side)?;
    (first_close(facts, !close.side).is_none() && fin.is_known_to(&close.carrier)).then_some(fin.carrier)
}

/// Returns the orderly end of a side's direction: its FIN, or END_STREAM on a stream of HTTP/2.
fn own_fin(facts: &Facts, side: Side) -> Option<&End> {
    facts.end(side, EndKind::EndStream).or_else(|| facts.end(side, EndKind::Fin))
}

/// Returns the kind of an ending that such an end begins.
fn fin_kind(facts: &Facts, side: Side) -> Kind {
    if facts.end(side, EndKind::EndStream).is_some() { Kind::EndStream } else { Kind::Fin }
}

/// Returns whether a Close frame answers the other side's: its sender had received that one (RFC 6455 §5.5.1). Two that
/// crossed on the way do not answer each other. Without an acknowledgement number a Close frame of the other side
/// counts as an answer.
pub fn is_reply(close: &Close, to: &Close) -> bool {
    close.side != to.side && (close.carrier.acked().is_none() || has_received(&close.carrier, to))
}

/// Returns whether this is a retransmission of a Close frame that had been sent before, so that its place in the
/// capture says nothing about the order.
pub fn is_retransmitted(facts: &Facts, close: &Close) -> bool {
    facts.tcp().sent[close.side].had_sent(close.needed.saturating_sub(1), close.carrier.seen)
}

fn has_received(carrier: &Carrier, close: &Close) -> bool {
    carrier.acked().is_some_and(|acked| acked >= close.needed)
}

/// Returns the FIN or RST that ended the connection, or the end of its HTTP/2 stream: the first to be captured, unless it
/// acknowledges the other side's FIN.
pub fn first_end(facts: &Facts) -> Option<(Kind, Side, Carrier)> {
    let end = |side| end_of(facts, side).map(|(kind, carrier)| (kind, side, carrier));
    let (_, side, earliest) =
        Side::BOTH.into_iter().filter_map(end).min_by_key(|(.., carrier): &(_, _, Carrier)| carrier.seen)?;
    let answers = fin_is_known_to(facts, !side, &earliest);
    let other = end(!side).filter(|(.., carrier)| answers && !fin_is_known_to(facts, side, carrier));
    other.or_else(|| end(side))
}

/// Returns whether a side had sent the bytes before `offset` of its stream, captured in the packet `seen`, when it sent
/// its own `end`.
///
/// A Close frame and a FIN have a place in the stream, and that decides: segments can overtake each other on their way to
/// the capture, and one that was lost can be captured again after the end. A RST has no place in the stream: the order of
/// capture decides.
pub fn had_sent(facts: &Facts, side: Side, end: &Carrier, offset: u64, seen: Seen) -> bool {
    place_of(facts, side, end).map_or(seen <= end.seen, |place| offset <= place)
}

/// Returns the frames and messages that a side had sent when `by` ended the connection, oldest first, without Close
/// frames. Those of `by` are before the end as in [`had_sent`]; those of the other side were captured before the end, or
/// are acknowledged by it.
pub fn sent_before(facts: &Facts, side: Side, by: Side, end: Carrier) -> impl DoubleEndedIterator<Item = &Moment> {
    let place = if side == by { place_of(facts, by, &end) } else { None };
    facts.sent[side].moments().filter(move |moment| match place {
        Some(place) => moment.header_end <= place,
        None => moment.seen <= end.seen || side != by && moment.is_known_to(&end),
    })
}

/// Returns the offset of a side's own end in its stream; `None` for a RST.
fn place_of(facts: &Facts, side: Side, end: &Carrier) -> Option<u64> {
    let close = first_close(facts, side).filter(|close| close.carrier.seen == end.seen).map(|close| close.offset);
    // RST_STREAM has a place, too: TCP carries it behind all that the side has sent.
    let is_placed = |kind| matches!(kind, EndKind::Fin | EndKind::EndStream | EndKind::StreamReset(_));
    let mut own = facts.ends.iter().filter(|own| own.side == side && is_placed(own.kind));
    close.or_else(|| own.any(|own| own.carrier.seen == end.seen).then_some(u64::MAX))
}

/// Returns the packet of the last frame of either side before `by` ended the connection, Close frames not counted.
pub fn last_frame(facts: &Facts, by: Side, end: Carrier) -> Option<Seen> {
    Side::BOTH.into_iter().filter_map(|side| last_frame_of(facts, side, by, end)).max()
}

/// Returns the packet of the last frame of a side before `by` ended the connection, Close frames not counted; that of its
/// last record, if only records are seen.
pub fn last_frame_of(facts: &Facts, side: Side, by: Side, end: Carrier) -> Option<Seen> {
    match facts.rare.outside.as_deref() {
        Some(outside) => outside.last_data(side, end.seen),
        None => sent_before(facts, side, by, end).map(|moment| moment.seen).max(),
    }
}

/// Returns a side's own FIN or RST, or the end of its stream, whichever came first.
fn end_of(facts: &Facts, side: Side) -> Option<(Kind, Carrier)> {
    let own = facts.ends.iter().filter(|end| end.side == side);
    let is_reset = |kind| matches!(kind, EndKind::Reset | EndKind::StreamReset(_));
    let first = own.min_by_key(|end| (end.carrier.seen, is_reset(end.kind)))?;
    if first.kind == EndKind::EndStream && stream_reset(facts, side).is_some_and(|(code, _)| code != 0) {
        // Some libraries end their direction first. The code is what they have to say.
        return Some((Kind::StreamReset, first.carrier));
    }
    let kind = match first.kind {
        EndKind::Fin | EndKind::CloseNotify | EndKind::Alert(_) => Kind::Fin,
        EndKind::Reset => Kind::Reset,
        EndKind::EndStream => Kind::EndStream,
        EndKind::StreamReset(_) => Kind::StreamReset,
    };
    Some((kind, first.carrier))
}

/// Returns the error code of a side's RST_STREAM, and the segment that carried it.
pub fn stream_reset(facts: &Facts, side: Side) -> Option<(u32, Carrier)> {
    facts.ends.iter().filter(|end| end.side == side).find_map(|end| match end.kind {
        EndKind::StreamReset(code) => Some((code, end.carrier)),
        _ => None,
    })
}

/// Returns whether a segment of the other side acknowledges this side's FIN.
fn fin_is_known_to(facts: &Facts, side: Side, other: &Carrier) -> bool {
    own_fin(facts, side).is_some_and(|fin| fin.is_known_to(other))
}

/// A side's reaction to something it rejects: its Close frame, else its FIN or RST.
#[derive(Clone, Copy, Debug)]
pub struct Reaction<'f> {
    /// The segment.
    pub carrier: Carrier,
    /// The Close frame; `None` for a bare FIN or RST.
    pub close: Option<&'f Close>,
    /// Whether the side reset the connection.
    pub reset: bool,
    /// The round-trip time between the side and the place of capture.
    pub away: Duration,
}

impl<'f> Reaction<'f> {
    /// Returns the reaction of a side; `None` if the side did not end the connection in any way.
    pub fn of(facts: &'f Facts, side: Side) -> Option<Self> {
        let away = facts.tcp().away(side);
        let reaction = |carrier, close, reset| Self { carrier, close, reset, away };
        if facts.rare.outside.is_some() {
            let ending = Ending::of(facts);
            if ending.by == Some(side) {
                return ending.carrier.map(|carrier| reaction(carrier, None, ending.kind == Kind::Reset));
            }
        }
        let close = first_close(facts, side).map(|close| reaction(close.carrier, Some(close), false));
        close.or_else(|| end_of(facts, side).map(|(kind, carrier)| reaction(carrier, None, kind.is_reset())))
    }

    /// Returns the code of the Close frame.
    pub fn code(&self) -> Option<u16> {
        Some(self.close?.code?.0)
    }

    /// Returns whether the side had received all bytes before stream offset `needed` when it reacted; `None` if its
    /// segment does not acknowledge anything.
    pub fn had_received(&self, needed: u64) -> Option<bool> {
        self.carrier.acked().map(|acked| acked >= needed)
    }

    /// Returns whether the side reacts to the other side's own end: it had received the other side's Close frame or
    /// FIN.
    pub fn answers_end(&self, facts: &Facts, side: Side) -> bool {
        let closed = first_close(facts, !side).is_some_and(|other| has_received(&self.carrier, other));
        closed || fin_is_known_to(facts, !side, &self.carrier)
    }

    /// Returns the time that the side took to react to `seen`, without the round trip between it and the place of
    /// capture.
    pub fn took(&self, seen: Seen) -> Duration {
        self.after(seen).saturating_sub(self.away)
    }

    /// Returns the time from `seen` to the reaction.
    pub fn after(&self, seen: Seen) -> Duration {
        self.carrier.seen.time.since(seen.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, What};
    use crate::seen::Timestamp;
    use crate::side::PerSide;
    use crate::tcp::{Endpoints, Flags, Segment, Tcp};

    /// Returns the facts of a connection on which each side has sent a byte and then one of these FINs, given as the
    /// side and its acknowledgement number.
    fn facts_of_fins(fins: [(Side, u32); 2]) -> Facts {
        let client = "10.0.0.1:40000".parse().unwrap();
        let mut segment = Segment {
            carrier: Carrier::new(Seen::default(), None, 64),
            endpoints: Endpoints::of(client, client).0,
            from_low: true,
            seq: 0,
            ack: 0,
            flags: Flags::SYN,
            window: 1000,
            payload: &[],
            payload_len: 0,
        };
        let mut facts = Facts::new(0, PerSide { client, server: client }, Seen::default());
        let mut note = |side, carrier: &Carrier, event: crate::tcp::Event<'_>| {
            if let crate::tcp::Event::Fin { offset } = event {
                let what = What::End { kind: EndKind::Fin, needed: offset + 1 };
                facts.apply(&Event { side, carrier, what });
            }
        };
        let mut tcp = Tcp::default();
        for side in Side::BOTH {
            tcp.push(side, &segment, &mut note);
        }
        (segment.seq, segment.payload, segment.payload_len) = (1, b"x", 1);
        segment.flags = Flags(Flags::FIN.0 | Flags::ACK.0);
        for ((side, ack), packet) in fins.into_iter().zip(1..) {
            segment.ack = ack;
            segment.carrier.seen = Seen { packet, time: Timestamp::default() };
            tcp.push(side, &segment, &mut note);
        }
        tcp.finish(&mut note);
        facts.tcp = Some(tcp.into_analysis());
        facts
    }

    #[test]
    fn a_fin_that_acknowledges_the_other_is_not_the_first() {
        let first = |fins| first_end(&facts_of_fins(fins)).map(|(_, side, _)| side);
        assert_eq!(first([(Side::Server, 1), (Side::Client, 3)]), Some(Side::Server));
        assert_eq!(first([(Side::Client, 3), (Side::Server, 1)]), Some(Side::Server), "captured in the wrong order");
        assert_eq!(first([(Side::Client, 2), (Side::Server, 1)]), Some(Side::Client), "only the byte is acknowledged");
        assert_eq!(first([(Side::Client, 3), (Side::Server, 3)]), Some(Side::Client), "the order is not known");
    }

    #[test]
    fn what_stands_before_a_close_frame_or_a_fin_was_sent_before_it() {
        let mut facts = facts_of_fins([(Side::Server, 1), (Side::Client, 1)]);
        let at = |packet| Carrier::new(Seen { packet, time: Timestamp::default() }, None, 64);
        let (before, end, behind) = (at(0), at(1), at(9));
        let had_sent = |facts: &Facts, offset, seen: Carrier| had_sent(facts, Side::Server, &end, offset, seen.seen);
        assert!(had_sent(&facts, 7, behind), "a FIN is the last");
        facts.closes.push(Close {
            side: Side::Server,
            carrier: end,
            offset: 5,
            needed: 6,
            code: None,
            reason: Box::default(),
            complete: true,
            framed: true,
            sound: true,
            inside_message: false,
        });
        assert!(had_sent(&facts, 5, behind), "captured in the wrong order, or sent again");
        assert!(!had_sent(&facts, 7, end), "behind the Close frame in its packet");
        facts = facts_of_fins([(Side::Client, 1), (Side::Client, 1)]);
        assert!(had_sent(&facts, 7, before) && !had_sent(&facts, 5, behind), "a RST goes by the order of capture");
    }
}
