//! Pairs of close codes that are often confused.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Localized;

/// The texts about a pair of codes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The difference between the two.
    pub difference: Localized,
    /// Advice on which one to choose.
    pub choose: Localized,
}

/// Returns the texts about two codes, in either order; `None` if they are not a pair that is often confused.
pub fn comparison(one: u16, other: u16) -> Option<&'static Comparison> {
    comparisons().get(&format!("{}-{}", one.min(other), one.max(other)))
}

/// Returns the codes that a code is paired with.
pub fn compared_with(code: u16) -> impl Iterator<Item = u16> {
    comparisons().keys().filter_map(move |pair| {
        let (one, other) = pair.split_once('-')?;
        let (one, other) = (one.parse().ok()?, other.parse().ok()?);
        if one == code { Some(other) } else { (other == code).then_some(one) }
    })
}

fn comparisons() -> &'static BTreeMap<String, Comparison> {
    static COMPARISONS: LazyLock<BTreeMap<String, Comparison>> =
        LazyLock::new(|| toml::from_str(include_str!("comparisons.toml")).unwrap_or_default());
    &COMPARISONS
}
