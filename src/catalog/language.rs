//! The languages of the reports.

/// A language that the words exist in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, and what stands in where another language lacks a text.
    #[default]
    English,
}

impl Language {
    /// Its ISO 639-1 code: the key in the word files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }
}
