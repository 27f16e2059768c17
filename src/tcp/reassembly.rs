//! Reassembly of one direction of a TCP connection.
//!
//! ```text
//!   delivered        hole        held            hole    held
//! ──────────────┤             ├────────┤       ├──────────────┤
//!               next          copies, by stream offset: `OutOfOrder`
//! ```
//!
//! The first copy of a byte wins. A hole is given up, as a [`Data::Gap`], when the receiver has acknowledged past it and
//! the capture has gone on for a while, when a bound of [`limits`] is reached, or when the connection is finished.

use super::Event;
use super::out_of_order::OutOfOrder;
use super::sequence::{distance, later};
use crate::chunk::{Carrier, Data, Missing};
use crate::limits;
use crate::seen::Timestamp;

/// The payload of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// The sequence number of its first byte.
    pub seq: u32,
    /// The captured bytes.
    pub bytes: &'a [u8],
    /// The number of bytes on the wire.
    pub len: u32,
    /// Whether FIN follows them.
    pub fin: bool,
}

/// The place of a payload relative to the bytes that arrived before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing that takes sequence space.
    Empty,
    /// The same, after bytes that have not arrived: the stream up to this offset had been sent.
    Ahead(u64),
    /// Next in order, at least partly.
    InOrder,
    /// After a hole.
    OutOfOrder,
    /// All of it had arrived before.
    Retransmission,
    /// All of it had arrived before, and nothing after it.
    Repeat,
    /// One byte, or none, just before the next expected: a keep-alive (RFC 9293 §3.8.4).
    KeepAlive,
    /// Far outside the window; ignored.
    OutOfWindow,
}

/// One direction: the bytes that were delivered, and those that wait. Small on purpose, since every packet needs it.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Half {
    /// Next sequence number to deliver; `None` before the first segment.
    next: Option<u32>,
    /// Highest acknowledgement number from the other side.
    acked: Option<u32>,
    /// Stream offset of `next`.
    offset: u64,
    /// The waiting bytes; `None` as long as everything arrives in order.
    waiting: Option<Box<Waiting>>,
}

/// The out-of-order bytes, and the end of the stream.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Waiting {
    /// It is not serialized: a half [at rest](Half::is_at_rest) holds nothing.
    #[serde(skip)]
    held: OutOfOrder,
    /// Stream offset of the FIN, once seen.
    fin: Option<(u64, Carrier)>,
    /// Whether everything up to the FIN has been delivered.
    finished: bool,
    /// The time since which a hole has been acknowledged, and the number of segments since.
    hole_acked: Option<(Timestamp, u16)>,
}

impl Half {
    /// Sets the first sequence number of the stream, which is the one after the SYN. Does nothing once it is known.
    pub fn synchronize(&mut self, first: u32) {
        self.next.get_or_insert(first);
    }

    /// Returns whether nothing waits for bytes before it.
    pub fn is_at_rest(&self) -> bool {
        self.waiting.as_ref().is_none_or(|waiting| waiting.held.is_unused())
    }

