//! From facts to causes.
//!
//! A rule is one mechanism: a predicate over the facts of one connection, in `rules/NAME.rs`, beside `rules/NAME.toml`
//! with its words. NAME is its id everywhere: in the JSON report, in `fixtures/NAME`, on the command line.

pub mod bare;
mod doubt;
pub mod finding;
pub mod fleet;
pub mod goodbye;
pub mod known;
pub mod provoked;
mod rules;
pub mod signals;
pub mod silence;
mod stride;
mod timeout;

pub use finding::{Blame, Confidence, Evidence, Finding, Value};
pub use fleet::{Fleet, Member};
pub use rules::RULES;

use std::sync::OnceLock;

use crate::catalog::Texts;
use crate::ending::{Ending, first_close};
use crate::facts::{Close, Facts};
use crate::seen::Timestamp;

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'f> {
    /// The connection.
    pub facts: &'f Facts,
    /// How it ended.
    pub ending: Ending,
    /// The Close frame that began the end, if one did.
    pub close: Option<&'f Close>,
    /// Time of the capture's last packet.
    pub capture_end: Timestamp,
    /// All connections.
    pub fleet: &'f Fleet,
    /// What the others see of it, once it has ended.
    pub member: Option<&'f Member>,
    /// What the reason of the Close frame that began the end says.
    pub reason: Option<known::Class>,
}

impl<'f> Case<'f> {
    /// The case of one connection among others.
    pub fn new(facts: &'f Facts, fleet: &'f Fleet, capture_end: Timestamp) -> Self {
        let ending = Ending::of(facts);
        let close = ending.by.and_then(|by| first_close(facts, by));
        let reason = close.and_then(|close| known::class_of(&close.reason));
        Self { facts, ending, close, capture_end, fleet, member: fleet.member(facts, &ending), reason }
    }
}

/// One mechanism that ends connections.
#[derive(Debug)]
pub struct Rule {
    /// Its id.
    pub name: &'static str,
    /// Whether it tells a cause, or only how the connection ended.
    pub role: Role,
    /// What its proof rests on beyond the bytes that it names. Where that is in cap_confidence, so is the verdict.
    pub rests_on: &'static [Ground],
    /// Whether it fits, and why.
    detect: fn(&Case<'_>) -> Option<Finding>,
    /// Its words as TOML.
    source: &'static str,
    words: OnceLock<Texts>,
}

impl Rule {
    const fn new(
        name: &'static str,
        role: Role,
        detect: fn(&Case<'_>) -> Option<Finding>,
        source: &'static str,
    ) -> Self {
        Self { name, role, rests_on: &[], detect, source, words: OnceLock::new() }
    }

    const fn resting_on(mut self, rests_on: &'static [Ground]) -> Self {
        self.rests_on = rests_on;
        self
    }

    /// Its words, parsed when they are first needed.
    pub fn words(&self) -> &Texts {
        self.words.get_or_init(|| Texts::parse(self.source))
    }

    fn is_description(&self) -> bool {
        self.role == Role::Description
    }
}

/// Something that a verdict rests on and that a capture may leave in cap_confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Something was not sent: an answer, a pong, an end.
    Silence,
    /// Neither side sent a Close frame. Bytes dropped while capturing leave a gap in the stream, which is seen.
    NoClose,
    /// Whose Close frame was the first.
    FirstClose,
    /// Both legs of a proxied connection were captured whole.
    BothLegs,
    /// Nothing that may be the cause stands before the end.
    NothingBefore,
}

/// What a rule tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Why the connection ended: the receiver of something failed the connection (RFC 6455 §7.1.7).
    Failure,
    /// Why the connection ended, in any other way.
    Cause,
    /// How it ended. Always true, but only an answer where no cause is known.
    Description,
    /// What else is worth knowing; never the answer.
    Remark,
}

/// A rule that fits, and why.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The rule.
    pub rule: &'static Rule,
    /// What it found.
    pub finding: Finding,
}

/// The rule that always fits.
const UNEXPLAINED: &str = "unexplained";

/// All rules that fit a connection, the answer first. The last rule always fits.
pub fn diagnose(case: &Case<'_>) -> Vec<Verdict> {
    let mut verdicts: Vec<_> =
        RULES.iter().filter_map(|rule| Some(Verdict { rule, finding: (rule.detect)(case)? })).collect();
    verdicts.iter_mut().for_each(|verdict| verdict.cap_confidence(case));
    // Stable: among equals the table's order decides.
    verdicts.sort_by_key(|verdict| {
        let description = verdict.rule.is_description();
        let guess = !description && verdict.finding.confidence == Confidence::Low;
        (verdict.rule.role == Role::Remark, guess, description, verdict.finding.confidence)
    });
    // A description says nothing beside another, nor does the last rule behind an answer.
    let mut described = false;
    verdicts.retain(|verdict| !verdict.rule.is_description() || !std::mem::replace(&mut described, true));
    let is_answered = verdicts.first().is_some_and(|answer| answer.rule.name != UNEXPLAINED);
    verdicts.retain(|verdict| !is_answered || verdict.rule.name != UNEXPLAINED);
    verdicts
}
