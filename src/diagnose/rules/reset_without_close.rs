//! A reset without a Close frame. What an API calls 1006.
//!
//! Refuted by a Close frame of either side.

use crate::diagnose::bare::ended_by;
use crate::diagnose::{Case, Finding};
use crate::ending::Kind;

pub fn detect(case: &Case<'_>) -> Option<Finding> {
    ended_by(case, Kind::Reset)
}
