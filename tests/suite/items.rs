//! Checks that an archive gives the same in several work items as in one run: cut anywhere, with any halo.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::Value;
use whyclosed::analyzer::{Analyzer, Item, KeyLog, Members, Owned, Part};
use whyclosed::archive::{Assembly, Content, Coverage, Envelope, Member};
use whyclosed::capture::{self, LinkType, Packet, Run, Source, Summary};
use whyclosed::catalog::Language;
use whyclosed::report::{Collected, Collection, Material, Report};
use whyclosed::seen::{Seen, Sights, Timestamp};
use whyclosed::side::Side;

use super::properties::{config, conversations, cut};
use crate::support::captured::{Captured, packets_of};
use crate::support::conversation::{Act, Conversation, End, What};
use crate::support::same::{difference, told};
use crate::support::segments::{Change, packets};
use crate::support::{fixture, fixtures};

/// The rows of one work item.
struct Rows {
    from: Option<Timestamp>,
    rows: Vec<Member>,
    /// Whether no part may be recorded, as if each were too long for it.
    unrecorded: bool,
}

impl Members for Rows {
    fn whole(&mut self, owned: Owned) {
        self.rows.push(Member::of_whole(Some("a"), self.from, owned));
    }

    fn part(&mut self, mut part: Part, facts: Vec<Owned>) {
        if self.unrecorded {
            part.recording = None;
            part.facts = facts.iter().filter(|owned| !owned.is_outside).map(|owned| (*owned.facts).clone()).collect();
            part.outside = facts.iter().filter(|owned| owned.is_outside).map(|owned| (*owned.facts).clone()).collect();
        }
        self.rows.push(Member::of_part(Some("a"), self.from, part, &facts));
    }
}

/// A capture, and how it is read.
struct Archive<'c> {
    packets: &'c [Captured],
    summary: Summary,
    keys: Option<Vec<u8>>,
    /// Packets behind each item that are read, too.
    halo: usize,
    unrecorded: bool,
    /// How often it was divided into parts too long to be recorded, which are not the same as in one run.
    joined: Cell<u32>,
}

impl<'c> Archive<'c> {
    fn new(packets: &'c [Captured]) -> Self {
        let (first, last) =
            (packets.iter().map(|packet| packet.time).min(), packets.iter().map(|packet| packet.time).max());
        let count = packets.len() as u64;
        let summary = Summary { path: "c".to_owned(), packets: count, first, last, ..Summary::default() };
        Self { packets, summary, keys: None, halo: 0, unrecorded: false, joined: Cell::new(0) }
    }

    fn analyzer(&self) -> Analyzer {
        let mut analyzer = Analyzer::default();
        analyzer.limit_searches(1 << 12);
        if let Some(keys) = &self.keys {
            analyzer.push_keys(&mut KeyLog::default(), keys, &mut Vec::new());
        }
        analyzer
    }

