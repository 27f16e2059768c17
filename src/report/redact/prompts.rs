//! Questions that a secret answers: `Password: ` in a terminal or a game, and the messages that the client sends then.

/// Words of a question for a secret, in small letters.
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

/// Words before a last one that says whose secret it is: `password for user: `.
const WHOSE: &[&str] = &["for", "of", "to", "para", "de", "pour", "untuk", "für"];

/// The most bytes of a question.
const QUESTION: usize = 160;

/// The most bytes behind its last sign.
const BEHIND: usize = 32;

/// The most bytes of a message that holds one key that was typed: a character, what a terminal puts before it.
const KEY: usize = 5;

/// The question that a message ends with, if it does: its last sentence, a colon or a question mark at its end, without what
/// follows that is not seen or encloses it.
pub fn question(message: &[u8]) -> Option<Vec<u8>> {
    let end = message.get(message.len().saturating_sub(BEHIND)..).unwrap_or(message);
    // Nearly no message has any.
    if !end.iter().any(|byte| matches!(byte, b':' | b'?' | 0x9A)) {
        return None;
    }
    let shown = without_escape_sequences(message.get(message.len().saturating_sub(2 * QUESTION)..).unwrap_or(message));
    // Terminals put a letter before what they print.
    let mut text = shown.strip_prefix(b"0").unwrap_or(&shown);
    loop {
        let closes = |byte: &u8| *byte <= b' ' || *byte == 0x7F || *byte >= 0xF0 || b"\"'}])`".contains(byte);
        text = text.get(..text.iter().rposition(|byte| !closes(byte))? + 1)?;
        let escapes = [&b"\\n"[..], b"\\r", b"\\t", b"\\\\"];
        match escapes.iter().find_map(|escape| text.strip_suffix(*escape)) {
            Some(before) => text = before,
            None => break,
        }
    }
    let asks = text.ends_with(b":") || text.ends_with(b"?") || text.ends_with("：".as_bytes());
    let last = text.get(text.len().saturating_sub(QUESTION)..).filter(|_| asks)?;
    let inside = last.get(..last.len() - 1)?;
    let ends = |pair: &[u8]| {
        matches!(pair, [b'.' | b'!' | b'?' | b';', b' '] | [b'\\', b'n' | b'r'] | [_, b'\n' | b'\r' | b'"'])
    };
    Some(inside.windows(2).rposition(ends).and_then(|at| last.get(at + 2..)).unwrap_or(last).to_vec())
}

/// A text without the sequences that tell a terminal how to show it (ECMA-48 §5.4), also where JSON escapes them.
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

/// Whether a secret answers a question.
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
    !is_other && SECRETS.iter().any(|word| stands(&word))
}

/// Which messages of a client answer questions for secrets; it is told of the messages of both sides in their order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dialogue {
    is_asked: bool,
}

impl Dialogue {
    /// The server sends a message. What it shows in the place of keys, and nothing else, leaves its question open.
    pub fn server(&mut self, message: &[u8]) {
        let shows_keys = message.len() <= KEY && message.iter().all(|byte| b"*\x08 0".contains(byte) || *byte >= 0x80);
        if !shows_keys {
            self.is_asked = question(message).is_some_and(|question| asks_for_secret(&question));
        }
    }

    /// The client sends a message: whether it is an answer, or a part of one that is typed key by key.
    pub fn client(&mut self, message: &[u8]) -> bool {
        let is_answer = self.is_asked && !message.is_empty();
        self.is_asked &= !is_answer || is_key(message);
        is_answer
    }
}

/// Whether a message holds one key that was typed, and that is not Enter.
pub fn is_key(message: &[u8]) -> bool {
    message.len() <= KEY
        && !message.iter().any(|byte| b"\r\n".contains(byte))
        && String::from_utf8_lossy(message).chars().count() <= 2
}

/// What a client answered: without the end of the line, and what programs put around it: the longest string of JSON, a
/// letter or a channel before it.
pub fn answer(message: &[u8]) -> &[u8] {
    let message = message.trim_ascii();
    if message.ends_with(b"}") || message.ends_with(b"]") {
        let strings = message.split(|byte| *byte == b'"').skip(1).step_by(2);
        let longest = strings.max_by_key(|string| string.len()).unwrap_or(message);
        let end = [&b"\\r\\n"[..], b"\\r", b"\\n"].iter().find_map(|end| longest.strip_suffix(*end));
        return end.unwrap_or(longest);
    }
    match message {
        [0 | b'0', rest @ ..] if rest.len() > 1 => rest,
        _ => message,
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
            (true, "é", true),
            (true, "\r", true),
            (true, "l", false),
            (false, "Password: ", false),
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
            assert_eq!(answer(message.as_bytes()), b"zorvak", "{message}");
        }
    }
}
