//! The place of the error in a filter expression. libpcap says what is wrong, but never where.

use std::ops::Range;

/// Samples of what may follow in an expression. If the words so far compile with none of these after them, the last
/// word is wrong.
const CONTINUATIONS: [&str; 10] =
    ["tcp", "1", "host 127.0.0.1", "127.0.0.1", "::1", "port 1", "1-2", "1.0.0.0/8", "00:00:00:00:00:01", "= 1"];

/// Returns the byte range of the first word after which no expression can be valid. The range is empty, at the end of
/// `expression`, if every word is right but more must follow. `compile` is libpcap's verdict; its error is libpcap's
/// message.
pub(super) fn fault(expression: &str, compile: impl Fn(&str) -> Result<(), String>) -> Range<usize> {
    let goes_on = |words: &str| {
        let closed = |text: &str| {
            let open = text.matches('(').count().saturating_sub(text.matches(')').count());
            format!("{text}{}", ")".repeat(open))
        };
        match compile(&closed(words)) {
            Ok(()) => true,
            // An unknown name or a value out of range: nothing that follows makes it right.
            Err(message) if !message.contains("syntax error") => false,
            Err(_) => CONTINUATIONS.iter().any(|more| compile(&closed(&format!("{words} {more}"))).is_ok()),
        }
    };
    let words = words(expression);
    let wrong = words.iter().find(|word| expression.get(..word.end).is_some_and(|words| !goes_on(words)));
    wrong.cloned().unwrap_or(expression.len()..expression.len())
}

/// Returns the ranges of the words, which are separated by white space. Each parenthesis is a word of its own.
fn words(expression: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut is_inside = false;
    for (at, character) in expression.char_indices() {
        let end = at + character.len_utf8();
        let is_word = !character.is_whitespace() && !matches!(character, '(' | ')');
        match words.last_mut().filter(|_| is_inside && is_word) {
            Some(word) => word.end = end,
            None if !character.is_whitespace() => words.push(at..end),
            None => {}
        }
        is_inside = is_word;
    }
    words
}

#[cfg(test)]
mod tests {
    use pcap::{Capture, Linktype};

    use super::*;
    use crate::capture::testing::tools;

    fn compile(expression: &str) -> Result<(), String> {
        let compiled = Capture::dead(Linktype::ETHERNET).and_then(|dead| dead.compile(expression, true));
        compiled.map(drop).map_err(|error| error.to_string())
    }

    /// Returns the text at the fault.
    fn at_fault(expression: &str) -> &str {
        assert!(compile(expression).is_err(), "{expression}");
        &expression[fault(expression, compile)]
    }

    #[test]
    fn the_first_word_that_cannot_be() {
        if tools::missing(&["libpcap"]) {
            return;
        }
        for (expression, expected) in [
            ("tcp prot 80", "prot"),
            ("port port", "port"),
            ("tcp port 80 and prot 443 and host 10.0.0.1", "prot"),
            ("tcp port 80 adn port 81", "adn"),
            ("port 99999", "99999"),
            ("host 300.1.2.3", "300.1.2.3"),
            ("not (tcp port 80 or (udp prot 53))", "prot"),
            ("tcp)", ")"),
            ("(tcp port 80 and", ""),
            ("tcp port", ""),
            ("net 10.0.0.0/8 and (port 1 or", ""),
            ("(tcp", ""),
            ("é", "é"),
        ] {
            assert_eq!(at_fault(expression), expected, "{expression}");
        }
        let expression = "port port";
        assert_eq!(fault(expression, compile), 5..9, "the second");
    }
}