    /// Returns the bytes held out of order, including the overhead of holding them.
    pub fn held_bytes(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.held.size())
    }

    /// Returns the number of overlaps of out-of-order segments with different contents. The first copy was kept.
    pub fn conflicts(&self) -> u32 {
        self.waiting.as_ref().map_or(0, |waiting| waiting.held.conflicts())
    }

    /// Returns whether the FIN was reached.
    pub fn finished(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.finished)
    }

    /// Returns the stream offset for an acknowledgement number of the other side; `None` before the first segment, or
    /// if the offset would be negative.
    pub fn offset_of(&self, ack: u32) -> Option<u64> {
        self.offset.checked_add_signed(distance(self.next?, ack))
    }

    /// Returns the stream offset up to which the other side has acknowledged.
    pub fn acked(&self) -> Option<u64> {
        self.acked.and_then(|ack| self.offset_of(ack))
    }

    /// Notes that the other side has acknowledged up to `ack`. A number far outside the window is ignored.
    #[inline]
    pub fn acknowledge(&mut self, ack: u32) {
        // Without a branch, because the number is as likely new as not.
        let acked = self.acked.map_or(ack, |before| later(before, ack));
        let is_near = self.next.is_none_or(|next| distance(next, acked).unsigned_abs() <= u64::from(limits::WINDOW));
        self.acked = if is_near { Some(acked) } else { self.acked };
    }

    /// Returns whether nothing waits, and `seq` is the next sequence number.
    #[inline]
    pub fn is_next(&self, seq: u32) -> bool {
        self.next == Some(seq) && self.is_in_order()
    }

    /// Returns whether nothing waits for bytes before it.
    #[inline]
    pub const fn is_in_order(&self) -> bool {
        self.waiting.is_none()
    }

    /// Processes a payload, and delivers the bytes that are now in order.
    #[inline]
    pub fn push(
        &mut self,
        carrier: &Carrier,
        payload: &Payload<'_>,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) -> Arrival {
        if self.is_next(payload.seq) && !payload.fin {
            if payload.len == 0 {
                return Arrival::Empty;
            }
            self.deliver(carrier, payload.bytes, u64::from(payload.len), out);
            return Arrival::InOrder;
        }
        self.sort(carrier, payload, out)
    }

    /// Processes a payload that may be anywhere in the stream and may be followed by FIN, like [`push`](Self::push).
    fn sort(&mut self, carrier: &Carrier, payload: &Payload<'_>, out: &mut impl FnMut(&Carrier, Event<'_>)) -> Arrival {
        let is_first = self.next.is_none();
        let next = *self.next.get_or_insert_with(|| first_byte(payload.seq, self.acked));
        let ahead = distance(next, payload.seq);
        if payload.len == 0 && !payload.fin {
            return match u64::try_from(ahead) {
                Ok(missing @ 1..) if missing <= u64::from(limits::WINDOW) => {
                    Arrival::Ahead(self.offset.saturating_add(missing))
                }
                Err(_) if ahead == -1 && !is_first => Arrival::KeepAlive,
                _ => Arrival::Empty,
            };
        }
        if ahead.unsigned_abs() > u64::from(limits::WINDOW) {
            return Arrival::OutOfWindow;
        }
        // The front of a segment from before the capture began, or before the stream's first byte, is not new.
        let start = self.offset.saturating_add_signed(ahead);
        let before_stream = self.offset.checked_add_signed(ahead).is_none();
        let end = if before_stream {
            self.offset.saturating_add_signed(ahead.saturating_add(i64::from(payload.len)))
        } else {
            start.saturating_add(u64::from(payload.len))
        };
        if payload.fin && end >= self.offset {
            self.waiting.get_or_insert_default().fin.get_or_insert((end, *carrier));
        }
        let arrival = if ahead > 0 {
            self.hold(carrier, start, payload);
            Arrival::OutOfOrder
        } else if end > self.offset {
            let skip = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
            let fresh = payload.bytes.get(skip..).unwrap_or_default();
            self.deliver(carrier, fresh, end - self.offset, out);
            Arrival::InOrder
        } else if payload.len == 1 && ahead == -1 {
            Arrival::KeepAlive
        } else if payload.len == 0 {
            Arrival::Empty
        } else if end == self.offset {
            Arrival::Repeat
        } else {
            Arrival::Retransmission
        };
        self.drain(out);
        // Giving up the first hole may free less than this payload took.
        while self.waiting.as_ref().is_some_and(|waiting| waiting.held.over_bounds()) && self.give_up_hole(carrier, out)
        {
        }
        arrival
    }

    /// Counts a segment of the connection against the patience with an acknowledged hole, and gives the hole up when
    /// the patience is over.
    #[inline]
    pub fn tick(&mut self, carrier: &Carrier, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        if self.waiting.is_some() {
            self.wait(carrier, out);
        }
    }

    fn wait(&mut self, carrier: &Carrier, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        let hole_end = self.hole_end();
        let acked = self.acked();
        let (Some(waiting), Some(end)) = (&mut self.waiting, hole_end) else {
            return;
        };
        if acked.is_none_or(|acked| acked < end) {
            waiting.hole_acked = None;
            return;
        }
        let (since, segments) = waiting.hole_acked.get_or_insert((carrier.seen.time, 0));
        *segments = segments.saturating_add(1);
        if *segments > limits::GAP_PATIENCE_SEGMENTS || carrier.seen.time.since(*since) > limits::GAP_PATIENCE {
            waiting.hole_acked = None;
            self.give_up_hole(carrier, out);
        }
    }

    /// Gives up every hole. Must be called when no more segments will come.
    pub fn finish(&mut self, last: &Carrier, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        while self.hole_end().is_some() {
            self.give_up_hole(last, out);
        }
        // These bytes were acknowledged, but neither they nor any after them were captured. A single one may be a FIN.
        let missing = self.acked().map_or(0, |acked| acked.saturating_sub(self.offset));
        if missing > 1 && !self.finished() {
            self.gap(missing, Missing::NeverCaptured, last, out);
        }
    }

    /// Gives up the first hole, whatever the bounds are. Returns `false` if there is none.
    pub fn give_up_hole(&mut self, carrier: &Carrier, out: &mut impl FnMut(&Carrier, Event<'_>)) -> bool {
        let Some(end) = self.hole_end() else {
            return false;
        };
        let revealed_by =
            self.waiting.as_ref().and_then(|waiting| waiting.held.at(end)).map_or(*carrier, |held| held.carrier);
        self.gap(end - self.offset, Missing::NeverCaptured, &revealed_by, out);
        self.drain(out);
        true
    }

    /// Returns the stream offset where the first hole ends: at the first held segment, or at the FIN.
    fn hole_end(&self) -> Option<u64> {
        let waiting = self.waiting.as_ref()?;
        let held = waiting.held.first();
        let fin = waiting.fin.as_ref().filter(|_| !waiting.finished).map(|fin| fin.0);
        held.or(fin).filter(|end| *end > self.offset)
    }

    fn hold(&mut self, carrier: &Carrier, start: u64, payload: &Payload<'_>) {
        if payload.len > 0 {
            self.waiting.get_or_insert_default().held.insert(carrier, start, u64::from(payload.len), payload.bytes);
        }
    }

    /// Delivers the next `len` bytes. Only `bytes` of them were captured.
    #[inline]
    fn deliver(&mut self, carrier: &Carrier, bytes: &[u8], len: u64, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        let captured = u64::try_from(bytes.len()).unwrap_or(len).min(len);
        if captured > 0 {
            self.advance(captured, Data::Bytes(bytes), carrier, out);
        }
        if captured < len {
            self.gap(len - captured, Missing::CutBySnaplen, carrier, out);
        }
    }

    fn gap(&mut self, len: u64, missing: Missing, carrier: &Carrier, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        self.advance(len, Data::Gap { len, missing }, carrier, out);
    }

    fn advance(&mut self, len: u64, data: Data<'_>, carrier: &Carrier, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        out(carrier, Event::Chunk { offset: self.pass(len), data });
    }

    /// Moves past the next `len` bytes, which are delivered or given up. Returns the stream offset of the first.
    #[inline]
    pub fn pass(&mut self, len: u64) -> u64 {
        let offset = self.offset;
        self.offset = offset.saturating_add(len);
        // Sequence numbers advance like the stream offset, modulo 2³².
        self.next = self.next.map(|next| next.wrapping_add((len & u64::from(u32::MAX)) as u32));
        offset
    }

    /// Delivers held segments that are now in order, and the FIN after them.
    fn drain(&mut self, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        while let Some((start, segment)) =
            self.waiting.as_mut().and_then(|waiting| waiting.held.take_until(self.offset))
        {
            let skip = self.offset - start;
            if segment.len > skip {
                let fresh = segment.bytes.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default();
                self.deliver(&segment.carrier, fresh, segment.len - skip, out);
            }
        }
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        match &waiting.fin {
            Some((end, carrier)) if *end <= self.offset && !waiting.finished => {
                waiting.finished = true;
                out(carrier, Event::Fin { offset: self.offset });
            }
            None if waiting.held.is_unused() => self.waiting = None,
            _ => {}
        }
    }
}

