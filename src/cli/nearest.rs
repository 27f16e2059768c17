//! The word that was probably meant, for "did you mean".

/// Single-letter mistakes that a word may have: insertions, deletions, substitutions, and letters that changed places.
const MISTAKES: usize = 2;

/// Returns the known word with the fewest mistakes. A word of a few letters has to be right but for one of them.
pub fn nearest<'w>(given: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let allowed = MISTAKES.min(given.chars().count() / 3);
    let mistakes = |word: &str| strsim::damerau_levenshtein(&given.to_lowercase(), &word.to_lowercase());
    known
        .map(|word| (mistakes(word), word))
        .filter(|(mistakes, _)| *mistakes <= allowed)
        .min_by_key(|(mistakes, _)| *mistakes)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let near = |given| nearest(given, ["live", "slice", "explain", "compare"].into_iter());
        for (given, meant) in [
            ("slcie", Some("slice")),
            ("Explian", Some("explain")),
            ("liv", Some("live")),
            ("trace.pcap", None),
            ("li", None),
            ("lime", Some("live")),
            ("capture", None),
        ] {
            assert_eq!(near(given), meant, "{given}");
        }
    }
}
