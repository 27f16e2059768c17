//! Reassembly of fragmented IP datagrams, within bounds (RFC 791 §3.2, RFC 8200 §4.5).

use std::collections::VecDeque;
use std::net::IpAddr;

use etherparse::defrag::IpDefragBuf;
use etherparse::{IpFragOffset, IpNumber};

use super::Skipped;
use super::body::Body;
use super::network::{Datagram, Fragment, Ip, Route};
use super::skipped::Tally;
use crate::limits;
use crate::seen::Timestamp;

/// The incomplete datagrams, oldest first.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: VecDeque<Waiting>,
    /// Fragments of datagrams that stayed incomplete for too long.
    expired: u64,
}

impl Fragments {
    /// Adds a fragment that arrived in `packets`. Returns the datagram if no other fragment is missing. Fragments that
    /// contradict each other, or are dropped to make room, are counted in `tally`.
    pub fn add(
        &mut self,
        fragment: &Fragment<'_>,
        packets: &[u64],
        now: Timestamp,
        tally: &mut Tally,
    ) -> Option<Whole> {
        self.expire(now);
        self.make_room(tally);
        let identity = Identity::of(fragment);
        let index = self.waiting.iter().position(|waiting| waiting.identity == identity).unwrap_or_else(|| {
            self.waiting.push_back(Waiting::new(identity, fragment, now));
            self.waiting.len().saturating_sub(1)
        });
        let waiting = self.waiting.get_mut(index)?;
        waiting.came_in(packets, fragment.offset);
        match waiting.add(fragment) {
            Ok(false) => None,
            Ok(true) => self.waiting.remove(index).map(Waiting::whole),
            Err(Spoiled) => {
                let spoiled = self.waiting.remove(index)?;
                tally.count(Skipped::Broken("IP fragment"), spoiled.fragments);
                None
            }
        }
    }

    /// Returns the number of fragments of datagrams that expired, or are still incomplete.
    pub fn incomplete(&self) -> u64 {
        self.waiting.iter().fold(self.expired, |sum, waiting| sum.saturating_add(waiting.fragments))
    }

    fn expire(&mut self, now: Timestamp) {
        let expired = |waiting: &&Waiting| now.since(waiting.since) > limits::FRAGMENT_WAIT;
        while let Some(oldest) = self.waiting.front().filter(expired) {
            self.expired = self.expired.saturating_add(oldest.fragments);
            self.waiting.pop_front();
        }
    }

    /// Drops the oldest datagrams until another fragment fits. It may need as many bytes as the largest datagram.
    fn make_room(&mut self, tally: &mut Tally) {
        while self.waiting.len() >= limits::FRAGMENTED_DATAGRAMS
            || self.held().saturating_add(usize::from(u16::MAX)) > limits::FRAGMENT_BYTES
        {
            let Some(oldest) = self.waiting.pop_front() else { break };
            tally.count(Skipped::DroppedFragments, oldest.fragments);
        }
    }

    /// Returns the bytes of memory that the datagrams hold.
    fn held(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.buffer.data().capacity()).sum()
    }
}

/// A reassembled datagram.
#[derive(Debug)]
pub(super) struct Whole {
    route: Route,
    protocol: IpNumber,
    bytes: Vec<u8>,
    /// The number of leading bytes that were captured; the snaplen cut the rest.
    captured: usize,
    pieces: Vec<Piece>,
}

/// One of several packets that carried a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its number.
    pub packet: u64,
    /// The offset of its fragment in the datagram; `None` for a fragment that itself came in several packets.
    pub start: Option<u16>,
}

impl Whole {
    /// Returns the offset in the datagram of `bytes`, which are borrowed from it.
    pub fn place(&self, bytes: &[u8]) -> Option<usize> {
        bytes.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())
    }

    /// Returns the packets that carried it.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Returns the datagram as if it had come in one packet.
    pub fn datagram(&self) -> Datagram<'_> {
        let captured = self.bytes.get(..self.captured).unwrap_or(&self.bytes);
        Datagram { ip: Ip::Kept(&self.route), protocol: self.protocol, body: Body::new(captured, self.bytes.len()) }
    }
}

/// The fields that the fragments of a datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// Only for IPv4: the fragments of an IPv6 datagram may differ in it.
    protocol: Option<IpNumber>,
}

impl Identity {
    fn of(fragment: &Fragment<'_>) -> Self {
        let Route { source, destination, .. } = fragment.ip.route();
        Self {
            source,
            destination,
            identification: fragment.identification,
            protocol: source.is_ipv4().then_some(fragment.protocol),
        }
    }
}

/// An incomplete datagram.
#[derive(Debug)]
struct Waiting {
    identity: Identity,
    since: Timestamp,
    /// The route of the first fragment; until that has arrived, the route of another.
    route: Route,
    protocol: IpNumber,
    buffer: IpDefragBuf,
    /// The number of bytes before the first one that the snaplen cut.
    captured: usize,
    fragments: u64,
    pieces: Vec<Piece>,
}

