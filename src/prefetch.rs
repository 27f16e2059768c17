//! Prefetching of memory before it is needed.
//!
//! With thousands of open connections, their state does not fit into any cache, and each packet belongs to another
//! connection than the packet before. Waiting for memory would take longer than all work on the packet. The state for a
//! batch of packets is therefore prefetched together, one indirection at a time, and is in the cache when work on the
//! first of them begins.

/// Prefetches the beginning of `value` into the cache. This is only a hint: nothing depends on it.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    prefetch_index::prefetch_index(std::slice::from_ref(value), 0);
}
