//! Connections that are silent are parked, once there are many: a gateway has a million, and most of them only wait.

use std::collections::{HashMap, VecDeque};

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
    /// Each connection that is not parked, the one that is looked at next first.
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
        Self { most: share.of(limits::UNPARKED), parked: HashMap::default(), open, over }
    }

    /// Watches a connection that has had this packet.
    pub fn watch(&mut self, place: Place, packet: u64) {
        self.open.push(place, packet);
    }

    /// Watches a connection that is over since this packet.
    pub fn watch_end(&mut self, place: Place, packet: u64) {
        self.over.push(place, packet);
    }

    /// Returns whether too many connections are not parked, and some of them may be silent in this packet.
    #[inline]
    pub fn is_due(&self, packet: u64) -> bool {
        self.excess() > 0 && (self.open.is_due(packet) || self.over.is_due(packet))
    }

    /// Returns the number of connections that should be parked. Without shortcuts, all should be.
    #[inline]
    fn excess(&self) -> usize {
        if shortcuts::are_taken() { self.open.0.len().saturating_sub(self.most) } else { usize::MAX }
    }

    /// Parks connections that are silent in this packet, until there are not too many that are not parked.
    #[cold]
    pub fn park(&mut self, flows: &mut Flows, packet: u64) {
        let mut excess = self.excess();
        let Self { parked, open, over, .. } = self;
        while excess > 0
            && let Some(place) = over.pop(packet)
        {
            excess -= usize::from(over.park(place, packet, flows, parked) == Some(true));
        }
        // Those that are watched again come last; each is looked at once.
        for _ in 0..open.0.len() {
            if excess == 0 {
                return;
            }
            let Some(place) = open.pop(packet) else { return };
            match open.park(place, packet, flows, parked) {
                Some(false) => open.push(place, packet),
                Some(true) | None => excess -= 1,
            }
        }
    }

    /// Gives a flow its connection back, if it is parked.
    pub fn restore(&mut self, flow: &mut Flow, counts: &mut Counts) {
        if std::mem::take(&mut flow.is_parked) {
            flow.connection = self.parked.remove(&flow.stream).and_then(|parked| parked.restore());
            counts.given_up += u64::from(flow.connection.is_none());
        }
    }

    /// Returns the connection of a flow as it would be restored, if it is parked.
    pub fn get(&self, flow: &Flow) -> Option<Box<Connection>> {
        self.parked.get(&flow.stream).filter(|_| flow.is_parked)?.restore()
    }
}
