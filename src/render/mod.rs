//! Renderers: reports as bytes, one file for each format.

#[cfg(feature = "arrow")]
pub mod arrow;
mod columns;
pub mod csv;
pub mod html;
mod inert;
pub mod json;
pub mod list;
pub mod markdown;
pub mod ndjson;
pub mod table;
pub mod terminal;
mod wrap;

pub use inert::{is_hidden, sanitized};
