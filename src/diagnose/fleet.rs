//! Relations between the connections of a capture: those that ended together, lived equally long or came again, and those
//! that are the two legs of one WebSocket through a proxy.

mod company;
mod legs;
mod member;
mod storm;

pub use company::Company;
pub use member::Member;
pub use storm::Storm;

use std::collections::HashMap;
use std::net::{Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::ops::Range;
use std::time::Duration;

use foldhash::fast::RandomState;

use self::company::Ways;
use self::legs::Legs;
use self::member::Address;
use crate::ending::Ending;
use crate::facts::Facts;
use crate::side::PerSide;

/// Every connection that has ended.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// The connections, sorted by server and then by end.
    members: Vec<Member>,
    /// The range in `members` of the connections to each server.
    servers: HashMap<Address, Range<usize>, RandomState>,
    /// The positions in `members` of the first two connections with the same Sec-WebSocket-Key, by its hash.
    legs: HashMap<NonZero<u64>, [u32; 2], RandomState>,
    /// The positions in `members` of the other legs through proxies that translate between HTTP/2 and HTTP/1.1.
    translated: HashMap<u32, u32, RandomState>,
    /// The last WebSocket over HTTP/1.1 of each host to each server to which there were some over HTTP/2, too.
    over_http1: HashMap<(Address, Ipv6Addr), u32, RandomState>,
    /// The legs behind these connections, if these are seen from outside.
    backs: Legs,
    storms: Vec<Storm>,
    ways: Ways,
    /// The positions in `members`, sorted by server, by the client's host, and then by first packet.
    by_host: Vec<u32>,
}

impl Fleet {
    /// Builds the fleet from the connections of a capture that have ended.
    pub fn new(mut members: Vec<Member>) -> Self {
        members.sort_unstable_by_key(|member| (member.ends().server, member.ended, member.id));
        let (legs, translated) = (legs::with_one_key(&members), legs::translated(&members));
        let by_host = sorted_by(&members, |member| (member.host(), member.first));
        let storms = storm::find(&mut members, &by_host);
        let mut servers: HashMap<_, Range<usize>, _> = HashMap::default();
        for (member, at) in members.iter().zip(0..) {
            servers.entry(member.ends().server).or_insert(at..at).end = at + 1;
        }
        let ways = Ways::new(&members);
        let over_http1 = last_over_http1(&members, &by_host);
        Self { members, servers, legs, translated, over_http1, backs: Legs::default(), storms, ways, by_host }
    }

    /// Returns the member with these facts and this ending; `None` if it has not ended.
    pub fn member(&self, facts: &Facts, ending: &Ending) -> Option<&Member> {
        let ended = ending.carrier?.seen;
        let all = self.of_server(facts.addresses().server);
        let from = all.partition_point(|member| member.ended < ended);
        all.get(from..)?.iter().find(|member| member.stream == facts.stream && member.first == facts.first)
    }

    /// Returns the connections to one server, in the order in which they ended.
    pub fn of_server(&self, server: SocketAddr) -> &[Member] {
        let among = self.servers.get(&server.into()).cloned();
        among.and_then(|among| self.members.get(among)).unwrap_or_default()
    }

    /// Counts the connections to the same server that ended no longer than `within` before or after this one.
    pub fn company(&self, member: &Member, within: Duration) -> Company {
        self.ways.company((&self.members, self.of_server(member.server())), member, within)
    }

    /// Returns the last connection of the same host to the same server that began before this one ended, if it began after
    /// this one.
    pub fn newer(&self, member: &Member) -> Option<&Member> {
        let of = |at: &u32| self.members.get(*at as usize);
        let is_before =
            |at: &u32| of(at).is_some_and(|other| (other.host(), other.first) < (member.host(), member.ended));
        let at = self.by_host.partition_point(is_before);
        let newer = self.by_host.get(at.checked_sub(1)?).and_then(of)?;
        Some(newer).filter(|newer| newer.host() == member.host() && newer.first > member.first)
    }

    /// Returns the last WebSocket over HTTP/1.1 that the same host opened to the same server, if it began after this one.
    pub fn over_http1_after(&self, facts: &Facts) -> Option<&Member> {
        let PerSide { client, server } = facts.addresses();
        let last = self.over_http1.get(&(Address::from(server), Address::from(client).ip))?;
        self.members.get(*last as usize).filter(|last| last.first > facts.first)
    }

    /// Returns the position of a member.
    fn position(&self, member: &Member) -> Option<u32> {
        if self.translated.is_empty() {
            return None;
        }
        let Range { start, end } = self.servers.get(&member.ends().server)?.clone();
        let among = self.members.get(start..end)?;
        let from = among.partition_point(|other| (other.ended, other.id) < (member.ended, member.id));
        Some((start + from) as u32)
    }

    /// Returns the storm that a connection is part of.
    pub fn storm(&self, member: &Member) -> Option<&Storm> {
        self.storms.get(member.storm?.get() as usize - 1)
    }

    /// Returns the other leg of the same WebSocket, which has the same key, because proxies pass it on; `None` if its
    /// addresses are the same, too.
    ///
    /// If a proxy translates from HTTP/2, or the members are seen from outside, there is no key: the path, sizes and times show
    /// it, or times alone.
    pub fn other_leg(&self, member: &Member) -> Option<&Member> {
        if let Some(back) = self.backs.behind(member) {
            return Some(back);
        }
        if let Some(at) = self.position(member).and_then(|at| self.translated.get(&at)) {
            return self.members.get(*at as usize);
        }
        let legs = self.legs.get(&member.key?)?.map(|at| self.members.get(at as usize));
        let is_other = |leg: &&Member| (leg.stream, leg.first) != (member.stream, member.first);
        legs.into_iter().flatten().find(is_other).filter(|leg| leg.ends() != member.ends())
    }
}

/// Returns the position of the last WebSocket over HTTP/1.1 of each host to each server. Empty if nobody speaks HTTP/2.
fn last_over_http1(members: &[Member], by_host: &[u32]) -> HashMap<(Address, Ipv6Addr), u32, RandomState> {
    if members.iter().all(|member| !member.is_http2) {
        return HashMap::default();
    }
    let all = by_host.iter().filter_map(|at| Some((*at, members.get(*at as usize)?)));
    all.filter(|(_, member)| !member.is_http2 && member.was_open()).map(|(at, member)| (member.host(), at)).collect()
}

/// Returns the positions of members, sorted by a key; those with equal keys stay in their order.
fn sorted_by<K: Ord>(members: &[Member], key: impl Fn(&Member) -> K) -> Vec<u32> {
    let mut positions: Vec<_> = (0..).take(members.len()).collect();
    positions.sort_by_key(|at: &u32| members.get(*at as usize).map(&key));
    positions
}
