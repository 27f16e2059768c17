//! Tables of facts about implementations: timers, size limits, libraries, the words of their reasons. They are data,
//! compiled in; they are used to choose between causes, never as the only evidence.

mod libraries;
mod limits;
mod reasons;
mod stated;
mod timers;

pub use libraries::Library;
pub use limits::Limit;
pub use reasons::{Class, blames_frame, class_of, says_nothing};
pub use stated::Stated;
pub use timers::{Match, Resets, Timer};

use serde::de::DeserializeOwned;

/// Parses a compiled-in table. A fault gives an empty table, never a panic; tests use every table.
fn table<T: DeserializeOwned + Default>(toml: &str) -> T {
    toml::from_str(toml).unwrap_or_default()
}

/// Returns whether a header value begins with a text, in any case.
fn begins(value: Option<&str>, with: &str) -> bool {
    value.and_then(|value| value.get(..with.len())).is_some_and(|start| start.eq_ignore_ascii_case(with))
}
