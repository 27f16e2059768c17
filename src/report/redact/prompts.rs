//! Questions for a secret, such as `Password: ` in a terminal or a game, and the client's messages that answer them.

/// Words of a question for a secret, in lower case.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "wachtwoord",
    "pin",
    "otp",
    "totp",
    "token",
    "secret",
    "2fa",
    "mfa",
    "cvv",
    "cvc",
    "api key",
    "access key",
    "secret key",
    "verification code",
    "security code",
    "authentication code",
    "one-time code",
    "contraseña",
    "contrasena",
    "clave",
    "código de verificación",
    "mot de passe",
    "phrase secrète",
    "code secret",
    "code de vérification",
    "kata sandi",
    "sandi",
    "kode verifikasi",
    "รหัสผ่าน",
    "รหัส",
    "mật khẩu",
    "mã xác thực",
    "mã xác minh",
    "senha",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
];

/// Last words of questions for something else about a secret: `token name: `.
const OTHER: &[&str] =
    &["name", "username", "user", "login", "id", "host", "email", "hint", "length", "type", "expiry"];

/// Words before a last word that names the owner of the secret: `password for user: `.
const WHOSE: &[&str] = &["for", "of", "to", "para", "de", "pour", "untuk", "für"];

/// Names under which programs send typed and printed text.
const TEXTS: &[&[u8]] = &[
    b"data",
    b"input",
    b"output",
    b"in",
    b"out",
    b"stdin",
    b"stdout",
    b"text",
    b"value",
    b"payload",
    b"keys",
    b"message",
    b"msg",
    b"body",
    b"content",
    b"line",
    b"cmd",
    b"command",
    b"answer",
    b"prompt",
    b"question",
    b"i",
    b"o",
    b"d",
    b"p",
];

/// The maximum length of a question, in bytes.
const QUESTION: usize = 160;

/// The number of bytes at the end of a message that are searched for escape sequences.
const BEHIND: usize = 32;

/// The maximum length, in bytes, of a message with one typed key: a character, and the byte that a terminal puts before
/// it.
const KEY: usize = 5;

/// Returns the question that a message ends with: its last sentence, if that ends in a colon or a question mark.
/// Invisible characters after it, and signs that enclose it, are removed.
pub fn question(message: &[u8]) -> Option<Vec<u8>> {
    let end = message.get(message.len().saturating_sub(BEHIND)..).unwrap_or(message);
    let begins_sequence = |bytes: &[u8]| matches!(bytes, [0x1B, b'['] | [b'b' | b'B', b'[']);
    let has_sequence = end.contains(&b'[') && end.windows(2).any(begins_sequence);
    let asks = |text: &[u8]| text.ends_with(b":") || text.ends_with(b"?") || text.ends_with("：".as_bytes());
    // Checked first, because removing the escape sequences costs more.
    if !has_sequence && !asks(trimmed(message)) {
        return None;
    }
    let shown = without_escape_sequences(message.get(message.len().saturating_sub(2 * QUESTION)..).unwrap_or(message));
    // Terminals put a `0` before the text they print.
    let text = trimmed(shown.strip_prefix(b"0").unwrap_or(&shown));
    let last = text.get(text.len().saturating_sub(QUESTION)..).filter(|text| asks(text))?;
    let inside = last.get(..last.len() - 1)?;
    let ends = |pair: &[u8]| {
        matches!(pair, [b'.' | b'!' | b'?' | b';', b' '] | [b'\\', b'n' | b'r'] | [_, b'\n' | b'\r' | b'"'])
    };
    Some(inside.windows(2).rposition(ends).and_then(|at| last.get(at + 2..)).unwrap_or(last).to_vec())
}

