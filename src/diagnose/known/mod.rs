//! Tables of what is known of implementations: timers, size limits, libraries, the words of their reasons. Data, compiled
//! in; used to choose between causes, never as the only evidence.

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

/// Reads a compiled-in table; a test reads them all, so that a fault gives an empty one, never a panic.
fn table<T: DeserializeOwned + Default>(toml: &str) -> T {
    toml::from_str(toml).unwrap_or_default()
}

/// Whether a header value begins so, whatever its case.
fn begins(value: Option<&str>, with: &str) -> bool {
    value.and_then(|value| value.get(..with.len())).is_some_and(|start| start.eq_ignore_ascii_case(with))
}
