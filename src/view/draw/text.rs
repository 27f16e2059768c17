//! Texts in columns: cut to a width, filled up to it.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns the columns of a text.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text that is wider than `room` columns, and ends it with `…`. Marks above and below a letter stay with it.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut columns = 0;
    for character in text.chars() {
        columns += character.width().unwrap_or_default();
        if columns >= room {
            break;
        }
        kept.push(character);
    }
    if room > 0 {
        kept.push('…');
    }
    kept
}

/// Cuts a text, or fills it up with blanks, to exactly `room` columns.
pub(super) fn fitted(text: &str, room: usize) -> String {
    let cut = cut(text, room);
    let blanks = room.saturating_sub(cut.width());
    format!("{cut}{:blanks$}", "")
}

/// Returns a text without its first `columns`, or a little more, so that no character is cut.
pub(super) fn from(text: &str, columns: usize) -> &str {
    let mut passed = 0;
    for (at, character) in text.char_indices() {
        let own = character.width().unwrap_or_default();
        if passed >= columns && own > 0 {
            return text.get(at..).unwrap_or_default();
        }
        passed += own;
    }
    if passed > columns || columns == 0 { text } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_has_the_width_and_whole_characters() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(fitted("日本語", 4), "日… ");
        assert_eq!(cut("a", 0), "");
        for text in ["เซิร์ฟเวอร์ปิดการเชื่อมต่อ", "Máy chủ đã đóng", "a日b本c語", "e\u{301}e\u{301}e\u{301}"]
        {
            for room in 0..30 {
                assert_eq!(fitted(text, room).width(), room, "{text} in {room}");
                assert!(!cut(text, room).starts_with('\u{301}'));
            }
        }
    }

    #[test]
    fn the_end_of_a_text_begins_with_a_whole_character() {
        assert_eq!(from("abc", 0), "abc");
        assert_eq!(from("abc", 1), "bc");
        assert_eq!(from("日本", 1), "本");
        assert_eq!(from("กี่ก", 1), "ก");
        assert_eq!(from("abc", 3), "");
    }
}
