//! Names that secrets are assigned to: one table, for reports and slices.

use super::secret::Kind;

/// The way in which a name of the table matches another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// At the end of the name, words written together: `userpassword`.
    End,
    /// As its last word: `user_pass`, `userPass`, but not `bypass`.
    Word,
}

/// Names in lower case and without separators.
const NAMES: &[(&str, As, Kind)] = &[
    ("password", As::End, Kind::Value),
    ("passwd", As::End, Kind::Value),
    ("passwort", As::End, Kind::Value),
    ("passphrase", As::End, Kind::Value),
    ("passcode", As::End, Kind::Value),
    ("passkey", As::End, Kind::Value),
    ("kennwort", As::End, Kind::Value),
    ("wachtwoord", As::End, Kind::Value),
    ("contrasena", As::End, Kind::Value),
    ("motdepasse", As::End, Kind::Value),
    ("pwd", As::End, Kind::Value),
    ("pass", As::Word, Kind::Value),
    ("pw", As::Word, Kind::Value),
    ("mdp", As::Word, Kind::Value),
    ("senha", As::Word, Kind::Value),
    ("pin", As::Word, Kind::Value),
    ("pincode", As::End, Kind::Value),
    ("otp", As::Word, Kind::Value),
    ("totp", As::Word, Kind::Value),
    ("hotp", As::Word, Kind::Value),
    ("2fa", As::Word, Kind::Value),
    ("mfa", As::Word, Kind::Value),
    ("otpcode", As::End, Kind::Value),
    ("smscode", As::End, Kind::Value),
    ("mfacode", As::End, Kind::Value),
    ("accesscode", As::End, Kind::Value),
    ("authcode", As::End, Kind::Value),
    ("logincode", As::End, Kind::Value),
    ("securitycode", As::End, Kind::Value),
    ("verificationcode", As::End, Kind::Value),
    ("codeverifier", As::End, Kind::Value),
    ("cvv", As::Word, Kind::Value),
    ("cvc", As::Word, Kind::Value),
    ("psk", As::Word, Kind::Value),
    ("secret", As::End, Kind::Value),
    ("token", As::End, Kind::Value),
    ("bearer", As::Word, Kind::Value),
    ("csrf", As::Word, Kind::Value),
    ("xsrf", As::Word, Kind::Value),
    ("jwt", As::End, Kind::Value),
    ("apikey", As::End, Kind::Value),
    ("accesskey", As::End, Kind::Value),
    ("secretkey", As::End, Kind::Value),
    ("privatekey", As::End, Kind::Value),
    ("authkey", As::End, Kind::Value),
    ("signingkey", As::End, Kind::Value),
    ("sharedkey", As::End, Kind::Value),
    ("masterkey", As::End, Kind::Value),
    ("sessionkey", As::End, Kind::Value),
    ("encryptionkey", As::End, Kind::Value),
    ("sessionid", As::End, Kind::Value),
    ("sessid", As::End, Kind::Value),
    ("session", As::End, Kind::Value),
    ("sid", As::Word, Kind::Value),
    ("ticket", As::End, Kind::Value),
    ("signature", As::End, Kind::Value),
    ("sig", As::Word, Kind::Value),
    ("hmac", As::Word, Kind::Value),
    ("credential", As::End, Kind::Value),
    ("credentials", As::End, Kind::Value),
    ("auth", As::Word, Kind::Value),
    ("authorization", As::End, Kind::Authorization),
    ("cookie", As::End, Kind::Cookie),
    ("cookies", As::End, Kind::Cookie),
];

/// Names in other scripts or of several words, which are matched as they are and not split into words.
pub const FOREIGN: &[&str] = &[
    "contraseña",
    "mật khẩu",
    "รหัสผ่าน",
    "пароль",
    "Пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "kata sandi",
    "mot de passe",
];

/// Stems of names. Every name of the table contains at least one of them.
pub const STEMS: &[&str] = &[
    "pass",
    "kennwort",
    "wacht",
    "contrasena",
    "pwd",
    "pw",
    "mdp",
    "senha",
    "pin",
    "otp",
    "2fa",
    "mfa",
    "code",
    "cvv",
    "cvc",
    "psk",
    "secret",
    "token",
    "bearer",
    "csrf",
    "xsrf",
    "jwt",
    "key",
    "sess",
    "sid",
    "ticket",
    "sig",
    "hmac",
    "cred",
    "auth",
    "cookie",
];

