//! Connections that are silent are parked, once there are many: a gateway has a million, and most of them only wait.

use std::collections::{HashMap, HashSet, VecDeque};

use foldhash::fast::RandomState;

use super::super::flows::{Flow, Flows};
use super::super::share::Share;
use super::Place;
use crate::connection::{Connection, Parked};
use crate::sink::Counts;
use crate::{limits, shortcuts};

/// The parked connections, and those that may be parked once they are silent.
pub(super) struct Parking {
    /// So many connections are not parked, however long they are silent.
    most: usize,
    /// By their streams.
    parked: HashMap<u32, Parked, RandomState>,
    /// The number of those that are not parked.
    unparked: usize,
    /// Each connection that is not parked, the one that is looked at next first, among others that have left.
    open: Watch<{ limits::SILENT }>,
    /// Those of them that are over, until they have been looked at.
    over: Watch<{ limits::SILENT_AT_END }>,
}

/// Connections whose silence is counted, and is complete after so many packets.
#[derive(Default)]
struct Watch<const PACKETS: u64>(VecDeque<Watched>);

struct Watched {
    /// The packet from which the silence is counted.
    since: u64,
    place: Place,
}

impl<const PACKETS: u64> Watch<PACKETS> {
    /// Returns whether a connection that was heard in one packet is silent in another. Without shortcuts, it is at once.
    fn is_silent(since: u64, packet: u64) -> bool {
        since.saturating_add(PACKETS) <= packet || !shortcuts::are_taken()
    }

    fn is_due(&self, packet: u64) -> bool {
        self.0.front().is_some_and(|first| Self::is_silent(first.since, packet))
    }

    fn push(&mut self, place: Place, since: u64) {
        self.0.push_back(Watched { since, place });
    }

    /// Forgets the connections that have left or are parked.
    fn clean(&mut self, flows: &Flows) {
        let mut met = HashSet::with_hasher(RandomState::default());
        self.0.retain(|Watched { place, .. }| {
            let flow = flows.at(place.slot).filter(|flow| flow.stream == place.stream && flow.connection.is_some());
            // A connection that was parked meanwhile, or took the place of another one, is watched twice.
            flow.is_some() && met.insert(*place)
        });
    }

    /// Returns the next connection, and stops watching it, if its silence is complete in this packet unless it was heard
    /// meanwhile.
    fn pop(&mut self, packet: u64) -> Option<Place> {
        self.0.pop_front_if(|first| Self::is_silent(first.since, packet)).map(|first| first.place)
    }

    /// Parks a connection that is silent in this packet. Returns `None` if there is no such connection any more, and
    /// `false` if it is not silent, or cannot be parked.
    fn park(
        &self,
        place: Place,
        packet: u64,
        flows: &mut Flows,
        parked: &mut HashMap<u32, Parked, RandomState>,
    ) -> Option<bool> {
        let flow = flows.at_mut(place.slot).filter(|flow| flow.stream == place.stream)?;
        let connection = flow.connection.as_ref()?;
        let is_silent = Self::is_silent(connection.last_packet(), packet);
        let Some(packed) = is_silent.then(|| connection.park()).flatten() else { return Some(false) };
        parked.insert(flow.stream, packed);
        (flow.connection, flow.is_parked) = (None, true);
        Some(true)
    }
}

impl Default for Parking {
    fn default() -> Self {
        Self::new(Share::default())
    }
}

impl Parking {
    /// Returns a parking for a share of the connections.
    pub fn new(share: Share) -> Self {
        let (open, over) = (Watch::default(), Watch::default());
        Self { most: share.of(limits::UNPARKED), parked: HashMap::default(), unparked: 0, open, over }
    }

    /// Watches a new connection, which has had this packet.
    pub fn enter(&mut self, place: Place, packet: u64) {
        self.unparked += 1;
        self.watch(place, packet);
    }

    /// Watches a connection that has had this packet.
    pub fn watch(&mut self, place: Place, packet: u64) {
        self.open.push(place, packet);
    }

    /// Watches a connection that is over since this packet.
    pub fn watch_end(&mut self, place: Place, packet: u64) {
        self.over.push(place, packet);
    }

    /// Returns whether too many connections are not parked, and some of them may be silent in this packet, or whether too many
    /// are watched that have left.
    #[inline]
    pub fn is_due(&self, packet: u64) -> bool {
        self.excess() > 0 && (self.open.is_due(packet) || self.over.is_due(packet)) || self.is_crowded()
    }

    /// Returns the number of connections that should be parked. Without shortcuts, all should be.
    #[inline]
    fn excess(&self) -> usize {
        if shortcuts::are_taken() { self.unparked.saturating_sub(self.most) } else { usize::MAX }
    }

    /// Returns whether so many connections are watched that have left that it pays to look for them.
    #[inline]
    fn is_crowded(&self) -> bool {
        self.open.0.len().max(self.over.0.len()) > self.most + 2 * self.unparked
    }

