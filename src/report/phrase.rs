//! Formats values in sentences: numbers, sizes and times, by the rules of a language.

use std::borrow::Cow;
use std::time::Duration;

use crate::capture::{Damage, Fault, Inside, Note};
use crate::catalog::{Language, fill, words};
use crate::diagnose::{Evidence, Value};
use crate::http::Problem;
use crate::side::Side;
use crate::ws::violation::Context;

/// Fills the placeholders of a text from the evidence.
pub fn sentence(template: &'static str, evidence: &[Evidence], language: Language) -> Cow<'static, str> {
    if memchr::memchr(b'{', template.as_bytes()).is_none() {
        return template.into();
    }
    let find = |name: &str| Some(&evidence.iter().find(|evidence| evidence.name == name)?.value);
    // Some languages contract a preposition with the article of the side: "del cliente", "au client".
    let drawn_together = |name: &str| match (name.split_once('_')?, find(name.split_once('_')?.1)?) {
        ((preposition @ ("of" | "to"), _), Value::Side(side)) => {
            Some(words().get(&format!("{preposition}_{}", name_of(*side)), language).into())
        }
        _ => None,
    };
    fill(template, |name| find(name).map(|value| text(value, language)).or_else(|| drawn_together(name))).into()
}

/// Formats a value as words.
pub fn text(value: &Value, language: Language) -> Cow<'_, str> {
    let text = match value {
        Value::Number(number) | Value::Packet(number) => number.to_string(),
        Value::Bytes(bytes) => bytes_of(*bytes, language),
        Value::Time(time) => duration(*time, language),
        Value::Side(side) => return side_of(*side, language).into(),
        Value::Wire(text) => word("quoted", &[("text", text)], language),
        Value::Window(context) => hex(&all(context)),
        Value::Hex { bytes, .. } => hex(bytes),
        Value::Excerpt(context) => word("quoted", &[("text", &String::from_utf8_lossy(context.bytes()))], language),
        Value::Byte(byte) => format!("0x{byte:02X}"),
        Value::Token(token) => return token.into(),
        Value::Endpoint(endpoint) => endpoint.to_string(),
        Value::Problem(found) => problem(found, language),
    };
    text.into()
}

/// Converts a value to JSON.
pub fn json(value: &Value, language: Language) -> serde_json::Value {
    match value {
        Value::Number(number) | Value::Packet(number) | Value::Bytes(number) => (*number).into(),
        Value::Time(time) => time.as_secs_f64().into(),
        Value::Side(Side::Client) => "client".into(),
        Value::Side(Side::Server) => "server".into(),
        Value::Wire(text) | Value::Token(text) => text.as_str().into(),
        Value::Endpoint(endpoint) => endpoint.to_string().into(),
        Value::Window(context) => hex(&all(context)).into(),
        Value::Hex { bytes, .. } => hex(bytes).into(),
        Value::Excerpt(context) => String::from_utf8_lossy(context.bytes()).into(),
        Value::Byte(byte) => format!("0x{byte:02X}").into(),
        Value::Problem(found) => problem(found, language).into(),
    }
}

fn all(context: &Context) -> Vec<Option<u8>> {
    context.bytes().iter().copied().map(Some).collect()
}

/// Formats bytes in hexadecimal, with `··` for a redacted byte.
fn hex(bytes: &[Option<u8>]) -> String {
    let byte = |byte: &Option<u8>| byte.map_or_else(|| "··".to_owned(), |byte| format!("{byte:02x}"));
    bytes.iter().map(byte).collect::<Vec<_>>().join(" ")
}

/// Returns "the client" or "the server".
pub fn side_of(side: Side, language: Language) -> &'static str {
    words().get(name_of(side), language)
}

const fn name_of(side: Side) -> &'static str {
    match side {
        Side::Client => "the_client",
        Side::Server => "the_server",
    }
}

