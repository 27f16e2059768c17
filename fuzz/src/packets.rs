//! Target for packets of every link type.

use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{Batch, LinkType, Packet};
use whyclosed::catalog::Language;
use whyclosed::report::{Material, Report};
use whyclosed::seen::Timestamp;

use crate::cuts::first;

/// The link types that have a name, and one that has none.
const LINK_TYPES: [LinkType; 20] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::PPP,
    LinkType::ATM_RFC1483,
    LinkType::PPP_HDLC,
    LinkType::PPP_ETHER,
    LinkType::RAW,
    LinkType::C_HDLC,
    LinkType::IEEE802_11,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IEEE802_11_RADIOTAP,
    LinkType::PPI,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::NFLOG,
    LinkType::PKTAP,
    LinkType::LINUX_SLL2,
    LinkType(228),
    LinkType(147),
];

/// Analyzes packets, each preceded by its length: the report is the same whether they are pushed one by one or in
/// batches.
pub fn packets(data: &[u8]) {
    let (choice, mut data) = first(data);
    let link_type = LINK_TYPES[usize::from(choice) % LINK_TYPES.len()];
    let mut packets = Vec::new();
    while let [length, more, rest @ ..] = data {
        let length = usize::from(*length) | usize::from(*more & 7) << 8;
        let (data_of, behind) = rest.split_at(rest.len().min(length));
        let number = packets.len() as u64 + 1;
        packets.push(Packet {
            number,
            time: Timestamp::from_nanos(number as i64 * (1 + i64::from(*more >> 3) * 1_000_000)),
            link_type,
            data: data_of,
            length: data_of.len() as u32,
            process: None,
        });
        data = behind;
    }
    let report = |in_batches: bool| {
        let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
        if in_batches {
            packets.chunks(7).for_each(|some| {
                let batch: Batch<'_> = some.iter().copied().collect();
                analyzer.push_all(&batch, &mut facts);
            });
        } else {
            packets.iter().for_each(|packet| _ = analyzer.push(packet, &mut facts));
        }
        analyzer.finish(&mut facts);
        let skipped = analyzer.decoder().skipped().collect();
        let material = Material { facts: facts.into(), counts: analyzer.counts(), skipped, ..Material::default() };
        serde_json::to_value(Report::new(material, Language::English)).expect("the report is JSON")
    };
    let (one_by_one, in_batches) = (report(false), report(true));
    let differences = crate::essence::differences(&one_by_one, &in_batches);
    assert!(differences.is_empty(), "batches give another report: {}", differences.join("\n"));
}