/// Returns a text without the invisible characters at its end, and without the signs there that close strings and
/// objects.
fn trimmed(mut text: &[u8]) -> &[u8] {
    let closes = |byte: &u8| *byte <= b' ' || *byte == 0x7F || *byte >= 0xF0 || b"\"'}])`".contains(byte);
    loop {
        let end = text.iter().rposition(|byte| !closes(byte)).map_or(0, |last| last + 1);
        text = text.get(..end).unwrap_or_default();
        match [&b"\\n"[..], b"\\r", b"\\t", b"\\"].iter().find_map(|escape| text.strip_suffix(*escape)) {
            Some(before) => text = before,
            None => return text,
        }
    }
}

/// Returns a text without the control sequences of terminals (ECMA-48 §5.4), also where JSON escapes them.
fn without_escape_sequences(text: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, behind @ ..] = rest {
        let begun =
            [&b"\x1b["[..], b"\\u001b[", b"\\u001B[", b"\\x1b["].iter().find_map(|begin| rest.strip_prefix(*begin));
        let end = begun.and_then(|sequence| {
            let parameters = sequence.iter().take_while(|byte| byte.is_ascii_digit() || b";?".contains(byte)).count();
            sequence.get(parameters + 1..)
        });
        rest = end.unwrap_or_else(|| {
            plain.push(*first);
            behind
        });
    }
    plain
}

/// Returns whether a question asks for a secret.
pub fn asks_for_secret(question: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(question).to_lowercase();
    let is_word = |character: Option<char>| character.is_some_and(|character| character.is_ascii_alphanumeric());
    let stands = |word: &&str| {
        lower.match_indices(word).any(|(at, _)| {
            let before = lower.get(..at).and_then(|before| before.chars().next_back());
            let behind = lower.get(at + word.len()..).and_then(|behind| behind.chars().next());
            !is_word(before) && !is_word(behind)
        })
    };
    let mut words = lower.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).rev();
    let is_other = words.next().is_some_and(|last| OTHER.contains(&last))
        && !words
            .next()
            .is_some_and(|before| WHOSE.contains(&before) || SECRETS.contains(&before) && before != "token");
    !is_other && SECRETS.iter().any(stands)
}

/// The state of a dialogue, which finds the client's messages that answer questions for secrets. It must be given the
/// messages of both sides in their order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dialogue {
    is_asked: bool,
}

impl Dialogue {
    /// Processes a message from the server.
    pub fn server(&mut self, message: &[u8]) {
        if !is_aside(message) {
            self.is_asked = question(message).is_some_and(|question| asks_for_secret(&question));
        }
    }

    /// Processes a message from the client. Returns whether it may be an answer, or a part of one typed key by key.
    pub fn client(&mut self, message: &[u8]) -> bool {
        let is_answer = self.is_asked && !message.is_empty();
        self.is_asked &= !is_answer || goes_on(message);
        is_answer
    }
}

/// Returns whether a server's message leaves a question open: it has no words, such as the characters shown in place of
/// typed keys, or no text, such as a heartbeat.
pub fn is_aside(message: &[u8]) -> bool {
    let has_words = message.len() > KEY || message.iter().any(u8::is_ascii_alphabetic);
    !has_words || text(message).is_none()
}

/// Returns whether more of an answer follows a message: it contains one typed key other than Enter, or has no text.
pub fn goes_on(message: &[u8]) -> bool {
    text(message).is_none_or(|text| {
        let is_enter = text.iter().any(|byte| b"\r\n".contains(byte)) || text.starts_with(b"\\r") || text == b"\\n";
        text.len() <= KEY && !is_enter && String::from_utf8_lossy(text).chars().count() <= 2
    })
}

/// Returns the text of a client's answer, without the end of the line and what programs put around it; `None` if the
/// message has no text.
pub fn answer(message: &[u8]) -> Option<&[u8]> {
    let text = text(message)?.trim_ascii();
    let end = [&b"\\r\\n"[..], b"\\r", b"\\n"].iter().find_map(|end| text.strip_suffix(*end));
    Some(end.unwrap_or(text)).filter(|text| !text.is_empty())
}

