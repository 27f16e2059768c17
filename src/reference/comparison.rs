//! The comparison of codes.

use serde::Serialize;

use super::Explanation;
use crate::catalog::{Language, Texts, comparison, reference_words};

/// Codes side by side, and their differences.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The codes.
    pub codes: Vec<Explanation>,
    /// The differences, a sentence or two each.
    pub differences: Vec<String>,
    /// Advice on when to choose which.
    pub choose: Vec<String>,
}

impl Comparison {
    /// Compares codes: by the texts about each pair, and by the differences between their entries.
    pub fn new(codes: Vec<Explanation>, language: Language) -> Self {
        let (mut differences, mut choose) = (Vec::new(), Vec::new());
        for (at, a) in codes.iter().enumerate() {
            for b in codes.iter().skip(at + 1) {
                // The texts about pairs are about the numbers as IANA defines them, or as no registry does.
                let is_general =
                    |code: &Explanation| code.registry.as_deref().is_none_or(|registry| registry == "iana");
                let pair = comparison(a.code, b.code).filter(|_| is_general(a) && is_general(b));
                if let Some(pair) = pair {
                    differences.push(pair.difference.get(language).to_owned());
                    choose.push(pair.choose.get(language).to_owned());
                }
                differences.extend(composed(a, b, pair.is_some(), language));
            }
        }
        Self { codes, differences, choose }
    }
}

/// Describes the differences between the entries of two codes. If there are none, it says so, unless there is a text
/// about the pair (`else_is_said`).
fn composed(a: &Explanation, b: &Explanation, else_is_said: bool, language: Language) -> Vec<String> {
    let words: &Texts = reference_words();
    let fill = |name: &str, values: &[(&str, &str)]| {
        let (a, b) = (a.code.to_string(), b.code.to_string());
        let own = [("a", &*a), ("b", &*b)];
        let find = |key: &str| own.iter().chain(values).find(|(name, _)| *name == key).map(|(_, text)| (*text).into());
        crate::catalog::fill(words.get(name, language), find)
    };
    let mut differences = Vec::new();
    if a.registry_name != b.registry_name {
        let values = [("registry_a", &*a.registry_name), ("registry_b", &*b.registry_name)];
        differences.push(fill("differ_registry", &values));
    }
    if a.wire != b.wire {
        let (sent, never) = if a.wire { (a, b) } else { (b, a) };
        let (sent, never) = (sent.code.to_string(), never.code.to_string());
        differences.push(crate::catalog::fill(words.get("differ_wire", language), |key| match key {
            "a" => Some((&sent).into()),
            "b" => Some((&never).into()),
            _ => None,
        }));
    } else if a.sender != b.sender {
        let (of_a, of_b) = (super::document::sender(a, language), super::document::sender(b, language));
        differences.push(fill("differ_sender", &[("sender_a", of_a), ("sender_b", of_b)]));
    }
    if a.retry != b.retry {
        let (of_a, of_b) = (super::document::retry(a, language), super::document::retry(b, language));
        differences.push(fill("differ_retry", &[("retry_a", of_a), ("retry_b", of_b)]));
    }
    if differences.is_empty() && !else_is_said {
        differences.push(fill("differ_nowhere", &[]));
    }
    differences
}
