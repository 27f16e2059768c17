//! The positions of one direction's frames, as the analyzer reports them.

use super::room::Room;
use crate::ws::frame::Start;
use crate::ws::{Header, Opcode};

/// The number of frames held in one piece.
const PIECE: usize = 1024;

/// A frame in its stream, as far as a slice needs it. It is small, because there may be millions.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Stream offset of its payload.
    payload: u32,
    /// Bytes of its payload; at most `u32::MAX`, which is more than a rewritten stream holds.
    length: u32,
    key: [u8; 4],
    /// The packet that completed its header. Numbers that do not fit are `u32::MAX`.
    packet: u32,
    opcode: Opcode,
    rsv: u8,
    fin: bool,
    /// Bytes of its header.
    size: u8,
}

impl Frame {
    /// Creates a frame from its header, the stream offset of its payload, and the packet that completed its header.
    pub fn new(header: &Header, payload: u32, packet: u64) -> Self {
        let Start { fin, rsv, opcode, .. } = header.start;
        let length = u32::try_from(header.length).unwrap_or(u32::MAX);
        let packet = u32::try_from(packet).unwrap_or(u32::MAX);
        // A key of zeros changes nothing.
        Self { payload, length, key: header.key.unwrap_or_default(), packet, opcode, rsv, fin, size: header.size }
    }

    /// The number of bytes of a serialized frame.
    pub const BYTES: usize = 19;

    /// Serializes the frame.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let [a, b, c, d] = self.payload.to_le_bytes();
        let [e, f, g, h] = self.length.to_le_bytes();
        let [i, j, k, l] = self.key;
        let [m, n, o, p] = self.packet.to_le_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, self.opcode.0, self.rsv << 1 | u8::from(self.fin), self.size]
    }

    /// Deserializes a frame.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, opcode, bits, size] = bytes;
        Self {
            payload: u32::from_le_bytes([a, b, c, d]),
            length: u32::from_le_bytes([e, f, g, h]),
            key: [i, j, k, l],
            packet: u32::from_le_bytes([m, n, o, p]),
            opcode: Opcode(opcode),
            rsv: bits >> 1,
            fin: bits & 1 != 0,
            size,
        }
    }

    /// Returns its opcode.
    pub const fn opcode(&self) -> Opcode {
        self.opcode
    }

    /// Returns RSV1, RSV2 and RSV3 as the bits 4, 2 and 1.
    pub const fn rsv(&self) -> u8 {
        self.rsv
    }

    /// Returns whether it is the last, or only, fragment of its message.
    pub const fn is_last(&self) -> bool {
        self.fin
    }

    /// Returns its masking key; zeros if it is not masked.
    pub const fn key(&self) -> [u8; 4] {
        self.key
    }

    /// Returns the packet that completed its header.
    pub const fn packet(&self) -> u32 {
        self.packet
    }

    /// Returns the stream offset of its header.
    pub fn start(&self) -> usize {
        self.payload().saturating_sub(usize::from(self.size))
    }

    /// Returns the stream offset of its payload.
    pub const fn payload(&self) -> usize {
        self.payload as usize
    }

    /// Returns the stream offset just past its payload.
    pub const fn end(&self) -> usize {
        self.payload().saturating_add(self.length as usize)
    }
}

/// The frames of one direction, in order. Most directions have few, but there are very many directions.
#[derive(Debug, Default)]
pub struct Frames {
    /// The full pieces.
    #[expect(clippy::box_collection, reason = "hardly any direction has one, and there are very many directions")]
    full: Option<Box<Vec<Vec<Frame>>>>,
    /// The frames after them.
    last: Vec<Frame>,
    /// The stream offset of the first frame without room.
    end: Option<u32>,
}

impl Frames {
    /// Adds the next frame, as long as there is room.
    pub fn push(&mut self, frame: Frame, room: &mut Room) {
        if self.end.is_some() {
            return;
        }
        if self.last.len() == PIECE && room.grow(self.full.get_or_insert_default(), 1, usize::MAX) {
            self.full.get_or_insert_default().push(std::mem::take(&mut self.last));
        }
        if self.last.len() < PIECE && room.grow(&mut self.last, 1, PIECE) {
            self.last.push(frame);
        } else {
            self.end = u32::try_from(frame.start()).ok();
        }
    }

    /// Returns the stream offset of the first frame without room.
    pub fn end(&self) -> Option<usize> {
        self.end.map(|end| end as usize)
    }

    /// Returns the number of frames.
    pub fn len(&self) -> usize {
        self.full.as_ref().map_or(0, |full| full.len() * PIECE) + self.last.len()
    }

    /// Returns a frame by its index.
    pub fn get(&self, index: usize) -> Option<&Frame> {
        let full = self.full.as_ref().and_then(|full| full.get(index / PIECE));
        match full {
            Some(piece) => piece.get(index % PIECE),
            None => self.last.get(index - self.full.as_ref().map_or(0, |full| full.len() * PIECE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::frame::header;

    #[test]
    fn frames_are_small_and_bounded() {
        assert_eq!(size_of::<Frame>(), 20);
        let (_, empty) = header(&[0x81, 0]).unwrap();
        let (mut frames, mut room) = (Frames::default(), Room::of(64 * 1024));
        for at in 1..10_000 {
            frames.push(Frame::new(&empty, 2 * at, u64::from(at)), &mut room);
        }
        let count = frames.len();
        assert!((2500..3277).contains(&count), "{count}");
        assert_eq!(frames.end(), Some(2 * count));
        assert_eq!(frames.get(count - 1).map(Frame::start), Some(2 * count - 2));
        assert!(frames.get(count).is_none());
    }
}
