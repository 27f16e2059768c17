//! The reference of close codes: their meanings, their differences, and lists of them; and of TLS keys. It is plain data, which is also
//! the JSON form, and documents for people.

mod comparison;
pub mod document;
mod explanation;
mod keys;
mod listing;
mod query;
pub mod rules;

pub use comparison::Comparison;
pub use explanation::{Confused, Elsewhere, Explanation};
pub use keys::Keys;
pub use listing::{Listed, Listing};
pub use query::codes;
pub use rules::Rules;

use serde::Serialize;

use crate::catalog::Language;

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// The common header of all JSON documents of the reference.
#[derive(Clone, Debug, Serialize)]
pub struct Reference<T> {
    /// Version of this form.
    pub version: u32,
    /// The program and its version.
    pub generator: &'static str,
    /// The language of its texts.
    pub language: &'static str,
    /// The explanation, comparison or list.
    #[serde(flatten)]
    pub content: T,
}

impl<T> Reference<T> {
    /// Wraps content in a language.
    pub const fn new(content: T, language: Language) -> Self {
        let generator = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        Self { version: VERSION, generator, language: language.code(), content }
    }
}
