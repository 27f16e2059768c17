//! A TCP connection between two well-behaved endpoints, as captured by a tap near both.

use crate::http2::Http2;
use crate::schedule::Capture;
use crate::tls::{self, Tls};
use crate::wire::{ACK, Endpoint, FIN, PSH, RST, SYN, Segment};
use std::borrow::Cow;
use whyclosed::side::{PerSide, Side};

/// Bytes of payload in a full segment.
pub const MSS: usize = 1460;
/// Microseconds between the segments of a burst: full frames at 1 Gbit/s.
const GAP: u64 = 12;
/// Microseconds from a segment to the ACK that it triggers.
const REACTION: u64 = 5;
/// Microseconds until a lone segment is acknowledged (RFC 9293 §3.8.6.3).
const DELAYED_ACK: u64 = 40_000;
/// Microseconds until a retransmission.
const RETRANSMISSION: u64 = 200_000;
/// 64240 bytes, scaled by 7 bits to 8 MiB.
const WINDOW: u16 = 64_240;
/// MSS 1460, NOP, window scale 7, NOP, NOP, SACK permitted.
const SYN_OPTIONS: [u8; 12] = [2, 4, 5, 180, 1, 3, 3, 7, 1, 1, 4, 2];

/// The fate of a segment between its sender and the file.
#[derive(Clone, Copy, PartialEq)]
pub enum Fate {
    Captured,
    /// Captured some places after its position in order.
    Late,
    /// Captured, and retransmitted although it arrived.
    Repeated,
    /// Arrived, but missed by the capture.
    Unseen,
    /// Did not arrive: duplicate ACKs follow, then a retransmission.
    Lost,
}

/// Fates of segments with payload on a bad link, in tenths of a per cent.
const BAD_LINK: [(u64, Fate); 5] =
    [(974, Fate::Captured), (10, Fate::Late), (10, Fate::Repeated), (5, Fate::Unseen), (1, Fate::Lost)];

/// A segment that has not arrived although later ones have.
struct Hole<'a> {
    seq: u32,
    payload: &'a [u8],
    /// The number of segments still to overtake it.
    places: u64,
}

impl Hole<'_> {
    /// The maximal number of segments that overtake a late one.
    const FEW: u64 = 4;
    /// For a lost segment: more segments than are ever sent in one burst.
    const FOR_GOOD: u64 = u64::MAX;
}

/// A connection and its clock (microseconds since 1970).
pub struct Tcp {
    ends: PerSide<Endpoint>,
    ident: PerSide<u16>,
    /// SND.NXT.
    next: PerSide<u32>,
    /// RCV.NXT.
    expected: PerSide<u32>,
    /// The number of received segments that are not acknowledged yet.
    unacknowledged: PerSide<u8>,
    ack_due: PerSide<Option<u64>>,
    /// The layers above, if the capture's connections have them.
    tls: Option<Tls>,
    pub http2: Option<Http2>,
    pub clock: u64,
}

impl Tcp {
    /// Sends the three-way handshake, and that of TLS in a capture with TLS.
    pub fn open(now: u64, client: Endpoint, server: Endpoint, capture: &mut Capture) -> Self {
        let mut isn = || capture.random.bits() as u32;
        let next = PerSide { client: isn(), server: isn() };
        let mut tcp = Self {
            ends: PerSide { client, server },
            ident: PerSide { client: isn() as u16, server: isn() as u16 },
            next,
            expected: PerSide { client: next.server.wrapping_add(1), server: next.client.wrapping_add(1) },
            unacknowledged: PerSide::default(),
            ack_due: PerSide::default(),
            tls: None,
            http2: None,
            clock: now,
        };
        tcp.control(Side::Client, SYN, capture);
        tcp.control(Side::Server, SYN | ACK, capture);
        tcp.control(Side::Client, ACK, capture);
        tcp.tls = tls::open(&mut tcp, capture);
        tcp
    }

    /// Lets time pass.
    pub fn wait(&mut self, micros: u64) {
        self.clock += micros;
    }

    /// Returns the time at which the next delayed ACK is due.
    pub fn ack_due(&self) -> Option<u64> {
        Side::BOTH.into_iter().filter_map(|side| self.ack_due[side]).min()
    }

    /// Sends the delayed ACKs that are due by `now`.
    pub fn acknowledge(&mut self, now: u64, capture: &mut Capture) {
        for side in Side::BOTH {
            if self.ack_due[side].is_some_and(|due| due <= now) {
                self.emit(side, now, self.next[side], ACK, &[], capture);
            }
        }
    }

    /// Sends `bytes` of the application; returns whether the capture contains all of them.
    pub fn send(&mut self, from: Side, bytes: &[u8], capture: &mut Capture) -> bool {
        let bytes = self.wrapped(from, bytes);
        let complete = self.transmit(from, &bytes, capture);
        if let Some(update) = self.http2.as_mut().and_then(|http2| http2.widening(from)) {
            self.transmit(!from, &update, capture);
        }
        complete
    }

