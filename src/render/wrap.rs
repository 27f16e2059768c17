//! Breaks text into lines of a given width, at the places the language allows.

use icu_segmenter::options::LineBreakOptions;
use icu_segmenter::{GraphemeClusterSegmenter, LineSegmenter};
use unicode_width::UnicodeWidthStr;

/// Returns the lines of a text, none wider than `width` columns. They break where Unicode allows it (UAX 14), in Thai
/// between words, and within a word only if the word does not fit on a line.
pub fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for piece in pieces(paragraph) {
            if (line.width() + piece.trim_end().width()) <= width {
                line.push_str(piece);
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for part in parts(piece, width) {
                if line.width() + part.trim_end().width() > width {
                    lines.push(std::mem::take(&mut line));
                }
                line.push_str(part);
            }
        }
        lines.push(line);
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// A function that breaks a text into lines of a given width.
pub type Breaking = fn(&str, usize) -> Vec<String>;

/// Returns the lines of a text broken at its spaces only: a word longer than `width` has a line of its own.
pub fn words(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut().filter(|line| line.width() + 1 + word.width() <= width) {
            Some(line) => line.extend([" ", word]),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The widths needed to compute the number of [`lines`] of a text.
pub struct Measured {
    /// The columns of the pieces of each paragraph: with the spaces after them, and without.
    paragraphs: Vec<Vec<(usize, usize)>>,
}

impl Measured {
    /// Measures a text.
    pub fn new(text: &str) -> Self {
        let widths = |piece: &str| (piece.width(), piece.trim_end().width());
        Self { paragraphs: text.split('\n').map(|paragraph| pieces(paragraph).map(widths).collect()).collect() }
    }

    /// Returns the columns needed so that no piece is broken, and no paragraph of at most `short` columns.
    pub fn least(&self, short: usize) -> usize {
        let widest = |pieces: &[(usize, usize)]| pieces.iter().map(|(_, bare)| *bare).max().unwrap_or_default();
        let of = |pieces: &Vec<_>| if whole(pieces) <= short { whole(pieces) } else { widest(pieces) };
        self.paragraphs.iter().map(of).max().unwrap_or_default()
    }

    /// Returns the number of paragraphs of at most `short` columns that are broken at a width.
    pub fn broken(&self, short: usize, width: usize) -> usize {
        self.paragraphs.iter().filter(|pieces| (width + 1..=short).contains(&whole(pieces))).count()
    }

    /// Returns the columns of the widest paragraph.
    pub fn width(&self) -> usize {
        self.paragraphs.iter().map(|pieces| whole(pieces)).max().unwrap_or_default()
    }

    /// Returns the number of lines at a width; no piece may be wider than that.
    pub fn lines(&self, width: usize) -> usize {
        let of = |paragraph: &Vec<(usize, usize)>| {
            let mut line = 0;
            let breaks = paragraph.iter().filter(|(with_spaces, bare)| {
                let fits = line + bare <= width;
                line = if fits { line + with_spaces } else { *with_spaces };
                !fits
            });
            1 + breaks.count()
        };
        self.paragraphs.iter().map(of).sum()
    }
}

/// Returns the columns of a paragraph.
fn whole(pieces: &[(usize, usize)]) -> usize {
    let (before, last) = pieces.split_last().map_or((&[][..], 0), |(last, before)| (before, last.1));
    before.iter().map(|(with_spaces, _)| with_spaces).sum::<usize>() + last
}

/// Splits a text at the places where a line may break.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    // Thai needs a dictionary of words; without it a line could break anywhere.
    between(text, LineSegmenter::new_dictionary(LineBreakOptions::default()).segment_str(text))
}

/// Returns a piece unchanged if it fits, else its grapheme clusters.
fn parts(piece: &str, width: usize) -> Vec<&str> {
    if piece.trim_end().width() <= width {
        return vec![piece];
    }
    between(piece, GraphemeClusterSegmenter::new().segment_str(piece)).collect()
}

fn between(text: &str, breaks: impl Iterator<Item = usize>) -> impl Iterator<Item = &str> {
    let mut start = 0;
    breaks.filter_map(move |end| {
        let piece = text.get(start..end).filter(|piece| !piece.is_empty());
        start = end;
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("one two", 100), ["one two"]);
        assert_eq!(lines("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("a\nb", 9), ["a", "b"]);
        assert_eq!(lines("", 9), [""]);
    }

    #[test]
    fn thai_breaks_between_words_and_never_within_a_cluster() {
        let text = "เซิร์ฟเวอร์ปิดการเชื่อมต่อ";
        assert_eq!(lines(text, 12), ["เซิร์ฟเวอร์ปิด", "การเชื่อมต่อ"]);
        for width in 1..20 {
            let broken = lines(text, width);
            assert_eq!(broken.concat(), text);
            let is_mark = |c: char| matches!(c, '\u{E31}' | '\u{E34}'..='\u{E3A}' | '\u{E47}'..='\u{E4E}');
            assert!(!broken.iter().any(|line| line.starts_with(is_mark)), "{broken:?}");
        }
    }

    #[test]
    fn addresses_stay_whole() {
        assert_eq!(words("see: https://a/b#c d", 12), ["see:", "https://a/b#c", "d"]);
        assert_eq!(words("see: https://a/b#c d", 18), ["see: https://a/b#c", "d"]);
    }

    #[test]
    fn what_is_measured_is_what_is_broken() {
        for text in
            ["one two, three\nfour", "", "Máy chủ đã đóng kết nối", "เซิร์ฟเวอร์ปิดการเชื่อมต่อ", "/a?token=[x#1] → b  c"]
        {
            let measured = Measured::new(text);
            for width in measured.least(0)..=measured.width() + 1 {
                assert_eq!(measured.lines(width), lines(text, width).len(), "{text:?} in {width}");
            }
            let paragraphs = text.split('\n').count();
            assert_eq!(measured.lines(measured.width()), paragraphs, "{text:?}");
        }
    }

    #[test]
    fn widths_are_columns_and_not_bytes() {
        assert_eq!(lines("Máy chủ đã đóng kết nối", 11), ["Máy chủ đã", "đóng kết", "nối"]);
    }
}
