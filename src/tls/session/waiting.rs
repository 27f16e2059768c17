//! Records that wait for their keys, or for the server's word on early data.

use std::collections::VecDeque;

use crate::chunk::Carrier;
use crate::limits;
use crate::side::Side;
use crate::tls::reader::Framed;
use crate::tls::record::{Header, Record};

/// A part of a side's stream that waits.
#[derive(Debug)]
pub enum Held {
    /// A record.
    Record(HeldRecord),
    /// Bytes of the TCP stream that no record was read from.
    Lost(Side, u64),
}

/// A copy of a record.
#[derive(Debug)]
pub struct HeldRecord {
    side: Side,
    header: Header,
    fragment: Vec<u8>,
    carrier: Carrier,
    end: u64,
    is_certain: bool,
}

/// Records of both sides, in the order in which they came.
#[derive(Debug, Default)]
pub struct Waiting {
    queue: VecDeque<Held>,
    bytes: usize,
}

impl HeldRecord {
    /// Copies a record.
    pub fn new(side: Side, framed: &Framed<'_>) -> Self {
        let Framed { record, carrier, end, is_certain } = *framed;
        let Record { header, fragment } = record;
        Self { side, header, fragment: fragment.to_vec(), carrier: *carrier, end, is_certain }
    }

    /// Returns the record.
    pub fn framed(&self) -> Framed<'_> {
        let record = Record { header: self.header, fragment: &self.fragment };
        Framed { record, carrier: &self.carrier, end: self.end, is_certain: self.is_certain }
    }

    /// Returns the side that has sent it.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Returns the number of bytes that it takes in memory.
    pub const fn size(&self) -> usize {
        size_of::<Self>() + self.fragment.len()
    }
}

impl Held {
    const fn size(&self) -> usize {
        match self {
            Self::Record(record) => record.size(),
            Self::Lost(..) => size_of::<Self>(),
        }
    }

    /// Returns the side, and the number of bytes in its TCP stream.
    fn wire(&self) -> (Side, u64) {
        match self {
            Self::Record(record) => (record.side, record.header.wire_len()),
            Self::Lost(side, len) => (*side, *len),
        }
    }
}

impl Waiting {
    /// Returns whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns the number of bytes held.
    pub const fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// Adds the next part of a side's stream. If there are too many, the oldest ones are passed to `drop`, as bytes of a
    /// side's TCP stream: later ones are nearer to the end, which has to be explained.
    pub fn push(&mut self, held: Held, drop: &mut impl FnMut(Side, u64)) {
        self.bytes += held.size();
        self.queue.push_back(held);
        while self.bytes > limits::TLS_WAITING && self.queue.len() > 1 {
            self.drop_first(drop);
        }
    }

    /// Drops everything.
    pub fn let_go(&mut self, drop: &mut impl FnMut(Side, u64)) {
        while !self.queue.is_empty() {
            self.drop_first(drop);
        }
        self.queue = VecDeque::new();
    }

    /// Takes the oldest part.
    pub fn pop(&mut self) -> Option<Held> {
        let held = self.queue.pop_front()?;
        self.bytes -= held.size();
        Some(held)
    }

    /// Puts back the part that was taken last.
    pub fn put_back(&mut self, held: Held) {
        self.bytes += held.size();
        self.queue.push_front(held);
    }

    fn drop_first(&mut self, drop: &mut impl FnMut(Side, u64)) {
        if let Some(held) = self.pop() {
            let (side, len) = held.wire();
            drop(side, len);
        }
    }
}