    /// Parks connections that are silent in this packet, until there are not too many that are not parked.
    #[cold]
    pub fn park(&mut self, flows: &mut Flows, packet: u64) {
        if self.is_crowded() {
            self.open.clean(flows);
            self.over.clean(flows);
            debug_assert_eq!(self.open.0.len(), self.unparked, "each that is not parked is watched");
        }
        let mut excess = self.excess();
        let Self { parked, unparked, open, over, .. } = self;
        let before = parked.len();
        while excess > 0
            && let Some(place) = over.pop(packet)
        {
            excess -= usize::from(over.park(place, packet, flows, parked) == Some(true));
        }
        // Those that are watched again come last; each is looked at once.
        for _ in 0..open.0.len() {
            if excess == 0 {
                break;
            }
            let Some(place) = open.pop(packet) else { break };
            match open.park(place, packet, flows, parked) {
                Some(false) => open.push(place, packet),
                Some(true) => excess -= 1,
                None => {}
            }
        }
        *unparked = unparked.saturating_sub(parked.len() - before);
    }

    /// Gives a flow its connection back, if it is parked.
    pub fn restore(&mut self, flow: &mut Flow, counts: &mut Counts) {
        if std::mem::take(&mut flow.is_parked) {
            flow.connection = self.parked.remove(&flow.stream).and_then(|parked| parked.restore());
            self.unparked += usize::from(flow.connection.is_some());
            counts.given_up += u64::from(flow.connection.is_none());
        }
    }

    /// Takes the connection of a flow, parked or not, which leaves.
    pub fn take(&mut self, flow: &mut Flow, counts: &mut Counts) -> Option<Box<Connection>> {
        self.restore(flow, counts);
        let connection = flow.connection.take()?;
        self.unparked = self.unparked.saturating_sub(1);
        Some(connection)
    }

    /// Returns the connection of a flow as it would be restored, if it is parked.
    pub fn get(&self, flow: &Flow) -> Option<Box<Connection>> {
        self.parked.get(&flow.stream).filter(|_| flow.is_parked)?.restore()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Followed;
    use super::*;
    use crate::chunk::Carrier;
    use crate::facts::Facts;
    use crate::seen::{Seen, Timestamp};
    use crate::sink::Sink;
    use crate::tcp::{Endpoints, Flags, Segment};

    struct Nobody;

    impl Sink for Nobody {
        fn connection(&mut self, _: Box<Facts>) {}
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    /// Connections that are opened and reset, one packet every ten milliseconds.
    struct Visits {
        followed: Followed,
        packet: u64,
    }

    impl Visits {
        /// So many connections may be open.
        const MOST: usize = 1000;

        fn new() -> Self {
            let mut followed = Followed::default();
            followed.parking.most = Self::MOST;
            Self { followed, packet: 0 }
        }

        fn visit(&mut self, client: u32) {
            let (client, server) = ((client, 40_000), (u32::MAX, 80));
            let (asked, answered) = (1 + REQUEST.len() as u32, 1 + RESPONSE.len() as u32);
            self.push((client, server), (0, 0), Flags::SYN, &[]);
            self.push((server, client), (0, 1), Flags(Flags::SYN.0 | Flags::ACK.0), &[]);
            self.push((client, server), (1, 1), Flags::ACK, REQUEST);
            self.push((server, client), (1, asked), Flags::ACK, RESPONSE);
            self.push((client, server), (asked, answered), Flags::RST, &[]);
        }

        fn push(&mut self, (from, to): ((u32, u16), (u32, u16)), (seq, ack): (u32, u32), flags: Flags, payload: &[u8]) {
            self.packet += 1;
            let time = Timestamp::from_nanos(self.packet.cast_signed() * 10_000_000);
            let (endpoints, from_low) = Endpoints::v4(from, to);
            let carrier = Carrier::new(Seen { packet: self.packet, time }, None, 64);
            let payload_len = payload.len() as u32;
            let mut segment =
                Segment { carrier, endpoints, from_low, seq, ack, flags, window: 1000, payload, payload_len };
            self.followed.meet_bytes((self.packet, time, 60), &mut Nobody);
            self.followed.push(&mut segment, None, &mut Nobody);
        }

        fn watched(&self) -> usize {
            let Parking { open, over, .. } = &self.followed.parking;
            open.0.len().max(over.0.len())
        }
    }

    #[test]
    fn no_connection_is_parked_for_those_that_have_left() {
        let mut visits = Visits::new();
        for client in 0..5 * Visits::MOST as u32 {
            visits.visit(client);
            assert!(visits.followed.parking.parked.is_empty(), "{client}");
        }
        let unparked = visits.followed.parking.unparked;
        assert!((500..Visits::MOST).contains(&unparked), "{unparked}, which wait for late segments");
        assert!(visits.watched() <= Visits::MOST + 2 * unparked + 1);
    }

    /// Behind a FIN, a SYN with the same sequence number begins a connection with the same stream number.
    #[test]
    fn connections_in_one_place_are_watched_once() {
        let mut visits = Visits::new();
        let ends = ((1, 40_000), (u32::MAX, 80));
        for _ in 0..5 * Visits::MOST {
            visits.push(ends, (0, 0), Flags::SYN, &[]);
            visits.push(ends, (1, 0), Flags::FIN, &[]);
        }
        assert_eq!(visits.followed.parking.unparked, 1);
        assert!(visits.watched() <= Visits::MOST + 3);
    }
}
