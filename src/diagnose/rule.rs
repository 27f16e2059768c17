//! A rule as data: its id, its role, its words, and the values and variants that its findings may have.

use std::fmt;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};

use super::{Case, Finding};
use crate::catalog::Texts;

/// One mechanism that ends connections.
pub struct Rule {
    /// The id.
    pub name: &'static str,
    /// The kind of statement that the rule makes.
    pub role: Role,
    /// The grounds of its proof beyond the bytes that it names. If one of them is in doubt, so is the verdict.
    pub rests_on: &'static [Ground],
    /// The values that every finding has.
    pub values: &'static [&'static str],
    /// The values that a finding may have, whatever its variant. No text may name them.
    pub optional: &'static [&'static str],
    /// The variants that a finding may choose.
    pub variants: &'static [Variant],
    /// Whether a connection that ended so ended as connections should.
    pub is_normal: bool,
    /// Whether the summary says itself that the Close frame was not answered.
    pub says_unanswered: bool,
    /// The value that is the title of a finding, if it is not empty: the closer's own words say more than the rule's.
    pub quoted: Option<&'static str>,
    /// Says whether the name, cause and fix that a registry or the user's own codes give a close code replace those of the
    /// rule.
    pub defers_to_code: bool,
    /// Whether it needs nothing of the plaintext, so that it also judges encrypted connections that are seen from outside.
    pub needs_no_plaintext: bool,
    /// Returns a finding if the rule fits.
    pub(super) detect: fn(&Case<'_>) -> Option<Finding>,
    /// The words, as TOML.
    source: &'static str,
    words: OnceLock<Texts>,
}

impl Rule {
    pub(super) const fn new(
        name: &'static str,
        role: Role,
        detect: fn(&Case<'_>) -> Option<Finding>,
        source: &'static str,
    ) -> Self {
        Self {
            name,
            role,
            rests_on: &[],
            values: &[],
            optional: &[],
            variants: &[Variant::BASE],
            is_normal: false,
            says_unanswered: false,
            quoted: None,
            defers_to_code: false,
            needs_no_plaintext: false,
            detect,
            source,
            words: OnceLock::new(),
        }
    }

    /// Declares the value that is the title of a finding, if it is not empty.
    pub(super) const fn quoting(mut self, value: &'static str) -> Self {
        self.quoted = Some(value);
        self
    }

    /// Declares that the documentation of the close code explains the end, if a registry or the user's own codes have it.
    pub(super) const fn deferring_to_code(mut self) -> Self {
        self.defers_to_code = true;
        self
    }

    /// Declares the grounds of the proof.
    pub(super) const fn resting_on(mut self, rests_on: &'static [Ground]) -> Self {
        self.rests_on = rests_on;
        self
    }

    /// Declares the values that every finding has.
    pub(super) const fn with_values(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    /// Declares the values that a finding may have.
    pub(super) const fn with_optional(mut self, values: &'static [&'static str]) -> Self {
        self.optional = values;
        self
    }

    /// Declares the variants that a finding may choose; [`Variant::BASE`] is one of them only if it is listed.
    pub(super) const fn with_variants(mut self, variants: &'static [Variant]) -> Self {
        self.variants = variants;
        self
    }

    /// Declares that a connection that ended so ended as connections should.
    pub(super) const fn normal(mut self) -> Self {
        self.is_normal = true;
        self
    }

    /// Declares that the summary says itself that the Close frame was not answered.
    pub(super) const fn saying_unanswered(mut self) -> Self {
        self.says_unanswered = true;
        self
    }

    /// Declares that it needs nothing of the plaintext: no frame, no code, no reason, only times, sizes and TCP.
    pub(super) const fn without_plaintext(mut self) -> Self {
        self.needs_no_plaintext = true;
        self
    }

    /// Returns the words, parsed at the first call.
    pub fn words(&self) -> &Texts {
        self.words.get_or_init(|| Texts::parse(self.source))
    }

    /// Returns the variant of that name, if the rule has one.
    pub fn variant(&self, name: &str) -> Option<&'static Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// Returns the first way in which a finding differs from what the rule declares, or `None` if it does not.
    pub(super) fn undeclared(&self, finding: &Finding) -> Option<String> {
        let Some(variant) = self.variant(finding.variant) else {
            return Some(format!("chooses the undeclared variant {:?}", finding.variant));
        };
        let has = |name: &str| finding.evidence.iter().any(|evidence| evidence.name == name);
        let required = || self.values.iter().chain(variant.values);
        if let Some(missing) = required().find(|name| !has(name)) {
            return Some(format!("lacks the value {missing:?} of variant {:?}", variant.name));
        }
        let is_declared = |name| required().chain(self.optional).any(|declared| *declared == name);
        let extra = finding.evidence.iter().find(|evidence| !is_declared(evidence.name))?;
        Some(format!("has the undeclared value {:?} in variant {:?}", extra.name, variant.name))
    }

    pub(super) fn is_description(&self) -> bool {
        self.role == Role::Description
    }
}

/// Shows the id alone.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.name).finish()
    }
}

