//! The list of header fields that a block holds.

use crate::limits;

/// The fields of a block, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The names and values, one behind the other.
    bytes: Vec<u8>,
    /// The end of each name, and of the value behind it.
    ends: Vec<(usize, usize)>,
    is_incomplete: bool,
}

impl Fields {
    /// Appends a field. One of which a part is not known is left out, and so is one beyond the bounds.
    pub fn push(&mut self, name: Option<&[u8]>, value: Option<&[u8]>) {
        let (Some(name), Some(value)) = (name, value) else { return self.lose() };
        let len = self.bytes.len() + name.len() + value.len();
        if self.ends.len() >= limits::HEADER_LINES || len > limits::HEAD {
            return self.lose();
        }
        self.bytes.extend_from_slice(name);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((middle, self.bytes.len()));
    }

    /// Notes that there are, or may be, more fields.
    pub const fn lose(&mut self) {
        self.is_incomplete = true;
    }

    /// Returns whether fields are unknown or left out.
    pub const fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Empties the list.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.is_incomplete = false;
    }

    /// Returns the name and the value of each field.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).filter_map(|(start, (middle, end))| {
            Some((self.bytes.get(start..*middle)?, self.bytes.get(*middle..*end)?))
        })
    }
}
