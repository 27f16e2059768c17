//! The order in which connections are listed.

use std::cmp::Ordering;

use super::Connection;
use super::document::{Tone, in_order};

/// What connections are sorted by. Of equal ones, that with the earlier first packet comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Their ends: abnormal ones, then connections that are still open, then normal ones.
    Severity,
    /// The time they were opened.
    Opened,
    /// The time they ended; those still open come last.
    Ended,
    /// Their lifetime, the longest first.
    Lifetime,
    /// The payload bytes of both sides, the most first.
    Bytes,
    /// The close code, as in [`Connection::code`]; those without come last.
    Code,
    /// The rule that explains the end.
    Rule,
    /// The server's address and port.
    Server,
    /// The client's address and port.
    Client,
    /// The target of the request; those without come last.
    Target,
}

impl Order {
    /// Sorts connections that are in order of their first packets.
    pub fn sort<T>(self, connections: &mut Vec<T>, connection: impl Fn(&T) -> &Connection) {
        let keys = connections.iter().map(|one| self.key(connection(one)));
        let places = self.sorted(keys, |at| connections.get(at).map(&connection));
        let mut taken: Vec<_> = std::mem::take(connections).into_iter().map(Some).collect();
        connections.extend(places.into_iter().filter_map(|at| taken.get_mut(at)?.take()));
    }

    /// Returns the places of connections in this order, from their [keys](Self::key) in the order of their first packets; `of`
    /// returns the connection with a place. Nearly all comparisons are of numbers that lie side by side, not of texts all
    /// over the memory.
    pub(crate) fn sorted<'c>(
        self,
        keys: impl Iterator<Item = u128>,
        of: impl Fn(usize) -> Option<&'c Connection>,
    ) -> Vec<usize> {
        let mut sorted: Vec<_> = keys.zip(0_usize..).collect();
        sorted.sort_unstable();
        let compare = |(_, one): &_, (_, other): &_| match (of(*one), of(*other)) {
            (Some(one), Some(other)) => self.compare(one, other),
            _ => Ordering::Equal,
        };
        for alike in sorted.chunk_by_mut(|(one, _), (other, _)| one == other) {
            let is_cut = alike.len() > 1 && alike.first().is_some_and(|(key, _)| self.may_be_cut(*key));
            if is_cut && !alike.is_sorted_by(|one, other| compare(one, other).is_le()) {
                alike.sort_by(compare);
            }
        }
        sorted.into_iter().map(|(_, at)| at).collect()
    }

    /// Returns a number in the order of [`Self::compare`], or equal for connections that differ only in what a number has no
    /// room for.
    pub(crate) fn key(self, connection: &Connection) -> u128 {
        // More than any text or number gives.
        let known_first = |key: Option<u128>| key.unwrap_or(u128::MAX);
        match self {
            Self::Severity => u128::MAX - tone(connection) as u128,
            Self::Opened => digits(&connection.opened),
            Self::Ended => known_first(connection.ended.as_deref().map(digits)),
            // The bits of numbers are in their order, since none is negative.
            Self::Lifetime => u128::MAX - u128::from(connection.lifetime.to_bits()),
            Self::Bytes => u128::MAX - u128::from(bytes(connection)),
            Self::Code => known_first(connection.code().map(u128::from)),
            Self::Rule => beginning(connection.verdict.rule.name),
            Self::Server => beginning(&connection.server),
            Self::Client => beginning(&connection.client),
            Self::Target => known_first(connection.handshake.target.as_deref().map(beginning)),
        }
    }

    /// Returns whether texts with this number may differ.
    const fn may_be_cut(self, key: u128) -> bool {
        matches!(self, Self::Rule | Self::Server | Self::Client | Self::Target) && key as u8 == CUT
    }

    fn compare(self, one: &Connection, other: &Connection) -> Ordering {
        match self {
            Self::Severity => tone(other).cmp(&tone(one)),
            Self::Opened => in_order(&&*one.opened).cmp(in_order(&&*other.opened)),
            Self::Ended => known_first(
                one.ended.as_deref().map(|time| in_order(&time)),
                other.ended.as_deref().map(|time| in_order(&time)),
            ),
            Self::Lifetime => other.lifetime.total_cmp(&one.lifetime),
            Self::Bytes => bytes(other).cmp(&bytes(one)),
            Self::Code => known_first(one.code(), other.code()),
            Self::Rule => one.verdict.rule.name.cmp(other.verdict.rule.name),
            Self::Server => one.server.cmp(&other.server),
            Self::Client => one.client.cmp(&other.client),
            Self::Target => known_first(one.handshake.target.as_ref(), other.handshake.target.as_ref()),
        }
    }
}

/// The last byte of the number of a text that is longer than what the number has room for.
const CUT: u8 = 16;

/// Returns the first 15 bytes of a text and then its length, at most [`CUT`], as a number.
fn beginning(text: &str) -> u128 {
    let mut first = [0; 16];
    first.iter_mut().zip(text.bytes().take(15)).for_each(|(to, from)| *to = from);
    first[15] = text.len().min(CUT.into()) as u8;
    u128::from_be_bytes(first)
}

/// Returns the digits of an RFC 3339 time in UTC as a number, with as many behind the point as nanoseconds have.
fn digits(time: &str) -> u128 {
    let number =
        |text: &str| text.bytes().filter(u8::is_ascii_digit).fold(0, |all, one| all * 10 + u64::from(one - b'0'));
    let (seconds, rest) = time.split_at_checked("1970-01-01T00:00:00".len()).unwrap_or((time, ""));
    let behind = in_order(&rest).get(1..10).or(in_order(&rest).get(1..)).unwrap_or_default();
    let nanoseconds = (behind.len()..9).fold(number(behind), |number, _| number * 10);
    u128::from(number(seconds)) << 64 | u128::from(nanoseconds)
}

fn tone(connection: &Connection) -> Tone {
    Tone::of(connection.ending, connection.is_normal())
}

fn bytes(connection: &Connection) -> u64 {
    connection.traffic.client.payload_bytes.saturating_add(connection.traffic.server.payload_bytes)
}

/// Compares two values of which those that are missing come last.
fn known_first<T: Ord>(one: Option<T>, other: Option<T>) -> Ordering {
    one.is_none().cmp(&other.is_none()).then_with(|| one.cmp(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_what_they_stand_for() {
        let texts =
            ["", "\0", "/", "/a", "/a\0", "/a/long/path/of/one", "/a/long/path/of/two", "10.0.0.1:80", "\u{10FFFF}"];
        let times = [
            "1969-12-31T23:59:59.9Z",
            "2026-11-24T10:00:00Z",
            "2026-11-24T10:00:00.000000001Z",
            "2026-11-24T10:00:00.1Z",
        ];
        assert!(texts.is_sorted() && texts.map(beginning).is_sorted());
        assert!(
            beginning("/a/long/path/of/one") == beginning("/a/long/path/of/two") && beginning("\u{10FFFF}") < u128::MAX
        );
        assert!(
            times.map(|time| in_order(&time)).is_sorted() && times.map(digits).is_sorted_by(|one, other| one < other)
        );
    }
}
