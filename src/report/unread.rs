//! Files that could not be read, or not to their end.

use super::phrase::word;
use super::redact::Redactor;
use crate::catalog::Language;
use crate::error::Error;

/// A file that could not be read, or not to its end.
#[derive(Clone, Debug)]
pub struct Unread {
    path: String,
    /// The name of the words for the reason.
    reason: &'static str,
    /// The system's words, and the number of bytes that were read.
    what: String,
    at: u64,
}

/// A file that could not be read, or not to its end, in words.
#[derive(Clone, Debug)]
pub struct NotRead {
    /// Its path.
    pub path: String,
    /// The reason, as a sentence that names the path.
    pub error: String,
}

impl Unread {
    /// Returns the file that an error is about; `None` if it is not about reading a file.
    pub fn of(error: &Error) -> Option<Self> {
        let (path, reason, what, at) = match error {
            Error::Open { path, source } => (path, "unread_failed", source.to_string(), 0),
            Error::Read { path, offset, source } => (path, "unread_rest", source.to_string(), *offset),
            Error::Empty { path } => (path, "unread_empty", String::new(), 0),
            Error::NotACapture { path, .. } => (path, "unread_format", String::new(), 0),
            Error::NoCaptures { path } => (path, "unread_folder", String::new(), 0),
            _ => return None,
        };
        Some(Self { path: path.display().to_string(), reason, what, at })
    }

    /// Describes it in words.
    pub(super) fn not_read(&self, redactor: &Redactor, language: Language) -> NotRead {
        NotRead { path: redactor.path(self.path.clone()), error: self.note(redactor, language) }
    }

    /// Describes it as a note of a report.
    pub(super) fn note(&self, redactor: &Redactor, language: Language) -> String {
        let path = redactor.path(self.path.clone());
        word(self.reason, &[("path", &path), ("what", &self.what), ("at", &self.at.to_string())], language)
    }
}
