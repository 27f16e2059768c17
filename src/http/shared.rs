//! Texts that many connections have in common, kept once: the same browsers talk to the same hosts.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::limits;

/// A pool of texts.
#[derive(Debug, Default)]
pub struct SharedTexts(HashSet<Arc<str>, RandomState>);

impl SharedTexts {
    /// Replaces a text by the copy in the pool, or adds it while there is room.
    pub fn share(&mut self, text: &mut Option<Arc<str>>) {
        if let Some(text) = text {
            if let Some(kept) = self.0.get(text) {
                *text = Arc::clone(kept);
            } else if self.0.len() < limits::SHARED_TEXTS {
                self.0.insert(Arc::clone(text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_become_one() {
        let mut pool = SharedTexts::default();
        let (mut first, mut second) = (Some(Arc::from("Firefox")), Some(Arc::from("Firefox")));
        pool.share(&mut first);
        pool.share(&mut second);
        assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()));
    }
}
