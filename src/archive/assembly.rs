//! The assembly of what all work items have seen.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use super::chain::Chains;
use super::{Content, Coverage, Envelope};
use crate::analyzer::{Analyzer, Part};
use crate::capture::Summary;
use crate::facts::Facts;
use crate::report::Collection;
use crate::seen::{Sights, Timestamp};
use crate::sink::Sink;
use crate::tcp::Endpoints;

/// Members of any number of work items and sensors, as they are put together. All coverages have to be added first.
pub struct Assembly {
    sensors: BTreeMap<Option<String>, Sensor>,
    collection: Collection,
    analyzer: Analyzer,
}

/// What is known of one sensor.
#[derive(Default)]
struct Sensor {
    /// The number among the sensors.
    capture: u32,
    items: BTreeMap<Option<Timestamp>, Coverage>,
    /// The number of packets before each item; empty until the first member is added.
    before: BTreeMap<Option<Timestamp>, u64>,
    parts: Vec<(u64, Part)>,
    wholes: Vec<(Endpoints, u64)>,
    streams: Streams,
}

/// Numbers for the TCP connections of all items.
#[derive(Default)]
pub(super) struct Streams {
    numbers: HashMap<(Option<Timestamp>, u32), u32, RandomState>,
    count: u32,
}

/// The error of a member whose item has no coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the row on the files of its work item is missing; it has to come before the item's connections")]
pub struct Uncovered;

impl Streams {
    /// Returns the number of an item's stream.
    fn number(&mut self, from: Option<Timestamp>, stream: u32) -> u32 {
        let Self { numbers, count } = self;
        *numbers.entry((from, stream)).or_insert_with(|| {
            *count += 1;
            *count - 1
        })
    }

    /// Returns the number of a stream that is put together from parts.
    pub fn next(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }
}

impl Assembly {
    /// Creates an empty assembly, which puts connections into an empty collection, and replays parts with the keys of an
    /// analyzer.
    pub fn new(analyzer: Analyzer, collection: Collection) -> Self {
        Self { sensors: BTreeMap::new(), collection, analyzer }
    }

    /// Adds a coverage, and ignores any other content.
    pub fn cover(&mut self, sensor: Option<&str>, envelope: Envelope) {
        if let Content::Coverage(coverage) = envelope.content {
            let sensor = self.sensors.entry(sensor.map(str::to_owned)).or_default();
            sensor.items.insert(envelope.from, coverage);
            sensor.before.clear();
        }
    }

    /// Adds a member of an item; a coverage is ignored.
    pub fn add(&mut self, sensor: Option<&str>, envelope: Envelope) -> Result<(), Uncovered> {
        let Envelope { from, content } = envelope;
        if matches!(content, Content::Coverage(_)) {
            return Ok(());
        }
        if self.sensors.values().any(|sensor| sensor.before.is_empty()) {
            self.number();
        }
        let sensor = self.sensors.get_mut(&sensor.map(str::to_owned)).ok_or(Uncovered)?;
        let before = *sensor.before.get(&from).ok_or(Uncovered)?;
        match content {
            Content::Connection(facts) => self.collection.connection(sensor.place(facts, from, before)),
            Content::Outside(facts) => self.collection.outside(sensor.place(facts, from, before)),
            Content::Part(part) => sensor.parts.push((before, *part)),
            Content::Coverage(_) => {}
        }
        Ok(())
    }

    /// Returns the sensors so far.
    pub fn sensors(&self) -> Vec<Option<String>> {
        self.sensors.keys().cloned().collect()
    }

    /// Puts parts together. Returns the connections, and the files of each sensor as those of one capture.
    pub fn finish(mut self) -> (Collection, Vec<Summary>) {
        self.number();
        let mut summaries = Vec::new();
        for sensor in self.sensors.into_values() {
            summaries.extend(sensor.summaries());
            let Sensor { capture, parts, wholes, streams, .. } = sensor;
            let chains = Chains::new(parts, wholes);
            let collection = &mut self.collection;
            chains.finish(&self.analyzer, streams, &mut |mut facts: Box<Facts>, is_outside: bool| {
                facts.capture = capture;
                if is_outside { collection.outside(facts) } else { collection.connection(facts) }
            });
        }
        (self.collection, summaries)
    }

    /// Numbers the sensors and their items.
    fn number(&mut self) {
        for (sensor, capture) in self.sensors.values_mut().zip(0..) {
            sensor.capture = capture;
            let mut before = 0;
            for (from, coverage) in &sensor.items {
                sensor.before.insert(*from, before);
                before = before.saturating_add(coverage.packets);
            }
        }
    }
}

impl Sensor {
    /// Gives facts of an item their place among those of all.
    fn place(&mut self, mut facts: Box<Facts>, from: Option<Timestamp>, before: u64) -> Box<Facts> {
        facts.each_seen(&mut |seen| seen.packet = seen.packet.saturating_add(before));
        facts.stream = self.streams.number(from, facts.stream);
        facts.capture = self.capture;
        let key = facts.endpoints();
        self.wholes.push((key, facts.first.packet));
        facts
    }

    /// Returns the files, each once, in the order in which they were read.
    fn summaries(&self) -> Vec<Summary> {
        let mut all: Vec<Summary> = Vec::new();
        let mut places = HashMap::<&str, usize, RandomState>::default();
        for (from, coverage) in &self.items {
            let before = self.before.get(from).copied().unwrap_or_default();
            for file in &coverage.files {
                let at = *places.entry(&file.path).or_insert_with(|| {
                    all.push(Summary { capture: self.capture, ..Summary::default() });
                    all.len() - 1
                });
                all.get_mut(at).into_iter().for_each(|summary| file.add_to(summary, before));
            }
        }
        all
    }
}
