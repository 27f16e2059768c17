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

pub use finding::{Blame, Confidence, Evidence, Finding, Value};
pub use fleet::{Fleet, Member};
pub use rules::RULES;

use std::sync::LazyLock;

use crate::catalog::Texts;
use crate::ending::{Ending, first_close};
use crate::facts::Facts;
use crate::seen::Timestamp;

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'f> {
    /// The connection.
    pub facts: &'f Facts,
    /// How it ended.
    pub ending: Ending,
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
        Self { facts, ending, capture_end, fleet, member: fleet.member(facts, &ending), reason }
    }
}

/// One mechanism that ends connections.
#[derive(Debug)]
pub struct Rule {
    /// Its id.
    pub name: &'static str,
    /// Whether it tells a cause, or only how the connection ended.
    pub role: Role,
    /// Whether it fits, and why.
    pub detect: fn(&Case<'_>) -> Option<Finding>,
    /// Its words, read when they are first needed.
    pub words: LazyLock<Texts, fn() -> Texts>,
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

/// All rules that fit a connection, the answer first. The last rule always fits.
pub fn diagnose(case: &Case<'_>) -> Vec<Verdict> {
    let mut verdicts: Vec<_> =
        RULES.iter().filter_map(|rule| Some(Verdict { rule, finding: (rule.detect)(case)? })).collect();
    verdicts.iter_mut().for_each(|verdict| verdict.doubt(case));
    // Stable: among equals the table's order decides.
    verdicts.sort_by_key(|verdict| {
        let description = verdict.rule.role == Role::Description;
        let guess = !description && verdict.finding.confidence == Confidence::Low;
        (verdict.rule.role == Role::Remark, guess, description, verdict.finding.confidence)
    });
    // A description says nothing beside another.
    let mut described = false;
    verdicts.retain(|verdict| verdict.rule.role != Role::Description || !std::mem::replace(&mut described, true));
    verdicts
}
