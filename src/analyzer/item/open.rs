//! A connection that a work item may have to leave to the next one.

use crate::analyzer::{Chunks, Part, PartEnd, Recording};
use crate::capture::{Attribution, Packet};
use crate::facts::{Continuity, Facts};
use crate::limits;
use crate::seen::Seen;
use crate::tcp::sequence::later;
use crate::tcp::{Endpoints, Flags, Segment};

/// The facts of a connection that a work item hands out.
#[derive(Clone, Debug)]
pub struct Owned {
    /// The facts.
    pub facts: Box<Facts>,
    /// Whether they are those of a TLS connection that was not decrypted.
    pub is_outside: bool,
}

/// A connection that is open.
pub(super) struct Open {
    /// Its number.
    pub stream: u32,
    /// Whether its SYN was met.
    pub begins: bool,
    /// The facts of it that were handed out: it goes on behind a refused attempt, and behind a stream of HTTP/2.
    pub facts: Vec<Owned>,
    /// The facts at the end of the item, if it was not recorded, behind those of refused attempts.
    pub snapshot: Option<Vec<Facts>>,
    recording: Option<Recording>,
    processes: Vec<(bool, Attribution)>,
    ends: Vec<PartEnd>,
    first: Seen,
    last: Seen,
    first_seq: [Option<u32>; 2],
    next_seq: [Option<u32>; 2],
}

/// The memory that the recordings of all connections share.
#[derive(Default)]
pub(super) struct Recorder {
    /// The bytes of memory that all recordings take.
    bytes: usize,
    unused: Chunks,
}

impl Recorder {
    /// Throws a recording away.
    fn recycle(&mut self, recording: Option<Recording>) {
        if let Some(recording) = recording {
            self.bytes -= recording.size();
            recording.recycle(&mut self.unused);
        }
    }
}

impl Open {
    /// Creates the connection that begins, as far as the item has it, with this segment, which is yet to be noted.
    pub fn new(stream: u32, segment: &Segment<'_>) -> Self {
        Self {
            stream,
            begins: segment.flags.has(Flags::SYN),
            facts: Vec::new(),
            snapshot: None,
            recording: Some(Recording::default()),
            processes: Vec::new(),
            ends: Vec::new(),
            first: segment.carrier.seen,
            last: segment.carrier.seen,
            first_seq: [None; 2],
            next_seq: [None; 2],
        }
    }

    /// Returns whether all its segments so far are recorded.
    pub const fn is_recorded(&self) -> bool {
        self.recording.is_some()
    }

    /// Keeps the facts at the end of the item, if there are any.
    pub fn keep(&mut self, facts: Option<Box<Facts>>) {
        let attempts = self.facts.iter().map(|owned| (*owned.facts).clone());
        // If no later item has more of it, this is where it has been followed to.
        self.snapshot = facts.map(|mut last| {
            last.followed_to_end = true;
            attempts.chain([*last]).collect()
        });
    }

    /// Notes a segment, and records it if there is room.
    pub fn note(&mut self, segment: &Segment<'_>, (packet, is_followed): (&Packet<'_>, bool), recorder: &mut Recorder) {
        self.last = segment.carrier.seen;
        self.note_sequence(segment);
        for (flag, is_reset) in [(Flags::FIN, false), (Flags::RST, true)] {
            let (seen, ttl, from_low) = (segment.carrier.seen, segment.carrier.ttl, segment.from_low);
            let is_known = |end: &PartEnd| end.from_low == from_low && end.is_reset == is_reset;
            if segment.flags.has(flag) && !self.ends.iter().any(is_known) {
                self.ends.push(PartEnd { from_low, is_reset, seen, ttl });
            }
        }
        if let Some(process) = packet.process {
            let process = (segment.from_low, process.clone());
            if self.processes.len() < limits::RECORDED_PROCESSES && !self.processes.contains(&process) {
                self.processes.push(process);
            }
        }
        let most = if is_followed { limits::RECORDED } else { limits::RECORDED_UNKNOWN };
        if let Some(recording) = &mut self.recording {
            recorder.bytes += recording.push(segment, packet.data.len(), &mut recorder.unused);
            if recording.len() > most || recorder.bytes > limits::RECORDED_TOTAL {
                recorder.recycle(self.recording.take());
            }
        }
    }

    fn note_sequence(&mut self, segment: &Segment<'_>) {
        let [[own_first, _], [own_next, _]] = [&mut self.first_seq, &mut self.next_seq].map(|both| {
            let [low, high] = both;
            if segment.from_low { [low, high] } else { [high, low] }
        });
        if segment.flags.has(Flags::RST) {
            return;
        }
        let taken = [Flags::SYN, Flags::FIN].iter().filter(|flag| segment.flags.has(**flag)).count() as u32;
        let next = segment.seq.wrapping_add(segment.payload_len).wrapping_add(taken);
        own_first.get_or_insert(segment.seq);
        *own_next = Some(own_next.map_or(next, |before| later(before, next)));
    }

    /// Returns its facts, now that it is over.
    pub fn into_wholes(mut self, recorder: &mut Recorder) -> impl Iterator<Item = Owned> {
        recorder.recycle(self.recording.take());
        let (first, next) = (self.first_seq, self.next_seq);
        self.facts.into_iter().map(move |owned| placed(owned, (false, false), (first, next)))
    }

    /// Returns it as a part, and its facts by themselves. `continues` says that it is still open.
    pub fn into_part(self, key: &Endpoints, continues: bool, recorder: &mut Recorder) -> (Part, Vec<Owned>) {
        let Self { begins, facts, snapshot, recording, processes, ends, first, last, first_seq, next_seq, .. } = self;
        let recorded = recording.as_ref().map(|recording| serde_bytes::ByteBuf::from(recording.to_bytes()));
        recorder.recycle(recording);
        let placed = |owned| placed(owned, (!begins, continues), (first_seq, next_seq));
        let facts: Vec<_> = facts.into_iter().map(placed).collect();
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        if let Some(snapshot) = snapshot {
            let place = |facts: Facts| *placed(Owned { facts: Box::new(facts), is_outside: false }).facts;
            inside.extend(snapshot.into_iter().map(place));
        } else if recorded.is_none() {
            for Owned { facts, is_outside } in &facts {
                if *is_outside { &mut outside } else { &mut inside }.push((**facts).clone());
            }
        }
        let part = Part {
            endpoints: [key.low(), key.high()],
            begins,
            continues,
            first,
            last,
            first_seq,
            next_seq,
            recording: recorded,
            processes,
            ends,
            facts: inside,
            outside,
        };
        (part, facts)
    }
}

/// Returns facts with their place among all that is known of the connection, and the sequence numbers of the lower and the
/// higher endpoint.
fn placed(
    mut owned: Owned,
    (before, after): (bool, bool),
    (first, next): ([Option<u32>; 2], [Option<u32>; 2]),
) -> Owned {
    let facts = &mut owned.facts;
    let (first, next, last) = (facts.by_side(first), facts.by_side(next), facts.last.time);
    facts.rare.continuity = Some(Box::new(Continuity { before, after, first, next, last, joints: 0 }));
    owned
}
