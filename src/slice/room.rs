//! What all connections of a slice may take of the memory.

use crate::limits;

/// Bytes that are left.
#[derive(Debug)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(limits::SLICED_TOTAL)
    }
}

impl Room {
    /// Takes so many bytes, if there are as many.
    pub fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Takes what a list of these items needs to hold so many more, and makes room in it: a quarter more than it has had, or
    /// `most` at once. Twice as much would be half empty, mostly.
    pub fn grow<T>(&mut self, list: &mut Vec<T>, more: usize, most: usize) -> bool {
        let capacity = list.capacity();
        let needed = list.len() + more;
        if needed <= capacity {
            return true;
        }
        let wanted = needed.max((capacity + capacity / 4).min(most));
        let fits = self.take((wanted - capacity) * size_of::<T>());
        if fits {
            list.reserve_exact(wanted - list.len());
        }
        fits
    }
}

#[cfg(test)]
impl Room {
    /// So many bytes.
    pub fn of(bytes: usize) -> Self {
        Self(bytes)
    }
}
