//! Makes text from the wire safe to show: characters that move, hide or reorder the text around them become visible
//! escapes.

/// Returns whether a character has no glyph of its own but affects others: controls (C0, C1), bidirectional controls,
/// zero-width characters, fillers that look like blanks, interlinear annotations and tags, which can hide whole texts.
pub const fn is_hidden(character: char) -> bool {
    let code = character as u32;
    // Fast path: nearly all characters are below the first hidden one.
    if code < 0x034F {
        return code < 0x20 || (code >= 0x7F && code < 0xA0);
    }
    matches!(
        character,
        '\u{034F}'
            | '\u{061C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// Returns a text with each hidden character replaced by a visible escape such as `\u{202e}`.
pub fn sanitized(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if !is_hidden(character) => safe.push(character),
            _ if character.is_control() => safe.extend(character.escape_default()),
            _ => safe.extend(character.escape_unicode()),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_moves_or_colours() {
        assert_eq!(sanitized("a\x1b[31mb\r\n\u{202E}c\u{9b}é"), "a\\u{1b}[31mb\\r\\n\\u{202e}c\\u{9b}é");
        assert_eq!(sanitized("x\u{E0041}\u{3164}y"), "x\\u{e0041}\\u{3164}y");
        assert_eq!(sanitized("สวัสดี, Việt Nam 😀"), "สวัสดี, Việt Nam 😀");
    }

    #[test]
    fn every_control_is_hidden() {
        for character in (0..0x11_0000).filter_map(char::from_u32).filter(|character| character.is_control()) {
            assert!(is_hidden(character), "{character:?}");
        }
    }
}
