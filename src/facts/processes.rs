//! The processes at the ends of a connection.

use std::sync::Arc;

use crate::capture::{AttributedEnd, Attribution, Process};
use crate::side::{PerSide, Side};

/// The processes that the capture names at the ends of a connection: the first one of each.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Processes {
    /// Those whose side is known.
    pub sides: PerSide<Option<Arc<Process>>>,
    /// One whose side is not known.
    pub either: Option<Arc<Process>>,
}

impl Processes {
    /// Takes the process that a packet of `side` is said to belong to.
    pub(super) fn add(&mut self, side: Side, attribution: &Attribution) {
        let of = match attribution.end {
            AttributedEnd::Source => &mut self.sides[side],
            AttributedEnd::Destination => &mut self.sides[!side],
            AttributedEnd::Client => &mut self.sides.client,
            AttributedEnd::Server => &mut self.sides.server,
            AttributedEnd::Either => &mut self.either,
        };
        of.get_or_insert_with(|| Arc::clone(&attribution.process));
    }

    /// Swaps the sides.
    pub(super) fn swap(&mut self) {
        self.sides.swap();
    }
}
