//! Prefetching of memory before it is needed.
//!
//! With thousands of open connections, their state does not fit into any cache, and each packet belongs to another
//! connection than the packet before. Waiting for memory would take longer than all work on the packet. The state for a
//! batch of packets is therefore prefetched together, one indirection at a time, and is in the cache when work on the
//! first of them begins.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, at least.
const CACHE_LINE: usize = 64;

/// Prefetches the beginning of `value` into the cache. This is only a hint: nothing depends on it.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    prefetch_index::prefetch_index(std::slice::from_ref(value), 0);
}

/// A value that is needed as a whole, so that all its cache lines are prefetched.
#[derive(Clone, Debug, Default)]
#[repr(C, align(64))]
pub struct Lines<T> {
    /// Takes no room: it is where the value begins.
    begin: [u8; 0],
    value: T,
}

impl<T> Lines<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self { begin: [], value }
    }

    /// Prefetches all of the value into the cache.
    #[inline]
    pub fn prefetch(&self) {
        for line in 0..size_of::<T>().div_ceil(CACHE_LINE) {
            prefetch_index::prefetch_index(self.begin.as_slice(), line * CACHE_LINE);
        }
    }
}

impl<T> Deref for Lines<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Lines<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
