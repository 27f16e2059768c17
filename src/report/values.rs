//! The values behind the sentences of a finding.

use serde::{Serialize, Serializer};

use super::phrase;
use crate::catalog::Language;
use crate::diagnose::{Evidence, Finding, Value};

/// The values behind the sentences of a finding, redacted, and the choice of the sentences. Serialized as a map of the
/// values from their names. It is small when it is empty, because of most connections a report keeps no more than a row.
#[derive(Clone, Debug, Default)]
pub struct Values(Option<Box<Said>>);

#[derive(Clone, Debug)]
pub(super) struct Said {
    pub evidence: Vec<Evidence>,
    pub language: Language,
    /// The same as [`Finding::variant`].
    pub variant: &'static str,
    /// The same as [`Finding::aside`].
    pub aside: Option<&'static str>,
}

impl Values {
    /// Keeps the redacted `evidence` of a finding.
    pub(super) fn new(evidence: Vec<Evidence>, finding: &Finding, language: Language) -> Self {
        let Finding { variant, aside, .. } = *finding;
        Self(Some(Box::new(Said { evidence, language, variant, aside })))
    }

    /// Returns what the sentences were made of; `None` for the values of no finding.
    pub(super) fn said(&self) -> Option<&Said> {
        self.0.as_deref()
    }

    fn all(&self) -> &[Evidence] {
        self.0.as_deref().map(|said| &*said.evidence).unwrap_or_default()
    }

    /// Returns the names of the values, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.all().iter().map(|evidence| evidence.name)
    }

    /// Returns a value in its JSON form.
    pub fn get(&self, name: &str) -> Option<serde_json::Value> {
        let said = self.said()?;
        let found = said.evidence.iter().find(|evidence| evidence.name == name)?;
        Some(phrase::json(&found.value, said.language))
    }

    /// Returns a value that is a text in its JSON form.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            serde_json::Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the position of the byte at fault among the shown bytes of a payload, if it is one of them.
    pub fn fault(&self, name: &str) -> Option<usize> {
        let found = self.all().iter().find(|evidence| evidence.name == name)?;
        if let Value::Hex { fault, .. } = &found.value { *fault } else { None }
    }

    /// Returns the values that are the numbers of packets.
    pub(super) fn packets(&mut self) -> impl Iterator<Item = &mut u64> {
        let all = self.0.iter_mut().flat_map(|said| &mut said.evidence);
        all.filter_map(|evidence| match &mut evidence.value {
            Value::Packet(packet) => Some(packet),
            _ => None,
        })
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let language = self.said().map(|said| said.language).unwrap_or_default();
        let values = self.all().iter().map(|Evidence { name, value }| (name, phrase::json(value, language)));
        serializer.collect_map(values)
    }
}
