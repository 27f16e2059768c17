//! Values in sentences: numbers, sizes, times, as a language writes them.

use std::borrow::Cow;
use std::time::Duration;

use crate::catalog::{Language, fill, words};
use crate::diagnose::{Evidence, Value};
use crate::side::Side;

/// A text with its placeholders filled from the evidence.
pub fn sentence(template: &'static str, evidence: &[Evidence], language: Language) -> Cow<'static, str> {
    if !template.contains('{') {
        return template.into();
    }
    let value = |name: &str| Some(text(&evidence.iter().find(|evidence| evidence.name == name)?.value, language));
    fill(template, value).into()
}

/// A value as words.
pub fn text(value: &Value, language: Language) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Bytes(bytes) => bytes_of(*bytes, language),
        Value::Time(time) => duration(*time),
        Value::Side(side) => side_of(*side, language).to_owned(),
        Value::Wire(text) => format!("“{text}”"),
        Value::Byte(byte) => format!("0x{byte:02X}"),
        Value::Token(token) => token.clone(),
    }
}

/// A value as JSON.
pub fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Number(number) | Value::Bytes(number) => (*number).into(),
        Value::Time(time) => time.as_secs_f64().into(),
        Value::Side(Side::Client) => "client".into(),
        Value::Side(Side::Server) => "server".into(),
        Value::Wire(text) | Value::Token(text) => text.as_str().into(),
        Value::Byte(byte) => format!("0x{byte:02X}").into(),
    }
}

/// "the client" or "the server".
pub fn side_of(side: Side, language: Language) -> &'static str {
    words().get(if side == Side::Client { "the_client" } else { "the_server" }, language)
}

/// "1 byte", "2,097,152 bytes".
fn bytes_of(bytes: u64, language: Language) -> String {
    let name = if bytes == 1 { "bytes_one" } else { "bytes" };
    fill(words().get(name, language), |_| Some(number(bytes)))
}

/// A number with its thousands apart.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A span of time, to three significant digits or so: `0.4 ms`, `20.0 s`, `3 min 05 s`, `2 h 00 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if seconds < 0.1 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        _ if seconds < 119.95 => format!("{seconds:.1} s"),
        _ if seconds < 7200.0 => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
        _ => format!("{} h {:02} min", time.as_secs() / 3600, time.as_secs() / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!(number(7), "7");
        assert_eq!(number(2_097_152), "2,097,152");
        let of = |millis| duration(Duration::from_millis(millis));
        assert_eq!((of(0), of(4), of(250)), ("0.0 ms".into(), "4.0 ms".into(), "250 ms".into()));
        assert_eq!(
            (of(20_012), of(185_000), of(7_260_000)),
            ("20.0 s".into(), "3 min 05 s".into(), "2 h 01 min".into())
        );
    }
}
