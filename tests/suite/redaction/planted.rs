//! A secret in each form that secrets are written in, with a value that occurs nowhere else.

/// The forms: the kind of the value, and the text around it, with `{}` in the place of the secret. `word` is one word,
/// `text` has spaces and commas, `short` is a number, `mixed` has letters and digits, `base64` and `sasl` are encoded
/// so.
pub const FORMS: &[(&str, &str)] = &[
    ("text", r#"{"password":"{}"}"#),
    ("text", r#"{"user":"ana","userPassword" : "{}","x":1}"#),
    ("text", r#"["{\"password\":\"{}\"}"]"#),
    ("text", r#"42["auth",{"user":"ana","pass":"{}"}]"#),
    ("text", r#"{"command":"message","data":"{\"action\":\"login\",\"passcode\":\"{}\"}"}"#),
    ("text", r#"{"d":"{\"e\":\"{\\\"otp\\\":\\\"{}\\\"}\"}"}"#),
    ("text", r#"{"d":"{\"e\":\"{\\\"f\\\":\\\"{\\\\\\\"secret\\\\\\\":\\\\\\\"{}\\\\\\\"}\\\"}\"}"}"#),
    ("text", r#"{"p\u0061ssw\u006frd":"{}"}"#),
    ("text", r#"{\u0022password\u0022:\u0022{}\u0022}"#),
    ("text", r#"{"PASSWORD":"{}"}"#),
    ("text", r#"{"db_pwd":"{}"}"#),
    ("text", r#"{"password":"a\"b {}"}"#),
    ("text", r#"{"x-api-key":"{}"}"#),
    ("text", r#"{"name":"password","value":"{}"}"#),
    ("text", r#"{"clientSecret":"{}"}"#),
    ("short", r#"{"pin":{}}"#),
    ("short", r#"{"type":"otp","code":"{}"}"#),
    ("short", r#"{"phone":"+15550100","verification_code":"{}"}"#),
    ("short", r#"{"userPin":"{}"}"#),
    ("word", "password is {}"),
    ("word", "the passcode is {}, he said"),
    ("word", "password => {}"),
    ("word", "{ :password => '{}' }"),
    ("word", "login --user ana --password {} --tls"),
    ("word", "login --pass={}"),
    ("text", "('password', '{}')"),
    ("word", r#"["auth","ana","{}"]"#),
    ("text", "<password>{}</password>"),
    ("text", "<ns:Password type=\"text\">{}</ns:Password>"),
    ("text", "<secret><![CDATA[{}]]></secret>"),
    ("text", "<user name='ana' password='{}'/>"),
    ("word", "password：{}"),
    ("word", "密码：{}"),
    ("word", "pwd:{}"),
    ("word", "PASSWD={};Server=db"),
    ("word", "X-Api-Key: {}"),
    ("word", "user[password]={}"),
    ("text", "CONNECT\naccept-version:1.2\nlogin:ana\npasscode:{}\n\n"),
    ("text", r#"["CONNECT\naccept-version:1.2\nlogin:ana\npasscode:{}\n\n\u0000"]"#),
    ("word", "PASS {}\nNICK ana"),
    ("word", "AUTH {}"),
    ("word", "AUTH ana {}"),
    ("word", "*2\r\n$4\r\nAUTH\r\n$9\r\n{}\r\n"),
    ("word", "*3\r\n$4\r\nAUTH\r\n$3\r\nana\r\n$9\r\n{}\r\n"),
    ("text", "CONNECT {\"verbose\":false,\"user\":\"ana\",\"pass\":\"{}\"}\r\n"),
    ("word", "PRIVMSG NickServ :IDENTIFY {}"),
    ("word", "a1 LOGIN ana {}"),
    ("sasl", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{}</auth>"),
    ("sasl", "AUTHENTICATE {}"),
    ("sasl", "sasl {}"),
    ("base64", r#"{"basic":"{}"}"#),
    ("mixed", "GET /token/{}/chat failed"),
    ("mixed", "https://example.com/api/session/{}"),
    ("mixed", r#"{"access_token":"{}","expires_in":3600}"#),
    ("mixed", "token={}&x=1"),
    ("mixed", "%7B%22password%22%3A%22{}%22%7D"),
    ("mixed", "&quot;token&quot;:&quot;{}&quot;"),
    ("mixed", "Content-Disposition: form-data; name=\"password\"\r\n\r\n{}\r\n--x"),
    ("mixed", "ticket={}"),
    ("mixed", "Authorization: Bearer {}"),
    ("mixed", r#"{"headers":{"Authorization":"Bearer {}"}}"#),
    ("mixed", r#"["{\"Cookie\":\"sid={}\"}"]"#),
    ("mixed", "wss://ana:{}@example.com/"),
    ("mixed", "/ws?key={}"),
];

/// Prompts of a server and the answers of a client: the prompt, the kind of the value, the answer with `{}` in the
/// place of the secret, and the opcode of both.
pub const PROMPTS: &[(&str, &str, &str, u8)] = &[
    ("Password: ", "word", "{}", 1),
    ("login: ana\r\nPassword: ", "word", "{}\r\n", 1),
    ("[sudo] password for ana: ", "word", "{}\n", 2),
    ("Enter passphrase for key '/home/ana/.ssh/id_ed25519': ", "text", "{}\r", 1),
    ("\u{1b}[1mPIN:\u{1b}[0m ", "short", "{}", 1),
    ("Token: ", "mixed", "{}", 1),
    ("Enter your verification code: ", "short", "{}\r", 1),
    ("Contraseña: ", "word", "{}", 1),
    ("Mot de passe : ", "word", "{}", 1),
    ("Kata sandi: ", "word", "{}", 1),
    ("รหัสผ่าน: ", "word", "{}", 1),
    ("Mật khẩu: ", "word", "{}", 1),
    ("0Password: ", "word", "0{}\r", 2),
    (r#"{"type":"output","data":"Password: "}"#, "word", r#"{"type":"input","data":"{}\r"}"#, 1),
    (r#"["stdout","Password: "]"#, "word", r#"["stdin","{}\r"]"#, 1),
];

/// A conversation with secrets that have no form of their own: the sender, opcode and text of each turn. The Close
/// frame repeats the secrets.
pub struct Spoken {
    pub turns: Vec<(bool, u8, Vec<u8>)>,
    pub secrets: Vec<String>,
}

/// Returns all of them, the same each time.
pub fn spoken() -> Vec<Spoken> {
    let mut state = 29;
    let mut all = Vec::new();
    for (prompt, look, answer, opcode) in PROMPTS {
        for _ in 0..KINDS {
            let secret = secret(&mut state, look);
            let answer = answer.replace("{}", &secret);
            let turns = vec![(false, *opcode, prompt.as_bytes().to_vec()), (true, *opcode, answer.into_bytes())];
            all.push(Spoken { turns, secrets: vec![secret] });
        }
    }
    // The name and level of the protocol, and the properties of version 5.
    let versions =
        [(&b"\0\x06MQIsdp\x03"[..], &b""[..]), (b"\0\x04MQTT\x04", b""), (b"\0\x04MQTT\x05", b"\x05\x11\0\0\x0e\x10")];
    for (version, properties) in versions {
        for _ in 0..KINDS {
            let (user, password) = (secret(&mut state, "word"), secret(&mut state, "mixed"));
            let string = |text: &str| [&[0, text.len() as u8], text.as_bytes()].concat();
            let strings = ["ana-1", &user, &password].map(string).concat();
            // The flags: user name, password, clean start.
            let body = [version, b"\xc2\0\x3c", properties, &strings].concat();
            let connect = [&[0x10, body.len() as u8], &*body].concat();
            all.push(Spoken { turns: vec![(true, 2, connect)], secrets: vec![user, password] });
        }
    }
    all
}

/// The number of values for each form.
pub const KINDS: usize = 7;

/// Returns the next number of a fixed sequence (SplitMix64).
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Returns a pronounceable word that does not exist.
fn word(state: &mut u64, syllables: usize) -> String {
    let letter = |state: &mut u64, of: &str| of.as_bytes()[(next(state) % of.len() as u64) as usize] as char;
    (0..syllables).flat_map(|_| [letter(state, "bdfgklmnprtvz"), letter(state, "aeiou")]).collect()
}

/// A secret, and the text around it.
pub struct Planted {
    pub text: String,
    pub secret: String,
}

/// Returns all of them, the same each time.
pub fn all() -> Vec<Planted> {
    let mut state = 13;
    let mut all = Vec::new();
    for (look, form) in FORMS {
        for _ in 0..KINDS {
            let secret = secret(&mut state, look);
            all.push(Planted { text: form.replace("{}", &secret), secret });
        }
    }
    all
}

fn secret(state: &mut u64, look: &str) -> String {
    use base64::Engine;
    let base64 = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let word = word(state, 4);
    let number = next(state);
    match look {
        "word" => format!("{word}q"),
        "text" => format!("{} {word}, no {word}", &word[..4]),
        "short" => format!("{}", 100_000 + number % 899_999),
        "mixed" => format!("{word}{}", number % 90 + 10),
        "sasl" => base64(format!("\0ana\0{}", &word[..6])),
        _ => base64(format!("ana:{}", &word[..6])),
    }
}

const WORDS: &str = "the a connection server client message room user channel was is not with from to of in on and session token \
    closed open timeout error password policy request response handler worker node cluster version update retry after before \
    player game score price order basket item stock trade quote market bid ask volume chart sensor device temperature \
    humidity battery firmware status online offline typing hello thanks please tomorrow meeting report invoice delivery \
    street garden window key author passage secretary authentic tickets signal design pinned spinning monkey cookies";

/// Returns a text without secrets.
pub fn harmless(state: &mut u64) -> String {
    let words: Vec<_> = WORDS.split_whitespace().collect();
    let mut below = |most: u64| next(state) % most;
    let some = |count: u64, below: &mut dyn FnMut(u64) -> u64| {
        (0..count).map(|_| words[below(words.len() as u64) as usize]).collect::<Vec<_>>().join(" ")
    };
    let kind = below(14);
    let count = 2 + below(7);
    match kind {
        0..=2 => some(count, &mut below),
        3 => format!(r#"{{"type":"chat","user":"{}","text":"{}"}}"#, some(1, &mut below), some(count, &mut below)),
        4 => format!(
            r#"{{"event":"{}","id":{},"data":{{"price":{}.{:02},"code":{}}}}}"#,
            some(1, &mut below),
            below(100_000),
            below(1000),
            below(100),
            1000 + below(4000)
        ),
        5 => format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            below(1 << 32),
            below(1 << 16),
            below(1 << 12),
            below(1 << 12),
            below(1 << 48)
        ),
        6 => format!("v{}.{}.{}-rc.{}", below(20), below(50), below(100), below(9)),
        7 => format!("/api/v{}/{}s/{}", below(4), some(1, &mut below), below(10_000)),
        8 => format!("{}.{:02} EUR, {} pieces", below(2000), below(100), below(500)),
        9 => format!(
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z {}",
            1 + below(12),
            1 + below(28),
            below(24),
            below(60),
            below(60),
            below(1000),
            some(3, &mut below)
        ),
        10 => format!("10.{}.{}.{}:{} {}", below(256), below(256), below(256), below(65536), some(3, &mut below)),
        11 => format!(
            r#"42["{}",{{"room":"{}-{}","n":{}}}]"#,
            some(1, &mut below),
            some(1, &mut below),
            below(100),
            below(1_000_000)
        ),
        12 => format!(
            "error {} in {}::{} at line {}",
            1000 + below(4000),
            some(1, &mut below),
            some(1, &mut below),
            below(3000)
        ),
        _ => format!("[{}] {}", some(1, &mut below).to_uppercase(), some(count, &mut below)),
    }
}