    fn numbered(&self, from: usize) -> impl Iterator<Item = Packet<'_>> {
        self.packets.iter().skip(from).zip(1..).map(|(packet, number)| Packet {
            number,
            time: packet.time,
            link_type: packet.link_type,
            data: &packet.data,
            length: packet.length.max(packet.data.len() as u32),
            process: None,
        })
    }

    /// Returns the connections of one run.
    fn at_once(&self) -> Collection {
        let (mut analyzer, mut collection) = (self.analyzer(), Collection::default());
        for packet in self.numbered(0) {
            analyzer.push(&packet, &mut collection);
        }
        analyzer.finish(&mut collection);
        collection
    }

    /// Returns the rows of the item between two times. It is read from the packet with this index on.
    fn item(&self, (from, to): (Option<Timestamp>, Option<Timestamp>), start: usize) -> Vec<Member> {
        let mut item = Item::new(self.analyzer(), from, to);
        let mut rows = Rows { from, rows: Vec::new(), unrecorded: self.unrecorded };
        let end = to.and_then(|to| self.packets.iter().skip(start).position(|packet| packet.time >= to));
        let most = end.map_or(usize::MAX, |end| end + self.halo);
        self.numbered(start).take(most).for_each(|packet| item.push(&packet, &mut rows));
        item.finish(&mut rows);
        let run = Run { merged: 1, own: start as u64 + 1, count: (self.packets.len() - start) as u64 };
        let summary = Summary { runs: vec![run], ..self.summary.clone() };
        rows.rows.push(Member::of_coverage(Some("a"), from, Coverage::new(&[summary], item.packets())));
        rows.rows
    }

    /// Returns the rows of all items between the packets with these indices.
    fn rows(&self, cuts: &[usize]) -> Vec<Vec<Member>> {
        let mut times: Vec<_> = cuts.iter().map(|cut| self.packets[*cut].time).collect();
        times.sort_unstable();
        times.dedup();
        let bounds: Vec<_> = [None].into_iter().chain(times.into_iter().map(Some)).chain([None]).collect();
        let start = |from: Option<Timestamp>| {
            let first = from.and_then(|from| self.packets.iter().position(|packet| packet.time >= from));
            // Files do not begin where items do.
            first.unwrap_or_default().saturating_sub(2)
        };
        bounds.windows(2).map(|pair| self.item((pair[0], pair[1]), start(pair[0]))).collect()
    }

    fn assembled(&self, rows: &[Vec<Member>]) -> Collection {
        let mut assembly = Assembly::new(self.analyzer(), Collection::default());
        let envelopes = || rows.iter().flatten().map(|row| Envelope::decode(&row.facts).unwrap());
        envelopes().for_each(|envelope| assembly.cover(Some("a"), envelope));
        envelopes().for_each(|envelope| assembly.add(Some("a"), envelope).unwrap());
        let (collection, summaries) = assembly.finish();
        assert_eq!(summaries.len(), 1);
        assert_eq!((summaries[0].packets, summaries[0].runs.len()), (self.packets.len() as u64, 1), "{summaries:?}");
        collection
    }

    fn report(&self, collection: Collection) -> Value {
        self.report_of(collection.finish())
    }

    fn report_of(&self, collected: Collected) -> Value {
        let (captures, facts, outside) = (vec![self.summary.clone()], collected.facts, collected.outside);
        let material = Material { captures, facts, outside, ..Material::default() };
        let mut report = serde_json::to_value(Report::new(material, Language::English)).unwrap();
        strip(&mut report);
        report
    }

    /// Returns the facts of connections as text, and the report on them.
    fn told(&self, collection: Collection) -> (Vec<String>, Value) {
        let collected = collection.finish();
        let mut facts: Vec<_> = collected.facts.iter().chain(collected.outside.iter().cloned()).collect();
        facts.sort_by_key(|facts| (facts.first, facts.http2_stream(), facts.attempt, facts.addresses().client));
        for facts in &mut facts {
            (facts.stream, facts.rare.continuity) = (0, None);
        }
        (told(&facts), self.report_of(collected))
    }

    /// Returns what differs between one run, with this result, and several items.
    fn difference(&self, one: &(Vec<String>, Value), cuts: &[usize]) -> Option<String> {
        let rows = self.rows(cuts);
        let is_joined = |row: &Member| matches!(Envelope::decode(&row.facts).unwrap().content, Content::Part(part) if part.recording.is_none());
        if !cuts.is_empty() && rows.iter().flatten().any(is_joined) {
            self.joined.set(self.joined.get() + 1);
            return None;
        }
        let all = self.told(self.assembled(&rows));
        let is_other = || (one.1 != all.1).then(|| format!("{:#}\nis not\n{:#}", all.1, one.1));
        difference(&all.0, &one.0).or_else(is_other)
    }
}

/// Removes what depends on the number of items: streams, and how a connection was put together.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            ["tcp_stream", "filter", "continuity", "captures"].iter().for_each(|field| _ = fields.remove(*field));
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

fn captured(packets: Vec<Vec<u8>>) -> Vec<Captured> {
    let packet = |(data, number): (Vec<u8>, i64)| Captured {
        time: Timestamp::from_nanos(number * 1000),
        link_type: LinkType::ETHERNET,
        length: data.len() as u32,
        data,
    };
    packets.into_iter().zip(1..).map(packet).collect()
}

