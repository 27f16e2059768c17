//! Pairs encrypted connections to a proxy that ends TLS with the connections that it opened behind it, by their times.
//!
//! ```text
//! front, encrypted   client ├ handshake ┼──────── records ────────┤ proxy
//! back, decoded                     proxy ├─── the same traffic ──┤ server
//! ```

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::num::NonZero;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::{Fleet, Member};
use crate::seen::Seen;

/// The longest time between the end of a TLS handshake and the first packet of the leg behind it: the request has to come,
/// and the proxy has to answer at once.
const BEGIN: Duration = Duration::from_secs(1);

/// The longest time between two ends, or between the last frames, of both legs.
const APART: Duration = Duration::from_millis(250);

/// The connections that are compared with one of them. If a proxy opens more within a second, times do not tell them
/// apart.
const COMPARED: usize = 64;

/// Returns the only pairs of a connection over HTTP/2 and the one over HTTP/1.1 that a proxy opened for it, as their
/// positions: both have the same path and the same sizes, and began and ended at nearly the same times. A proxy that
/// translates makes up a Sec-WebSocket-Key, since HTTP/2 has none.
pub(super) fn translated(members: &[Member]) -> HashMap<u32, u32, RandomState> {
    let mut pairs = HashMap::default();
    if members.iter().all(|member| !member.is_http2) {
        return pairs;
    }
    let alike = members.iter().zip(0..).filter_map(|(member, at)| Some((member.traffic?, at, member)));
    let mut alike: Vec<(_, u32, _)> = alike.collect();
    alike.sort_unstable_by_key(|(traffic, at, _)| (*traffic, *at));
    for same in alike.chunk_by(|(one, ..), (other, ..)| one == other) {
        // Conversations of nothing are all alike. Many of them are not told apart.
        if same.len() > COMPARED {
            continue;
        }
        let (fronts, backs): (Vec<&(_, u32, &Member)>, Vec<_>) = same.iter().partition(|(.., member)| member.is_http2);
        let is_pair = |front: &Member, back: &Member| {
            let is_after = front.first < back.first && back.first < front.ended;
            let is_soon = back.first.time.since(front.first.time) <= BEGIN;
            front.ends().server.ip == back.ends().client.ip && is_after && is_soon && fits(front, back)
        };
        let of_front = |front: &Member| only(backs.iter().filter(|(.., back)| is_pair(front, back)));
        let of_back = |back: &Member| only(fronts.iter().filter(|(.., front)| is_pair(front, back)));
        for (_, at, front) in &fronts {
            if let Some((_, behind, back)) = of_front(front)
                && of_back(back).is_some()
            {
                pairs.extend([(*at, *behind), (*behind, *at)]);
            }
        }
    }
    pairs
}

/// Returns the only item.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// The decoded legs behind encrypted ones, by the stream and the first packet of the latter.
#[derive(Clone, Debug, Default)]
pub(super) struct Legs(HashMap<(u32, u64), Member, RandomState>);

/// Returns the positions of the first two connections with each Sec-WebSocket-Key that several have, by its hash.
pub(super) fn with_one_key(members: &[Member]) -> HashMap<NonZero<u64>, [u32; 2], RandomState> {
    let keys = members.iter().zip(0..).filter_map(|(member, at)| Some((member.key?, at)));
    let mut keys: Vec<(_, u32)> = keys.collect();
    keys.sort_unstable();
    let same = keys.chunk_by(|(one, _), (other, _)| one == other);
    same.filter_map(|same| match same {
        [(key, one), (_, other), ..] => Some((*key, [*one, *other])),
        _ => None,
    })
    .collect()
}

impl Legs {
    /// Pairs the encrypted members of `fronts` with the decoded ones of `backs`, where exactly one fits.
    pub fn pair(fronts: &[Member], backs: &[Member]) -> Self {
        let mut by_proxy: Vec<_> = backs.iter().map(|back| (back.ends().client.ip, back.first, back)).collect();
        by_proxy.sort_unstable_by_key(|(proxy, first, _)| (*proxy, *first));
        let pairs: Vec<_> = fronts.iter().filter_map(|front| Some((front, only_back(front, &by_proxy)?))).collect();
        let mut fronts_of: HashMap<_, u32, RandomState> = HashMap::default();
        for (_, back) in &pairs {
            *fronts_of.entry(back.id).or_default() += 1;
        }
        let unique = pairs.into_iter().filter(|(_, back)| fronts_of.get(&back.id) == Some(&1));
        Self(unique.map(|(front, back)| ((front.stream, front.first.packet), back.clone())).collect())
    }

    /// Returns the leg behind an encrypted one.
    pub fn behind(&self, front: &Member) -> Option<&Member> {
        self.0.get(&(front.stream, front.first.packet))
    }
}

impl Fleet {
    /// Adds the decoded legs behind these encrypted connections.
    pub fn before(mut self, decoded: &Self) -> Self {
        self.backs = Legs::pair(&self.members, &decoded.members);
        self
    }
}

/// Returns the only connection that the server of `front` opened after its beginning and that fits it.
fn only_back<'m>(front: &Member, by_proxy: &[(Ipv6Addr, Seen, &'m Member)]) -> Option<&'m Member> {
    let proxy = front.ends().server.ip;
    let from = by_proxy.partition_point(|(host, first, _)| (*host, *first) <= (proxy, front.first));
    let later = by_proxy.get(from..)?.iter().take_while(|(host, first, _)| {
        *host == proxy && *first < front.ended && first.time.since(front.opened) <= BEGIN
    });
    let mut later = later.map(|(.., back)| *back);
    let near: Vec<_> = later.by_ref().take(COMPARED).filter(|back| fits(front, back)).collect();
    match near.as_slice() {
        [only] if later.next().is_none() => Some(only),
        _ => None,
    }
}

fn fits(front: &Member, back: &Member) -> bool {
    let is_near = |one: crate::seen::Timestamp, other| one.since(other).max(other.since(one)) <= APART;
    is_near(front.ended.time, back.ended.time) && is_near(front.last_frame, back.last_frame)
}
