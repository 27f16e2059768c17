//! The tables of HPACK: the static one, and the dynamic one as far as it is known.

use std::collections::VecDeque;

use super::static_table;
use crate::limits;

/// The size that a dynamic table has at first (RFC 9113 §6.5.2).
const INITIAL_SIZE: usize = 4096;

/// The overhead of an entry, as the RFC counts it (RFC 7541 §4.1).
const OVERHEAD: usize = 32;

/// The dynamic table of one direction. Index 62 is the newest entry, so whatever is inserted while the table is read is
/// known by counting back, even if older entries are not.
#[derive(Debug)]
pub struct Table {
    /// The newest entry first.
    entries: VecDeque<Entry>,
    /// The size of the known entries.
    size: usize,
    /// The size that the table may have, as far as known.
    capacity: usize,
    /// Whether no older entries are missing.
    is_complete: bool,
}

/// An entry. A name or value that refers to an unknown entry is unknown itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: Option<Box<[u8]>>,
    value: Option<Box<[u8]>>,
}

impl Entry {
    fn size(&self) -> usize {
        let len = |text: &Option<Box<[u8]>>| text.as_ref().map_or(0, |text| text.len());
        len(&self.name) + len(&self.value) + OVERHEAD
    }
}

/// A field that is looked up; a part that is not known is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found<'t> {
    /// The name.
    pub name: Option<&'t [u8]>,
    /// The value.
    pub value: Option<&'t [u8]>,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, capacity: INITIAL_SIZE, is_complete: true }
    }
}

impl Table {
    /// Forgets all entries: those that the sender has are unknown from here on.
    pub fn lose(&mut self) {
        self.entries.clear();
        self.size = 0;
        self.capacity = limits::HPACK_TABLE;
        self.is_complete = false;
    }

    /// Looks an entry up. `None` if there cannot be one with this index; a field without parts if it is not known.
    pub fn get(&self, index: u32) -> Option<Found<'_>> {
        let at = (index as usize).checked_sub(1)?;
        if let Some((name, value)) = static_table::ENTRIES.get(at) {
            return Some(Found { name: Some(name), value: Some(value) });
        }
        match self.entries.get(at.checked_sub(static_table::ENTRIES.len())?) {
            Some(entry) => Some(Found { name: entry.name.as_deref(), value: entry.value.as_deref() }),
            None if self.is_complete => None,
            None => Some(Found::default()),
        }
    }

    /// Inserts an entry, and evicts the oldest ones beyond the table's size (RFC 7541 §4.4).
    pub fn insert(&mut self, name: Option<&[u8]>, value: Option<&[u8]>) {
        let entry = Entry { name: name.map(Into::into), value: value.map(Into::into) };
        let size = entry.size();
        if size > self.capacity || (!self.is_complete && size > INITIAL_SIZE) {
            // It is not inserted, and empties the table. If the size of the table is not known, it may have been.
            self.entries.clear();
            self.size = 0;
            return;
        }
        self.evict(self.capacity - size);
        self.size += size;
        self.entries.push_front(entry);
    }

    /// Sets the size that the table may have.
    pub fn resize(&mut self, capacity: u32) {
        let capacity = capacity as usize;
        self.capacity = capacity.min(limits::HPACK_TABLE);
        if capacity == 0 {
            // Nothing older is left either.
            self.is_complete = true;
        } else if capacity > limits::HPACK_TABLE {
            self.is_complete = false;
        }
        self.evict(self.capacity);
    }

    fn evict(&mut self, most: usize) {
        while self.size > most
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size = self.size.saturating_sub(oldest.size());
        }
    }
}
