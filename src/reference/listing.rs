//! The tables of codes.

use serde::Serialize;

use super::Explanation;
use crate::catalog::evidence::Evidence;
use crate::catalog::{Language, Registries, Registry, Row};

/// Registries with their codes.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// The registries asked for.
    pub registries: Vec<Listed>,
    /// The ids and titles of the others.
    pub others: Vec<(String, String)>,
}

/// One registry.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its title.
    pub name: String,
    /// The address of the documentation.
    pub source: String,
    /// The evidence by which a connection shows that it uses these codes: each kind, and its patterns.
    pub recognised_by: Vec<(&'static str, Vec<String>)>,
    /// Its codes and ranges.
    pub codes: Vec<Explanation>,
}

impl Listing {
    /// Lists these registries.
    pub fn new(asked: &[&Registry], registries: &Registries, language: Language) -> Self {
        let is_asked = |registry: &Registry| asked.iter().any(|asked| std::ptr::eq(*asked, registry));
        let others = registries.iter().filter(|registry| !is_asked(registry));
        Self {
            registries: asked.iter().map(|registry| Listed::new(registry, registries, language)).collect(),
            others: others.map(|registry| (registry.id.clone(), registry.name.clone())).collect(),
        }
    }
}

impl Listed {
    fn new(registry: &Registry, registries: &Registries, language: Language) -> Self {
        let of = |row: &Row| Explanation::of_row(row, row.code.first, registry, registries, language);
        Self {
            id: registry.id.clone(),
            name: registry.name.clone(),
            source: registry.source.clone(),
            recognised_by: patterns(&registry.evidence),
            codes: registry.rows.iter().map(of).collect(),
        }
    }
}

fn patterns(evidence: &Evidence) -> Vec<(&'static str, Vec<String>)> {
    let patterns = evidence.patterns().into_iter().filter(|(_, patterns)| !patterns.is_empty());
    patterns
        .map(|(mark, patterns)| (mark.name(), patterns.iter().map(|pattern| pattern.text.clone()).collect()))
        .collect()
}
