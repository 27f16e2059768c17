//! Relations between the connections of a capture: those that ended together, lived equally long or came again, and those
//! that are the two legs of one WebSocket through a proxy.

mod company;
mod legs;
mod storm;

pub use company::Company;
pub use storm::Storm;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use foldhash::fast::{FixedState, RandomState};

use self::company::Ways;
use self::legs::Legs;
use super::doubt::has_holes;
use crate::ending::{Ending, Kind, beginning_close, last_frame};
use crate::facts::Facts;
use crate::seen::{Seen, Timestamp};
use crate::side::{PerSide, Side};

/// Every connection that has ended.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// The connections, sorted by server and then by end.
    members: Vec<Member>,
    /// The range in `members` of the connections to each server.
    servers: HashMap<SocketAddr, Range<usize>, RandomState>,
    /// The positions in `members` of two connections with the same Sec-WebSocket-Key, by its hash.
    legs: HashMap<u64, (u32, Option<u32>), RandomState>,
    /// The legs behind these connections, if these are seen from outside.
    backs: Legs,
    storms: Vec<Storm>,
    ways: Ways,
    /// The positions in `members` of the connections of each host to each server, in the order of their first packets.
    hosts: HashMap<(SocketAddr, IpAddr), Vec<(Seen, u32)>, RandomState>,
}

/// A connection that has ended.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its number in the report; 0 until it has one.
    pub id: usize,
    /// The same as [`Facts::stream`].
    pub stream: u32,
    /// The same as [`Facts::addresses`].
    pub addresses: PerSide<SocketAddr>,
    /// Its first packet.
    pub first: Seen,
    /// The time it was opened; that of its first packet if it was not.
    pub opened: Timestamp,
    /// The way it ended.
    pub kind: Kind,
    /// The side that began the end.
    pub by: Side,
    /// The packet that began the end.
    pub ended: Seen,
    /// The code of the Close frame that began it.
    pub code: Option<u16>,
    /// The time of the last frame of either side before the end; `opened` if there was none.
    pub last_frame: Timestamp,
    /// Whether either side's frames may be missing from the capture.
    pub has_holes: bool,
    /// A hash of its Sec-WebSocket-Key.
    key: Option<u64>,
    /// The position in [`Fleet::storms`].
    storm: Option<u32>,
}

impl Member {
    /// Creates the member for a connection that has no number yet; `None` if it has not ended.
    pub fn new(facts: &Facts) -> Option<Self> {
        let ending = Ending::of(facts);
        let (by, carrier) = (ending.by?, ending.carrier?);
        let opened = facts.switched.unwrap_or(facts.first).time;
        let key = facts.handshake.request.as_ref().and_then(|request| request.key.as_deref());
        Some(Self {
            id: 0,
            stream: facts.stream,
            addresses: facts.addresses,
            first: facts.first,
            opened,
            kind: ending.kind,
            by,
            ended: carrier.seen,
            code: beginning_close(facts).and_then(|close| close.code).map(|code| code.0),
            last_frame: last_frame(facts, by, carrier).map_or(opened, |last| last.time),
            has_holes: has_holes(facts),
            key: key.filter(|_| facts.switched.is_some()).map(|key| FixedState::default().hash_one(key)),
            storm: None,
        })
    }

    /// Returns it with a number.
    pub fn numbered(self, id: usize) -> Self {
        Self { id, ..self }
    }

    /// Returns the time from its opening to its end.
    pub fn age(&self) -> Duration {
        self.ended.time.since(self.opened)
    }

    /// Returns the time from its last frame to its end.
    pub fn silence(&self) -> Duration {
        self.ended.time.since(self.last_frame)
    }

    /// Returns whether both were open at the same time, for a moment at least.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first < other.ended && other.first < self.ended
    }

    /// Returns whether it was a WebSocket and ended without a Close frame.
    pub const fn is_bare(&self) -> bool {
        matches!(self.kind, Kind::Fin | Kind::Reset)
    }

    /// Returns whether it was a WebSocket.
    pub const fn was_open(&self) -> bool {
        !matches!(self.kind, Kind::Refused | Kind::NoAnswer)
    }
}

