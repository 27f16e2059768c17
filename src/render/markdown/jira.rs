//! Escapes texts so that no character has a meaning in Jira's wiki markup.

use crate::render::sanitized;

/// The characters that Jira's wiki renderer may interpret as marks, links, macros, emoticons or line breaks.
const MARKS: &str = "\\{}[]|*_-+^~?!#@:&<>()`";

/// Escapes a text on one line. Marks become entities, which work everywhere in wiki markup.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    let text = sanitized(text);
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let behind = text.get(at + character.len_utf8()..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
        // Between letters or digits these have no meaning: times, addresses, words with a hyphen.
        let is_plain = matches!(character, '-' | ':' | '_' | '+')
            && before.is_alphanumeric()
            && (behind.is_alphanumeric() || (character == ':' && behind == ' '));
        // Brackets are marks only in emoticons, such as `:)` and `(/)`.
        let is_bracket =
            matches!(character, '(' | ')') && before != ':' && before != ';' && !"/!ixny+-?*".contains(behind);
        if MARKS.contains(character) && !is_plain && !is_bracket {
            safe.push_str(&format!("&#{};", u32::from(character)));
        } else {
            safe.push(character);
        }
        before = character;
    }
    safe
}

/// Puts lines in a `noformat` macro, unchanged except for hidden characters; the macro's own end is broken up.
pub fn fenced(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| sanitized(line).replace("{noformat", "{ noformat")).collect();
    format!("{{noformat}}\n{}\n{{noformat}}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_wire_means_anything() {
        assert_eq!(
            escaped("a|b {code} *x* [~admin] !i.png! h1. \\\\"),
            "a&#124;b &#123;code&#125; &#42;x&#42; &#91;&#126;admin&#93; &#33;i.png&#33; h1. &#92;&#92;"
        );
        assert_eq!(escaped("at 12:30:45: no"), "at 12:30:45: no");
        assert_eq!(fenced(&["{noformat} *x*".to_owned()]), "{noformat}\n{ noformat} *x*\n{noformat}");
    }
}
