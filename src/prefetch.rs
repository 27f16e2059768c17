//! Asking for memory before it is needed.
//!
//! With thousands of connections open their state fits no cache, and each packet is of another one than the packet before:
//! waiting for memory would take longer than all work on the packet. The state of a batch of packets is asked for
//! together, a step of the way at a time, and is there when the first of them is worked on.

/// Brings the beginning of `value` into the cache. A hint: nothing depends on it.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    prefetch_index::prefetch_index(std::slice::from_ref(value), 0);
}
