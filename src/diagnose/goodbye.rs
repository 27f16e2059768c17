//! Reads the last message before an end: application protocols are read far enough for their goodbyes and errors.
//!
//! Only the beginning of a message is kept, so its JSON may be cut off: fields are searched for, not parsed.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::chunk::Carrier;
use crate::ending::sent_before;
use crate::facts::{Facts, Moment};
use crate::seen::Seen;
use crate::side::Side;
use crate::ws::Opcode;

/// The most characters of a message that are quoted.
const QUOTED: usize = 160;

/// A message that explains an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goodbye {
    /// The application protocol; `None` for an error in JSON of an unknown one.
    pub protocol: Option<&'static str>,
    /// Its words, as they came from the wire.
    pub text: String,
    /// Its packet.
    pub seen: Seen,
}

/// Returns the last message that a side sent before it ended the connection, if the message explains the end.
pub fn of(facts: &Facts, side: Side, end: Carrier) -> Option<Goodbye> {
    let message = sent_before(facts, side, side, end).rfind(|moment| moment.is_message() && moment.complete)?;
    let request = facts.handshake.request.as_deref();
    let is_socket_io = request.is_some_and(|request| request.target.contains("EIO="));
    let (protocol, text) = read(message, facts.preview(side, message)?, is_socket_io)?;
    Some(Goodbye { protocol, text: text.chars().take(QUOTED).collect(), seen: message.seen })
}

/// The first bytes of goodbyes in text protocols.
const BEGINS: &[u8] = b"cE<[";

