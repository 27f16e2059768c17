//! The table of connections.

use std::time::Duration;

use super::{COLUMNS, Clock, REASON, Row, Subject, Table, Tone, Writer};
use crate::ending::Kind;
use crate::report::{Connection, Processes, phrase};
use crate::side::Side;

/// The index of the column of files, and that of its group.
const FILE: usize = 5;
const WITH_FILE: usize = 2;

impl Writer<'_> {
    /// Returns the table of connections. The column of reasons is left out if nobody gave one.
    pub(super) fn table(&self, connections: &[&Connection]) -> Table {
        let shown = connections.get(..self.extent.rows).unwrap_or(connections);
        let clock = self.clock.of(shown.iter().map(|connection| &*connection.opened));
        let mut header = self.header(&COLUMNS);
        let mut rows: Vec<_> = shown.iter().map(|connection| self.row(connection, clock)).collect();
        let has_reasons = rows.iter().any(|row| row.cells.get(REASON).is_some_and(|reason| !reason.is_empty()));
        if !has_reasons {
            rows.iter_mut().map(|row| &mut row.cells).chain([&mut header]).for_each(|cells| drop(cells.remove(REASON)));
        }
        let mut table = Table { groups: vec![1, 2, 2, if has_reasons { 3 } else { 2 }, 1], header, rows };
        self.add_files(&mut table, shown.iter().map(|connection| connection.file.as_deref()));
        table
    }

    /// Adds a column with the files of the connections after that of the requests, if there are several captures.
    pub(super) fn add_files<'f>(&self, table: &mut Table, files: impl Iterator<Item = Option<&'f str>> + Clone) {
        if files.clone().all(|file| file.is_none()) {
            return;
        }
        if let Some(group) = table.groups.get_mut(WITH_FILE) {
            *group += 1;
        }
        table.header.insert(FILE, self.word("column_file").to_owned());
        for (row, file) in table.rows.iter_mut().zip(files) {
            row.cells.insert(FILE, file.unwrap_or_default().to_owned());
        }
    }

    /// Returns the cells of [`COLUMNS`].
    pub(super) fn row(&self, connection: &Connection, clock: Clock<'_>) -> Row {
        let request = connection.handshake.target.clone().unwrap_or_default();
        let reason = connection.reason().filter(|reason| !connection.verdict.title.contains(*reason));
        Row {
            tone: Tone::of(connection.ending, connection.is_normal()),
            cells: vec![
                connection.id.to_string(),
                clock.write(&connection.opened),
                phrase::duration(Duration::from_secs_f64(connection.lifetime), self.language),
                between(&connection.processes, &connection.client, &connection.server),
                request,
                self.closed_by(connection).to_owned(),
                self.how(connection),
                reason.map_or_else(String::new, |reason| self.fill("quoted", &[("text", reason)])),
                connection.verdict.title.to_string(),
            ],
        }
    }

    /// Names the side that ended a connection.
    pub(super) fn closed_by(&self, connection: &Connection) -> &'static str {
        match connection.closed_by {
            Some(Side::Client) => self.word("client"),
            Some(Side::Server) => self.word("server"),
            None => self.word("nobody"),
        }
    }

    /// Describes the end of a connection, for a narrow cell.
    pub(super) fn how(&self, connection: &Connection) -> String {
        match (Subject::of(connection), connection.ending) {
            (Subject::Code(code), _) => format!("{code} {}", self.name(connection, code)),
            (Subject::NoCode, _) => self.word("cell_no_code").to_owned(),
            (Subject::NoClose, Kind::Reset) => self.word("cell_reset").to_owned(),
            (Subject::NoClose, Kind::StreamReset) => self.word("cell_stream_reset").to_owned(),
            (Subject::NoClose, Kind::EndStream) => self.word("cell_end_stream").to_owned(),
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

/// Returns the endpoints of a connection, each with the name of its process, if the capture names one.
pub(super) fn between(processes: &Option<Box<Processes>>, client: &str, server: &str) -> String {
    match processes {
        Some(processes) => {
            format!("{} → {}", processes.beside(Side::Client, client), processes.beside(Side::Server, server))
        }
        None => format!("{client} → {server}"),
    }
}
