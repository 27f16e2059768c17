//! What the page distinguishes by colour: the same four kinds of ends in tiles, bars, chart and table.

use crate::ending::Kind;
use crate::report::Connection;

/// The kind of a connection's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// It ended as it should not.
    Bad,
    /// It was never established.
    Refused,
    /// It is still open.
    Open,
    /// It ended as it should.
    Good,
}

impl Look {
    /// All kinds, the worst first.
    pub(super) const ALL: [Self; 4] = [Self::Bad, Self::Refused, Self::Open, Self::Good];

    /// Returns the kind of a connection's end.
    pub(super) fn of(connection: &Connection) -> Self {
        match connection.ending {
            _ if connection.is_normal() => Self::Good,
            Kind::Open => Self::Open,
            Kind::Refused | Kind::NoAnswer => Self::Refused,
            Kind::CloseHandshake | Kind::CloseUnanswered => Self::Bad,
            Kind::Fin | Kind::Reset | Kind::EndStream | Kind::StreamReset => Self::Bad,
        }
    }

    /// Returns its place in [`Self::ALL`].
    pub(super) const fn number(self) -> usize {
        self as usize
    }

    /// Returns its class in the style sheet, which is its name in the words, too.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Refused => "refused",
            Self::Open => "open",
            Self::Good => "good",
        }
    }
}
