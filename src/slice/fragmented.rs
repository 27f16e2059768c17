//! Segments that came in several packets, as fragments of an IP datagram: which packets these are, and what of a stream
//! each of them carries.

use std::collections::HashMap;
use std::ops::Range;

use super::checksum;
use crate::limits;
use crate::packet::Part;
use crate::side::Side;
use crate::tcp::Segment;

/// The fragments among the packets of the wanted connections.
#[derive(Debug, Default)]
pub struct Fragmented {
    pieces: HashMap<u64, Piece>,
    left_out: u64,
}

/// A packet with a fragment of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Of which connection the segment is.
    pub stream: u32,
    /// Who sent it.
    pub side: Side,
    /// Where its payload lies in the stream; none beyond what is rewritten.
    pub place: Option<usize>,
    /// Bytes of its payload.
    length: usize,
    /// Its payload's sum, as checksums have it.
    sum: u16,
    part: Part,
}

impl Fragmented {
    /// Remembers the packets that a segment came in.
    pub fn add(&mut self, parts: &[Part], segment: &Segment<'_>, (stream, side): (u32, Side), place: Option<usize>) {
        for part in parts {
            if self.pieces.len() == limits::SLICED_FRAGMENTS {
                self.left_out += 1;
                continue;
            }
            let piece = Piece {
                stream,
                side,
                place,
                length: segment.payload.len(),
                sum: checksum::sum(segment.payload),
                part: *part,
            };
            self.pieces.insert(part.packet, piece);
        }
    }

    /// What a packet carries, if it is a fragment of a wanted connection.
    pub fn piece(&self, packet: u64) -> Option<&Piece> {
        self.pieces.get(&packet)
    }

    /// Fragments that are left out, for there are too many.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Piece {
    /// Where the payload lies in the stream, as far as it is rewritten.
    pub fn range(&self) -> Option<Range<usize>> {
        Some(self.place?..self.place? + self.length)
    }

    /// Rewrites a fragment, which lies at `body` in its packet: headers stay, of the payload `new` takes the place, or
    /// zeros where there is none, and whatever lies behind is zeros.
    pub fn rewrite(&self, data: &mut [u8], body: Range<usize>, new: Option<&[u8]>) {
        let zeros = vec![0; self.length];
        let new = new.unwrap_or(&zeros);
        let Some(at) = self.part.at else {
            data.get_mut(body.start..).unwrap_or_default().fill(0);
            return;
        };
        for (offset, byte) in data.iter_mut().enumerate().skip(body.start) {
            let of_segment = usize::try_from(at + (offset - body.start) as i64);
            match of_segment.ok().and_then(|of_segment| of_segment.checked_sub(self.part.header)) {
                Some(payload) => *byte = new.get(payload).copied().filter(|_| offset < body.end).unwrap_or(0),
                None if offset >= body.end => *byte = 0,
                // A header.
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
        assert_eq!(fragmented.left_out(), 3);
        assert!(fragmented.piece(0).is_some() && fragmented.piece(limits::SLICED_FRAGMENTS as u64).is_none());
    }

    #[test]
    fn a_fragment_of_which_the_place_is_not_known_is_zeros() {
        let mut fragmented = Fragmented::default();
        let parts = [Part { packet: 1, at: None, header: 20 }, Part { packet: 2, at: Some(20), header: 20 }];
        fragmented.add(&parts, &segment(b"secret"), (0, Side::Client), Some(5));
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