/// The error for fragments that contradict each other.
struct Spoiled;

impl Waiting {
    fn new(identity: Identity, fragment: &Fragment<'_>, since: Timestamp) -> Self {
        Self {
            identity,
            since,
            route: fragment.ip.route(),
            protocol: fragment.protocol,
            buffer: IpDefragBuf::new(fragment.protocol, Vec::new(), Vec::new()),
            captured: usize::MAX,
            fragments: 0,
            pieces: Vec::new(),
        }
    }

    /// Records the packets of a fragment.
    fn came_in(&mut self, packets: &[u64], offset: IpFragOffset) {
        let start = matches!(packets, [_]).then(|| offset.byte_offset());
        let room = limits::FRAGMENT_PIECES.saturating_sub(self.pieces.len());
        self.pieces.extend(packets.iter().take(room).map(|packet| Piece { packet: *packet, start }));
    }

    /// Adds a fragment. Returns `true` once none is missing any more.
    ///
    /// As in Linux, and as RFC 5722 demands, a fragment with only known bytes is a duplicate and ignored, and a
    /// fragment that overlaps in part spoils the datagram: two receivers might read it differently.
    fn add(&mut self, fragment: &Fragment<'_>) -> Result<bool, Spoiled> {
        self.fragments = self.fragments.saturating_add(1);
        let Fragment { offset, more, body, .. } = *fragment;
        let start = offset.byte_offset();
        let end = u16::try_from(body.length).ok().and_then(|length| start.checked_add(length)).ok_or(Spoiled)?;
        let runs = self.buffer.sections();
        if runs.iter().any(|run| run.start <= start && end <= run.end) {
            return Ok(false);
        }
        if runs.iter().any(|run| start < run.end && run.start < end) || runs.len() >= limits::FRAGMENT_RUNS {
            return Err(Spoiled);
        }
        if start == 0 {
            (self.route, self.protocol) = (fragment.ip.route(), fragment.protocol);
        }
        self.place(offset, more, body)?;
        Ok(self.buffer.is_complete())
    }

    /// Copies the bytes of a fragment. Zeros replace what the snaplen cut, and `captured` keeps them from being taken
    /// for captured bytes.
    fn place(&mut self, offset: IpFragOffset, more: bool, body: Body<'_>) -> Result<(), Spoiled> {
        if body.bytes.len() == body.length {
            return self.buffer.add(offset, more, body.bytes).map_err(|_| Spoiled);
        }
        self.captured = self.captured.min(usize::from(offset.byte_offset()).saturating_add(body.bytes.len()));
        let mut padded = body.bytes.to_vec();
        padded.resize(body.length, 0);
        self.buffer.add(offset, more, &padded).map_err(|_| Spoiled)
    }

    fn whole(self) -> Whole {
        let (bytes, _) = self.buffer.take_bufs();
        Whole { route: self.route, protocol: self.protocol, bytes, captured: self.captured, pieces: self.pieces }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn fragment(identification: u32, start: usize, more: bool, bytes: &[u8]) -> Fragment<'_> {
        cut(identification, start, more, bytes, bytes.len())
    }

