//! Counts the connections that ended at the same time as one of them, and in the same way.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::member::Address;
use super::{Member, sorted_by};
use crate::ending::Kind;
use crate::seen::Timestamp;
use crate::side::Side;

/// Connections before and after one of them that are compared one by one; if more end within the time, they are counted by
/// their times. So a connection takes as long to judge among a hundred thousand that a load balancer resets as among a few.
const NEAREST: usize = 128;

/// The properties that ends of one cause have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    server: Address,
    by: Side,
    /// The client's host if the client began the end, because each host has programs of its own.
    client: Option<Ipv6Addr>,
    /// The code of the Close frame that began the end; `None` for an end without a Close frame.
    code: Option<Option<u16>>,
}

/// The positions of members, sorted by the ways in which they ended, and then by time.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways(Vec<u32>);

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
            server: member.ends().server,
            by: member.by,
            client: (member.by == Side::Client).then_some(member.ends().client.ip),
            code: (!member.is_bare()).then_some(member.code),
        }
    }
}

impl Ways {
    /// Collects the ways of members.
    pub fn new(members: &[Member]) -> Self {
        Self(sorted_by(members, |member| (Way::of(member), member.ended.time)))
    }

    /// Returns the company of one of the `members`: those that ended no longer than `within` before or after it. `all` are
    /// the connections to its server, in the order of their ends.
    pub fn company(&self, (members, all): (&[Member], &[Member]), own: &Member, within: Duration) -> Company {
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
            let way = Way::of(own);
            let until = |is_early: &dyn Fn(Timestamp) -> bool| {
                let of = |at: &u32| members.get(*at as usize).map(|other| (Way::of(other), other.ended.time));
                self.0.partition_point(|at| {
                    of(at).is_some_and(|(other, time)| (other == way && is_early(time)) || other < way)
                })
            };
            (company.all, company.alike) = (to - from, until(&is_within) - until(&is_before));
        }
        company
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a connection of a host, ended by the server with an RST or a FIN in turn; times are in microseconds.
    fn member(id: u32, opened: i64, ended: i64) -> Member {
        let host = format!("10.0.{}.{}:40000", id / 256, id % 256);
        let kind = if id.is_multiple_of(2) { Kind::Reset } else { Kind::Fin };
        Member::example(id, (&host, "10.1.0.1:80"), opened, ended, (Side::Server, kind))
    }

    #[test]
    fn many_are_counted_as_few_are() {
        let within = Duration::from_millis(100);
        for count in [10, 2 * NEAREST, 5000] {
            let ids = 0..count as u32;
            let members: Vec<_> = ids.map(|id| member(id, id.into(), 1_000_000 + i64::from(id))).collect();
            let ways = Ways::new(&members);
            for own in [0, count / 2, count - 1] {
                let company = ways.company((&members, &members), &members[own], within);
                assert_eq!(company, Company { all: count, alike: count, is_mixed: true }, "{own} of {count}");
            }
        }
    }

    #[test]
    fn what_was_over_before_is_no_company() {
        // One after the other, each a millisecond long.
        let members: Vec<_> =
            (0..50_u32).map(|id| member(id, 2000 * i64::from(id), 2000 * i64::from(id) + 1000)).collect();
        let company = Ways::new(&members).company((&members, &members), &members[25], Duration::from_millis(100));
        assert_eq!(company, Company { all: 1, alike: 1, is_mixed: false });
    }
}
