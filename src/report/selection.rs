//! Which connections of a report are shown.

use super::{Connection, Report};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Connections that ended as they should, too.
    pub all: bool,
    /// Only these numbers, if any.
    pub ids: Vec<usize>,
    /// Only those in which one of these codes occurred, if any.
    pub codes: Vec<u16>,
}

impl Selection {
    /// Whether a connection is one of those asked for by number or code.
    pub fn matches(&self, connection: &Connection) -> bool {
        (self.ids.is_empty() || self.ids.contains(&connection.id))
            && (self.codes.is_empty() || self.codes.iter().any(|code| connection.has_code(*code)))
    }

    /// Whether it was asked for by number or code.
    pub fn is_narrow(&self) -> bool {
        !self.ids.is_empty() || !self.codes.is_empty()
    }

    /// Whether a connection is shown to a reader: those that ended as they should only when asked for.
    pub fn shows(&self, connection: &Connection) -> bool {
        self.matches(connection) && (self.all || self.is_narrow() || !connection.is_normal())
    }

    /// Leaves only what was asked for by number or code.
    pub fn narrow(&self, report: &mut Report) {
        report.connections.retain(|connection| self.matches(connection));
    }
}
