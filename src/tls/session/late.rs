//! A connection whose handshake is not in the capture: which of the known secrets opens its records, at which sequence
//! number (TLS 1.3 only: before it, keys depend on the server's random, too).

use crate::limits;
use crate::side::Side;
use crate::tls::candidate::Candidate;
use crate::tls::hello::Random;
use crate::tls::keylog::Label;
use crate::tls::keys::{Keys, Unclaimed};
use crate::tls::protection::Opened;
use crate::tls::record::Record;
use crate::tls::search::Range;
use crate::tls::suite::{Suite, SuiteId};

/// The work that may be spent over all connections, in blocks of AES.
#[derive(Debug)]
pub struct Work {
    near: u64,
    far: u64,
}

/// The attempts of one side.
#[derive(Debug, Default)]
pub struct Attempts {
    /// The generation of the keys that were tried, for AES-GCM and for ciphers without a short cut.
    tried: u64,
    tried_slowly: u64,
    /// Long records that were not tried slowly.
    postponed: u32,
}

/// The keys of a side, and what its record contains.
#[derive(Debug)]
pub struct Start {
    /// The client random of the session.
    pub random: Random,
    /// The side whose secret it is. A capture from the middle of a connection does not always show which is which.
    pub side: Side,
    /// The keys.
    pub candidate: Candidate,
    /// The sequence number of the record.
    pub sequence: u64,
    /// The record's contents.
    pub opened: Opened,
}

/// A step of the search: the ciphers and the sequence numbers that are tried.
struct Step {
    is_slow: bool,
    range: Range,
    is_far: bool,
}

/// The cheap steps come first.
const STEPS: [Step; 4] = [
    Step { is_slow: false, range: Range { first: 0, last: limits::TLS_LATE_NEAR }, is_far: false },
    Step { is_slow: true, range: Range { first: 0, last: limits::TLS_LATE_NEAR_SLOW }, is_far: false },
    Step {
        is_slow: false,
        range: Range { first: limits::TLS_LATE_NEAR + 1, last: limits::TLS_LATE_FAR },
        is_far: true,
    },
    Step {
        is_slow: true,
        range: Range { first: limits::TLS_LATE_NEAR_SLOW + 1, last: limits::TLS_LATE_FAR_SLOW },
        is_far: true,
    },
];

impl Default for Work {
    fn default() -> Self {
        Self { near: limits::TLS_LATE_NEAR_WORK, far: limits::TLS_LATE_FAR_WORK }
    }
}

#[cfg(any(test, feature = "internals"))]
impl Work {
    /// Creates a little work.
    pub const fn of(blocks: u64) -> Self {
        Self { near: blocks, far: blocks }
    }
}

impl Attempts {
    /// Tries the secrets of one session, if it is known, or else of all sessions that no connection has claimed, on a
    /// record of `side`. Secrets that have been tried before are not tried again.
    pub fn start(
        &mut self,
        side: Side,
        record: Record<'_>,
        of: Option<&Random>,
        keys: &Keys,
        work: &mut Work,
        out: &mut [u8],
    ) -> Option<Start> {
        let generation = keys.generation();
        // Trying a ciphertext is slow in proportion to its length, so a shorter record is waited for.
        let is_long = record.fragment.len() > limits::TLS_LATE_RECORD && self.postponed < limits::TLS_LATE_POSTPONED;
        let (tried, tried_slowly) = (self.tried, self.tried_slowly);
        self.tried = generation;
        if is_long {
            self.postponed += u32::from(self.tried_slowly < generation);
        } else {
            self.tried_slowly = generation;
        }
        if tried == generation && (is_long || tried_slowly == generation) {
            return None;
        }
        for Step { is_slow, range, is_far } in STEPS {
            if is_slow && is_long {
                continue;
            }
            let secrets = secrets(side, of, keys, if is_slow { tried_slowly } else { tried });
            if is_far && secrets.len() > limits::TLS_LATE_FEW {
                continue;
            }
            let left = if is_far { &mut work.far } else { &mut work.near };
            for Unclaimed { random, label, known } in secrets {
                let Some(suite) = suite(known.secret.bytes().len(), is_slow) else { continue };
                let Some(candidate) = Candidate::tls13(suite, known) else { continue };
                let Some((sequence, opened)) = candidate.find(record, range, left, out) else { continue };
                let side = if label == Label::ClientTraffic { Side::Client } else { Side::Server };
                return Some(Start { random, side, candidate, sequence, opened });
            }
        }
        None
    }
}

/// Returns the secrets to try: first those of the side, then those of the other one.
fn secrets(side: Side, of: Option<&Random>, keys: &Keys, younger_than: u64) -> Vec<Unclaimed> {
    let own = if side == Side::Client { Label::ClientTraffic } else { Label::ServerTraffic };
    let mut secrets: Vec<_> = match of {
        Some(random) if keys.generation() > younger_than => [Label::ClientTraffic, Label::ServerTraffic]
            .into_iter()
            .flat_map(|label| keys.values(random, label).map(move |known| Unclaimed { random: *random, label, known }))
            .collect(),
        Some(_) => Vec::new(),
        None => keys
            .unclaimed(younger_than)
            .filter(|one| matches!(one.label, Label::ClientTraffic | Label::ServerTraffic))
            .take(limits::TLS_LATE_SECRETS)
            .collect(),
    };
    secrets.sort_by_key(|one| one.label != own);
    secrets
}

/// Returns the suite of TLS 1.3 that a secret of this length may belong to.
fn suite(len: usize, is_slow: bool) -> Option<&'static Suite> {
    let suite = match (len, is_slow) {
        (32, false) => SuiteId::TLS_AES_128_GCM_SHA256,
        (48, false) => SuiteId::TLS_AES_256_GCM_SHA384,
        (32, true) => SuiteId::TLS_CHACHA20_POLY1305_SHA256,
        _ => return None,
    };
    suite.suite()
}