/// Words that may follow the word that decides.
const BEHIND: &[&str] = &[
    "again",
    "b64",
    "base64",
    "confirm",
    "confirmation",
    "current",
    "encrypted",
    "field",
    "hash",
    "header",
    "hex",
    "input",
    "new",
    "old",
    "param",
    "plain",
    "raw",
    "repeat",
    "str",
    "string",
    "text",
    "val",
    "value",
    "verify",
];

/// Endings of names whose value may be given in a sentence: `the password is x`.
const SPOKEN: &[&str] = &["pass", "word", "wort", "pwd", "pin", "otp", "secret", "code"];

/// Returns a pattern that matches every text that contains a name of the tables.
pub fn pattern() -> String {
    let bytes = |name: &&str| name.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    format!("(?i-u){}", STEMS.iter().chain(FOREIGN).map(bytes).collect::<Vec<_>>().join("|"))
}

/// Returns the kind of secret that is assigned to a name; `None` if its value is not a secret.
pub fn kind(name: &[u8]) -> Option<Kind> {
    let words = words(name);
    let joined = words.concat();
    let last = words.last()?;
    let fits = |(known, how, _): &&(&str, As, Kind)| match how {
        As::End => joined.ends_with(known),
        As::Word => last == known,
    };
    NAMES.iter().find(fits).map(|(.., kind)| *kind)
}

/// Returns whether a sentence may give the value of a name without further signs of a secret:
/// `the password is swordfish`.
pub fn is_spoken(name: &[u8]) -> bool {
    words(name).last().is_some_and(|last| SPOKEN.iter().any(|end| last.ends_with(end)))
}

/// Returns whether the last word of a name is `code`. Its value is a secret only beside others, or by its look.
pub fn is_code(name: &[u8]) -> bool {
    words(name).last().is_some_and(|last| last == "code")
}

/// Returns the words of a name in lower case, without the words that follow the word that decides and without numbers
/// at its end.
fn words(name: &[u8]) -> Vec<String> {
    let starts_word = |a: &u8, b: &u8| a.is_ascii_lowercase() && b.is_ascii_uppercase();
    let parts = name.split(|byte| !byte.is_ascii_alphanumeric());
    let words = parts.flat_map(|part| part.chunk_by(move |a, b| !starts_word(a, b)));
    let mut words: Vec<_> =
        words.filter(|word| !word.is_empty()).map(|word| String::from_utf8_lossy(word).to_ascii_lowercase()).collect();
    let is_behind = |word: &String| BEHIND.contains(&&**word) || word.bytes().all(|byte| byte.is_ascii_digit());
    while words.len() > 1 && words.last().is_some_and(is_behind) {
        words.pop();
    }
    if let Some(last) = words.last_mut() {
        last.truncate(last.trim_end_matches(|digit: char| digit.is_ascii_digit()).len());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_with_prefixes() {
        for name in [
            "password",
            "PASSWORD",
            "userPassword",
            "db_pass",
            "dbPass",
            "X-Auth-Token",
            "user-pwd",
            "myotp_otp",
            "PHPSESSID",
            "accessToken",
            "csrftoken",
            "password2",
            "new_password_confirmation",
            "tokenValue",
            "client.secret",
            "loginPin",
            "apiKey",
            "api_key",
            "mfa_code",
            "pinCode",
            "2fa",
        ] {
            assert!(kind(name.as_bytes()).is_some(), "{name}");
            let lower = name.to_ascii_lowercase();
            assert!(STEMS.iter().any(|stem| lower.contains(stem)), "{name}");
        }
        for name in [
            "author",
            "bypass",
            "spin",
            "tokens",
            "token_type",
            "compass",
            "keyboard",
            "monkey",
            "passage",
            "sidebar",
            "code",
        ] {
            assert_eq!(kind(name.as_bytes()), None, "{name}");
        }
        assert!(NAMES.iter().all(|(name, ..)| STEMS.iter().any(|stem| name.contains(stem))));
    }
}
