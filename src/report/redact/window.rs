//! Secrets in a window on a text of which only a few more bytes are known.

use super::patterns;
use super::secret::Secret;
use crate::ws::violation::Context;

/// Texts that may precede bytes whose text began earlier. The bytes then belong to a value whose name is not known.
const BEFORE: &[&[u8]] = &[b"password=", b"{\"password\":\"", b"cookie: a=", b"Authorization: Bearer "];

/// The same in markup.
const BEFORE_MARKUP: &[u8] = b"<password>";

/// Returns the secrets in the text of `context`, and the bytes that would belong to a secret if the text began with its
/// name.
pub fn find(context: &Context) -> Vec<Secret> {
    let text = context.text();
    let mut secrets = patterns::find_in_window(text);
    if !context.is_beginning() {
        let markup = text.contains(&b'<').then_some(BEFORE_MARKUP);
        for before in BEFORE.iter().copied().chain(markup) {
            let found = patterns::find_in_window(&[before, text].concat());
            secrets.extend(found.into_iter().map(|Secret { range, kind }| {
                let at = |position: usize| position.saturating_sub(before.len());
                Secret { range: at(range.start)..at(range.end), kind }
            }));
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::super::secret::disjoint;
    use super::*;
    use crate::ws::violation::Tail;

    /// Returns the bytes shown of the end of a text, with `.` for each that belongs to a secret.
    fn shown(text: &[u8]) -> String {
        let mut tail = Tail::default();
        tail.push(text);
        let context = tail.context(text.len() as u64, 0);
        let secrets = disjoint(find(&context));
        let is_secret = |at: &usize| secrets.iter().any(|secret| secret.range.contains(at));
        let bytes = context.shown().map(|at| if is_secret(&at) { b'.' } else { context.text()[at] });
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    }

    #[test]
    fn a_name_before_the_window_counts() {
        let hidden = ".".repeat(16);
        assert_eq!(shown(b"{\"user\":\"ana\",\"password\":\"zorvak moon, and more\xff"), hidden);
        assert_eq!(shown(b"{\"user\":\"ana\",\"comment\":\"zorvak moon, and more\xff"), " moon, and more\u{fffd}");
        assert_eq!(shown(b"{\"password\":\"zorvak\",\"n\":\"caf\xe9"), ".....\",\"n\":\"caf\u{fffd}");
    }

    #[test]
    fn a_name_out_of_sight_counts_where_a_value_may_go_on() {
        let long = "zorvak moon, and more of it. ".repeat(5);
        for before in ["{\"password\":\"", "{\"text\":\"", "Cookie: a=", "<password><!-- -->"] {
            assert_eq!(shown(format!("{before}{long}").as_bytes()), ".".repeat(16), "{before}");
        }
        assert_eq!(shown(format!("password={}", "zorvakmoon".repeat(9)).as_bytes()), ".".repeat(16));
        let behind = format!("{{\"password\":\"{long}\",\"b\":\"one\",\"c\":\"more text behind\"");
        assert_eq!(shown(behind.as_bytes()), "ore text behind\"");
        let markup = format!("<password>{long}</password><b a=\"x\">more text behind</b>");
        assert_eq!(shown(markup.as_bytes()), " text behind</b>");
    }
}
