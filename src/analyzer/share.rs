//! Several analyzers of one capture: each follows its share of the connections, on a thread of its own.

use crate::tcp::Endpoints;

/// The share of the connections that one of several analyzers follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    part: usize,
    parts: usize,
}

/// All connections.
impl Default for Share {
    fn default() -> Self {
        Self { part: 0, parts: 1 }
    }
}

impl Share {
    /// Returns the shares of so many analyzers, at least one.
    pub fn among(parts: usize) -> impl Iterator<Item = Self> {
        let parts = parts.max(1);
        (0..parts).map(move |part| Self { part, parts })
    }

    /// Returns whether other analyzers follow connections, too.
    pub const fn is_part(self) -> bool {
        self.parts > 1
    }

    /// Returns the index of the share among so many that the connection between these endpoints belongs to.
    #[inline]
    pub fn index(endpoints: &Endpoints, shares: usize) -> usize {
        ((endpoints.spread() as u64 * shares as u64) >> 32) as usize
    }

    /// Returns its index among all shares.
    pub const fn part(self) -> usize {
        self.part
    }

    /// Returns whether the connection between these endpoints belongs to the share.
    #[inline]
    pub fn has(self, endpoints: &Endpoints) -> bool {
        !self.is_part() || Self::index(endpoints, self.parts) == self.part
    }

    /// Returns the share of a bound that holds for all connections together.
    pub const fn of(self, limit: usize) -> usize {
        limit.div_ceil(self.parts)
    }
}

/// The numbers of the packets that begin the streams of one share, in order. A number takes some two bytes, because only
/// the distance from the one before is kept (LEB128, seven bits a byte).
#[derive(Clone, Debug, Default)]
pub(super) struct Births {
    bytes: Vec<u8>,
    last: u64,
}

impl Births {
    /// Adds the packet that begins the next stream.
    pub fn push(&mut self, packet: u64) {
        let mut rest = packet.saturating_sub(self.last);
        self.last = packet;
        while rest > 0x7F {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    /// Returns the numbers.
    fn iter(&self) -> impl Iterator<Item = u64> {
        let (mut rest, mut last) = (self.bytes.iter(), 0);
        std::iter::from_fn(move || {
            let mut distance = 0;
            for shift in (0..64).step_by(7) {
                let byte = *rest.next()?;
                distance |= u64::from(byte & 0x7F) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            last += distance;
            Some(last)
        })
    }

    /// Returns the numbers that one analyzer would have given to the streams of each share: those of Wireshark's
    /// `tcp.stream`. A packet begins one stream at most.
    pub fn ranked(shares: &[Self]) -> Vec<Vec<u32>> {
        let mut coming: Vec<_> = shares.iter().map(|share| share.iter().peekable()).collect();
        let mut ranks = vec![Vec::new(); shares.len()];
        let mut rank = 0;
        loop {
            let heads =
                coming.iter_mut().zip(&mut ranks).filter_map(|(share, ranks)| Some((*share.peek()?, share, ranks)));
            let Some((_, share, ranks)) = heads.min_by_key(|(packet, ..)| *packet) else { return ranks };
            share.next();
            ranks.push(rank);
            rank = rank.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_numbered_by_their_first_packets() {
        let packets = [&[1, 2, 300, 70_000][..], &[], &[3, 299, u64::from(u32::MAX) * 8]];
        let births = packets.map(|packets| {
            packets.iter().fold(Births::default(), |mut births, packet| {
                births.push(*packet);
                births
            })
        });
        for (births, packets) in births.iter().zip(packets) {
            assert_eq!(births.iter().collect::<Vec<_>>(), packets);
        }
        assert_eq!(Births::ranked(&births), [vec![0, 1, 4, 5], vec![], vec![2, 3, 6]]);
    }

    #[test]
    fn each_connection_belongs_to_one_share_and_the_shares_are_even() {
        for parts in [1, 2, 3, 8] {
            let mut counts = vec![0; parts];
            for port in 1024..9024 {
                let (endpoints, _) = Endpoints::v4((0x0A00_0001, port), (0x0A00_0002, 443));
                let owners: Vec<_> = Share::among(parts).filter(|share| share.has(&endpoints)).collect();
                assert_eq!(owners.len(), 1);
                counts[owners[0].part] += 1;
            }
            let mean = 8000 / parts;
            assert!(counts.iter().all(|count| (mean * 9 / 10..=mean * 11 / 10).contains(count)), "{counts:?}");
        }
    }
}
