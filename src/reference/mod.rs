//! The reference of close codes: what a code means, how codes differ, which there are. As plain data, which is also its JSON
//! form, and as documents for people.

mod comparison;
pub mod document;
mod explanation;
mod listing;
mod query;
pub mod rules;

pub use comparison::Comparison;
pub use explanation::{Confused, Elsewhere, Explanation};
pub use listing::{Listed, Listing};
pub use query::codes;
pub use rules::Rules;

use serde::Serialize;

use crate::catalog::Language;

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// What all JSON documents of the reference begin with.
#[derive(Clone, Debug, Serialize)]
pub struct Reference<T> {
    /// Version of this form.
    pub version: u32,
    /// The program and its version.
    pub generator: &'static str,
    /// The language of its texts.
    pub language: &'static str,
    /// What was asked for.
    #[serde(flatten)]
    pub content: T,
}

impl<T> Reference<T> {
    /// In a language.
    pub const fn new(content: T, language: Language) -> Self {
        let generator = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        Self { version: VERSION, generator, language: language.code(), content }
    }
}