/// Quotes an argument of a command line for a shell, if it needs that.
pub fn argument(text: &str) -> String {
    let is_special = |character: char| character.is_whitespace() || "'\"$&|;<>*?()\\`".contains(character);
    if text.contains(is_special) { format!("'{}'", text.replace('\'', r"'\''")) } else { text.to_owned() }
}

/// Describes a violation of the opening handshake, as a part of a sentence.
pub fn problem(problem: &Problem, language: Language) -> String {
    word(&format!("problem_{}", problem.name()), &[("what", problem.detail())], language)
}

/// Describes a remark of a reader on a capture file, as a part of a sentence. Offsets are from 0, as hex editors
/// expect.
pub fn note(note: &Note, language: Language) -> String {
    let fault = |fault: &Fault| word(fault.name(), &[], language);
    let inside = |ended: String, inside: &Option<Inside>| match inside {
        Some(Inside { unit, begins }) => {
            word(unit.name(), &[("ended", &ended), ("begins", &begins.to_string())], language)
        }
        None => ended,
    };
    let name = note.name();
    match note {
        Note::CutOff { at, inside: within } => inside(word(name, &[("at", &at.to_string())], language), within),
        Note::Damaged { damage: Damage { format, words }, at, inside: within } => {
            let words = word("quoted", &[("text", words.as_deref().unwrap_or_default())], language);
            inside(word(name, &[("format", format), ("words", &words), ("at", &at.to_string())], language), within)
        }
        Note::Unreadable { at, fault: wrong } => {
            word(name, &[("at", &at.to_string()), ("fault", &fault(wrong))], language)
        }
        Note::Skipped { count, at, fault: wrong } => {
            counted(name, *count, &[("at", &at.to_string()), ("fault", &fault(wrong))], language)
        }
        Note::Dropped { count, interface } => counted(name, *count, &[("interface", interface)], language),
        Note::LetGo { count, kept } => counted(name, *count, &[("kept", &number(*kept, language))], language),
        Note::LeftOut { count } => counted(name, *count, &[], language),
    }
}

/// Returns the text `NAME_one` for one, if it exists, else `NAME`; `{count}` is among its values.
pub fn counted(name: &str, count: u64, values: &[(&str, &str)], language: Language) -> String {
    let number = number(count, language);
    let values: Vec<_> = values.iter().copied().chain([("count", number.as_str())]).collect();
    let one = format!("{name}_one");
    word(if count == 1 && !words().get(&one, language).is_empty() { &one } else { name }, &values, language)
}

/// Formats "1 byte", "2,097,152 bytes".
pub fn bytes_of(bytes: u64, language: Language) -> String {
    word(if bytes == 1 { "bytes_one" } else { "bytes" }, &[("bytes", &number(bytes, language))], language)
}

/// Returns a text of the words with its placeholders filled.
pub fn word(name: &str, values: &[(&str, &str)], language: Language) -> String {
    filled(words().get(name, language), values)
}

/// Fills the placeholders of a text.
pub fn filled(template: &str, values: &[(&str, &str)]) -> String {
    fill(template, |key| values.iter().find(|(name, _)| *name == key).map(|(_, value)| Cow::Borrowed(*value)))
}

/// Joins the first `most` texts with commas; `…` stands for the others.
pub fn first(all: impl IntoIterator<Item = String>, most: usize) -> String {
    let mut named: Vec<_> = all.into_iter().take(most + 1).collect();
    if let Some(next) = named.get_mut(most) {
        *next = "…".to_owned();
    }
    named.join(", ")
}

/// Joins two texts with a colon.
pub fn pair(first: &str, second: &str, language: Language) -> String {
    word("pair", &[("first", first), ("second", second)], language)
}

