//! The search for the boundaries of records, behind a gap or in the middle of a connection.
//!
//! ```text
//! … rest of a record │17 03 03 len│ fragment of len bytes │17 03 03 len│ …
//!                     ↑ a candidate                        ↑ what proves it
//! ```
//!
//! Random bytes look like such a header once in 2^26 places, and like two in a row practically never.

use arrayvec::ArrayVec;

use super::record::{ContentType, FRAGMENT, HEADER, Header, Record, header, split};
use crate::chunk::{Carrier, Place, Wire};
use crate::limits;

/// Bytes held: the longest record, and the header behind it.
const MOST: usize = HEADER + FRAGMENT + HEADER;

/// The shortest protected record: data with a tag, or with a MAC.
const SHORTEST: u16 = 16;

/// The longest alert of any suite: two bytes, an IV, a MAC and padding.
const LONGEST_ALERT: u16 = 96;

/// Places in the held bytes where a record may begin and that are not decided yet.
const CANDIDATES: usize = 8;

/// A search for two records in a row.
#[derive(Debug)]
pub struct Resync {
    held: Vec<u8>,
    /// The position of the first held byte in the TCP stream.
    begin: u64,
    /// Bytes before it that have been skipped.
    skipped: u64,
    /// Held bytes in which candidates have been looked for.
    scanned: usize,
    candidates: ArrayVec<usize, CANDIDATES>,
    /// The segments of the held bytes, each with the position of its end.
    carriers: Vec<(u64, Carrier)>,
}

/// A record that is complete, and that nothing behind it proves.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'r> {
    /// The record.
    pub record: Record<'r>,
    /// Bytes skipped before it, and behind it.
    pub before: u64,
    /// Bytes behind it.
    pub behind: u64,
    /// Its end.
    pub place: Place<'r>,
}

impl Resync {
    /// Creates a search that begins at a position of the TCP stream.
    pub const fn new(begin: u64) -> Self {
        Self {
            held: Vec::new(),
            begin,
            skipped: 0,
            scanned: 0,
            candidates: ArrayVec::new_const(),
            carriers: Vec::new(),
        }
    }

    /// Takes bytes of which the first is known not to begin a record.
    pub fn skip_first(&mut self, bytes: &[u8], carrier: &Carrier) {
        self.held.extend_from_slice(bytes);
        self.scanned = 1;
        self.carriers.push((self.begin.saturating_add(bytes.len() as u64), *carrier));
    }