    /// Returns bytes of the application as they travel: in frames of HTTP/2 or in records of TLS, if there are.
    pub fn wrapped<'b>(&mut self, from: Side, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match (&mut self.http2, &mut self.tls) {
            (None, None) => bytes.into(),
            (None, Some(tls)) => tls.data(from, bytes).into(),
            (Some(http2), None) => http2.data(from, bytes).into(),
            (Some(http2), Some(tls)) => tls.data(from, &http2.data(from, bytes)).into(),
        }
    }

    /// Sends `bytes` in segments; returns whether the capture contains all of them.
    pub fn transmit(&mut self, from: Side, bytes: &[u8], capture: &mut Capture) -> bool {
        let mut complete = true;
        let mut hole: Option<Hole> = None;
        for payload in bytes.chunks(MSS) {
            let seq = self.next[from];
            self.next[from] = seq.wrapping_add(payload.len() as u32);
            let fate = capture.fate();
            match (fate, &mut hole) {
                (Fate::Late, None) => {
                    hole = Some(Hole { seq, payload, places: capture.random.between(1, Hole::FEW + 1) })
                }
                (Fate::Lost, None) => hole = Some(Hole { seq, payload, places: Hole::FOR_GOOD }),
                (_, hole) => {
                    if fate == Fate::Unseen {
                        complete = false;
                    } else {
                        self.data(from, self.clock, seq, payload, capture);
                    }
                    if fate == Fate::Repeated {
                        self.data(from, self.clock + RETRANSMISSION, seq, payload, capture);
                    }
                    self.received(!from, hole.as_ref(), capture);
                    self.clock += GAP;
                    if let Some(hole) = hole {
                        hole.places -= 1;
                    }
                }
            }
            if let Some(Hole { seq, payload, .. }) = hole.take_if(|hole| hole.places == 0) {
                self.data(from, self.clock, seq, payload, capture);
                self.received(!from, None, capture);
                self.clock += GAP;
            }
        }
        if let Some(Hole { seq, payload, places }) = hole {
            // A late segment that no other can overtake is sent in its place.
            self.clock += if places > Hole::FEW { RETRANSMISSION } else { 0 };
            self.data(from, self.clock, seq, payload, capture);
            self.received(!from, None, capture);
            self.clock += GAP;
        }
        complete
    }

    /// Ends what the application speaks through: a stream of HTTP/2, if there is, or the connection, with the FIN of `first`
    /// first, and with a close_notify before each FIN if there is TLS.
    pub fn finish(&mut self, first: Side, capture: &mut Capture) {
        if let Some(end) = self.http2.as_ref().map(Http2::end_stream) {
            for side in [first, !first] {
                self.transmit(side, &end, capture);
                self.clock += capture.random.between(100, 400);
            }
            return;
        }
        self.notify(first, capture);
        self.control(first, FIN | ACK, capture);
        if capture.random.chance(300) {
            self.control(!first, ACK, capture);
        }
        self.notify(!first, capture);
        self.control(!first, FIN | ACK, capture);
        self.control(first, ACK, capture);
    }

    fn notify(&mut self, from: Side, capture: &mut Capture) {
        if let Some(record) = self.tls.as_mut().map(|tls| tls.close_notify(from)) {
            self.transmit(from, &record, capture);
        }
    }

    /// Resets a stream of HTTP/2, if there is, or the connection.
    pub fn reset(&mut self, from: Side, capture: &mut Capture) {
        if let Some(cancel) = self.http2.as_ref().map(Http2::cancel) {
            self.transmit(from, &cancel, capture);
            return;
        }
        self.control(from, RST | ACK, capture);
    }

    /// Acknowledges a received segment: a pair of segments at once, a lone one later. After a hole, every segment
    /// triggers a duplicate ACK at once (RFC 5681 §4.2).
    fn received(&mut self, by: Side, hole: Option<&Hole>, capture: &mut Capture) {
        self.expected[by] = hole.map_or(self.next[!by], |hole| hole.seq);
        self.unacknowledged[by] += 1;
        if self.unacknowledged[by] == 2 || hole.is_some() {
            self.emit(by, self.clock + REACTION, self.next[by], ACK, &[], capture);
        } else {
            self.ack_due[by] = Some(self.clock + DELAYED_ACK);
        }
    }

    /// Sends a segment with payload.
    fn data(&mut self, from: Side, time: u64, seq: u32, payload: &[u8], capture: &mut Capture) {
        let flags = if payload.len() < MSS { ACK | PSH } else { ACK };
        self.emit(from, time, seq, flags, payload, capture);
    }

    /// Sends a segment without payload and waits for half a round trip.
    fn control(&mut self, from: Side, flags: u8, capture: &mut Capture) {
        if capture.fate() != Fate::Unseen {
            self.emit(from, self.clock, self.next[from], flags, &[], capture);
        }
        if flags & (SYN | FIN) != 0 {
            self.next[from] = self.next[from].wrapping_add(1);
            self.expected[!from] = self.next[from];
        }
        self.ack_due[from] = None;
        self.clock += capture.random.between(100, 400);
    }

    /// Sends a segment. Each acknowledges everything that arrived, so that no delayed ACK stays due.
    fn emit(&mut self, from: Side, time: u64, seq: u32, flags: u8, payload: &[u8], capture: &mut Capture) {
        self.ident[from] = self.ident[from].wrapping_add(1);
        self.unacknowledged[from] = 0;
        self.ack_due[from] = None;
        let segment = Segment {
            from: self.ends[from],
            to: self.ends[!from],
            ident: self.ident[from],
            seq,
            ack: if flags & ACK == 0 { 0 } else { self.expected[from] },
            flags,
            window: WINDOW,
            options: if flags & SYN == 0 { &[] } else { &SYN_OPTIONS },
            payload,
        };
        capture.wire.send(time, segment.packet());
    }
}

/// Returns the fate of the next segment on a bad link.
pub fn bad_link(random: &mut crate::random::Random) -> Fate {
    *random.weighted(&BAD_LINK)
}
