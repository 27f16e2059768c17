//! Key logs as TLS libraries write them (SSLKEYLOGFILE, RFC 9850), in pieces of any size.
//!
//! ```text
//! # comment
//! CLIENT_RANDOM <client random> <master secret>                               TLS 1.0 to 1.2
//! RSA Session-ID:<session id> Master-Key:<master secret>
//! CLIENT_EARLY_TRAFFIC_SECRET <client random> <secret>                        TLS 1.3
//! CLIENT_HANDSHAKE_TRAFFIC_SECRET <client random> <secret>
//! SERVER_HANDSHAKE_TRAFFIC_SECRET <client random> <secret>
//! CLIENT_TRAFFIC_SECRET_0 <client random> <secret>
//! SERVER_TRAFFIC_SECRET_0 <client random> <secret>
//! ```

use super::hello::Random;
use super::schedule::Secret;
use crate::limits;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// The master secret of a session before TLS 1.3.
    Master,
    /// Data that a client sends with its ClientHello (TLS 1.3).
    ClientEarly,
    /// The client's handshake (TLS 1.3).
    ClientHandshake,
    /// The server's handshake (TLS 1.3).
    ServerHandshake,
    /// The client's data (TLS 1.3).
    ClientTraffic,
    /// The server's data (TLS 1.3).
    ServerTraffic,
}

/// A secret of a key log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The secret of a session that is named by the client's random.
    OfRandom(Label, Random, Secret),
    /// The master secret of a session that is named by its id.
    OfSession(Vec<u8>, Secret),
}

/// The labels of the lines that are read.
const LABELS: [(&str, Label); 6] = [
    ("CLIENT_RANDOM", Label::Master),
    ("CLIENT_EARLY_TRAFFIC_SECRET", Label::ClientEarly),
    ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", Label::ClientHandshake),
    ("SERVER_HANDSHAKE_TRAFFIC_SECRET", Label::ServerHandshake),
    ("CLIENT_TRAFFIC_SECRET_0", Label::ClientTraffic),
    ("SERVER_TRAFFIC_SECRET_0", Label::ServerTraffic),
];

/// The beginning of a line that names a session by its id.
const SESSION: &str = "RSA Session-ID:";

/// What stands before the master secret in such a line.
const MASTER_KEY: &str = " Master-Key:";

/// Bytes of a master secret (RFC 5246 §8.1), and of a traffic secret of SHA-384.
const LONG: usize = 48;

/// Bytes of a traffic secret of SHA-256.
const SHORT: usize = 32;

/// A reader of lines. It keeps the line that is not complete yet.
#[derive(Debug, Default)]
pub struct KeyLog {
    line: Vec<u8>,
    /// Whether the rest of the line is not read, because it is too long.
    skips: bool,
}

impl KeyLog {
    /// Reads the next bytes, and passes the secrets in complete lines to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut impl FnMut(Entry)) {
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.line.is_empty() && !self.skips {
                entries(line.get(..limits::KEY_LINE).unwrap_or(line), out);
            } else {
                self.append(line);
                self.flush(out);
            }
            self.line.clear();
            self.skips = false;
        }
        self.append(bytes);
    }

    /// Passes the secrets of the last line to `out`, which has no line break: the text ends there.
    pub fn flush(&mut self, out: &mut impl FnMut(Entry)) {
        entries(&self.line, out);
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = limits::KEY_LINE.saturating_sub(self.line.len());
        self.line.extend(bytes.iter().take(room));
        self.skips |= bytes.len() > room;
    }
}

