//! A session under test, and what it has shown.

use crate::chunk::{Carrier, Chunk, Data, Missing};
use crate::seen::{Seen, Timestamp};
use crate::side::Side;
use crate::tls::keys::{Keys, Origin};
use crate::tls::record::Alert;
use crate::tls::session::{Event, Scratch, Session};

/// What a side has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Contents. Those of consecutive records are one.
    Data(Side, Vec<u8>),
    /// A gap.
    Gap(Side, u64),
    /// An encrypted alert.
    Alert(Side, Alert),
}

/// A session with its surroundings, and what it has shown.
#[derive(Default)]
pub struct Bench {
    pub session: Session,
    pub keys: Keys,
    pub scratch: Scratch,
    pub shown: Vec<Shown>,
    /// Offset, bytes needed, and the packet, of each piece of contents.
    pub places: Vec<(Side, u64, u64, u64)>,
    pub sent: [u64; 2],
    pub packets: u64,
}

impl Bench {
    /// Creates a session with a key log.
    pub fn new(log: &str) -> Self {
        let mut bench = Self::default();
        bench.keys.read(log.as_bytes(), Origin::KeyLog);
        bench
    }

    /// Lets searches try a few numbers only.
    pub fn with_little_work(mut self) -> Self {
        self.scratch.limit_searches(10_000, 2000);
        self
    }

    pub fn with(&mut self, act: impl FnOnce(&mut Session, &mut Keys, &mut Scratch, &mut dyn FnMut(Side, Event<'_>))) {
        let Self { session, keys, scratch, shown, places, .. } = self;
        act(session, keys, scratch, &mut |side, event| match event {
            Event::Data(Chunk { place, data: Data::Bytes(bytes) }) => {
                places.push((side, place.offset, place.needed(), place.carrier.seen.packet));
                match shown.last_mut() {
                    Some(Shown::Data(last, all)) if *last == side => all.extend(bytes),
                    _ => shown.push(Shown::Data(side, bytes.to_vec())),
                }
            }
            Event::Data(Chunk { data: Data::Gap { len, missing }, .. }) => {
                assert_eq!(missing, Missing::Undecrypted);
                shown.push(Shown::Gap(side, len));
            }
            Event::Alert { alert, is_encrypted: true, .. } => shown.push(Shown::Alert(side, alert)),
            Event::Alert { .. } | Event::Decided(_) => {}
        });
    }

    /// The next packet brings bytes of a side.
    pub fn push(&mut self, side: Side, bytes: &[u8]) {
        self.chunk(side, Data::Bytes(bytes), bytes.len() as u64);
    }

    /// The next bytes of a side are missing.
    pub fn lose(&mut self, side: Side, len: u64) {
        self.chunk(side, Data::Gap { len, missing: Missing::NeverCaptured }, len);
    }

    fn chunk(&mut self, side: Side, data: Data<'_>, len: u64) {
        self.packets += 1;
        let carrier = self.carrier();
        let chunk = Chunk::of_tcp(&carrier, self.sent[side as usize], data);
        let sent = &mut self.sent[side as usize];
        *sent = sent.saturating_add(len);
        self.with(|session, keys, scratch, mut out| session.push(side, chunk, keys, scratch, &mut out));
    }

    /// The next packet ends a side.
    pub fn end(&mut self, side: Side) {
        self.packets += 1;
        let carrier = self.carrier();
        self.with(|session, keys, scratch, mut out| session.end(side, &carrier, keys, scratch, &mut out));
    }

    fn carrier(&self) -> Carrier {
        Carrier::new(Seen { packet: self.packets, time: Timestamp::default() }, None, 64)
    }

    pub fn push_all(&mut self, records: &[(Side, Vec<u8>)]) {
        records.iter().for_each(|(side, bytes)| self.push(*side, bytes));
    }

    /// Returns the contents of a side.
    pub fn data(&self, of: Side) -> Vec<u8> {
        let data = self.shown.iter().filter_map(|shown| match shown {
            Shown::Data(side, bytes) if *side == of => Some(bytes.as_slice()),
            _ => None,
        });
        data.collect::<Vec<_>>().concat()
    }
}
