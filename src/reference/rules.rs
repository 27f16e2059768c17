//! The rules: the proof of each, its refutation, and the signals that no rule covers.

use serde::Serialize;

use crate::catalog::{Language, reference_words};
use crate::diagnose::signals::signals;
use crate::diagnose::{RULES, Role, Rule};
use crate::report::document::{Block, Item, ItemKind, Row, Table, Tone};
use crate::report::phrase;

/// Rules, and the signals that none of them covers.
#[derive(Clone, Debug, Serialize)]
pub struct Rules {
    /// The rules, in the order that decides between equal verdicts.
    pub rules: Vec<Entry>,
    /// The signals that no rule looks for, and the reasons.
    pub left_out: Vec<LeftOut>,
}

/// A rule in words.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its id.
    pub name: &'static str,
    /// `cause`, `description`, `remark`.
    pub role: &'static str,
    /// The title, a few words.
    pub title: &'static str,
    /// The observations that prove it.
    pub proof: &'static str,
    /// The observations that refute it.
    pub refuted: &'static str,
    /// The cause.
    pub cause: &'static str,
    /// The standard it is based on.
    pub reference: &'static str,
    /// The signals it looks for.
    pub signals: Vec<&'static str>,
}

/// A signal that no rule covers.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    /// A description of the signal.
    pub signal: &'static str,
    /// The reason.
    pub why: &'static str,
}

impl Rules {
    /// Returns all rules.
    pub fn all(language: Language) -> Self {
        let left_out = signals().iter().filter_map(|signal| {
            let why = signal.left_out.as_ref()?.get(language);
            Some(LeftOut { signal: signal.signal.get(language), why })
        });
        Self { rules: RULES.iter().map(|rule| Entry::new(rule, language)).collect(), left_out: left_out.collect() }
    }

    /// Returns the rule of that name.
    pub fn named(name: &str, language: Language) -> Option<Self> {
        let rule = RULES.iter().find(|rule| rule.name == name)?;
        Some(Self { rules: vec![Entry::new(rule, language)], left_out: Vec::new() })
    }
}

impl Entry {
    fn new(rule: &'static Rule, language: Language) -> Self {
        let text = |name| rule.words().get(name, language);
        let looks_for = |signal: &&crate::diagnose::signals::Signal| signal.rules.iter().any(|name| name == rule.name);
        Self {
            name: rule.name,
            role: match rule.role {
                Role::Failure | Role::Cause => "cause",
                Role::Description => "description",
                Role::Remark => "remark",
            },
            title: text("title"),
            proof: text("proof"),
            refuted: text("refuted"),
            cause: text("cause"),
            reference: &rule.words().reference,
            signals: signals().iter().filter(looks_for).map(|signal| signal.signal.get(language)).collect(),
        }
    }
}

/// Describes one rule in full, or all rules in a table.
pub fn document(rules: &Rules, language: Language) -> Vec<Block> {
    let word = |name: &str| reference_words().get(name, language);
    if let [rule] = rules.rules.as_slice() {
        return vec![Block::Section(format!("{} · {}", rule.name, rule.title), in_full(rule, word))];
    }
    let header = ["column_rule", "column_title", "label_proof", "label_refuted"];
    let row = |rule: &Entry| Row {
        tone: Tone::Neutral,
        cells: [rule.name, rule.title, rule.proof, rule.refuted].map(str::to_owned).into(),
    };
    let table = Table {
        groups: vec![2, 2],
        header: header.map(|name| word(name).to_owned()).into(),
        rows: rules.rules.iter().map(row).collect(),
    };
    let left_out = rules.left_out.iter().map(|left| Item {
        label: String::new(),
        text: phrase::pair(left.signal, left.why, language),
        kind: ItemKind::Reference,
    });
    vec![Block::Table(table), Block::Section(word("left_out").to_owned(), left_out.collect())]
}

fn in_full(rule: &Entry, word: impl Fn(&str) -> &'static str) -> Vec<Item> {
    let item = |label: &str, text: &str, kind| Item { label: label.to_owned(), text: text.to_owned(), kind };
    let role = match rule.role {
        "cause" => "role_cause",
        "remark" => "role_remark",
        _ => "role_description",
    };
    let mut items = vec![
        item(word("label_role"), word(role), ItemKind::Reference),
        item(word("label_proof"), rule.proof, ItemKind::Reference),
        item(word("label_refuted"), rule.refuted, ItemKind::Reference),
        item(word("label_cause"), rule.cause, ItemKind::Reference),
    ];
    for (signal, at) in rule.signals.iter().zip(0..) {
        items.push(item(if at == 0 { word("label_signals") } else { "" }, signal, ItemKind::Reference));
    }
    items.push(item(word("label_reference"), rule.reference, ItemKind::Reference));
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_its_name() {
        let found = Rules::named("proxy_cut", Language::English).unwrap();
        assert_eq!(found.rules[0].title, "Cut by a proxy");
        assert_eq!(found.rules[0].signals.len(), 2);
        assert!(Rules::named("proxy", Language::English).is_none());
        assert_eq!(Rules::all(Language::English).rules.len(), RULES.len());
    }
}
