//! Selects the connections of a report that are shown.

use std::collections::BTreeSet;

use super::{Connection, Report};

/// The connections that the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Also shows connections that ended as they should.
    pub all: bool,
    /// Shows only these numbers, if not empty.
    pub ids: BTreeSet<usize>,
    /// Shows only connections closed with one of these codes on the wire ([`Connection::code`]), if not empty.
    pub codes: Vec<u16>,
    /// Shows only connections of which an endpoint's API reports one of these codes, if not empty.
    pub reported: Vec<u16>,
}

impl Selection {
    /// Returns whether a connection is among those asked for by number or code.
    pub fn matches(&self, connection: &Connection) -> bool {
        (self.ids.is_empty() || self.ids.contains(&connection.id))
            && (self.codes.is_empty() || connection.code().is_some_and(|code| self.codes.contains(&code)))
            && (self.reported.is_empty() || self.reported.iter().any(|code| connection.is_reported(*code)))
    }

    /// Returns whether connections were asked for by number or code.
    pub fn is_narrow(&self) -> bool {
        !self.ids.is_empty() || !self.codes.is_empty() || !self.reported.is_empty()
    }

    /// Returns whether a connection is shown to a reader: those that ended as they should only when asked for.
    pub fn shows(&self, connection: &Connection) -> bool {
        self.matches(connection) && (self.all || self.is_narrow() || !connection.is_normal())
    }

    /// Removes the connections that were not asked for by number or code. Encrypted ones have neither.
    pub fn narrow(&self, report: &mut Report) {
        report.connections.retain(|connection| self.matches(connection));
        if self.is_narrow() {
            report.encrypted.clear();
        }
    }
}
