//! Reports as bytes: one file a format.

mod columns;
pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;
pub mod ndjson;
pub mod terminal;
mod wrap;

/// Text from the wire made harmless for a terminal: control and bidirectional characters become visible escapes.
pub fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            // Bidirectional controls reorder what stands around them.
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' => {
                safe.extend(character.escape_unicode());
            }
            _ if character.is_control() => safe.extend(character.escape_default()),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_moves_or_colours() {
        assert_eq!(harmless("a\x1b[31mb\r\n\u{202E}c\u{9b}é"), "a\\u{1b}[31mb\\r\\n\\u{202e}c\\u{9b}é");
    }
}
