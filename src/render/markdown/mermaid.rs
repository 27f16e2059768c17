//! The last moments of a connection as a sequence diagram in Mermaid, which GitHub and GitLab draw.

use std::fmt::Write as _;

use crate::catalog::Language;
use crate::render::sanitized;
use crate::report::document;
use crate::report::phrase::word;
use crate::report::{Connection, What};

use crate::side::Side;

/// The shade behind the moments that prove the verdict; it shows on light and on dark pages.
const PROOF: &str = "rgba(220, 60, 60, 0.25)";

/// Draws the last moments of a connection, within a fence.
///
/// ```text
/// sequenceDiagram
///     participant C as client 10.0.0.7:51290
///     participant S as server 10.0.0.1:80
///     C->>S: +0.4 ms, text, 62 bytes (packet 10)
///     S--xC: +0.6 ms, RST (packet 11)
/// ```
pub fn diagram(connection: &Connection, language: Language) -> String {
    let mut text = "```mermaid\nsequenceDiagram\n".to_owned();
    for (name, side, address) in [("C", "client", &connection.client), ("S", "server", &connection.server)] {
        let side = word(side, &[], language);
        // Writing to a String never fails.
        let _ = writeln!(text, "    participant {name} as {} {}", escaped(&side), escaped(address));
    }
    let mut moments = connection.timeline.iter();
    for item in document::moments(connection, language) {
        // Frames that are left out stand for no moment.
        if item.label == "…" {
            let _ = writeln!(text, "    Note over C,S: {}", escaped(&item.text));
            continue;
        }
        let Some(moment) = moments.next() else { break };
        let (from, to) = if moment.side == Side::Client { ("C", "S") } else { ("S", "C") };
        let arrow = match moment.what {
            What::Reset => "--x",
            What::Fin | What::CloseNotify => "-->>",
            _ => "->>",
        };
        let packet = word("proof_one", &[("packets", &moment.packet.to_string())], language);
        let quoted = |text: &str| format!(" {}", word("quoted", &[("text", text)], language));
        let preview = moment.preview.as_deref().map(quoted).unwrap_or_default();
        let what = format!("{}, {}{preview} ({packet})", item.label, document::what(moment, language));
        let line = format!("    {from}{arrow}{to}: {}\n", escaped(&what));
        if connection.verdict.packets.contains(&moment.packet) {
            let _ = write!(text, "    rect {PROOF}\n{line}    end\n");
        } else {
            text.push_str(&line);
        }
    }
    text + "```"
}

/// Replaces every character that may have a meaning in Mermaid, or in the HTML that it makes, by its number.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in sanitized(text).chars() {
        if character.is_alphanumeric() || " .,:()+−–“”«»\u{A0}\u{202F}".contains(character) || is_mark(character)
        {
            safe.push(character);
        } else {
            // Writing to a String never fails.
            let _ = write!(safe, "#{};", u32::from(character));
        }
    }
    safe
}

/// Returns whether a character is one of the marks above and below the letters of Thai, which are no letters themselves.
fn is_mark(character: char) -> bool {
    ('\u{E31}'..='\u{E4E}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_wire_means_anything() {
        assert_eq!(escaped("a;b\nend #x %% <b> `"), "a#59;b#92;nend #35;x #37;#37; #60;b#62; #96;");
        assert_eq!(escaped("[::1]:80"), "#91;::1#93;:80");
        assert_eq!(escaped("+0.4 ms, ข้อความ 62 ไบต์"), "+0.4 ms, ข้อความ 62 ไบต์");
    }
}
