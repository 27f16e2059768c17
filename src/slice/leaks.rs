//! Which secrets of a capture still stand in something that was made of it.

use std::collections::BTreeMap;

use crate::report::redact::Kind;

/// The least bytes of a value that is looked for: shorter ones stand everywhere by accident.
pub const LEAST: usize = 4;

/// A secret that still stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// What it is.
    pub kind: Kind,
    /// The secret.
    pub value: Box<[u8]>,
    /// The form in which it stands.
    pub form: Form,
    /// How often.
    pub count: usize,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it was.
    Plain,
    /// With the escapes of JSON or HTML.
    Escaped,
    /// In hexadecimal, with or without spaces.
    Hexadecimal,
}

/// Every secret that stands in `output`, each form once; and how many values were too short to look for.
pub fn leaks(secrets: &[(Kind, Box<[u8]>)], output: &[u8]) -> (Vec<Leak>, usize) {
    let unique: BTreeMap<&[u8], Kind> = secrets.iter().rev().map(|(kind, value)| (&**value, *kind)).collect();
    let short = unique.keys().filter(|value| value.len() < LEAST).count();
    let mut leaks = Vec::new();
    for (value, kind) in unique.into_iter().filter(|(value, _)| value.len() >= LEAST) {
        for (form, written) in forms(value) {
            let count = count(output, &written);
            if count > 0 {
                leaks.push(Leak { kind, value: value.into(), form, count });
            }
        }
    }
    (leaks, short)
}

fn forms(value: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let text = String::from_utf8_lossy(value);
    let json = serde_json::to_string(&text).unwrap_or_default();
    let json = json.trim_matches('"');
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let hex = |between: &str| value.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between);
    let mut forms = vec![(Form::Plain, value.to_vec())];
    forms.extend(
        [json, &html].iter().filter(|form| **form != text).map(|form| (Form::Escaped, form.as_bytes().to_vec())),
    );
    forms.extend([hex(" "), hex("")].map(|form| (Form::Hexadecimal, form.into_bytes())));
    forms
}

/// How often a value stands there by itself, not within a word.
fn count(output: &[u8], value: &[u8]) -> usize {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let found = memchr::memmem::find_iter(output, value);
    found
        .filter(|at| {
            let before = at.checked_sub(1).and_then(|at| output.get(at));
            !is_word(before) && !is_word(output.get(at + value.len()))
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_every_form() {
        let secrets = [(Kind::Query, Box::from(&b"a\"b<c>"[..])), (Kind::Cookie, Box::from(&b"abc"[..]))];
        let forms =
            |output: &str| leaks(&secrets, output.as_bytes()).0.iter().map(|leak| leak.form).collect::<Vec<_>>();
        assert_eq!(forms("x=a\"b<c>;"), [Form::Plain]);
        assert_eq!(forms(r#"{"x":"a\"b<c>"}"#), [Form::Escaped]);
        assert_eq!(forms("a&quot;b&lt;c&gt;"), [Form::Escaped]);
        assert_eq!(forms("61 22 62 3c 63 3e"), [Form::Hexadecimal]);
        assert_eq!(forms("xa\"b<c>"), []);
        assert_eq!(leaks(&secrets, b"").1, 1);
    }
}