/// Returns the first sequence number of a stream with its SYN not captured: the receiver's acknowledgement number if
/// that is near, otherwise `seq`.
fn first_byte(seq: u32, acked: Option<u32>) -> u32 {
    match acked {
        // One before the acknowledged number is a keep-alive.
        Some(acked) if (-1..=i64::from(u16::MAX)).contains(&distance(acked, seq)) => acked,
        _ => seq,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Seen;

    /// A half, its output so far, and a count of packets.
    #[derive(Default)]
    struct Bench {
        half: Half,
        given: String,
        packets: u64,
    }

    impl Bench {
        fn beginning_at(first: u32) -> Self {
            let mut bench = Self::default();
            bench.half.synchronize(first);
            bench
        }

        fn carrier(&mut self) -> Carrier {
            self.packets += 1;
            Carrier::new(Seen { packet: self.packets, time: Timestamp::default() }, None, 64)
        }

        fn push(&mut self, seq: u32, bytes: &str, fin: bool) -> Arrival {
            let carrier = self.carrier();
            let payload = Payload { seq, bytes: bytes.as_bytes(), len: bytes.len() as u32, fin };
            let given = &mut self.given;
            self.half.push(&carrier, &payload, &mut |carrier, output| write(given, carrier, output))
        }

        fn holds_too_much(&self) -> bool {
            self.half.waiting.as_ref().is_some_and(|waiting| waiting.held.over_bounds())
        }

        fn tick(&mut self) {
            let carrier = self.carrier();
            let given = &mut self.given;
            self.half.tick(&carrier, &mut |carrier, output| write(given, carrier, output));
        }

        fn finish(&mut self) {
            let carrier = self.carrier();
            let given = &mut self.given;
            self.half.finish(&carrier, &mut |carrier, output| write(given, carrier, output));
        }
    }

    /// Writes bytes as they are, a gap as `[length]`, FIN as `|` and the number of its packet.
    fn write(given: &mut String, carrier: &Carrier, output: Event<'_>) {
        match output {
            Event::Chunk { data: Data::Bytes(bytes), .. } => given.push_str(std::str::from_utf8(bytes).unwrap()),
            Event::Chunk { data: Data::Gap { len, .. }, .. } => given.push_str(&format!("[{len}]")),
            Event::Fin { .. } => given.push_str(&format!("|{}", carrier.seen.packet)),
            Event::Reset => given.push('!'),
        }
    }

    #[test]
    fn order_is_restored_over_the_wrap_of_sequence_numbers() {
        let start = u32::MAX - 2;
        let mut bench = Bench::beginning_at(start);
        assert_eq!(bench.push(start.wrapping_add(4), "ef", true), Arrival::OutOfOrder);
        assert_eq!(bench.push(start.wrapping_add(2), "cd", false), Arrival::OutOfOrder);
        assert_eq!(bench.push(start, "ab", false), Arrival::InOrder);
        assert_eq!(bench.push(start, "ab", false), Arrival::Retransmission);
        assert_eq!(bench.push(start.wrapping_add(2), "cdef", false), Arrival::Repeat);
        // The FIN has the number of its own packet, not of the packet that filled the hole.
        assert_eq!(bench.given, "abcdef|1");
        assert!(bench.half.finished());
    }

    #[test]
    fn the_first_copy_of_a_byte_wins() {
        let mut bench = Bench::beginning_at(0);
        bench.push(4, "EFGH", false);
        bench.push(2, "cdefghij", false);
        bench.push(0, "abXX", false);
        assert_eq!(bench.given, "abXXEFGHij");
        assert_eq!(bench.half.conflicts(), 1);
        assert_eq!(bench.half.held_bytes(), 0);
    }

    #[test]
    fn a_hole_is_given_up_when_its_receiver_has_the_bytes() {
        let mut bench = Bench::beginning_at(0);
        bench.push(0, "ab", false);
        bench.push(5, "fg", false);
        bench.tick();
        assert_eq!(bench.given, "ab", "nobody has acknowledged it");
        bench.half.acknowledge(7);
        for _ in 0..limits::GAP_PATIENCE_SEGMENTS {
            bench.tick();
        }
        assert_eq!(bench.given, "ab", "the acknowledgement may only have been captured early");
        bench.tick();
        assert_eq!(bench.given, "ab[3]fg");
        bench.push(2, "cde", false);
        assert_eq!(bench.given, "ab[3]fg", "too late");
    }

    #[test]
    fn what_is_missing_at_the_end_is_a_gap() {
        let mut bench = Bench::beginning_at(0);
        bench.push(0, "ab", false);
        bench.push(9, "", true);
        bench.finish();
        assert_eq!(bench.given, "ab[7]|2");
        let mut bench = Bench::beginning_at(0);
        bench.push(0, "ab", false);
        bench.half.acknowledge(6);
        bench.finish();
        assert_eq!(bench.given, "ab[4]");
    }

    #[test]
    fn cut_payloads_keep_their_length() {
        let mut bench = Bench::beginning_at(0);
        let carrier = bench.carrier();
        let payload = Payload { seq: 0, bytes: b"ab", len: 5, fin: false };
        let given = &mut bench.given;
        bench.half.push(&carrier, &payload, &mut |carrier, output| write(given, carrier, output));
        bench.push(5, "fg", false);
        assert_eq!(bench.given, "ab[3]fg");
    }

    /// Giving up a hole may free a single byte when a payload took thousands.
    #[test]
    fn held_bytes_stay_within_their_bound_behind_small_segments() {
        let mut bench = Bench::beginning_at(0);
        let block = "x".repeat(60_000);
        for island in 0..1000 {
            bench.push(2 + 2 * island, "x", false);
        }
        for island in 0..100 {
            bench.push(10_000 + 60_001 * island, &block, false);
            assert!(!bench.holds_too_much());
        }
    }

    #[test]
    fn held_bytes_stay_within_their_bound() {
        let mut bench = Bench::beginning_at(0);
        let block = "x".repeat(1000);
        for number in 0..3000u32 {
            bench.push(10 + number * 1001, &block, false);
            assert!(!bench.holds_too_much());
            assert!(bench.half.held_bytes() > block.len(), "the overhead of holding them counts as well");
        }
        assert!(bench.given.starts_with("[10]x"), "holes are given up from the front");
    }

    #[test]
    fn a_stream_may_begin_anywhere() {
        let mut bench = Bench::default();
        bench.half.acknowledge(100);
        bench.push(104, "ef", false);
        bench.push(100, "abcd", false);
        assert_eq!(bench.given, "abcdef", "the stream begins at the receiver's acknowledgement");
        assert_eq!(bench.push(105, "f", false), Arrival::KeepAlive);
        assert_eq!(bench.push(0x7000_0000, "far", false), Arrival::OutOfWindow);
    }
}
