//! The report that is shown, and what is known of all its connections together.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use unicode_width::UnicodeWidthStr;

use super::filter::searched;
use super::list::ORDERS;
use crate::catalog::Language;
use crate::report::document::{Precision, Tone, headline};
use crate::report::{Connection, Report};

/// A report, and its connections in groups.
pub(super) struct Contents {
    pub report: Report,
    /// The causes of the ends, as their titles.
    pub causes: Groups,
    /// The columns of the widest title.
    pub widest_cause: usize,
    /// The columns of the widest pair of endpoints.
    pub widest_ends: usize,
    /// The servers, as their addresses.
    pub servers: Groups,
    /// The answer, in a sentence.
    pub headline: String,
    /// The form of the times of all connections.
    pub precision: Precision,
    /// The texts in which words of the filter are looked for.
    texts: Texts,
    /// The keys of each connection in all of [`ORDERS`].
    keys: Vec<[u128; ORDERS.len()]>,
}

/// The texts of all connections, one behind another: a search for a word reads them in the order of memory.
#[derive(Default)]
struct Texts {
    all: String,
    /// The end of each connection's text.
    ends: Vec<usize>,
}

/// Groups of connections.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub names: Vec<Group>,
    /// The group of each connection.
    pub of: Vec<u32>,
}

/// A group of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub name: String,
    /// The severity of its first connection.
    pub tone: Tone,
}

impl Contents {
    /// Groups the connections of a report.
    pub(super) fn new(report: Report, language: Language) -> Self {
        let connections = || report.connections.iter().map(AsRef::as_ref);
        let precision = report.clock().of(connections().map(|connection| &*connection.opened)).precision();
        let causes = Groups::new(connections(), |connection| &connection.verdict.title);
        let keys = connections().map(|connection| ORDERS.map(|(order, _)| order.key(connection))).collect();
        let mut texts = Texts::default();
        for connection in connections() {
            searched(connection, &mut texts.all);
            texts.ends.push(texts.all.len());
        }
        Self {
            widest_cause: causes.names.iter().map(|group| group.name.width()).max().unwrap_or_default(),
            widest_ends: connections().map(|one| one.client.width() + one.server.width()).max().unwrap_or_default() + 3,
            causes,
            servers: Groups::new(connections(), |connection| &connection.server),
            headline: headline(&report, language),
            precision,
            report,
            texts,
            keys,
        }
    }

    pub(super) fn connection(&self, at: u32) -> Option<&Connection> {
        self.report.connections.get(at as usize).map(AsRef::as_ref)
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = (u32, &Connection)> {
        (0..).zip(self.report.connections.iter().map(AsRef::as_ref))
    }

    /// Returns the connections in the order with a place in [`ORDERS`].
    pub(super) fn sorted(&self, place: usize) -> Vec<u32> {
        let Some((order, _)) = ORDERS.get(place) else { return Vec::new() };
        let keys = self.keys.iter().filter_map(|keys| keys.get(place).copied());
        let sorted = order.sorted(keys, |at| self.report.connections.get(at).map(AsRef::as_ref));
        sorted.into_iter().map(|at| at as u32).collect()
    }

    /// Returns what free text is looked for in.
    pub(super) fn text(&self, at: u32) -> &str {
        let Texts { all, ends } = &self.texts;
        let end = |at: usize| ends.get(at).copied();
        let start = (at as usize).checked_sub(1).and_then(end).unwrap_or_default();
        end(at as usize).and_then(|end| all.get(start..end)).unwrap_or_default()
    }
}

impl Groups {
    fn new<'c>(connections: impl Iterator<Item = &'c Connection>, name: impl Fn(&'c Connection) -> &'c str) -> Self {
        let (mut places, mut groups) = (HashMap::<&str, u32, RandomState>::default(), Self::default());
        for connection in connections {
            let name = name(connection);
            let next = groups.names.len() as u32;
            let place = *places.entry(name).or_insert(next);
            if place == next {
                let tone = Tone::of(connection.ending, connection.is_normal());
                groups.names.push(Group { name: name.to_owned(), tone });
            }
            groups.of.push(place);
        }
        groups
    }

    /// Returns the number of the group with a name.
    pub(super) fn named(&self, name: &str) -> Option<u32> {
        (0..).zip(&self.names).find(|(_, group)| group.name == name).map(|(at, _)| at)
    }
}
