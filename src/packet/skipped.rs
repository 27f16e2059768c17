//! Packets that gave no segment, counted by reason. The shorter this list, the better the view of a capture.

use crate::capture::LinkType;
use crate::limits;

/// The reason that a packet gave no TCP segment.
///
/// A report prints it after a number of packets, with the words of its [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Skipped {
    /// Understood, but not TCP: ARP, UDP, ICMP, a beacon of a wireless network. Not a fault.
    NotTcp,
    /// QUIC, by its UDP port. Not a fault of the capture.
    Quic,
    /// An unknown link-layer header type.
    LinkType(LinkType),
    /// An unknown EtherType (IANA, IEEE 802 Numbers).
    EtherType(u16),
    /// A PPP protocol that is unknown, compressed or encrypted (IANA, PPP DLL Protocol Numbers).
    PppProtocol(u16),
    /// An address family of a BSD loopback header that is not IP.
    AddressFamily(u32),
    /// The named header was cut off by the snaplen.
    Truncated(&'static str),
    /// The named header contradicts itself, or its packet ends within it.
    Broken(&'static str),
    /// Encrypted with the named protocol.
    Encrypted(&'static str),
    /// Known, but not decoded.
    Unsupported(&'static str),
    /// Fragments of an IP datagram with others not captured.
    IncompleteFragments,
    /// Fragments of an IP datagram dropped for newer ones: there were more than [`limits::FRAGMENTED_DATAGRAMS`] at
    /// once, or [`limits::FRAGMENT_BYTES`].
    DroppedFragments,
    /// More than [`limits::HEADERS`] nested headers.
    NestedHeaders,
    /// Further kinds, after [`limits::SKIPPED_KINDS`].
    Others,
}

impl Skipped {
    /// Returns whether TCP may have been missed.
    pub const fn is_fault(&self) -> bool {
        !matches!(self, Self::NotTcp | Self::Quic)
    }

    /// Returns its name in the word files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotTcp => "not_tcp",
            Self::Quic => "quic",
            Self::LinkType(_) => "link_type",
            Self::EtherType(_) => "ether_type",
            Self::PppProtocol(_) => "ppp_protocol",
            Self::AddressFamily(_) => "address_family",
            Self::Truncated(_) => "truncated",
            Self::Broken(_) => "broken",
            Self::Encrypted(_) => "encrypted",
            Self::Unsupported(_) => "unsupported",
            Self::IncompleteFragments => "incomplete_fragments",
            Self::DroppedFragments => "dropped_fragments",
            Self::NestedHeaders => "nested_headers",
            Self::Others => "others",
        }
    }

    /// Returns the detail for its words: the header, or the number and its name. Empty if there is none.
    pub fn what(&self) -> String {
        let named = |number: String, name: Option<&str>| match name {
            Some(name) => format!("{number} ({name})"),
            None => number,
        };
        match *self {
            Self::NotTcp | Self::Quic | Self::IncompleteFragments | Self::DroppedFragments | Self::Others => {
                String::new()
            }
            Self::Truncated(what) | Self::Broken(what) | Self::Encrypted(what) | Self::Unsupported(what) => {
                what.to_owned()
            }
            Self::NestedHeaders => limits::HEADERS.to_string(),
            Self::LinkType(link_type) => named(link_type.0.to_string(), link_type.name_of_undecoded()),
            Self::EtherType(number) => named(format!("0x{number:04x}"), ether_type(number)),
            Self::PppProtocol(number) => named(format!("0x{number:04x}"), ppp_protocol(number)),
            Self::AddressFamily(number) => number.to_string(),
        }
    }
}

/// Returns the common name of an EtherType that may hide TCP.
fn ether_type(number: u16) -> Option<&'static str> {
    Some(match number {
        0x8870 => "LLC jumbo frame",
        0x88e5 => "MACsec",
        0x88e7 => "802.1ah",
        0x8903 => "FabricPath",
        0x8909 => "Cisco metadata",
        0x892f => "HSR",
        0x894f => "NSH",
        _ => return None,
    })
}

/// Returns the name of a PPP protocol that may hide TCP.
fn ppp_protocol(number: u16) -> Option<&'static str> {
    Some(match number {
        0x002d => "Van Jacobson compressed TCP/IP",
        0x002f => "Van Jacobson uncompressed TCP/IP",
        0x003d => "multilink fragment",
        0x0053 => "encrypted",
        0x00fd => "compressed datagram",
        _ => return None,
    })
}

/// The number of packets of each kind, in the order the kinds were first met.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<(Skipped, u64)>);

impl Tally {
    /// Counts `packets` more of a kind.
    pub fn count(&mut self, kind: Skipped, packets: u64) {
        if let Some((_, sum)) = self.0.iter_mut().find(|(known, _)| *known == kind) {
            *sum = sum.saturating_add(packets);
        } else if self.0.len() < limits::SKIPPED_KINDS || kind == Skipped::Others {
            self.0.push((kind, packets));
        } else {
            self.count(Skipped::Others, packets);
        }
    }

    /// Returns each kind and its number of packets.
    pub fn iter(&self) -> impl Iterator<Item = (Skipped, u64)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_was() {
        for (kind, name, what) in [
            (Skipped::LinkType(LinkType(147)), "link_type", "147 (USER0)"),
            (Skipped::LinkType(LinkType(9999)), "link_type", "9999"),
            (Skipped::EtherType(0x88e5), "ether_type", "0x88e5 (MACsec)"),
            (Skipped::EtherType(0x0b0b), "ether_type", "0x0b0b"),
            (Skipped::PppProtocol(0xfd), "ppp_protocol", "0x00fd (compressed datagram)"),
            (Skipped::AddressFamily(7), "address_family", "7"),
            (Skipped::Truncated("IPv4"), "truncated", "IPv4"),
            (Skipped::NestedHeaders, "nested_headers", "16"),
        ] {
            assert_eq!((kind.name(), &*kind.what()), (name, what));
        }
    }

    #[test]
    fn keeps_a_bounded_number_of_kinds_and_loses_no_packet() {
        let mut tally = Tally::default();
        for _ in 0..2 {
            for number in 0..1000 {
                tally.count(Skipped::EtherType(number), 1);
            }
        }
        assert_eq!(tally.iter().count(), limits::SKIPPED_KINDS + 1);
        assert_eq!(tally.iter().map(|(_, packets)| packets).sum::<u64>(), 2000);
        assert_eq!(tally.iter().next(), Some((Skipped::EtherType(0), 2)));
        assert_eq!(tally.iter().last().unwrap().0, Skipped::Others);
    }
}
