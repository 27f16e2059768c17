//! The table of connections.

use std::time::Duration;

use super::{COLUMNS, Clock, Row, Subject, Table, Tone, Writer};
use crate::ending::Kind;
use crate::report::{Connection, phrase};
use crate::side::Side;

impl Writer<'_> {
    pub(super) fn table(&self, connections: &[&Connection]) -> Table {
        let shown = connections.get(..self.extent.rows).unwrap_or(connections);
        let clock = Clock::of(shown.iter().map(|connection| &*connection.opened));
        Table {
            groups: vec![1, 2, 2, 2, 1],
            header: COLUMNS.iter().map(|name| self.word(&format!("column_{name}")).to_owned()).collect(),
            rows: shown.iter().map(|connection| self.row(connection, clock)).collect(),
        }
    }

    /// Returns the cells of [`COLUMNS`].
    pub(super) fn row(&self, connection: &Connection, clock: Clock) -> Row {
        let request = connection.handshake.target.clone().unwrap_or_default();
        Row {
            tone: match connection.ending {
                _ if connection.is_normal() => Tone::Good,
                Kind::Open => Tone::Neutral,
                _ => Tone::Bad,
            },
            cells: vec![
                connection.id.to_string(),
                clock.write(&connection.opened),
                phrase::duration(Duration::from_secs_f64(connection.lifetime), self.language),
                format!("{} → {}", connection.client, connection.server),
                request,
                connection
                    .closed_by
                    .map_or(self.word("nobody"), |side| {
                        self.word(if side == Side::Client { "client" } else { "server" })
                    })
                    .to_owned(),
                self.how(connection),
                connection.verdict.title.to_string(),
            ],
        }
    }

    /// Describes the end of a connection, for a narrow cell.
    fn how(&self, connection: &Connection) -> String {
        match (Subject::of(connection), connection.ending) {
            (Subject::Code(code), _) => format!("{code} {}", self.name(connection, code)),
            (Subject::NoCode, _) => self.word("cell_no_code").to_owned(),
            (Subject::NoClose, Kind::Reset) => self.word("cell_reset").to_owned(),
            (Subject::NoClose, _) => self.word("cell_fin").to_owned(),
            (Subject::Open, _) => self.word("cell_open").to_owned(),
            (Subject::Refused, Kind::NoAnswer) => self.word("cell_no_answer").to_owned(),
            (Subject::Refused, _) => match connection.handshake.status {
                Some(status) => self.fill("cell_refused", &[("status", &status.to_string())]),
                None => self.word("cell_refused_tls").to_owned(),
            },
        }
    }
}
