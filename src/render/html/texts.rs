//! The texts of the page's data: each one once, however many connections have it.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use serde_json::Value;

/// Up to this many bytes, a text takes no more room than its number.
const SHORT: usize = 2;

/// Texts by number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    numbers: HashMap<Box<str>, usize, RandomState>,
}

impl Texts {
    /// Returns what stands for a text in the data: its number, or a short text itself.
    pub(super) fn reference(&mut self, text: &str) -> Value {
        if text.len() <= SHORT {
            return text.into();
        }
        if let Some(number) = self.numbers.get(text) {
            return (*number).into();
        }
        let number = self.numbers.len();
        self.numbers.insert(text.into(), number);
        number.into()
    }

    /// Returns the texts in the order of their numbers.
    pub(super) fn into_list(self) -> Vec<Box<str>> {
        let mut numbered: Vec<_> = self.numbers.into_iter().collect();
        numbered.sort_unstable_by_key(|(_, number)| *number);
        numbered.into_iter().map(|(text, _)| text).collect()
    }
}
