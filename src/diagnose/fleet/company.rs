//! Counts the connections that ended at the same time as one of them, and in the same way.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::Member;
use crate::ending::Kind;
use crate::seen::Timestamp;
use crate::side::Side;

/// Neighbours that are looked at one by one on either side; more that end in one moment are counted by their times. So a
/// load balancer that resets a hundred thousand connections takes no more time for each of them than for one of a few.
const NEAREST: usize = 128;

/// What ends that have one cause have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Way {
    server: SocketAddr,
    by: Side,
    /// Whose, where clients end: each host has programs of its own.
    client: Option<IpAddr>,
    /// The code of the Close frame that began the end; `None` for an end without a Close frame.
    code: Option<Option<u16>>,
}

/// The times of the ends of each way, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways(HashMap<Way, Vec<Timestamp>, RandomState>);

/// The connections to the same server that ended around one of them, and that were open at the same time; itself among
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Company {
    /// All of them.
    pub all: usize,
    /// Those that ended in the same way: by the same side and, where that is the client, host, with the same code or bare.
    pub alike: usize,
    /// Whether some of those were resets, and some were not.
    pub is_mixed: bool,
}

impl Way {
    fn of(member: &Member) -> Self {
        Self {
            server: member.addresses.server,
            by: member.by,
            client: (member.by == Side::Client).then(|| member.addresses.client.ip()),
            code: (!member.is_bare()).then_some(member.code),
        }
    }
}

impl Ways {
    /// The ways of members, which stand in order of their servers and ends.
    pub fn new(members: &[Member]) -> Self {
        let mut ways: HashMap<_, Vec<_>, _> = HashMap::default();
        for member in members {
            ways.entry(Way::of(member)).or_default().push(member.ended.time);
        }
        Self(ways)
    }

    /// The company of a member, within so much time before and after it. `all` are those to its server, in order of their
    /// ends.
    pub fn company(&self, all: &[Member], own: &Member, within: Duration) -> Company {
        let is_before = |time: Timestamp| own.ended.time.since(time) > within;
        let is_within = |time: Timestamp| time.since(own.ended.time) <= within;
        let from = all.partition_point(|other| is_before(other.ended.time));
        let to = all.partition_point(|other| is_within(other.ended.time));
        let at = all.partition_point(|other| other.ended < own.ended);
        let (first, last) = (from.max(at.saturating_sub(NEAREST)), to.min(at + NEAREST));
        let (mut company, mut resets) = (Company { all: 0, alike: 0, is_mixed: false }, 0);
        // What was over before the other began is no company.
        for other in all.get(first..last).unwrap_or_default().iter().filter(|other| own.overlaps(other)) {
            company.all += 1;
            if Way::of(other) == Way::of(own) {
                company.alike += 1;
                resets += usize::from(other.kind == Kind::Reset);
            }
        }
        company.is_mixed = resets > 0 && resets < company.alike;
        if (first, last) != (from, to) {
            let times = self.0.get(&Way::of(own)).map(Vec::as_slice).unwrap_or_default();
            let alike = times.partition_point(|time| is_within(*time)) - times.partition_point(|time| is_before(*time));
            (company.all, company.alike) = (to - from, alike);
        }
        company
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Seen;
    use crate::side::PerSide;

    /// A connection of a host, reset by the server, with times in microseconds.
    fn member(id: usize, opened: i64, ended: i64) -> Member {
        let at = |micros: i64| Seen { packet: micros as u64, time: Timestamp::from_nanos(micros * 1000) };
        let host = format!("10.0.{}.{}:40000", id / 256, id % 256).parse().unwrap();
        Member {
            id,
            stream: id as u32,
            addresses: PerSide { client: host, server: "10.1.0.1:80".parse().unwrap() },
            first: at(opened),
            opened: at(opened).time,
            kind: if id.is_multiple_of(2) { Kind::Reset } else { Kind::Fin },
            by: Side::Server,
            ended: at(ended),
            code: None,
            last_frame: at(opened).time,
            has_holes: false,
            key: None,
            storm: None,
        }
    }

    #[test]
    fn many_are_counted_as_few_are() {
        let within = Duration::from_millis(100);
        for count in [10, 2 * NEAREST, 5000] {
            let members: Vec<_> = (0..count).map(|id| member(id, id as i64, 1_000_000 + id as i64)).collect();
            let ways = Ways::new(&members);
            for own in [0, count / 2, count - 1] {
                let company = ways.company(&members, &members[own], within);
                assert_eq!(company, Company { all: count, alike: count, is_mixed: true }, "{own} of {count}");
            }
        }
    }

    #[test]
    fn what_was_over_before_is_no_company() {
        // One behind the other, each a millisecond long.
        let members: Vec<_> = (0..50).map(|id| member(id, 2000 * id as i64, 2000 * id as i64 + 1000)).collect();
        let company = Ways::new(&members).company(&members, &members[25], Duration::from_millis(100));
        assert_eq!(company, Company { all: 1, alike: 1, is_mixed: false });
    }
}
