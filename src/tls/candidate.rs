//! Keys that may be those of a record.

use super::keys::Known;
use super::protection::{Opened, Protection};
use super::record::Record;
use super::schedule::{Secret, Traffic};
use super::search::{self, Range};
use super::suite::Suite;

/// Keys that may open records.
#[derive(Debug)]
pub struct Candidate {
    /// The keys.
    pub(super) protection: Protection,
    /// The suite, and the raw keys in TLS 1.3.
    suite: &'static Suite,
    traffic: Option<Traffic>,
    /// The secret that they come from.
    known: Known,
}

impl Candidate {
    /// Creates the keys of TLS 1.3; `None` if the secret is not one of the suite.
    pub fn tls13(suite: &'static Suite, known: Known) -> Option<Self> {
        let traffic = known.secret.traffic(suite)?;
        Some(Self { protection: Protection::tls13(suite, &traffic)?, suite, traffic: Some(traffic), known })
    }

    /// Creates keys of an older version from those of its key block.
    pub const fn before_tls13(suite: &'static Suite, protection: Protection, known: Known) -> Self {
        Self { protection, suite, traffic: None, known }
    }

    /// Returns the suite.
    pub const fn suite(&self) -> &'static Suite {
        self.suite
    }

    /// Returns the secret that the keys come from.
    pub const fn known(&self) -> Known {
        self.known
    }

    /// Searches for the sequence number of a record.
    pub fn find(&self, record: Record<'_>, range: Range, left: &mut u64, out: &mut [u8]) -> Option<(u64, Opened)> {
        search::find(self.keys(), record, range, left, out)
    }

    /// Returns whether the keys open a record as the first one of its direction.
    pub fn opens_first(&self, record: Record<'_>, out: &mut [u8]) -> bool {
        self.protection.open(0, record, out).is_some()
    }

    fn keys(&self) -> search::Keys<'_> {
        let tls13 = self.traffic.as_ref().map(|traffic| (self.suite, traffic));
        search::Keys { protection: &self.protection, tls13 }
    }

    /// Returns the keys after a KeyUpdate.
    pub(super) fn next(&self) -> Option<Self> {
        self.traffic.as_ref()?;
        let secret: Secret = self.known.secret.next(self.suite.hash)?;
        Self::tls13(self.suite, Known { secret, origin: self.known.origin })
    }
}
