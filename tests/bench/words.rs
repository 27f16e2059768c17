//! Generates text like that of applications.

use crate::random::Random;
use std::fmt::Write as _;

const WORDS: [&str; 24] = [
    "the",
    "connection",
    "was",
    "café",
    "closed",
    "before",
    "anyone",
    "answered",
    "again",
    "naïve",
    "update",
    "order",
    "пример",
    "shipped",
    "tomorrow",
    "日本語",
    "maybe",
    "🙂",
    "please",
    "check",
    "room",
    "reload",
    "thanks",
    "status",
];

/// Generates a JSON object of about `len` bytes.
pub fn json(len: usize, random: &mut Random) -> String {
    let (id, user) = (random.bits() as u32, random.between(1, 100_000));
    let mut text = String::with_capacity(len + 32);
    let _ = write!(text, r#"{{"type":"message","id":{id},"user":"u{user}","text":""#);
    while text.len() + 2 < len {
        let word: &&str = random.pick(&WORDS);
        text.push_str(word);
        text.push(' ');
    }
    text.push_str("\"}");
    text
}
