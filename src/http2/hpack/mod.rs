//! HPACK (RFC 7541) for a reader that may have missed the beginning.
//!
//! ```text
//! block ─ representation (nom) ─ table ─ Fields
//!                └ huffman        └ static_table
//! ```

mod huffman;
mod representation;
mod static_table;
mod table;

use self::representation::{Name, Representation, Text, representation};
use self::table::{Found, Table};
use super::fields::Fields;

/// The decoder of one direction. Blocks have to be passed to it in the order in which they were sent, those of all
/// streams.
#[derive(Debug, Default)]
pub struct Decoder {
    table: Table,
    /// Buffers for a name and a value.
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Decoder {
    /// Forgets the dynamic table, because blocks may have been missed.
    pub fn lose(&mut self) {
        self.table.lose();
    }

    /// Decodes a whole block, and appends its fields to `out`. A block that is not valid makes the rest of its fields
    /// unknown, and the dynamic table with them.
    pub fn decode(&mut self, block: &[u8], out: &mut Fields) {
        let mut rest = block;
        while !rest.is_empty() {
            let read = representation(rest).ok().and_then(|(behind, next)| {
                self.apply(next, out)?;
                Some(behind)
            });
            match read {
                Some(behind) => rest = behind,
                None => {
                    out.lose();
                    return self.table.lose();
                }
            }
        }
    }

    /// Applies one representation; `None` if it is not valid.
    fn apply(&mut self, next: Representation<'_>, out: &mut Fields) -> Option<()> {
        let (name, value, is_added) = match next {
            Representation::Resize(size) => {
                self.table.resize(size);
                return Some(());
            }
            Representation::Indexed(index) => {
                let Found { name, value } = self.table.get(index)?;
                out.push(name, value);
                return Some(());
            }
            Representation::Literal { name, value, is_added } => (name, value, is_added),
        };
        let Self { table, name: name_buffer, value: value_buffer } = self;
        let name = match name {
            Name::Index(index) => table.get(index)?.name,
            Name::Text(text) => Some(plain(text, name_buffer)?),
        };
        let value = plain(value, value_buffer)?;
        out.push(name, Some(value));
        if is_added {
            let name = name.map(<[u8]>::to_vec);
            table.insert(name.as_deref(), Some(value));
        }
        Some(())
    }
}

/// Returns the bytes of a string, decoded into `buffer` if need be; `None` if its code is not valid.
fn plain<'a>(text: Text<'a>, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    if !text.is_huffman {
        return Some(text.bytes);
    }
    buffer.clear();
    huffman::decode(text.bytes, buffer)?;
    Some(buffer)
}

#[cfg(test)]
mod tests;