    /// Returns a fragment of `length` bytes with only `bytes` captured.
    fn cut(identification: u32, start: usize, more: bool, bytes: &[u8], length: usize) -> Fragment<'_> {
        const FIRST: Route = Route {
            source: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
            destination: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ttl: 1,
        };
        const OTHER: Route = Route { ttl: 2, ..FIRST };
        let ip = Ip::Kept(if start == 0 { &FIRST } else { &OTHER });
        let offset = IpFragOffset::try_new(u16::try_from(start / 8).unwrap()).unwrap();
        Fragment { ip, identification, protocol: IpNumber::TCP, offset, more, body: Body::new(bytes, length) }
    }

    /// Adds all fragments at the same time. Returns the completed datagrams, the tally, and the number of incomplete
    /// fragments.
    fn run(fragments: &[Fragment<'_>]) -> (Vec<Vec<u8>>, Vec<(Skipped, u64)>, u64) {
        let (mut store, mut tally) = (Fragments::default(), Tally::default());
        let add = |fragment| store.add(fragment, &[], Timestamp::default(), &mut tally).map(|whole| whole.bytes);
        let wholes = fragments.iter().filter_map(add).collect();
        (wholes, tally.iter().collect(), store.incomplete())
    }

    proptest! {
        /// A datagram cut at any multiples of 8, with fragments in any order and any of them sent twice, is returned
        /// once.
        #[test]
        fn order_and_duplicates_do_not_matter(
            bytes in prop::collection::vec(any::<u8>(), 9..600),
            cuts in prop::collection::btree_set(1usize..75, 1..20),
            order in any::<prop::sample::Index>(),
            seed in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut * 8).filter(|cut| *cut < bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut parts: Vec<_> = cuts
                .windows(2)
                .map(|ends| fragment(1, ends[0], ends[1] < bytes.len(), &bytes[ends[0]..ends[1]]))
                .collect();
            let last = parts.swap_remove(order.index(parts.len()));
            if parts.is_empty() {
                return Ok(());
            }
            let doubles: Vec<_> = seed.iter().map(|index| parts[index.index(parts.len())]).collect();
            parts.extend(doubles);
            for (at, index) in seed.iter().enumerate() {
                let to = index.index(parts.len());
                parts.swap(at % to.max(1), to);
            }
            prop_assert_eq!(run(&parts), (vec![], vec![], parts.len() as u64));
            parts.push(last);
            prop_assert_eq!(run(&parts), (vec![bytes.clone()], vec![], 0));
        }
    }

    #[test]
    fn partial_overlaps_and_contradictions_spoil_the_datagram() {
        let (first, overlap, last) =
            (fragment(1, 0, true, &[1; 16]), fragment(1, 8, true, &[2; 16]), fragment(1, 24, false, &[3; 3]));
        let spoiled = |packets| vec![(Skipped::Broken("IP fragment"), packets)];
        assert_eq!(run(&[first, overlap]), (vec![], spoiled(2), 0));
        assert_eq!(run(&[first, overlap, last]), (vec![], spoiled(2), 1));
        assert_eq!(run(&[last, fragment(1, 32, true, &[4; 8])]), (vec![], spoiled(2), 0), "beyond the end");
        assert_eq!(run(&[fragment(1, 0, true, &[1; 15])]), (vec![], spoiled(1), 0), "not a multiple of 8");
        assert_eq!(run(&[fragment(1, 65_528, false, &[1; 8])]), (vec![], spoiled(1), 0), "beyond 65535");
        let inside = fragment(1, 8, true, &[9; 8]);
        let (wholes, ..) = run(&[first, inside, fragment(1, 16, false, &[3; 3])]);
        assert_eq!(wholes, [[&[1; 16][..], &[3; 3]].concat()], "the first copy is kept");
    }

    #[test]
    fn what_the_snaplen_cut_is_not_made_up() {
        let (mut store, mut tally) = (Fragments::default(), Tally::default());
        let mut add = |fragment| store.add(&fragment, &[], Timestamp::default(), &mut tally);
        assert!(add(cut(1, 16, true, &[2; 5], 16)).is_none());
        assert!(add(fragment(1, 32, false, &[3; 4])).is_none());
        let whole = add(fragment(1, 0, true, &[1; 16])).unwrap();
        let Datagram { body, ip, .. } = whole.datagram();
        assert_eq!(body.bytes, [&[1; 16][..], &[2; 5]].concat());
        assert_eq!((body.length, ip.route().ttl), (36, 1), "36 on the wire, and the first fragment's time to live");
    }

    #[test]
    fn keeps_a_bounded_number_of_datagrams_and_bytes() {
        let (mut store, mut tally) = (Fragments::default(), Tally::default());
        for identification in 0..1000 {
            for start in [0, 1000, 65_520] {
                store.add(&fragment(identification, start, true, &[0; 8]), &[], Timestamp::default(), &mut tally);
                assert!(store.held() <= limits::FRAGMENT_BYTES);
            }
        }
        for identification in 1000..2000 {
            store.add(&fragment(identification, 0, true, &[0; 8]), &[], Timestamp::default(), &mut tally);
            assert!(store.waiting.len() <= limits::FRAGMENTED_DATAGRAMS);
        }
        let counted: Vec<_> = tally.iter().collect();
        assert_eq!(counted, [(Skipped::DroppedFragments, 4000 - store.incomplete())]);
        assert_eq!(store.incomplete(), limits::FRAGMENTED_DATAGRAMS as u64);
    }

    #[test]
    fn holes_are_bounded() {
        let holes: Vec<_> = (0..1000).map(|index| fragment(1, index * 16, true, &[0; 8])).collect();
        let (wholes, tally, incomplete) = run(&holes);
        let spoiled = tally.iter().map(|(_, packets)| packets).sum::<u64>();
        assert_eq!((wholes.len(), spoiled + incomplete), (0, 1000));
        assert!(incomplete <= limits::FRAGMENT_RUNS as u64);
    }

    #[test]
    fn an_identification_that_returns_later_is_another_datagram() {
        let (mut store, mut tally) = (Fragments::default(), Tally::default());
        let later = Timestamp::from_nanos(31_000_000_000);
        assert!(store.add(&fragment(1, 0, true, &[1; 8]), &[], Timestamp::default(), &mut tally).is_none());
        assert!(store.add(&fragment(1, 8, false, &[2; 8]), &[], later, &mut tally).is_none());
        assert_eq!(store.incomplete(), 2);
        assert!(store.add(&fragment(1, 0, true, &[3; 8]), &[], later, &mut tally).is_some());
        assert_eq!(store.incomplete(), 1);
    }
}
