//! The signals that an expert looks for in a capture, with the rules that look for them.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::catalog::Localized;

/// A signal.
#[derive(Clone, Debug, Deserialize)]
pub struct Signal {
    /// Its number in the list.
    pub id: String,
    /// A description of the signal.
    pub signal: Localized,
    /// The rules that look for it.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The limit of the view that the signal is, if it is one.
    pub view: Option<String>,
    /// The reason why no rule looks for it.
    pub left_out: Option<Localized>,
}

#[derive(Default, Deserialize)]
struct Table {
    signal: Vec<Signal>,
}

/// Returns all signals.
pub fn signals() -> &'static [Signal] {
    static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(include_str!("signals.toml")).unwrap_or_default());
    &TABLE.signal
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diagnose::RULES;

    #[test]
    fn every_signal_is_told_or_left_out_for_a_reason() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(signals().len(), 114);
        let ids: BTreeSet<_> = signals().iter().map(|signal| &signal.id).collect();
        assert_eq!(ids.len(), 114);
        for signal in signals() {
            let answers = [!signal.rules.is_empty(), signal.view.is_some(), signal.left_out.is_some()];
            assert_eq!(answers.iter().filter(|answer| **answer).count(), 1, "{signal:?}");
            for rule in &signal.rules {
                assert!(names.contains(rule.as_str()), "{}: {rule}", signal.id);
            }
        }
    }
}