/// Words of which every goodbye in JSON contains one.
static HINTS: LazyLock<[Finder<'_>; 6]> =
    LazyLock::new(|| ["error", "disconnect", "\u{1e}", "auth_invalid", "phx_close", "goAway"].map(Finder::new));

/// Returns the protocol and the words of a message that begins with these bytes, if it is a goodbye. Short texts are read as
/// Socket.IO only if the connection speaks it.
fn read(message: &Moment, bytes: &[u8], is_socket_io: bool) -> Option<(Option<&'static str>, String)> {
    if message.opcode == Opcode::BINARY {
        return binary(bytes).map(|(protocol, text)| (Some(protocol), text));
    }
    let is_hinted = || HINTS.iter().any(|hint| hint.find(bytes).is_some());
    if !is_socket_io && !bytes.first().is_some_and(|first| BEGINS.contains(first)) && !is_hinted() {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let socket_io = is_socket_io.then(|| socket_io(&text)).flatten().map(|said| ("Socket.IO", said));
    if let Some((protocol, said)) = socket_io.or_else(|| marked(&text)) {
        return Some((Some(protocol), said));
    }
    if !is_hinted() {
        return None;
    }
    let json = without_blanks(&text);
    let is_cut = message.size > bytes.len() as u64;
    match json_goodbye(&json, is_cut) {
        Some((protocol, said)) => Some((Some(protocol), said)),
        None => Some((None, json_error(&json)?)),
    }
}

/// Reads Socket.IO's packets CONNECT_ERROR and DISCONNECT.
fn socket_io(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix("44") {
        return field(&without_blanks(rest), "message");
    }
    (text == "41" || text.starts_with("41/")).then(|| "disconnect".to_owned())
}

/// Reads text protocols whose messages are not plain JSON objects.
fn marked(text: &str) -> Option<(&'static str, String)> {
    if let Some(rest) = text.strip_prefix("c[") {
        let reason =
            rest.split_once(',').and_then(|(code, reason)| code.parse::<u16>().ok().and(string(reason.trim_start())));
        return Some(("SockJS", reason?));
    }
    if let Some(rest) = text.strip_prefix("ERROR\n").or_else(|| text.strip_prefix("ERROR\r\n")) {
        return Some(("STOMP", rest.lines().find_map(|line| line.strip_prefix("message:"))?.to_owned()));
    }
    if text.starts_with("<close") {
        return text.contains("urn:ietf:params:xml:ns:xmpp-framing").then(|| ("XMPP", "close".to_owned()));
    }
    if !text.starts_with('[') {
        return None;
    }
    let json = without_blanks(text);
    let wamp =
        [("[6,", "wamp.close."), ("[3,", "wamp.error.")].into_iter().find(|(begins, _)| json.starts_with(begins));
    if let Some((_, family)) = wamp {
        let name = json.split('"').find(|part| part.starts_with(family))?;
        let message = field(&json, "message").filter(|message| !message.is_empty());
        return Some(("WAMP", message.map_or_else(|| name.to_owned(), |message| format!("{name}: {message}"))));
    }
    None
}

/// Reads JSON messages of protocols that have their own form of goodbye.
fn json_goodbye(json: &str, is_cut: bool) -> Option<(&'static str, String)> {
    let has = |what: &str| json.contains(what);
    // Other protocols number their message types, too; SignalR's messages end with a record separator.
    let is_record = is_cut || json.ends_with('\u{1e}');
    if is_record && (json.starts_with("{\"type\":7,") || json.starts_with("{\"type\":7}")) {
        return Some(("SignalR", field(json, "error").unwrap_or_else(|| "close".to_owned())));
    }
    if has("\"type\":\"disconnect\"") {
        let marks = [("\"reconnect\":", "Action Cable"), ("\"debug_info\":", "Slack")];
        let (_, protocol) = marks.into_iter().find(|(mark, _)| has(mark))?;
        return Some((protocol, field(json, "reason")?));
    }
    if has("\"type\":\"auth_invalid\"") {
        return Some(("Home Assistant", field(json, "message").unwrap_or_else(|| "auth_invalid".to_owned())));
    }
    if has("\"type\":\"connection_error\"") {
        let said = field(json, "message").or_else(|| field(json, "errorType"));
        return Some(("GraphQL", said.unwrap_or_else(|| "connection_error".to_owned())));
    }
    let phoenix = ["phx_close", "phx_error"].into_iter().find(|event| has(&format!("\"{event}\"")));
    if let Some(event) = phoenix {
        return Some(("Phoenix", field(json, "reason").unwrap_or_else(|| event.to_owned())));
    }
    has("\"goAway\":").then(|| ("Gemini Live", field(json, "timeLeft").unwrap_or_else(|| "goAway".to_owned())))
}

/// Reads errors in the forms that are common among applications.
fn json_error(json: &str) -> Option<String> {
    const MARKS: &[&str] = &[
        "\"type\":\"error\"",
        "\"type\":\"disconnect\"",
        "\"event\":\"error\"",
        "\"event\":\"pusher:error\"",
        "\"op\":\"error\"",
        "\"status\":\"error\"",
    ];
    // Fields of errors, with the values that they have if there was no error.
    const FIELDS: &[(&str, &[&str])] = &[
        ("\"error\":{", &["}"]),
        ("\"error\":\"", &["\""]),
        ("\"errors\":[", &["]"]),
        ("\"error_code\":", &["0,", "0}", "null", "\"\"", "\"0\""]),
    ];
    let is_said = |(field, none): &(&str, &[&str])| {
        json.split(field).skip(1).any(|value| !none.iter().any(|none| value.starts_with(none)))
    };
    let is_error = MARKS.iter().any(|mark| json.contains(mark)) || FIELDS.iter().any(is_said);
    if !json.starts_with(['{', '[']) || !is_error {
        return None;
    }
    ["message", "error", "reason", "error_message", "msg", "detail", "description", "code"]
        .into_iter()
        .find_map(|name| field(json, name).filter(|said| !said.is_empty()))
}

/// Reads binary protocols: the Kubernetes error channel, MQTT 5 and 3.1.1.
fn binary(bytes: &[u8]) -> Option<(&'static str, String)> {
    match bytes {
        [3, b'{', ..] => {
            let json = without_blanks(&String::from_utf8_lossy(bytes.get(1..)?));
            Some(("Kubernetes", field(&json, "message").or_else(|| field(&json, "status"))?))
        }
        [0xE0, length, reason, ..] if *length >= 1 && bytes.len() == usize::from(*length) + 2 => {
            Some(("MQTT", mqtt_disconnect(*reason)?.to_owned()))
        }
        [0x20, length, _, reason, ..] if *length >= 2 && *reason != 0 && bytes.len() == usize::from(*length) + 2 => {
            Some(("MQTT", mqtt_connack(*reason)?.to_owned()))
        }
        _ => None,
    }
}

/// Describes a reason code of a DISCONNECT (MQTT 5.0 §3.14.2.1).
const fn mqtt_disconnect(reason: u8) -> Option<&'static str> {
    Some(match reason {
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x87 => "not authorized",
        0x89 => "server busy",
        0x8B => "server shutting down",
        0x8D => "keep alive timeout",
        0x8E => "session taken over",
        0x93 => "receive maximum exceeded",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x9C => "use another server",
        0x9D => "server moved",
        _ => return None,
    })
}

/// Describes a return code of a CONNACK (MQTT 3.1.1 §3.2.2.3, MQTT 5.0 §3.2.2.2).
const fn mqtt_connack(reason: u8) -> Option<&'static str> {
    Some(match reason {
        1 | 0x84 => "unsupported protocol version",
        2 | 0x85 => "client identifier not valid",
        3 | 0x88 => "server unavailable",
        4 | 0x86 => "bad user name or password",
        5 | 0x87 => "not authorized",
        0x89 => "server busy",
        0x8A => "banned",
        0x97 => "quota exceeded",
        _ => return None,
    })
}

/// Returns JSON without the white space outside of strings.
fn without_blanks(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let keep = |character: &char| {
        if escaped {
            escaped = false;
        } else if inside && *character == '\\' {
            escaped = true;
        } else if *character == '"' {
            inside = !inside;
        }
        inside || !character.is_whitespace()
    };
    text.chars().filter(keep).collect()
}

