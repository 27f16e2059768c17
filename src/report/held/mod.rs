//! The connections of a report until they are judged: their bytes, in memory or in a temporary file, and what must be known
//! of all before the first is judged.

mod collection;
mod ended;
mod spill;

pub use collection::{Collected, Collection, Unanswered};
pub use ended::Ended;
pub use spill::Spill;
