//! Words and registries: data files with one key for each language, compiled in.
//!
//! ```text
//! close_codes/*.toml    the meaning, documented cause and fix of each close code: one file for each registry
//! close_codes/kinds.toml  the texts shared by codes of a kind
//! comparisons.toml      the differences between pairs of codes
//! keys.toml             how to get the keys of TLS sessions
//! words.toml            the words of the reports
//! view.toml             the words of the terminal view
//! reference.toml        the words of `explain`, `compare` and `codes`
//! diagnose/rules/*.toml has the same form as the words, beside the rules
//! ```

pub mod close_codes;
mod comparisons;
pub(crate) mod evidence;
pub(crate) mod keys;
mod language;
mod registries;
mod rows;
mod texts;

pub use close_codes::{Codes, Registry, Row};
pub use comparisons::{Comparison, compared_with, comparison};
pub use language::Language;
pub use registries::{FILES, Registries, built_in, iana};
pub use rows::Rows;
#[cfg(feature = "view")]
pub use texts::view_words;
pub use texts::{Localized, Texts, fill, reference_words, words};
