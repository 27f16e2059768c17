//! The verdicts that a whole capture carries as comments on the packets that prove them.

use super::comments::Comments;
use super::verdicts::{bytes_of, comment};
use crate::catalog::Language;
use crate::limits;
use crate::report::{Connection, Encrypted, Finding};

/// The verdicts on the connections of a capture whose packets keep their numbers.
#[derive(Debug, Default)]
pub struct Annotations {
    comments: Comments,
    bytes: usize,
    unmarked: u64,
}

impl Annotations {
    /// Adds the verdict on a connection.
    pub fn add(&mut self, connection: &Connection, language: Language) {
        self.place(("slice_mark", connection.id), &connection.verdict, language);
    }

    /// Adds the verdict on a connection that is seen from outside.
    pub fn add_encrypted(&mut self, connection: &Encrypted, language: Language) {
        self.place(("slice_mark_encrypted", connection.id), &connection.verdict, language);
    }

    /// Comments on as many of the packets as there is room for, and counts the others.
    fn place(&mut self, of: (&str, usize), finding: &Finding, language: Language) {
        let text = comment(of, finding, language);
        let bytes = bytes_of(&text);
        if self.bytes + bytes > limits::ANNOTATIONS {
            self.unmarked += finding.packets.len() as u64;
            return;
        }
        self.bytes += bytes;
        self.comments.add(&finding.packets, text);
    }

    /// Returns the number of packets that are not marked, because the comments would take too much memory.
    pub const fn unmarked(&self) -> u64 {
        self.unmarked
    }

    /// Returns the comments.
    pub fn into_comments(mut self) -> Comments {
        self.comments.sort();
        self.comments
    }
}
