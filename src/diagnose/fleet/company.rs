//! Counts the connections that ended at the same time as one of them, and in the same way.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::Member;
use crate::ending::Kind;
use crate::seen::Timestamp;
use crate::side::Side;

/// Connections before and after one of them that are compared one by one; if more end within the time, they are counted by
/// their times. So a connection takes as long to judge among a hundred thousand that a load balancer resets as among a few.
const NEAREST: usize = 128;

/// The properties that ends of one cause have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Way {
    server: SocketAddr,
    by: Side,
    /// The client's host if the client began the end, because each host has programs of its own.
    client: Option<IpAddr>,
    /// The code of the Close frame that began the end; `None` for an end without a Close frame.
    code: Option<Option<u16>>,
}

/// The times of the ends of each way, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways(HashMap<Way, Vec<Timestamp>, RandomState>);

/// Counts of the connections to the same server that ended around the same time as one of them and were open at the same
/// time; that one is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Company {
    /// All of them.
    pub all: usize,
    /// Those that ended in the same way: by the same side (and by the same host, if that is the client), with the same code
    /// or without a Close frame.
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
    /// Collects the ways of members, which must be sorted by server and then by end.
    pub fn new(members: &[Member]) -> Self {
        let mut ways: HashMap<_, Vec<_>, _> = HashMap::default();
        for member in members {
            ways.entry(Way::of(member)).or_default().push(member.ended.time);
        }
        Self(ways)
    }

    /// Returns the company of a member: those that ended no longer than `within` before or after it. `all` are the
    /// connections to its server, in the order of their ends.
    pub fn company(&self, all: &[Member], own: &Member, within: Duration) -> Company {
        let is_before = |time: Timestamp| own.ended.time.since(time) > within;
        let is_within = |time: Timestamp| time.since(own.ended.time) <= within;
        let from = all.partition_point(|other| is_before(other.ended.time));
        let to = all.partition_point(|other| is_within(other.ended.time));
        let at = all.partition_point(|other| other.ended < own.ended);
        let (first, last) = (from.max(at.saturating_sub(NEAREST)), to.min(at + NEAREST));
        let (mut company, mut resets) = (Company { all: 0, alike: 0, is_mixed: false }, 0);
        // A connection that was over before the other began is not counted.
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

    /// Returns a connection of a host, ended by the server with an RST or a FIN in turn; times are in microseconds.
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
        // One after the other, each a millisecond long.
        let members: Vec<_> = (0..50).map(|id| member(id, 2000 * id as i64, 2000 * id as i64 + 1000)).collect();
        let company = Ways::new(&members).company(&members, &members[25], Duration::from_millis(100));
        assert_eq!(company, Company { all: 1, alike: 1, is_mixed: false });
    }
}