/// Returns the indices at which a capture is cut into so many items.
fn even(packets: usize, items: usize) -> Vec<usize> {
    (1..items).map(|item| packets * item / items).filter(|at| *at > 0 && *at < packets).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn conversations_in_items_are_those_of_one_run(
        conversations in conversations(),
        size in prop::option::of(cut()),
        (shuffle, duplicate, seed) in any::<(bool, bool, u64)>(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        halo in prop_oneof![Just(0), 1usize..20, Just(usize::MAX / 2)],
    ) {
        let packets = captured(packets(
            &conversations,
            Change { cut: size.flatten(), shuffle, duplicate, seed, ..Change::default() },
        ));
        let cuts: Vec<_> = places.iter().map(|place| place.index(packets.len())).collect();
        let archive = Archive { halo, ..Archive::new(&packets) };
        let difference = archive.difference(&archive.told(archive.at_once()), &cuts);
        prop_assert!(difference.is_none(), "{cuts:?}, {halo}: {}", difference.unwrap_or_default());
    }
}

/// Asserts that fixtures give the same in items, each number of which is read with a halo of so many packets.
fn fixtures_are_the_same(is_wanted: impl Fn(&str, &Option<Vec<u8>>) -> bool, cases: &[(usize, usize)]) {
    let (mut faults, mut checked, mut joined) = (Vec::new(), 0, 0);
    for (name, path) in fixtures() {
        let keys = std::fs::read(path.with_file_name("keys.log")).ok();
        if !is_wanted(&name, &keys) {
            continue;
        }
        checked += 1;
        let packets = packets_of(&path);
        let mut source = capture::open(std::slice::from_ref(&path)).unwrap();
        while source.advance().unwrap() {}
        let summary = Summary { path: "c".to_owned(), runs: Vec::new(), ..source.summaries().remove(0) };
        let mut archive = Archive { summary, keys, ..Archive::new(&packets) };
        let one = archive.told(archive.at_once());
        for (items, halo) in cases {
            archive.halo = *halo;
            if let Some(difference) = archive.difference(&one, &even(packets.len(), *items)) {
                let difference: String = difference.chars().take(600).collect();
                faults.push(format!("{name} in {items} items: {difference}"));
            }
        }
        joined += u32::from(archive.joined.get() > 0);
    }
    assert!(checked > 30 && joined < 3, "{checked}, {joined}");
    assert!(faults.is_empty(), "{}: {}", faults.len(), faults.join("\n"));
}

#[test]
fn every_fixture_in_items_is_that_of_one_run() {
    fixtures_are_the_same(|_, keys| keys.is_none(), &[(1, 0), (2, 0), (3, 5), (7, 0)]);
}

#[test]
fn every_decrypted_fixture_in_items_is_that_of_one_run() {
    // Where sequence numbers have to be searched for, a limit on that would decide; without one, it takes minutes.
    let is_searched = |name: &str| ["late", "middle_lost"].iter().any(|part| name.contains(part));
    fixtures_are_the_same(|name, keys| keys.is_some() && !is_searched(name), &[(3, 5)]);
}

/// All packets that facts name have other numbers if others were captured before them, and nothing else has.
#[test]
fn each_packet_of_facts_is_visited() {
    const BEFORE: u64 = 1_000_000;
    for (name, path) in fixtures() {
        let packets = packets_of(&path);
        let keys = std::fs::read(path.with_file_name("keys.log")).ok();
        let archive = Archive { keys, ..Archive::new(&packets) };
        let facts = |before: u64| {
            let (mut analyzer, mut collection) = (archive.analyzer(), Collection::default());
            for packet in archive.numbered(0) {
                analyzer.push(&Packet { number: packet.number + before, ..packet }, &mut collection);
            }
            analyzer.finish(&mut collection);
            let collected = collection.finish();
            collected.facts.iter().chain(collected.outside).collect::<Vec<_>>()
        };
        let (mut moved, later) = (facts(0), facts(BEFORE));
        for facts in &mut moved {
            facts.each_seen(&mut |seen: &mut Seen| seen.packet += BEFORE);
        }
        let difference = difference(&told(&moved), &told(&later));
        assert!(difference.is_none(), "{name}: {}", difference.unwrap_or_default());
    }
}

/// Of parts that were too long to be recorded, the codes, the sides and the opening are still known.
#[test]
fn parts_that_were_not_recorded_are_joined() {
    for name in ["closed_normally", "idle_timeout", "ping_unanswered", "proxy_cut", "many", "still_open"] {
        let packets = packets_of(&fixture(name));
        let archive = Archive { unrecorded: true, ..Archive::new(&packets) };
        let rows = archive.rows(&even(packets.len(), 2));
        let (one, all) = (archive.report(archive.at_once()), archive.report(archive.assembled(&rows)));
        let told = |report: &Value| {
            let connections = report["connections"].as_array().unwrap().clone();
            connections
                .iter()
                .map(|one| {
                    [&one["client"], &one["handshake"]["status"], &one["ending"], &one["closed_by"]]
                        .map(Value::to_string)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&all), told(&one), "{name}");
    }
}

/// A connection that says more than is recorded has the opening, the codes, the sides and the rule of one run, and nearly all
/// of its counts.
#[test]
fn a_connection_with_much_traffic_is_joined() {
    let message = |(number, side)| {
        let payload = format!("{number:05} {}", "and so on ".repeat(60));
        let what = What::Message { text: true, payload, cuts: Vec::new(), compressed: false, ping_inside: false };
        Act { side, unaware: false, what }
    };
    let sides = [Side::Server, Side::Server, Side::Client].into_iter().cycle();
    let acts: Vec<_> = (0..2500).zip(sides).map(message).collect();
    let end = End::Close { by: Side::Server, code: Some(1001), reason: "restarting".to_owned(), answered: true };
    let conversation = Conversation { deflate: false, padding: 0, acts, end };
    let packets = captured(packets(&[conversation], Change::default()));
    let archive = Archive::new(&packets);
    let one = archive.report(archive.at_once());
    for items in [2, 3] {
        let all = archive.report(archive.assembled(&archive.rows(&even(packets.len(), items))));
        let (one, all) = (&one["connections"][0], &all["connections"][0]);
        for field in ["opened", "ended", "closed_by", "ending", "closes", "endpoint_codes", "handshake"] {
            assert_eq!(all[field], one[field], "{field} of {items} items");
        }
        assert_eq!(all["verdict"]["rule"], one["verdict"]["rule"]);
        assert!(all["visibility"].as_array().unwrap().contains(&"joined_parts".into()), "{all:#}");
        for side in ["client", "server"] {
            let frames = |report: &Value| report["traffic"][side]["frames"].as_u64().unwrap();
            let lost = frames(one) - frames(all);
            assert!(lost < 3 * items as u64, "{side}: {lost} frames lost");
        }
    }
}

/// What is missing is missing, as in one run over the other files.
#[test]
fn without_an_item_there_is_what_one_run_over_the_others_shows() {
    for name in ["many", "reconnect_storm", "idle_timeout"] {
        let packets = packets_of(&fixture(name));
        let cuts = even(packets.len(), 3);
        let archive = Archive::new(&packets);
        let mut rows = archive.rows(&cuts);
        rows.remove(1);
        let remaining: Vec<_> = [&packets[..cuts[0]], &packets[cuts[1]..]].concat();
        let others = Archive::new(&remaining);
        let mut assembly = Assembly::new(archive.analyzer(), Collection::default());
        let envelopes = || rows.iter().flatten().map(|row| Envelope::decode(&row.facts).unwrap());
        envelopes().for_each(|envelope| assembly.cover(Some("a"), envelope));
        envelopes().for_each(|envelope| assembly.add(Some("a"), envelope).unwrap());
        let (collection, _) = assembly.finish();
        assert_eq!(others.report(collection), others.report(others.at_once()), "{name}");
    }
}

#[test]
fn rows_of_another_version_are_refused() {
    let envelope = Envelope { from: None, content: Content::Coverage(Coverage::default()) };
    let mut bytes = envelope.encode();
    assert!(Envelope::decode(&bytes).is_ok());
    bytes[0] += 1;
    let error = Envelope::decode(&bytes).unwrap_err().to_string();
    assert!(error.contains("version 2"), "{error}");
    assert!(Envelope::decode(&[]).is_err());
    assert!(Envelope::decode(&[1, 77]).is_err());
}
