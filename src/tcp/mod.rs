//! TCP: segments in, contiguous bytes out.

pub mod segment;

pub use segment::{Flags, Segment};
