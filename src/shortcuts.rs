//! The switch of the fast paths, for tests.
//!
//! Each fast path gives what the general path gives, sooner. Tests analyse the same packets with and without them, and
//! compare all facts (`tests/suite/shortcuts.rs`). In the program the switch is a constant.

#[cfg(feature = "internals")]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "internals")]
static AVOIDED: AtomicBool = AtomicBool::new(false);

/// Returns whether fast paths may be taken.
#[cfg(feature = "internals")]
#[inline]
pub fn are_taken() -> bool {
    !AVOIDED.load(Ordering::Relaxed)
}

/// Returns whether fast paths may be taken.
#[cfg(not(feature = "internals"))]
#[inline]
pub const fn are_taken() -> bool {
    true
}

/// Runs `work` without fast paths. They are off for all threads meanwhile.
#[cfg(feature = "internals")]
pub fn avoided<T>(work: impl FnOnce() -> T) -> T {
    AVOIDED.store(true, Ordering::Relaxed);
    let result = work();
    AVOIDED.store(false, Ordering::Relaxed);
    result
}
