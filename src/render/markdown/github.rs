//! Escapes texts so that no character has a meaning in Markdown.

use crate::render::sanitized;

/// Breaks up the text that trackers turn into links even without marks: `@name`, `#1`, `://`, `www.`.
const JOINER: char = '\u{2060}';

/// Escapes a text so that no character has a meaning in Markdown, on one line.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    let text = sanitized(text).replace("www.", &format!("www{JOINER}."));
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // HTML is not always switched off, and entities never are.
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' | '!' | '$' => {
                safe.extend(['\\', character]);
                let begins_a_link =
                    matches!(character, '#' | '@') && characters.peek().is_some_and(|next| next.is_alphanumeric());
                safe.extend(begins_a_link.then_some(JOINER));
            }
            ':' if characters.peek() == Some(&'/') => safe.extend([':', JOINER]),
            _ => safe.push(character),
        }
    }
    // A number or a mark that would begin a list, or underline a heading.
    let digits = safe.bytes().take_while(u8::is_ascii_digit).count();
    match safe.split_at_checked(digits) {
        Some((number, rest)) if digits > 0 && [". ", ") "].iter().any(|mark| rest.starts_with(mark)) => {
            format!("{number}\\{rest}")
        }
        _ if safe.starts_with(['-', '+', '=']) => format!("\\{safe}"),
        _ => safe,
    }
}

/// Marks a text as code, between more backticks than it has in a row.
pub fn code(text: &str) -> String {
    let text = sanitized(text);
    let fence = "`".repeat(longest(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns the largest number of backticks in a row.
fn longest(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_wire_means_anything() {
        assert_eq!(escaped("a|b <i>*x*</i> [y](z)\n# h"), r"a\|b &lt;i&gt;\*x\*&lt;/i&gt; \[y\](z)\\n\# h");
        assert_eq!(escaped("- x"), r"\- x");
        assert_eq!(escaped("1. x"), r"1\. x");
        assert_eq!(escaped("@me #1 http://x"), "\\@\u{2060}me \\#\u{2060}1 http:\u{2060}//x");
        assert_eq!(code("a `` b"), "```a `` b```");
        assert_eq!(code("`"), "`` ` ``");
    }
}
