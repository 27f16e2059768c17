//! The languages of the reports.

/// A language of the word files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, the fallback for texts missing in another language.
    #[default]
    English,
    /// Español.
    Spanish,
    /// Français.
    French,
    /// Bahasa Indonesia.
    Indonesian,
    /// ภาษาไทย.
    Thai,
    /// Tiếng Việt.
    Vietnamese,
}

impl Language {
    /// Every language, in the order of the word files.
    pub const ALL: [Self; 6] =
        [Self::English, Self::Spanish, Self::French, Self::Indonesian, Self::Thai, Self::Vietnamese];

    /// Returns the ISO 639-1 code, the key in the word files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Indonesian => "id",
            Self::Thai => "th",
            Self::Vietnamese => "vi",
        }
    }

    /// Returns the language of a POSIX locale or a BCP 47 tag: `es_MX.UTF-8`, `pt-BR`. `C` and `POSIX` are English;
    /// `None` for a language without word files.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let tag = locale.split(['_', '-', '.', '@']).next().unwrap_or_default().to_ascii_lowercase();
        match &*tag {
            "c" | "posix" => Some(Self::English),
            // The code of Indonesian until 1989.
            "in" => Some(Self::Indonesian),
            tag => Self::ALL.into_iter().find(|language| language.code() == tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_name_languages() {
        for (locale, language) in [
            ("es_MX.UTF-8", Some(Language::Spanish)),
            ("fr", Some(Language::French)),
            ("FR-ca", Some(Language::French)),
            ("id_ID@euro", Some(Language::Indonesian)),
            ("in_ID", Some(Language::Indonesian)),
            ("th_TH.TIS-620", Some(Language::Thai)),
            ("vi", Some(Language::Vietnamese)),
            ("C.UTF-8", Some(Language::English)),
            ("POSIX", Some(Language::English)),
            ("de_DE.UTF-8", None),
            ("", None),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