/// Formats a number with its thousands separated.
pub fn number(number: u64, language: Language) -> String {
    let digits = number.to_string();
    // Four digits are easy to read, and are not separated unless the language requires it.
    let least: usize = words().get("grouped_from", language).parse().unwrap_or_default();
    let mark = if digits.len() < least { "" } else { words().get("group_mark", language) };
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push_str(mark);
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats a span of time to about three significant digits: `40 µs`, `0.4 ms`, `20.0 s`, `3 min 05 s`, `2 h 00 min`.
pub fn duration(time: Duration, language: Language) -> String {
    let seconds = time.as_secs_f64();
    let of = |unit, large, small| duration_of(unit, large, small, language);
    let whole = |seconds: u64| seconds.to_string();
    match seconds {
        _ if time.is_zero() => of("milliseconds", "0".to_owned(), 0),
        _ if time < Duration::from_micros(1) => of("microseconds", "<1".to_owned(), 0),
        _ if time < Duration::from_micros(100) => of("microseconds", whole(time.as_micros() as u64), 0),
        _ if seconds < 0.1 => of("milliseconds", format!("{:.1}", seconds * 1e3), 0),
        _ if seconds < 1.0 => of("milliseconds", format!("{:.0}", seconds * 1e3), 0),
        _ if seconds < 119.95 => of("seconds", format!("{seconds:.1}"), 0),
        _ if seconds < 7200.0 => of("minutes", whole(time.as_secs() / 60), time.as_secs() % 60),
        _ => of("hours", whole(time.as_secs() / 3600), time.as_secs() / 60 % 60),
    }
}

/// Returns a time that goes on, in whole seconds at the finest.
pub fn seconds(time: Duration, language: Language) -> String {
    match time.as_secs() {
        seconds @ 0..120 => duration_of("seconds", seconds.to_string(), 0, language),
        seconds => duration(Duration::from_secs(seconds), language),
    }
}

/// Returns a time of one unit, or of two.
fn duration_of(unit: &str, large: String, small: u64, language: Language) -> String {
    let large = large.replace('.', words().get("decimal_mark", language));
    word(&format!("duration_{unit}"), &[("large", &large), ("small", &format!("{small:02}"))], language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        let number = |n| number(n, Language::English);
        assert_eq!(number(7), "7");
        assert_eq!(number(2_097_152), "2,097,152");
        let of = |millis| duration(Duration::from_millis(millis), Language::English);
        assert_eq!((of(4), of(250)), ("4.0 ms".into(), "250 ms".into()));
        let small = |nanos| duration(Duration::from_nanos(nanos), Language::English);
        assert_eq!((small(0), small(999), small(1_900)), ("0 ms".into(), "<1 µs".into(), "1 µs".into()));
        assert_eq!((small(99_999), small(100_000)), ("99 µs".into(), "0.1 ms".into()));
        assert_eq!(
            (of(20_012), of(185_000), of(7_260_000)),
            ("20.0 s".into(), "3 min 05 s".into(), "2 h 01 min".into())
        );
    }

    #[test]
    fn sides_are_drawn_together_with_their_prepositions() {
        let evidence = [Evidence { name: "side", value: Value::Side(Side::Server) }];
        let of = |language| sentence("{side}: {of_side} {to_side} {of_other}", &evidence, language);
        assert_eq!(of(Language::English), "the server: of the server to the server {of_other}");
        assert_eq!(of(Language::French), "le serveur: du serveur au serveur {of_other}");
    }

    #[test]
    fn numbers_and_times_follow_the_language() {
        let of = |language| {
            (number(1234, language), number(2_097_152, language), duration(Duration::from_millis(20_012), language))
        };
        let expected = |four: &str, seven: &str, time: &str| (four.to_owned(), seven.to_owned(), time.to_owned());
        assert_eq!(of(Language::Spanish), expected("1234", "2.097.152", "20,0 s"));
        assert_eq!(of(Language::French), expected("1\u{202F}234", "2\u{202F}097\u{202F}152", "20,0 s"));
        assert_eq!(of(Language::Indonesian), expected("1.234", "2.097.152", "20,0 detik"));
        assert_eq!(of(Language::Thai), expected("1,234", "2,097,152", "20.0 วินาที"));
        assert_eq!(of(Language::Vietnamese), expected("1.234", "2.097.152", "20,0 giây"));
    }
}
