//! What is told of connections while they go on: each opening, refusal and close once, as soon as it can be judged.
//!
//! ```text
//! Analyzer ─ Event, Facts ─ Watch ─ Told ─┬─ a line   (render::line)
//!                             │           └─ a JSON object
//!                             └─ facts of what is over, for the report at the end
//! ```

pub mod held;
pub mod line;
pub mod told;
pub mod watch;

pub use held::Held;
pub use line::line;
pub use told::Told;
pub use watch::Watch;
