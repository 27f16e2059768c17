//! Words and registries: data, one key a language, compiled in.
//!
//! ```text
//! close_codes/*.toml    what each close code means to whom, its documented cause and fix: one file a registry
//! close_codes/kinds.toml  what codes of a kind have in common
//! comparisons.toml      what sets two codes apart
//! words.toml            the words of the reports
//! reference.toml        the words of `explain`, `compare` and `codes`
//! diagnose/rules/*.toml is in the same form as the words, beside the rules
//! ```

pub mod close_codes;
mod comparisons;
pub mod evidence;
mod language;
mod registries;
mod texts;

pub use close_codes::{Codes, Registry, Row};
pub use comparisons::{Comparison, compared_with, comparison};
pub use language::Language;
pub use registries::{FILES, Registries, built_in, iana};
pub use texts::{Localized, Texts, fill, reference_words, words};
