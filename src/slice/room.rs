//! The memory that all connections of a slice share.

use crate::limits;

/// The number of bytes that are left.
#[derive(Debug)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(limits::SLICED_TOTAL)
    }
}

impl Room {
    /// Takes so many bytes, and returns whether there were enough. If not, takes none.
    pub fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Takes the memory that a list needs for `more` items, and reserves it in the list. Returns whether there was
    /// enough. The list grows by a quarter of its capacity, up to `most` items: doubling would leave most lists half
    /// empty.
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
    /// Creates a room of so many bytes.
    pub fn of(bytes: usize) -> Self {
        Self(bytes)
    }
}
