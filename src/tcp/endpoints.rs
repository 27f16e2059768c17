//! The endpoints of a connection, in a form that both directions share.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use foldhash::fast::FixedState;

/// Both endpoints of a connection, the lower first: the same for both directions, quick to compare and to hash.
///
/// It does not hold two [`SocketAddr`], which would have to be built and taken apart again for each packet, nor `u128`,
/// with an alignment that would cost the table of flows 16 bytes a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Endpoints {
    /// The addresses, as numbers with the order of the addresses.
    low: [u64; 2],
    high: [u64; 2],
    /// Whether they are IPv6, the port of `low`, and the port of `high`: 16 bits each.
    ports: u64,
}

impl Endpoints {
    /// Returns the endpoints, and whether `low` is `source`.
    pub fn of(source: SocketAddr, destination: SocketAddr) -> (Self, bool) {
        let from = (bits(source.ip()), source.port());
        let to = (bits(destination.ip()), destination.port());
        Self::ordered(from, to, source.is_ipv6())
    }

    /// Returns the endpoints of a segment over IPv4, and whether `low` is `source`.
    #[inline]
    pub fn v4(source: (u32, u16), destination: (u32, u16)) -> (Self, bool) {
        // Compared as numbers, without a branch, because either may be the lower one with equal probability.
        let [from, to] = [source, destination].map(|(address, port)| u64::from(address) << 16 | u64::from(port));
        let (low, high) = (from.min(to), from.max(to));
        let ports = (low & 0xffff) << 16 | high & 0xffff;
        (Self { low: [0, low >> 16], high: [0, high >> 16], ports }, from <= to)
    }

    fn ordered(from: ([u64; 2], u16), to: ([u64; 2], u16), is_ipv6: bool) -> (Self, bool) {
        let source_is_low = from <= to;
        let ((low, low_port), (high, high_port)) = if source_is_low { (from, to) } else { (to, from) };
        let ports = u64::from(is_ipv6) << 32 | u64::from(low_port) << 16 | u64::from(high_port);
        (Self { low, high, ports }, source_is_low)
    }

    /// Returns the lower endpoint.
    pub fn low(&self) -> SocketAddr {
        self.address(self.low, (self.ports >> 16) as u16)
    }

    /// Returns the higher endpoint.
    pub fn high(&self) -> SocketAddr {
        self.address(self.high, self.ports as u16)
    }

    /// Returns a number that spreads connections evenly. It is the same on each machine.
    #[inline]
    pub fn spread(&self) -> u32 {
        (FixedState::with_seed(0).hash_one(self) >> 32) as u32
    }

    fn address(&self, [upper, lower]: [u64; 2], port: u16) -> SocketAddr {
        let address = if self.is_ipv6() {
            IpAddr::V6(Ipv6Addr::from_bits(u128::from(upper) << 64 | u128::from(lower)))
        } else {
            IpAddr::V4(Ipv4Addr::from_bits(lower as u32))
        };
        SocketAddr::new(address, port)
    }

    const fn is_ipv6(&self) -> bool {
        self.ports >> 32 != 0
    }
}

impl Hash for Endpoints {
    /// Hashes all fields for IPv6, and only those that are not always zero for IPv4.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let two = |upper: u64, lower: u64| u128::from(upper) << 64 | u128::from(lower);
        let ([low_upper, low], [high_upper, high]) = (self.low, self.high);
        if self.is_ipv6() {
            state.write_u128(two(low_upper, low));
            state.write_u128(two(high_upper, high));
            state.write_u64(self.ports);
        } else {
            state.write_u128(two(self.ports, low << 32 | high));
        }
    }
}

fn bits(address: IpAddr) -> [u64; 2] {
    match address {
        IpAddr::V4(address) => [0, u64::from(address.to_bits())],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [(bits >> 64) as u64, bits as u64]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_one() {
        for [one, other] in [["10.0.0.1:80", "10.0.0.1:9"], ["1.2.3.4:5", "1.2.3.4:5"], ["[::1]:1", "[2001:db8::1]:1"]]
        {
            let [one, other]: [SocketAddr; 2] = [one, other].map(|text| text.parse().unwrap());
            let (there, one_is_low) = Endpoints::of(one, other);
            assert_eq!(there, Endpoints::of(other, one).0);
            assert_eq!([there.low(), there.high()], if one_is_low { [one, other] } else { [other, one] });
        }
    }

    #[test]
    fn ipv4_is_not_the_ipv6_with_the_same_bits() {
        let of = |one: &str, other: &str| Endpoints::of(one.parse().unwrap(), other.parse().unwrap()).0;
        assert_ne!(of("0.0.0.1:1", "0.0.0.2:2"), of("[::1]:1", "[::2]:2"));
        assert_eq!(of("0.0.0.1:1", "0.0.0.2:2"), Endpoints::v4((2, 2), (1, 1)).0);
    }
}
