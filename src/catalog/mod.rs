//! Words and registries: data, one key a language, compiled in.
//!
//! ```text
//! close_codes/*.toml  what each close code means, its documented cause and fix
//! words.toml          the words of the reports
//! diagnose/rules/*.toml is in the same form, beside the rules
//! ```

mod close_codes;
mod language;
mod texts;

pub use close_codes::{Entry, Registry, iana};
pub use language::Language;
pub use texts::{Localized, Texts, fill, words};
