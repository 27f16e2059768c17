//! The connections of a report, shortened to what a document shows of them: of most, only a row of its table. This is
//! for captures of a hundred thousand connections.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::Connection;
use super::document::{Extent, Tone};
use super::handshake::Handshake;
use super::selection::Selection;
use crate::ending::Kind;

/// The values that connections have in common if a document shows the same cause for them.
type Group = (Kind, Option<u16>, Option<String>, &'static str, Cow<'static, str>);

/// The first connections stay whole: the HTML page has the details of that many.
const WHOLE: usize = 500;

/// Tells the connections of which a document shows more than a row from the others: they are the first ones of each severity,
/// and the first of each group; in an order that was asked for, they may be any.
pub struct Told<'s> {
    selection: &'s Selection,
    matching: usize,
    /// The number of those that are shown, by their severity.
    shown: [usize; 3],
    groups: HashMap<Group, usize, RandomState>,
}

impl<'s> Told<'s> {
    /// Begins with the first connection of a report.
    pub fn new(selection: &'s Selection) -> Self {
        Self { selection, matching: 0, shown: [0; 3], groups: HashMap::default() }
    }

    /// Returns whether a document shows more than a row of the next connection.
    pub fn is_next(&mut self, connection: &Connection) -> bool {
        let Extent { examples, .. } = Extent::default();
        if !self.selection.is_in_order() {
            return true;
        }
        let (matches, shows) = (self.selection.matches(connection), self.selection.shows(connection));
        self.matching += usize::from(matches);
        if !shows {
            return matches && self.matching <= WHOLE;
        }
        let shown = match Tone::of(connection.ending, connection.is_normal()) {
            Tone::Bad => &mut self.shown[0],
            Tone::Neutral => &mut self.shown[1],
            Tone::Good => &mut self.shown[2],
        };
        *shown += 1;
        let is_first = *shown <= WHOLE;
        let verdict = &connection.verdict;
        let (code, registry) = (connection.code(), connection.registry.clone());
        let of_group = self.groups.entry((connection.ending, code, registry, verdict.rule.name, verdict.fix.clone()));
        let of_group = of_group.or_default();
        *of_group += 1;
        *of_group <= examples || is_first || self.matching <= WHOLE
    }
}

/// Collects connections as they are judged. Those of which a document of the selection shows more than a row stay
/// whole.
pub struct Brief<'s> {
    told: Told<'s>,
    #[expect(clippy::vec_box, reason = "the type that a report has")]
    connections: Vec<Box<Connection>>,
}

impl<'s> Brief<'s> {
    /// Creates an empty collection.
    pub fn new(selection: &'s Selection) -> Self {
        Self { told: Told::new(selection), connections: Vec::new() }
    }

    /// Adds the next connection, shortened if a document shows only a row of it.
    pub fn add(&mut self, mut connection: Box<Connection>) {
        if !self.told.is_next(&connection) {
            shorten(&mut connection);
        }
        self.connections.push(connection);
    }

    /// Returns all connections, in their order.
    pub fn into_connections(self) -> Vec<Box<Connection>> {
        self.connections
    }
}

/// Drops everything except what a row shows, and what connections are grouped, counted and selected by.
fn shorten(connection: &mut Connection) {
    let Handshake { target, path, status, seen, .. } = &mut *connection.handshake;
    *connection.handshake = Handshake {
        seen,
        packet: None,
        method: None,
        target: target.take(),
        path: path.take(),
        query: None,
        host: None,
        origin: None,
        status: *status,
        subprotocol: None,
        extensions: Vec::new(),
        user_agent: None,
        server: None,
        problems: Vec::new(),
    };
    connection.original = None;
    connection.community_id = String::new();
    connection.registry_shown_by = Vec::new();
    for close in &mut connection.closes {
        (close.name, close.time) = Default::default();
    }
    connection.findings = Vec::new();
    connection.violations = Vec::new();
    connection.timeline = Box::default();
    let verdict = &mut connection.verdict;
    (verdict.packets, verdict.filter, verdict.evidence) = Default::default();
    (verdict.summary, verdict.cause) = Default::default();
}