/// Passes the secrets of a line to `out`: one, or more if writers have run their lines together.
fn entries(line: &[u8], out: &mut impl FnMut(Entry)) {
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| rest.len() > SESSION.len()) {
        let is_first = at == 0 || line.get(at - 1).is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b' ');
        match rest.first() {
            Some(b'#') if at == 0 => return,
            Some(b'C' | b'S') if is_first => {
                if let Some(entry) = LABELS.iter().find_map(|(name, label)| of_random(rest, name, *label)) {
                    out(entry);
                }
            }
            Some(b'R') if is_first => {
                if let Some(entry) = of_session(rest) {
                    out(entry);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn of_random(line: &[u8], name: &str, label: Label) -> Option<Entry> {
    let rest = line.strip_prefix(name.as_bytes())?.strip_prefix(b" ")?;
    let (random, rest) = hex::<{ size_of::<Random>() }>(rest)?;
    let rest = rest.strip_prefix(b" ")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    // The name of a line that is run together with this one may begin like a digit.
    let secret = match (label, digits) {
        (_, 96 | 97) => Secret::new(&hex::<LONG>(rest)?.0)?,
        (Label::Master, _) => return None,
        (_, 64 | 65) => Secret::new(&hex::<SHORT>(rest)?.0)?,
        _ => return None,
    };
    Some(Entry::OfRandom(label, random, secret))
}

fn of_session(line: &[u8]) -> Option<Entry> {
    let rest = line.strip_prefix(SESSION.as_bytes())?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (id, rest) = rest.split_at_checked(digits)?;
    let id: Option<Vec<u8>> = id.chunks(2).map(|pair| Some(hex::<1>(pair)?.0[0])).collect();
    let (secret, _) = hex::<LONG>(rest.strip_prefix(MASTER_KEY.as_bytes())?)?;
    Some(Entry::OfSession(id.filter(|id| !id.is_empty())?, Secret::new(&secret)?))
}

/// Parses `N` bytes in hexadecimal. Returns them and the text behind them.
fn hex<const N: usize>(text: &[u8]) -> Option<([u8; N], &[u8])> {
    let (digits, rest) = text.split_at_checked(2 * N)?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some((bytes, rest))
}

/// Returns the client random that a line of a key log begins with; `None` for any other line.
pub fn session_of(line: &str) -> Option<Random> {
    let name = line.split(' ').nth(1)?.as_bytes();
    hex(name).filter(|(_, rest)| rest.is_empty()).map(|(random, _)| random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8, len: usize) -> Secret {
        Secret::new(&vec![byte; len]).unwrap()
    }

    fn read(text: &[u8], piece: usize) -> Vec<Entry> {
        let (mut log, mut found) = (KeyLog::default(), Vec::new());
        text.chunks(piece).for_each(|bytes| log.push(bytes, &mut |entry| found.push(entry)));
        log.flush(&mut |entry| found.push(entry));
        found
    }

    #[test]
    fn every_form_of_line_is_read_however_it_is_cut() {
        let text = [
            "# SSL/TLS secrets log file, generated by NSS",
            &format!("CLIENT_RANDOM {} {}\r", "aB".repeat(32), "0c".repeat(48)),
            "",
            &format!("EXPORTER_SECRET {} {}", "ab".repeat(32), "01".repeat(48)),
            &format!("EARLY_EXPORTER_SECRET {} {}", "ab".repeat(32), "01".repeat(48)),
            &format!("PMS_CLIENT_RANDOM {} {}", "ab".repeat(32), "01".repeat(48)),
            &format!("QUIC_SERVER_TRAFFIC_SECRET_0 {} {}", "ab".repeat(32), "01".repeat(32)),
            &format!("RSA Session-ID:{} Master-Key:{}", "0102", "03".repeat(48)),
            // Run together; the first digit of CLIENT is one of hexadecimal.
            &format!(
                "SERVER_TRAFFIC_SECRET_0 {0} {1}CLIENT_TRAFFIC_SECRET_0 {0} {2}SERVER_HANDSHAKE_TRAFFIC_SECRET {0} {2}",
                "11".repeat(32),
                "22".repeat(32),
                "33".repeat(48)
            ),
            &format!("CLIENT_RANDOM {} {}", "44".repeat(32), "00".repeat(48)),
            &format!("CLIENT_RANDOM {} {}", "44".repeat(32), "05".repeat(32)),
            &format!("CLIENT_TRAFFIC_SECRET_0 {} {}", "44".repeat(32), "05".repeat(40)),
            &format!("CLIENT_EARLY_TRAFFIC_SECRET {} {}", "44".repeat(32), "06".repeat(32)),
        ]
        .join("\n");
        let expected = [
            Entry::OfRandom(Label::Master, [0xAB; 32], secret(0x0C, 48)),
            Entry::OfSession(vec![1, 2], secret(3, 48)),
            Entry::OfRandom(Label::ServerTraffic, [0x11; 32], secret(0x22, 32)),
            Entry::OfRandom(Label::ClientTraffic, [0x11; 32], secret(0x33, 48)),
            Entry::OfRandom(Label::ServerHandshake, [0x11; 32], secret(0x33, 48)),
            Entry::OfRandom(Label::ClientEarly, [0x44; 32], secret(6, 32)),
        ];
        for piece in [1, 2, 3, 7, 64, 191, 1000, text.len()] {
            assert_eq!(read(text.as_bytes(), piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn junk_takes_bounded_memory() {
        let mut log = KeyLog::default();
        let good = format!("CLIENT_RANDOM {} {}\n", "ab".repeat(32), "0c".repeat(48));
        let mut found = 0;
        for _ in 0..1000 {
            log.push(&[b'a'; 4096], &mut |_| found += 1);
            assert!(log.line.capacity() <= 2 * limits::KEY_LINE);
        }
        log.push(good.as_bytes(), &mut |_| found += 1);
        assert_eq!(found, 0, "the line that the junk began");
        log.push(good.as_bytes(), &mut |_| found += 1);
        assert_eq!(found, 1);
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        log.push(&bytes, &mut |_| found += 1);
        assert_eq!(found, 1);
    }

    #[test]
    fn a_line_names_its_session() {
        let line = format!("CLIENT_HANDSHAKE_TRAFFIC_SECRET {} 0011", "aB".repeat(32));
        assert_eq!(session_of(&line), Some([0xAB; 32]));
        for other in [
            format!("CLIENT_RANDOM {} 0011", "ab".repeat(31)),
            format!("CLIENT_RANDOM {} 0011", "ab".repeat(33)),
            format!("# {}", "é".repeat(32)),
            "RSA 0011223344556677 00".to_owned(),
            String::new(),
        ] {
            assert_eq!(session_of(&other), None, "{other}");
        }
    }
}
