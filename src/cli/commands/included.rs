//! The connections of a bundle.

use std::collections::HashSet;

use whyclosed::catalog::Language;
use whyclosed::facts::Id;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Connection, Encrypted, NamesPackets};
use whyclosed::slice::{Origin, Verdicts, Wanted};

/// A connection's number in the report.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// Its identity in the capture.
    pub of: Id,
    /// Its number in the report.
    pub id: usize,
}

/// The connections that a bundle includes, as they become known while all are judged: those that the report shows, and the
/// other leg of each through a proxy, of which verdicts name packets.
pub struct Included<'s> {
    selection: &'s Selection,
    language: Language,
    /// True if a connection may be the other leg of one that is seen from outside.
    may_be_behind: bool,
    chosen: HashSet<Id>,
    legs: HashSet<usize>,
    /// The verdicts on those that are shown.
    pub verdicts: Verdicts,
    /// The packets that the report names of all that may be included.
    pub named: Vec<u64>,
    /// The numbers of these connections.
    pub numbers: Vec<Number>,
    /// The connections, once all of them are known.
    pub wanted: Wanted,
}

impl<'s> Included<'s> {
    /// Includes nothing yet of a capture; `has_outside` says whether connections are seen from outside in it.
    pub fn new(selection: &'s Selection, has_outside: bool, language: Language) -> Self {
        Self {
            selection,
            language,
            may_be_behind: has_outside,
            chosen: HashSet::new(),
            legs: HashSet::new(),
            verdicts: Verdicts::default(),
            named: Vec::new(),
            numbers: Vec::new(),
            wanted: Wanted::default(),
        }
    }

    /// Takes the next connection that was judged.
    pub fn add(&mut self, connection: &mut Connection) {
        let is_shown = self.selection.shows(connection);
        if is_shown {
            self.chosen.insert(connection.identity());
            self.legs.extend(connection.other_leg);
            self.verdicts.add(connection, self.language);
        }
        if is_shown || connection.other_leg.is_some() || self.may_be_behind {
            self.numbers.push(Number { of: connection.identity(), id: connection.id });
            connection.each_packet(&mut |packet| self.named.push(*packet));
        }
    }

    /// Takes the connections that are seen from outside. They are shown like the others, but only if all were asked for.
    pub fn add_encrypted(&mut self, encrypted: &mut [Encrypted]) {
        let Self { selection, .. } = *self;
        let is_shown = |encrypted: &&mut Encrypted| selection.all || !encrypted.is_normal();
        for encrypted in encrypted.iter_mut().filter(|_| !selection.is_narrow()).filter(is_shown) {
            self.chosen.insert(encrypted.identity());
            let findings = encrypted.findings.iter().chain([&*encrypted.verdict]);
            let legs = findings.filter_map(|finding| finding.evidence.get("other_leg")?.as_u64());
            self.legs.extend(legs.filter_map(|leg| usize::try_from(leg).ok()));
            encrypted.each_packet(&mut |packet| self.named.push(*packet));
        }
    }

    /// Completes the connections: these are the origins of all.
    pub fn with_origins(mut self, origins: Vec<Origin>) -> Self {
        let legs = self.numbers.iter().filter(|number| self.legs.contains(&number.id));
        self.chosen.extend(legs.map(|number| number.of));
        let origins = origins.into_iter().filter(|origin| self.chosen.contains(&origin.id));
        origins.for_each(|origin| self.wanted.add(origin));
        self
    }
}
