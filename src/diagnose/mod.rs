//! Finds causes in facts.
//!
//! A rule is one mechanism: a predicate over the facts of one connection, in `rules/NAME.rs`, beside `rules/NAME.toml`
//! with its words. NAME is the rule's id everywhere: in the JSON report, in `fixtures/NAME`, on the command line.

pub mod bare;
mod doubt;
pub mod extended;
pub mod finding;
pub mod fleet;
pub mod goodbye;
pub mod known;
pub mod provoked;
mod rule;
mod rules;
pub mod signals;
pub mod silence;
mod stride;
mod timeout;

pub use finding::{Blame, Confidence, Evidence, Finding, Value};
pub use fleet::{Fleet, Member};
pub use rule::{Ground, Role, Rule, Variant};
pub use rules::{FALLBACK, RULES};

use crate::ending::{Ending, Kind, first_close};
use crate::facts::{Close, Facts};
use crate::seen::Timestamp;
use crate::tls::outside::Closing;

/// The input of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Case<'f> {
    /// The connection.
    pub facts: &'f Facts,
    /// The way it ended.
    pub ending: Ending,
    /// The Close frame that began the end, if one did.
    pub close: Option<&'f Close>,
    /// The end of the capture: the time of the last packet in its file and in those that follow, or the time at which a live
    /// capture ended.
    pub capture_end: Timestamp,
    /// All connections of the capture that have ended.
    pub fleet: &'f Fleet,
    /// The connection's entry in the fleet; `None` while it is open.
    pub member: Option<&'f Member>,
    /// The closing handshake that records look like, if the connection is seen from outside.
    pub closing: Option<&'f Closing>,
    /// The class of the reason in the Close frame that began the end; `None` if it has no known words.
    pub reason: Option<known::Class>,
}

impl<'f> Case<'f> {
    /// Returns the case of one connection among others.
    pub fn new(facts: &'f Facts, fleet: &'f Fleet, capture_end: Timestamp) -> Self {
        let ending = Ending::of(facts);
        let close = ending.by.and_then(|by| first_close(facts, by));
        let closing = facts.rare.outside.as_deref().and_then(|outside| outside.closing.as_deref());
        let reason = close.and_then(|close| known::class_of(&close.reason));
        Self { facts, ending, close, capture_end, fleet, member: fleet.member(facts, &ending), closing, reason }
    }

    /// Returns the time up to which the connection is known to have lived: until its end began, to the end of the capture
    /// if it was still open, or to its last packet if it was not followed so far.
    pub fn end(&self) -> Timestamp {
        match self.ending.carrier {
            Some(carrier) => carrier.seen.time,
            None if self.ending.kind == Kind::Open && self.facts.followed_to_end => self.capture_end,
            None => self.facts.last.time,
        }
    }
}

/// A rule that fits, and why.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The rule.
    pub rule: &'static Rule,
    /// Its finding.
    pub finding: Finding,
}

/// Returns all rules that fit a connection, the answer first. There is always an answer, because the last rule always
/// fits.
///
/// Debug builds panic if a finding has values or a variant that its rule does not declare.
pub fn diagnose(case: &Case<'_>) -> Vec<Verdict> {
    let is_outside = case.facts.rare.outside.is_some();
    let applicable = RULES.iter().filter(|rule| rule.needs_no_plaintext || !is_outside);
    let mut verdicts: Vec<_> =
        applicable.filter_map(|rule| Some(Verdict { rule, finding: (rule.detect)(case)? })).collect();
    for verdict in &mut verdicts {
        let Verdict { rule, finding } = verdict;
        debug_assert_eq!(rule.undeclared(finding), None, "{rule:?}");
        verdict.cap_confidence(case);
    }
    // The sort is stable: among equals the order of the table decides.
    verdicts.sort_by_key(|verdict| {
        let description = verdict.rule.is_description();
        let guess = !description && verdict.finding.confidence == Confidence::Low;
        (verdict.rule.role == Role::Remark, guess, description, verdict.finding.confidence)
    });
    // A second description adds nothing to the first, nor does the last rule to an answer.
    let mut described = false;
    verdicts.retain(|verdict| !verdict.rule.is_description() || !std::mem::replace(&mut described, true));
    let is_fallback = |verdict: &Verdict| std::ptr::eq(verdict.rule, FALLBACK);
    let is_answered = verdicts.first().is_some_and(|answer| !is_fallback(answer));
    verdicts.retain(|verdict| !is_answered || !is_fallback(verdict));
    verdicts
}