/// Returns the text of a message. In JSON, it is the string after the last name of [`TEXTS`]; `None` if there is none.
/// Any other message is all text, except for the `0` or channel 0 that terminals put before more than one byte.
fn text(message: &[u8]) -> Option<&[u8]> {
    let whole = message.trim_ascii();
    if whole.ends_with(b"}") || whole.ends_with(b"]") {
        let strings: Vec<_> = whole.split(|byte| *byte == b'"').skip(1).step_by(2).collect();
        let named = strings.windows(2).rev().find_map(|pair| match pair {
            [name, text] if TEXTS.contains(name) => Some(*text),
            _ => None,
        });
        return named;
    }
    match message {
        [0 | b'0', rest @ ..] if rest.len() > 1 => Some(rest),
        _ => Some(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str) -> bool {
        question(text.as_bytes()).is_some_and(|question| asks_for_secret(&question))
    }

    #[test]
    fn questions_for_secrets_are_told_from_others() {
        for text in [
            "Password: ",
            "[sudo] password for ana: ",
            "[sudo] password for user: ",
            "ana@host's password: ",
            "Enter passphrase for key '/home/ana/.ssh/id_rsa': ",
            "0\x1b[1mPassword:\x1b[0m ",
            "Welcome.\r\nName? ana\r\nPassword?",
            r#"{"type":"output","data":"login ok\r\nPassword: "}"#,
            r#"["stdout","Token:\u001b[0m \r\n"]"#,
            "PIN:",
            "Enter your verification code: ",
            "Contraseña: ",
            "Mot de passe : ",
            "Kata sandi: ",
            "รหัสผ่าน: ",
            "Mật khẩu: ",
            "密码：",
        ] {
            assert!(asks(text), "{text}");
        }
        assert!(question(b"Password: \xff\xfb\x01").is_some_and(|question| asks_for_secret(&question)), "telnet");
        for text in [
            "Name: ",
            "login: ",
            "What is your name?",
            "Token name: ",
            "Your password was changed. Name: ",
            "Password: wrong",
            "The passenger's name: ",
            "Opinion: ",
            r#"{"password":"x","name":"y"}"#,
            "Password accepted",
            "",
        ] {
            assert!(!asks(text), "{text}");
        }
    }

    #[test]
    fn answers_go_on_until_enter() {
        let mut dialogue = Dialogue::default();
        let mut said = |from_client: bool, text: &str| match from_client {
            true => dialogue.client(text.as_bytes()),
            false => {
                dialogue.server(text.as_bytes());
                false
            }
        };
        let turns = [
            (false, "Name: ", false),
            (true, "ana\r", false),
            (false, "Password: ", false),
            (true, "h", true),
            (false, "*", false),
            (true, "0u", true),
            (true, r#"{"type":"input","data":"n"}"#, true),
            (true, "é", true),
            (true, "\r", true),
            (true, "l", false),
            (false, "Password: ", false),
            (false, "2", false),
            (true, "3", true),
            (false, r#"{"type":"heartbeat"}"#, false),
            (true, r#"{"type":"heartbeat"}"#, true),
            (true, "hunter2", true),
            (true, "ls", false),
            (false, "Password: ", false),
            (false, "too late", false),
            (true, "ls", false),
        ];
        for (at, (from_client, text, is_answer)) in turns.into_iter().enumerate() {
            assert_eq!(said(from_client, text), is_answer, "{at}: {text}");
        }
    }

    #[test]
    fn an_answer_is_found_in_its_message() {
        for message in
            ["zorvak", "zorvak\r\n", "0zorvak\r", r#"{"type":"stdin","data":"zorvak\r"}"#, r#"42["in","zorvak"]"#]
        {
            assert_eq!(answer(message.as_bytes()), Some(&b"zorvak"[..]), "{message}");
        }
        assert_eq!(answer(br#"{"data":"4711","type":"terminal_input"}"#), Some(&b"4711"[..]));
        assert_eq!([answer(br#"{"type":"heartbeat"}"#), answer(b"\r")], [None, None]);
    }
}
