//! The causes for which connections ended, the most frequent first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::clock::in_order;
use super::{Block, Clock, Connection, Row, Table, Tone, Writer};
use crate::report::phrase::number;
use crate::report::selection::without_port;
use crate::side::Side;

/// The columns of the table of causes.
const COLUMNS: [&str; 9] = ["cause", "code", "closed_by", "count", "servers", "clients", "first", "last", "example"];

/// Connections that ended in the same way and for the same reason.
struct Cause<'r> {
    /// The connections, in the order of the report. There is at least one.
    connections: Vec<&'r Connection>,
    /// The way they ended, as in the table of connections.
    how: String,
}

impl Writer<'_> {
    /// Returns the table of causes, and a remark on those that it leaves out. A single connection is its own cause: then
    /// there is none.
    pub(super) fn causes_table(&self, shown: &[&Connection]) -> Vec<Block> {
        if shown.len() < 2 {
            return Vec::new();
        }
        let causes = self.causes(shown);
        let most = causes.get(..self.extent.causes).unwrap_or(&causes);
        let clock = self.clock.of(most.iter().flat_map(Cause::times));
        let table = Table {
            groups: vec![1, 2, 1, 2, 3],
            header: self.header(&COLUMNS),
            rows: most.iter().map(|cause| self.cause_row(cause, clock)).collect(),
        };
        let rest = causes.get(most.len()..).unwrap_or_default();
        let connections = rest.iter().map(|cause| cause.connections.len()).sum::<usize>();
        let remark = (!rest.is_empty()).then(|| {
            let values = [("connections", &*number(connections as u64, self.language))];
            Block::Remark(self.counted("more_causes", rest.len(), &values))
        });
        [Block::Causes(table)].into_iter().chain(remark).collect()
    }

    /// Groups connections by what a row says of their ends. Of causes that are equally frequent, the one met first comes
    /// first.
    fn causes<'r>(&self, connections: &[&'r Connection]) -> Vec<Cause<'r>> {
        let mut places: HashMap<(&str, String, Option<Side>), usize> = HashMap::new();
        let mut causes: Vec<Cause<'r>> = Vec::new();
        for &connection in connections {
            let how = self.how(connection);
            let key = (&*connection.verdict.title, how.clone(), connection.closed_by);
            let place = *places.entry(key).or_insert(causes.len());
            match causes.get_mut(place) {
                Some(cause) => cause.connections.push(connection),
                None => causes.push(Cause { connections: vec![connection], how }),
            }
        }
        causes.sort_by_key(|cause| Reverse(cause.connections.len()));
        causes
    }

    /// Returns the cells of [`COLUMNS`].
    fn cause_row(&self, cause: &Cause<'_>, clock: Clock<'_>) -> Row {
        let distinct = |name: fn(&Connection) -> &str| {
            let names: BTreeSet<_> = cause.connections.iter().map(|connection| name(connection)).collect();
            number(names.len() as u64, self.language)
        };
        let [first, last] = [cause.times().min_by_key(in_order), cause.times().max_by_key(in_order)];
        let of = cause.connections.first().copied();
        Row {
            tone: of.map_or(Tone::Neutral, |of| Tone::of(of.ending, of.is_normal())),
            cells: vec![
                of.map_or_else(String::new, |connection| connection.verdict.title.to_string()),
                cause.how.clone(),
                of.map_or("", |connection| self.closed_by(connection)).to_owned(),
                number(cause.connections.len() as u64, self.language),
                distinct(|connection| &connection.server),
                // Each connection has a port of its own.
                distinct(|connection| without_port(&connection.client)),
                first.map_or_else(String::new, |time| clock.write(time)),
                last.map_or_else(String::new, |time| clock.write(time)),
                of.map_or_else(String::new, |connection| self.example_of(connection)),
            ],
        }
    }

    /// Names a connection, the first packet of its proof, and its file if there are several captures.
    fn example_of(&self, connection: &Connection) -> String {
        let packet = connection.verdict.packets.first();
        let packet = packet.map(|packet| self.fill("proof_one", &[("packets", &packet.to_string())]));
        let id = format!("#{}", connection.id);
        let parts = [Some(id), packet, connection.file.as_deref().map(str::to_owned)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl<'r> Cause<'r> {
    /// Returns the times at which the connections ended; of those that are open, when they were opened.
    fn times(&self) -> impl Iterator<Item = &'r str> {
        self.connections.iter().map(|connection| connection.ended.as_deref().unwrap_or(&connection.opened))
    }
}