    /// Takes the next bytes. Returns whether records have been found, and the number of bytes taken: all of them, unless
    /// it has been found before.
    pub fn push(&mut self, place: Place<'_>, bytes: &[u8]) -> (bool, usize) {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let take = rest.len().min(MOST.saturating_sub(self.held.len()).max(1));
            self.held.extend(rest.iter().take(take));
            used += take;
            self.note(place.after(used));
            self.scan();
            if self.decide() {
                return (true, used);
            }
            self.prune();
        }
        (false, used)
    }

    /// Returns the number of bytes held.
    pub fn held_bytes(&self) -> usize {
        self.held.len() + self.carriers.len() * size_of::<(u64, Carrier)>()
    }

    /// Drops all candidates. Returns the number of bytes that are skipped with them.
    pub fn let_go(&mut self) -> u64 {
        let all = self.all();
        *self = Self::new(self.end());
        all
    }

    /// Returns the number of bytes skipped before the records that have been found.
    pub fn skipped(&self) -> u64 {
        self.skipped.saturating_add(self.first() as u64)
    }

    /// Returns the number of bytes taken.
    pub fn all(&self) -> u64 {
        self.skipped.saturating_add(self.held.len() as u64)
    }

    /// Returns the bytes from the first record found on, by segment.
    pub fn found(&self) -> impl Iterator<Item = (Place<'_>, &[u8])> {
        let mut at = self.first();
        self.carriers.iter().filter_map(move |(end, carrier)| {
            let behind = usize::try_from(end.saturating_sub(self.begin)).ok()?;
            let bytes = self.held.get(at..behind).filter(|bytes| !bytes.is_empty())?;
            let offset = self.begin.saturating_add(at as u64);
            at = behind;
            Some((Place { carrier, offset, wire: Wire::plain(offset) }, bytes))
        })
    }

    /// Returns the first complete record that the bytes behind it, fewer than a header, do not refute.
    pub fn candidate(&self) -> Option<Candidate<'_>> {
        self.candidates.iter().find_map(|at| {
            let (record, behind) = split(self.held.get(*at..)?)?;
            let end = self.end().saturating_sub(behind.len() as u64);
            let (_, carrier) = self.carriers.iter().find(|(until, _)| *until >= end)?;
            let before = self.skipped.saturating_add(*at as u64);
            let place = Place { carrier, offset: end, wire: Wire::plain(end) };
            Some(Candidate { record, before, behind: behind.len() as u64, place })
        })
    }

    fn first(&self) -> usize {
        self.candidates.first().copied().unwrap_or(self.held.len())
    }

    fn end(&self) -> u64 {
        self.begin.saturating_add(self.held.len() as u64)
    }

    /// Notes the segment of the bytes up to `end`.
    fn note(&mut self, end: Place<'_>) {
        let noted = (end.needed(), *end.carrier);
        let is_full = self.carriers.len() >= limits::TLS_RESYNC_SEGMENTS;
        match self.carriers.last_mut() {
            // The bytes of further segments count as those of the last one.
            Some(last) if is_full || last.1 == noted.1 => *last = noted,
            _ => self.carriers.push(noted),
        }
    }

    /// Looks for candidates in the bytes that are new.
    fn scan(&mut self) {
        while let Some(bytes) = self.held.get(self.scanned..).filter(|bytes| bytes.len() >= HEADER) {
            if may_begin(bytes) && self.candidates.try_push(self.scanned).is_err() {
                return;
            }
            self.scanned += 1;
        }
    }

    /// Drops the candidates that are refuted by what follows them. Returns whether one is proved, which is then the
    /// first.
    fn decide(&mut self) -> bool {
        let held = &self.held;
        let mut proved = None;
        self.candidates.retain(|at| {
            let Some(bytes) = held.get(*at..) else { return false };
            let Ok((_, first)) = header(bytes) else { return false };
            let behind = bytes.get(HEADER + usize::from(first.length)..).unwrap_or_default();
            if behind.len() >= HEADER && follows(first, behind) && proved.is_none() {
                proved = Some(*at);
            }
            behind.len() < HEADER && could_follow(first, behind) || proved == Some(*at)
        });
        if let Some(proved) = proved {
            self.candidates.retain(|at| *at == proved);
        }
        proved.is_some()
    }

    /// Drops the bytes that cannot begin a record any more.
    fn prune(&mut self) {
        let keep = self.first().min(self.scanned);
        self.held.drain(..keep.min(self.held.len()));
        self.begin = self.begin.saturating_add(keep as u64);
        self.skipped = self.skipped.saturating_add(keep as u64);
        self.scanned -= keep;
        self.candidates.iter_mut().for_each(|at| *at -= keep);
        self.carriers.retain(|(end, _)| *end > self.begin);
    }
}

/// Returns whether bytes begin like a record of a connection in use: data, or an alert that ends it.
fn may_begin(bytes: &[u8]) -> bool {
    let [kind, 3, 1..=3, high, low, ..] = *bytes else { return false };
    let length = u16::from_be_bytes([high, low]);
    match ContentType(kind) {
        ContentType::APPLICATION_DATA => length >= SHORTEST && usize::from(length) <= FRAGMENT,
        ContentType::ALERT => (SHORTEST..=LONGEST_ALERT).contains(&length),
        _ => false,
    }
}

/// Returns whether bytes begin with the header of a record behind `first`.
fn follows(first: Header, bytes: &[u8]) -> bool {
    header(bytes).is_ok_and(|(_, next)| next.version == first.version && next.is_of_legal_length())
}

/// Returns whether bytes, fewer than a header, may begin one behind `first`.
fn could_follow(first: Header, bytes: &[u8]) -> bool {
    let mut filled = first.bytes();
    filled.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    bytes.is_empty() || follows(first, &filled)
}
