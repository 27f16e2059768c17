//! Segments that came as fragments of an IP datagram, in several packets: which packets these are, and which part of a
//! stream each of them carries.

use std::ops::Range;

use super::checksum;
use crate::limits;
use crate::packet::Part;
use crate::side::Side;
use crate::tcp::Segment;

/// The fragments among the packets of the wanted connections.
#[derive(Debug, Default)]
pub struct Fragmented {
    /// The packets; sorted after [`Self::finish`].
    pieces: Vec<Piece>,
    left_out: u64,
}

/// A packet with a fragment of a segment. It is small, because there may be many.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    packet: u64,
    /// The index of the wanted connection that the segment belongs to.
    connection: u32,
    /// The stream offset of the segment's payload; `None` outside the bytes that are rewritten.
    place: Option<u32>,
    /// The position of the fragment relative to the segment's first byte, if known.
    at: Option<i32>,
    /// Bytes of the segment's payload.
    length: u32,
    /// Bytes of the segment's header.
    header: u16,
    /// The one's complement sum of the segment's payload.
    sum: u16,
    /// The side that sent it.
    side: Side,
}

impl Fragmented {
    /// Records the packets that carried a segment. Those beyond the bound are counted as left out.
    pub fn add(&mut self, parts: &[Part], segment: &Segment<'_>, half: (usize, Side), place: Option<usize>) {
        let sum = checksum::sum(segment.payload);
        for part in parts {
            if self.pieces.len() == limits::SLICED_FRAGMENTS {
                self.left_out += 1;
                continue;
            }
            self.pieces.extend(Piece::new(part, segment, half, place, sum));
        }
    }

    /// Sorts the packets. Must be called after all of them have been added.
    pub fn finish(&mut self) {
        self.pieces.sort_unstable_by_key(|piece| piece.packet);
    }

    /// Returns the fragment that a packet carries, if it is one of a wanted connection.
    pub fn piece(&self, packet: u64) -> Option<&Piece> {
        let at = self.pieces.binary_search_by_key(&packet, |piece| piece.packet).ok()?;
        self.pieces.get(at)
    }

    /// Returns the number of packets with fragments up to this one.
    pub fn count_up_to(&self, packet: u64) -> u64 {
        self.pieces.partition_point(|piece| piece.packet <= packet) as u64
    }

    /// Returns the number of fragments that are left out, because there are too many.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Piece {
    /// Returns `None` if a number does not fit, as in no possible segment.
    fn new(
        part: &Part,
        segment: &Segment<'_>,
        (connection, side): (usize, Side),
        place: Option<usize>,
        sum: u16,
    ) -> Option<Self> {
        Some(Self {
            packet: part.packet,
            connection: u32::try_from(connection).ok()?,
            place: place.and_then(|place| u32::try_from(place).ok()),
            at: part.at.and_then(|at| i32::try_from(at).ok()),
            length: u32::try_from(segment.payload.len()).ok()?,
            header: u16::try_from(part.header).ok()?,
            sum,
            side,
        })
    }

    /// Returns the index of the wanted connection, and the side that sent the segment.
    pub const fn half(&self) -> (usize, Side) {
        (self.connection as usize, self.side)
    }

    /// Returns the range of the segment's payload in the stream, if it is rewritten.
    pub fn range(&self) -> Option<Range<usize>> {
        let place = self.place? as usize;
        Some(place..place + self.length as usize)
    }

    /// Rewrites a fragment, which is at `body` in its packet. Headers stay, except that the TCP checksum is updated.
    /// The payload is replaced by `new`, or by zeros if that is `None`. Everything after the fragment becomes zeros. If
    /// the position of the fragment is not known, all of it becomes zeros.
    pub fn rewrite(&self, data: &mut [u8], body: Range<usize>, new: Option<&[u8]>) {
        let zeros = vec![0; self.length as usize];
        let new = new.unwrap_or(&zeros);
        let Some(at) = self.at.map(i64::from) else {
            data.get_mut(body.start..).unwrap_or_default().fill(0);
            return;
        };
        for (offset, byte) in data.iter_mut().enumerate().skip(body.start) {
            let of_segment = usize::try_from(at + (offset - body.start) as i64);
            match of_segment.ok().and_then(|of_segment| of_segment.checked_sub(usize::from(self.header))) {
                Some(payload) => *byte = new.get(payload).copied().filter(|_| offset < body.end).unwrap_or(0),
                None if offset >= body.end => *byte = 0,
                // A header stays.
                None => {}
            }
        }
        let field = usize::try_from(checksum::FIELD as i64 - at).ok().map(|behind| body.start + behind);
        if let Some(field) = field.filter(|field| field + 2 <= body.end) {
            checksum::adjust(data, field, self.sum, checksum::sum(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Carrier;
    use crate::tcp::{Endpoints, Flags};

    fn segment(payload: &[u8]) -> Segment<'_> {
        let end = std::net::SocketAddr::from(([127, 0, 0, 1], 80));
        let (endpoints, from_low) = Endpoints::of(end, end);
        let (carrier, flags, payload_len) = (Carrier::default(), Flags::ACK, payload.len() as u32);
        Segment { carrier, endpoints, from_low, seq: 0, ack: 0, flags, window: 0, payload, payload_len }
    }

    #[test]
    fn fragments_beyond_the_bound_are_left_out_and_counted() {
        let mut fragmented = Fragmented::default();
        let parts: Vec<_> =
            (0..limits::SLICED_FRAGMENTS as u64 + 3).map(|packet| Part { packet, at: None, header: 20 }).collect();
        fragmented.add(&parts, &segment(b"text"), (0, Side::Client), Some(0));
        fragmented.finish();
        assert_eq!((fragmented.left_out(), size_of::<Piece>()), (3, 40));
        assert!(fragmented.piece(0).is_some() && fragmented.piece(limits::SLICED_FRAGMENTS as u64).is_none());
    }

    #[test]
    fn a_fragment_of_which_the_place_is_not_known_is_zeros() {
        let mut fragmented = Fragmented::default();
        let parts = [Part { packet: 1, at: None, header: 20 }, Part { packet: 2, at: Some(20), header: 20 }];
        fragmented.add(&parts, &segment(b"secret"), (0, Side::Client), Some(5));
        fragmented.finish();
        let rewritten = |packet, new| {
            let mut data = *b"headersecretpad";
            fragmented.piece(packet).unwrap().rewrite(&mut data, 6..12, new);
            data
        };
        assert_eq!(rewritten(1, Some(b"xxxxxx")), *b"header\0\0\0\0\0\0\0\0\0");
        assert_eq!(rewritten(2, Some(b"xxxxxx")), *b"headerxxxxxx\0\0\0");
        assert_eq!(rewritten(2, None), *b"header\0\0\0\0\0\0\0\0\0");
        assert_eq!(fragmented.piece(1).unwrap().range(), Some(5..11));
    }
}
