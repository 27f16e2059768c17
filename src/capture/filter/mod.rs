//! Capture filters (BPF), compiled by libpcap.

mod fault;

use pcap::{BpfProgram, Capture, Linktype};

use super::{LinkType, Marks, Packet, Source, Summary, libpcap};
use crate::error::Error;

/// A filter expression in the language of pcap-filter(7).
///
/// An expression has a meaning only for a given link type, so it is compiled when the first packet of each link type
/// arrives.
///
/// **`len` and `greater` see the captured length**: libpcap's offline filter is given only the bytes and takes their
/// count as the length on the wire, so `greater 500` rejects a packet of 1500 bytes that the snaplen cut to 64.
pub struct Filter {
    expression: String,
    programs: Vec<(LinkType, BpfProgram)>,
}

impl Filter {
    /// Returns a filter for `expression`, which is not compiled before the first packet. Fails if libpcap is missing.
    pub fn new(expression: &str) -> Result<Self, Error> {
        libpcap::load()?;
        Ok(Self { expression: expression.to_owned(), programs: Vec::new() })
    }

    /// Returns whether `packet` passes. Fails if libpcap rejects the expression for the packet's link type.
    pub fn matches(&mut self, packet: &Packet<'_>) -> Result<bool, Error> {
        let known = self.programs.iter().position(|(link_type, _)| *link_type == packet.link_type);
        if known.is_none() {
            self.programs.push((packet.link_type, compile(&self.expression, packet.link_type)?));
        }
        let program = known.map_or(self.programs.last(), |index| self.programs.get(index));
        Ok(program.is_some_and(|(_, program)| program.filter(packet.data)))
    }
}

/// Returns libpcap's message, without the "libpcap error:" that the crate puts before it.
pub(super) fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(message) => message.clone(),
        error => error.to_string(),
    }
}

/// Checks that libpcap accepts `expression` for packets of a link type.
pub(super) fn check(expression: &str, link_type: LinkType) -> Result<(), Error> {
    compile(expression, link_type).map(drop)
}

fn compile(expression: &str, link_type: LinkType) -> Result<BpfProgram, Error> {
    let compile = |expression: &str| {
        let compiled = Capture::dead(dlt(link_type)).and_then(|dead| dead.compile(expression, true));
        compiled.map_err(|error| words(&error))
    };
    compile(expression).map_err(|message| Error::Filter {
        fault: fault::fault(expression, |expression| compile(expression).map(drop)),
        expression: expression.to_owned(),
        message: format!("{message} (link type {})", link_type.0),
    })
}

/// Returns libpcap's own number of a link type. It differs from the registry's number where systems used different
/// numbers before the registry existed.
fn dlt(link_type: LinkType) -> Linktype {
    let openbsd = cfg!(target_os = "openbsd");
    Linktype(match link_type {
        LinkType::ATM_RFC1483 => 11,
        LinkType::RAW if openbsd => 14,
        LinkType::RAW => 12,
        LinkType::LOOP if openbsd => 12,
        LinkType::PKTAP if cfg!(target_vendor = "apple") => 149,
        LinkType(number) => number.into(),
    })
}

/// Returns the registry's number for libpcap's number of a link type: the reverse of [`dlt`].
pub(super) fn link_type(dlt_number: Linktype) -> LinkType {
    let differing = [LinkType::ATM_RFC1483, LinkType::RAW, LinkType::LOOP, LinkType::PKTAP];
    let named = differing.into_iter().find(|link_type| dlt(*link_type) == dlt_number);
    named.unwrap_or(LinkType(u16::try_from(dlt_number.0).unwrap_or(u16::MAX)))
}

/// A source of the packets of another source that pass a filter, under the numbers they have there.
pub struct Filtered<S> {
    source: S,
    filter: Filter,
}

impl<S: Source> Filtered<S> {
    /// Returns a source of the packets of `source` that pass `filter`.
    pub fn new(source: S, filter: Filter) -> Self {
        Self { source, filter }
    }
}

impl<S: Source> Source for Filtered<S> {
    fn advance(&mut self) -> Result<bool, Error> {
        while self.source.advance()? {
            if self.filter.matches(&self.source.packet())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn packet(&self) -> Packet<'_> {
        self.source.packet()
    }

    fn takes_time(&self) -> bool {
        self.source.takes_time()
    }

    fn marks(&self) -> Marks {
        self.source.marks()
    }

    fn take_secrets(&mut self) -> Vec<u8> {
        self.source.take_secrets()
    }

    /// Returns the summaries of the underlying source: packets that do not pass are counted too.
    fn summaries(&self) -> Vec<Summary> {
        self.source.summaries()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use super::*;
    use crate::capture::file;
    use crate::capture::testing::build::{Order, Pcapng};
    use crate::capture::testing::tools;

    /// Returns the IPv4 and TCP headers of a segment to `port`.
    fn segment(port: u16) -> Vec<u8> {
        let mut bytes = vec![0; 40];
        bytes[..10].copy_from_slice(&[0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6]);
        bytes[20..24].copy_from_slice(&[0x30, 0x39, (port >> 8) as u8, port as u8]);
        bytes[32] = 0x50;
        bytes
    }

    fn link_layer(front: &[u8], port: u16) -> Vec<u8> {
        [front, &segment(port)].concat()
    }

    fn source() -> Box<dyn Source + Send> {
        let ethernet = [&[2; 12][..], &[8, 0]].concat();
        let cooked = [&[0; 14][..], &[8, 0]].concat();
        let mut file = Pcapng::new(Order::Little);
        for link_type in [LinkType::ETHERNET, LinkType::RAW, LinkType::LINUX_SLL, LinkType::NULL, LinkType::IPV4] {
            file = file.interface(link_type.0, 0, &[]);
        }
        for port in [9021, 80] {
            for (id, front) in [&ethernet[..], &[], &cooked, &[2, 0, 0, 0], &[]].into_iter().enumerate() {
                let data = link_layer(front, port);
                file = file.enhanced(id as u32, 0, &data, 2000);
            }
        }
        file::recognise(Path::new("test"), Box::new(Cursor::new(file.bytes)), 4096).unwrap()
    }

    fn numbers(expression: &str) -> Result<Vec<u64>, Error> {
        let mut filtered = Filtered::new(source(), Filter::new(expression)?);
        let mut numbers = Vec::new();
        while filtered.advance()? {
            numbers.push(filtered.packet().number);
        }
        assert_eq!(filtered.summaries()[0].packets, 10);
        Ok(numbers)
    }

    #[test]
    fn passes_by_every_link_type_under_the_old_numbers() {
        if tools::missing(&["libpcap"]) {
            return;
        }
        assert_eq!(numbers("tcp port 9021").unwrap(), [1, 2, 3, 4, 5]);
        assert_eq!(numbers("tcp dst port 80").unwrap(), [6, 7, 8, 9, 10]);
        assert_eq!(numbers("").unwrap().len(), 10);
        assert!(numbers("udp").unwrap().is_empty());
    }

    #[test]
    fn the_length_is_the_captured_one() {
        if tools::missing(&["libpcap"]) {
            return;
        }
        assert!(numbers("greater 1000").unwrap().is_empty());
    }

    #[test]
    fn a_bad_expression_is_named() {
        if tools::missing(&["libpcap"]) {
            return;
        }
        match numbers("tcp prot 80").unwrap_err() {
            Error::Filter { expression, message, fault } => {
                assert_eq!((&expression[fault], &*expression), ("prot", "tcp prot 80"));
                assert!(message.contains("syntax error") && message.ends_with("(link type 1)"), "{message}");
            }
            error => panic!("{error}"),
        }
    }
}
