//! The connections that a report is to have, of all that inform its rules.

use crate::facts::Facts;
use crate::seen::Timestamp;

/// The period in which the last packet of a connection lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within {
    /// The first moment; `None` without a beginning.
    pub from: Option<Timestamp>,
    /// The moment behind the last one; `None` without an end.
    pub to: Option<Timestamp>,
}

impl Within {
    /// Returns whether the last packet of a connection lies in the period.
    pub(super) fn has(&self, facts: &Facts) -> bool {
        let last =
            facts.rare.continuity.as_ref().map_or(facts.last.time, |continuity| continuity.last.max(facts.last.time));
        self.from.is_none_or(|from| last >= from) && self.to.is_none_or(|to| last < to)
    }
}