impl Fleet {
    /// Builds the fleet from the connections of a capture that have ended.
    pub fn new(mut members: Vec<Member>) -> Self {
        members.sort_unstable_by_key(|member| (member.addresses.server, member.ended, member.id));
        let mut legs: HashMap<u64, (u32, Option<u32>), RandomState> = HashMap::default();
        for (member, at) in members.iter().zip(0..) {
            if let Some(key) = member.key {
                let pair = legs.entry(key).or_insert((at, None));
                if pair.0 != at {
                    pair.1.get_or_insert(at);
                }
            }
        }
        legs.retain(|_, pair| pair.1.is_some());
        let storms = storm::find(&mut members);
        let mut servers: HashMap<_, Range<usize>, _> = HashMap::default();
        for (member, at) in members.iter().zip(0..) {
            servers.entry(member.addresses.server).or_insert(at..at).end = at + 1;
        }
        let mut hosts: HashMap<_, Vec<_>, _> = HashMap::default();
        for (member, at) in members.iter().zip(0..) {
            let host = (member.addresses.server, member.addresses.client.ip());
            hosts.entry(host).or_default().push((member.first, at));
        }
        hosts.values_mut().for_each(|opened| opened.sort_unstable());
        let ways = Ways::new(&members);
        Self { members, servers, legs, backs: Legs::default(), storms, ways, hosts }
    }

    /// Returns the member with these facts and this ending; `None` if it has not ended.
    pub fn member(&self, facts: &Facts, ending: &Ending) -> Option<&Member> {
        let ended = ending.carrier?.seen;
        let all = self.of_server(facts.addresses.server);
        let from = all.partition_point(|member| member.ended < ended);
        all.get(from..)?.iter().find(|member| member.stream == facts.stream && member.first == facts.first)
    }

    /// Returns the connections to one server, in the order in which they ended.
    pub fn of_server(&self, server: SocketAddr) -> &[Member] {
        let among = self.servers.get(&server).cloned();
        among.and_then(|among| self.members.get(among)).unwrap_or_default()
    }

    /// Counts the connections to the same server that ended no longer than `within` before or after this one.
    pub fn company(&self, member: &Member, within: Duration) -> Company {
        self.ways.company(self.of_server(member.addresses.server), member, within)
    }

    /// Returns the last connection of the same host to the same server that began before this one ended, if it began after
    /// this one.
    pub fn newer(&self, member: &Member) -> Option<&Member> {
        let host = (member.addresses.server, member.addresses.client.ip());
        let opened = self.hosts.get(&host)?;
        let at = opened.partition_point(|(first, _)| *first < member.ended);
        let (first, newer) = opened.get(at.checked_sub(1)?)?;
        self.members.get(*newer as usize).filter(|_| *first > member.first)
    }

    /// Returns the storm that a connection is part of.
    pub fn storm(&self, member: &Member) -> Option<&Storm> {
        self.storms.get(member.storm? as usize)
    }

    /// Returns the other leg of the same WebSocket, which has the same key, because proxies pass it on; `None` if its
    /// addresses are the same, too.
    ///
    /// If the members are seen from outside, there is no key, and times show the leg behind.
    pub fn other_leg(&self, member: &Member) -> Option<&Member> {
        if let Some(back) = self.backs.behind(member) {
            return Some(back);
        }
        let (one, other) = *self.legs.get(&member.key?)?;
        let legs = [self.members.get(one as usize)?, self.members.get(other? as usize)?];
        let is_other = |leg: &&Member| (leg.stream, leg.first) != (member.stream, member.first);
        legs.into_iter().find(is_other).filter(|leg| leg.addresses != member.addresses)
    }
}