/// A rule is written as its id.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// A variant of a rule's texts: `summary_NAME` stands for `summary` if the word file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The name; empty for the texts without a suffix.
    pub name: &'static str,
    /// The values that every finding of this variant has, beside those of every finding.
    pub values: &'static [&'static str],
}

impl Variant {
    /// The texts without a suffix, and no values of their own.
    pub const BASE: Self = Self::plain("");

    /// Returns a variant without values of its own.
    pub const fn plain(name: &'static str) -> Self {
        Self::with(name, &[])
    }

    /// Returns a variant with values of its own.
    pub const fn with(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values }
    }
}

/// Something that a verdict rests on and that a capture may leave in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Something was not sent: an answer, a pong, an end.
    Silence,
    /// Neither side sent a Close frame. Bytes dropped while capturing leave a gap in the stream, which is seen.
    NoClose,
    /// One side's Close frame was the first.
    FirstClose,
    /// Both legs of a proxied connection were captured whole.
    BothLegs,
    /// Nothing that may be the cause came before the end.
    NothingBefore,
}

/// The kind of statement that a rule makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A cause of the end: the receiver of something failed the connection (RFC 6455 §7.1.7).
    Failure,
    /// Any other cause of the end.
    Cause,
    /// A description of the end. It is always true, but an answer only if no cause is known.
    Description,
    /// Something else that is worth knowing; never the answer.
    Remark,
}

#[cfg(test)]
mod tests {
    use super::super::{Confidence, Value};
    use super::*;

    static RULE: Rule = Rule::new("test", Role::Cause, |_| None, "")
        .with_values(&["packet"])
        .with_optional(&["code"])
        .with_variants(&[Variant::BASE, Variant::with("known", &["timers"])]);

    fn finding(names: &[&'static str]) -> Finding {
        names.iter().fold(Finding::new(Confidence::High), |finding, name| finding.with(name, Value::Number(1)))
    }

    #[test]
    fn findings_are_compared_with_what_the_rule_declares() {
        for (finding, fault) in [
            (finding(&["packet"]), None),
            (finding(&["code", "packet"]), None),
            (finding(&["packet", "timers"]).variant("known"), None),
            (finding(&[]), Some(r#"lacks the value "packet" of variant """#)),
            (finding(&["packet", "reason"]), Some(r#"has the undeclared value "reason" in variant """#)),
            (finding(&["packet", "timers"]), Some(r#"has the undeclared value "timers" in variant """#)),
            (finding(&["packet"]).variant("known"), Some(r#"lacks the value "timers" of variant "known""#)),
            (finding(&["packet"]).variant("said"), Some(r#"chooses the undeclared variant "said""#)),
        ] {
            assert_eq!(RULE.undeclared(&finding).as_deref(), fault, "{finding:?}");
        }
    }

    #[test]
    fn a_rule_is_written_as_its_id() {
        assert_eq!(serde_json::to_string(&RULE).unwrap(), r#""test""#);
    }
}
