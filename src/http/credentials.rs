//! The credentials in a head, kept so that they are recognised as secrets wherever else they occur.

use super::head::Fields;
use crate::limits;

/// The place of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A pair of Cookie or Set-Cookie.
    Cookie,
    /// The value of Authorization or Proxy-Authorization.
    Authorization,
    /// A header for a key or a token.
    Key,
    /// A list of subprotocols.
    Subprotocols,
}

/// The headers that are read, and the letter at the start of each line that is kept of them.
const HEADERS: &[(&str, u8, Place)] = &[
    ("cookie", b'c', Place::Cookie),
    ("set-cookie", b'c', Place::Cookie),
    ("authorization", b'a', Place::Authorization),
    ("proxy-authorization", b'a', Place::Authorization),
    ("x-api-key", b'k', Place::Key),
    ("api-key", b'k', Place::Key),
    ("apikey", b'k', Place::Key),
    ("x-auth-token", b'k', Place::Key),
    ("x-access-token", b'k', Place::Key),
    ("x-csrf-token", b'k', Place::Key),
    ("sec-websocket-protocol", b's', Place::Subprotocols),
];

/// The least bytes of a value that is kept: shorter ones are not searched for.
const LEAST: usize = 6;

/// The credentials of a head, up to [`limits::CREDENTIALS`].
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Credentials {
    /// A line for each: the letter of its place, and the value.
    #[serde(with = "serde_bytes")]
    lines: Box<[u8]>,
}

impl Credentials {
    /// Reads the credentials of a head; `None` if it has none.
    pub(super) fn read(fields: Fields<'_>) -> Option<Box<Self>> {
        let mut lines = Vec::new();
        for (name, letter, place) in HEADERS {
            for value in fields.all(name) {
                match place {
                    // The rest after the first pair are attributes.
                    Place::Cookie if *name == "set-cookie" => {
                        add(&mut lines, *letter, value.split(|byte| *byte == b';').next().unwrap_or_default());
                    }
                    Place::Cookie => value.split(|byte| *byte == b';').for_each(|pair| add(&mut lines, *letter, pair)),
                    // A single one is usually a name.
                    Place::Subprotocols if !value.contains(&b',') => {}
                    _ => add(&mut lines, *letter, value),
                }
            }
        }
        (!lines.is_empty()).then(|| Box::new(Self { lines: lines.into() }))
    }

    /// Returns each of them, and its place.
    pub fn iter(&self) -> impl Iterator<Item = (Place, &[u8])> {
        self.lines.split(|byte| *byte == b'\n').filter_map(|line| {
            let (letter, value) = line.split_first()?;
            let (.., place) = HEADERS.iter().find(|(_, known, _)| known == letter)?;
            Some((*place, value))
        })
    }
}

fn add(lines: &mut Vec<u8>, letter: u8, value: &[u8]) {
    let value = value.trim_ascii();
    let secret = if letter == b'c' { value.rsplit(|byte| *byte == b'=').next().unwrap_or(value) } else { value };
    if secret.len() >= LEAST && lines.len() + value.len() + 2 <= limits::CREDENTIALS {
        lines.push(letter);
        lines.extend(value.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
        lines.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head;

    fn read(lines: &str) -> Vec<(Place, String)> {
        let request = format!("GET / HTTP/1.1\r\n{lines}\r\n");
        let read = head::request(request.as_bytes(), |_, fields| Credentials::read(fields)).unwrap();
        let all = read.iter().flat_map(|read| read.iter());
        all.map(|(place, value)| (place, String::from_utf8_lossy(value).into_owned())).collect()
    }

    #[test]
    fn credentials_of_a_head_are_kept_up_to_a_bound() {
        assert_eq!(
            read(
                "Cookie: theme=dark; sid=Zk3bQ9xT\r\nAuthorization: Basic YTpi\r\nX-Api-Key: zorvak\r\nHost: chat.test\r\n"
            ),
            [(Place::Cookie, "sid=Zk3bQ9xT"), (Place::Authorization, "Basic YTpi"), (Place::Key, "zorvak")]
                .map(|(place, value)| (place, value.to_owned()))
        );
        let set = "Set-Cookie: sid=Zk3bQ9xT; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\n";
        assert_eq!(read(set), [(Place::Cookie, "sid=Zk3bQ9xT".to_owned())]);
        assert_eq!(read("Sec-WebSocket-Protocol: graphql-transport-ws\r\n"), []);
        let many = "Cookie: sid=Zk3bQ9xT\r\n".repeat(100);
        assert!(read(&many).len() > 10 && read(&many).len() < 100);
    }
}