/// Returns the first string field of that name, at any depth.
fn field(json: &str, name: &str) -> Option<String> {
    json.split(&format!("\"{name}\":")).skip(1).find_map(string)
}

/// Returns the string at the beginning of a JSON text. If its end is cut off, the string is returned as it was written,
/// with `…`.
fn string(json: &str) -> Option<String> {
    let rest = json.strip_prefix('"')?;
    let mut escaped = false;
    let end = rest.find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    });
    match end {
        Some(end) => serde_json::from_str(json.get(..end + 2)?).ok(),
        None => Some(format!("{rest}…")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(opcode: Opcode, bytes: &[u8]) -> Option<(Option<&'static str>, String)> {
        read(&Moment { opcode, complete: true, size: bytes.len() as u64, ..Moment::default() }, bytes, true)
    }

    #[test]
    fn goodbyes_are_read() {
        for (text, protocol, words) in [
            (r#"44{"message":"not allowed"}"#, Some("Socket.IO"), "not allowed"),
            ("41", Some("Socket.IO"), "disconnect"),
            (r#"c[3000,"Go away!"]"#, Some("SockJS"), "Go away!"),
            (
                "{\"type\":7,\"error\":\"Connection closed with an error.\"}\u{1e}",
                Some("SignalR"),
                "Connection closed with an error.",
            ),
            ("ERROR\nversion:1.2\nmessage:malformed frame\n\n\0", Some("STOMP"), "malformed frame"),
            (
                r#"[6, {"message": "bye"}, "wamp.close.system_shutdown"]"#,
                Some("WAMP"),
                "wamp.close.system_shutdown: bye",
            ),
            (r#"[3,{},"wamp.error.no_such_realm"]"#, Some("WAMP"), "wamp.error.no_such_realm"),
            (
                r#"{"type":"disconnect","reason":"unauthorized","reconnect":false}"#,
                Some("Action Cable"),
                "unauthorized",
            ),
            (
                r#"{"type":"disconnect","reason":"refresh_requested","debug_info":{}}"#,
                Some("Slack"),
                "refresh_requested",
            ),
            (r#"{"type":"disconnect","reason":"kicked"}"#, None, "kicked"),
            (r#"{"type": "auth_invalid", "message": "Invalid password"}"#, Some("Home Assistant"), "Invalid password"),
            (r#"["1","1","room:9","phx_error",{}]"#, Some("Phoenix"), "phx_error"),
            (
                r#"{"type":"error","error":{"code":"session_expired","message":"Your \"session\" has ended"#,
                None,
                "Your \\\"session\\\" has ended…",
            ),
            (r#"{"error_code":40107,"msg":"no such room"}"#, None, "no such room"),
            (r#"{"event":"pusher:error","data":{"code":4004,"message":"over quota"}}"#, None, "over quota"),
        ] {
            assert_eq!(said(Opcode::TEXT, text.as_bytes()), Some((protocol, words.to_owned())), "{text}");
        }
        let status =
            b"\x03{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"command terminated with exit code 1\"}";
        assert_eq!(said(Opcode::BINARY, status).unwrap().1, "command terminated with exit code 1");
        assert_eq!(said(Opcode::BINARY, &[0xE0, 2, 0x8E, 0]).unwrap().1, "session taken over");
        assert_eq!(said(Opcode::BINARY, &[0x20, 2, 0, 5]).unwrap().1, "not authorized");
    }

    #[test]
    fn ordinary_messages_are_none() {
        for text in [
            r#"{"type":"say","text":"an error: \"type\":\"error\" is what I typed"}"#,
            r#"{"type":"tick","price":7,"message":"error"}"#,
            r#"{"errors":[],"ok":true}"#,
            r#"{"errors": [], "message": "saved"}"#,
            r#"{"error":"","message":"saved"}"#,
            r#"{"error_code":0,"msg":"success"}"#,
            r#"{"error":null,"message":"saved"}"#,
            r#"{"type":70}"#,
            r#"{"type":7,"move":"e4"}"#,
            r#"{"type":7,"note":"no error"}"#,
            "410 gone",
            "41 of 50",
            "",
        ] {
            assert_eq!(said(Opcode::TEXT, text.as_bytes()), None, "{text}");
        }
        assert_eq!(said(Opcode::BINARY, &[0xE0, 9, 0x8E, 0]), None);
        assert_eq!(said(Opcode::BINARY, &[0x20, 2, 0, 0]), None);
    }

    #[test]
    fn numbers_are_no_socket_io() {
        let message = Moment { opcode: Opcode::TEXT, complete: true, ..Moment::default() };
        assert_eq!(read(&message, b"41", false), None);
        assert_eq!(read(&message, b"41", true).unwrap().0, Some("Socket.IO"));
    }
}
