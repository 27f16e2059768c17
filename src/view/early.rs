//! Connections that are shown before everything has been read.

use crate::catalog::{Language, Registries};
use crate::diagnose::{Case, Fleet, diagnose};
use crate::facts::Facts;
use crate::limits;
use crate::report::redact::{Privacy, Redactor};
use crate::report::{Collection, Connection};
use crate::sink::Sink;

/// A sink that keeps connections for a report, and judges each by itself as soon as it is over. The report gives it another
/// number, and may judge it otherwise: it knows the connections at the same time, too. Beyond the first [`limits::EARLY_CONNECTIONS`] none is judged early.
pub struct Early<T> {
    collection: Collection,
    registries: Registries,
    language: Language,
    redactor: Redactor,
    count: usize,
    tell: T,
}

impl<T: FnMut(Box<Connection>)> Early<T> {
    /// Returns a sink with an empty collection that gives the connections to `tell`.
    pub fn new(registries: Registries, privacy: Privacy, language: Language, tell: T) -> Self {
        let collection = Collection::default();
        Self { collection, registries, language, redactor: Redactor::new(privacy), count: 0, tell }
    }

    /// Goes on with another collection. Returns the one before.
    pub fn exchange(&mut self, collection: Collection) -> Collection {
        std::mem::replace(&mut self.collection, collection)
    }
}

impl<T: FnMut(Box<Connection>)> Sink for Early<T> {
    fn connection(&mut self, facts: Box<Facts>) {
        self.count += 1;
        if self.count <= limits::EARLY_CONNECTIONS {
            self.redactor.meet(&facts);
            let fleet = Fleet::default();
            let case = Case::new(&facts, &fleet, facts.last.time);
            let verdicts = diagnose(&case);
            let Self { registries, language, redactor, .. } = self;
            let connection = Connection::new(self.count, (&case, &verdicts), registries, *language, redactor);
            (self.tell)(Box::new(connection));
        }
        self.collection.connection(facts);
    }

    fn outside(&mut self, facts: Box<Facts>) {
        self.collection.outside(facts);
    }
}
