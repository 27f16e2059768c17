//! The hellos of both sides: what they say about the session and its keys (RFC 8446 §4.1, RFC 5246 §7.4.1).
//!
//! ```text
//! ClientHello   version:2 │ random:32 │ session id │ suites │ compression │ extensions
//! ServerHello   version:2 │ random:32 │ session id │ suite:2 │ compression:1 │ extensions
//! ```

use nom::bytes::complete::take;
use nom::multi::{length_data, many0};
use nom::number::complete::{be_u8, be_u16};
use nom::{IResult, Parser};

use super::record::{HEADER, Version, is_client_hello};
use super::suite::SuiteId;

/// The random value that a side chooses for each session. Key logs identify sessions by the client's.
pub type Random = [u8; 32];

/// The random of a ServerHello that asks for another ClientHello: the SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
pub const HELLO_RETRY_REQUEST: Random = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11,
    0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// Extensions (the TLS ExtensionType Values registry).
mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const ALPN: u16 = 16;
    pub const ENCRYPT_THEN_MAC: u16 = 22;
    pub const EXTENDED_MASTER_SECRET: u16 = 23;
    pub const SESSION_TICKET: u16 = 35;
    pub const PRE_SHARED_KEY: u16 = 41;
    pub const EARLY_DATA: u16 = 42;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xFE0D;
}

/// The protocol of an opening handshake (the TLS ALPN Protocol IDs registry).
const HTTP1: &[u8] = b"http/1.1";

/// What a ClientHello says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// The client's random.
    pub random: Random,
    /// The session that the client wants to resume; in TLS 1.3, any bytes.
    pub session_id: &'a [u8],
    /// The name of the server that the client wants (SNI).
    pub server_name: Option<&'a [u8]>,
    /// The first protocol of those that the client offers.
    pub alpn: Option<&'a [u8]>,
    /// Whether the client offers another protocol than HTTP/1.1.
    pub offers_other_than_http1: bool,
    /// The ticket of the session that the client wants to resume, before TLS 1.3.
    pub ticket: &'a [u8],
    /// Whether the client offers TLS 1.3.
    pub offers_tls13: bool,
    /// Whether the client offers to resume a session of TLS 1.3.
    pub offers_psk: bool,
    /// Whether data follows before the server's answer (0-RTT).
    pub early_data: bool,
    /// Whether it may contain another, encrypted ClientHello. Some clients always send random bytes in this place.
    pub encrypted_hello: bool,
}

/// What a ServerHello says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// The server's random.
    pub random: Random,
    /// The version that the server has chosen.
    pub version: Version,
    /// The session that is resumed, or can be resumed.
    pub session_id: &'a [u8],
    /// The cipher suite that the server has chosen.
    pub suite: SuiteId,
    /// The protocol that the server has chosen, before TLS 1.3.
    pub alpn: Option<&'a [u8]>,
    /// Whether the server resumes a session of TLS 1.3, or uses another key that both had.
    pub uses_psk: bool,
    /// Whether records have their MAC outside of the ciphertext, if they have one (RFC 7366).
    pub encrypt_then_mac: bool,
    /// Whether the master secret depends on the whole handshake (RFC 7627).
    pub extended_master_secret: bool,
}

impl ServerHello<'_> {
    /// Returns whether it is a HelloRetryRequest.
    pub fn is_retry(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST
    }
}

/// What the EncryptedExtensions of TLS 1.3 say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncryptedExtensions<'a> {
    /// The protocol that the server has chosen.
    pub alpn: Option<&'a [u8]>,
    /// Whether the server has accepted the data that came with the ClientHello.
    pub early_data: bool,
}

/// Parses the body of a ClientHello; `None` if it is malformed, or cut short before its extensions.
pub fn client_hello(body: &[u8]) -> Option<ClientHello<'_>> {
    let (rest, (_, random, session_id, _, _)) =
        (be_u16::<_, ()>, random, length_data(be_u8), length_data(be_u16), length_data(be_u8)).parse(body).ok()?;
    let mut hello = ClientHello { random, session_id, ..ClientHello::default() };
    for (kind, data) in extensions(rest) {
        match kind {
            extension::SERVER_NAME => hello.server_name = server_name(data),
            extension::ALPN => {
                hello.alpn = protocol(data);
                hello.offers_other_than_http1 = protocols(data).iter().any(|offered| *offered != HTTP1);
            }
            extension::SESSION_TICKET => hello.ticket = data,
            extension::SUPPORTED_VERSIONS => hello.offers_tls13 = versions(data).any(|one| one == Version::TLS13),
            extension::PRE_SHARED_KEY => hello.offers_psk = true,
            extension::EARLY_DATA => hello.early_data = true,
            extension::ENCRYPTED_CLIENT_HELLO => hello.encrypted_hello = true,
            _ => {}
        }
    }
    Some(hello)
}

/// Parses the body of a ServerHello; `None` if it is malformed.
pub fn server_hello(body: &[u8]) -> Option<ServerHello<'_>> {
    let (rest, (version, random, session_id, suite, _)) =
        (be_u16::<_, ()>, random, length_data(be_u8), be_u16, be_u8).parse(body).ok()?;
    let mut hello = ServerHello {
        random,
        version: Version(version),
        session_id,
        suite: SuiteId(suite),
        alpn: None,
        uses_psk: false,
        encrypt_then_mac: false,
        extended_master_secret: false,
    };
    for (kind, data) in extensions(rest) {
        match kind {
            extension::SUPPORTED_VERSIONS => {
                hello.version = be_u16::<_, ()>(data).map_or(hello.version, |(_, version)| Version(version));
            }
            extension::ALPN => hello.alpn = protocol(data),
            extension::PRE_SHARED_KEY => hello.uses_psk = true,
            extension::ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
            extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
            _ => {}
        }
    }
    Some(hello)
}

/// Parses the body of EncryptedExtensions.
pub fn encrypted_extensions(body: &[u8]) -> EncryptedExtensions<'_> {
    let mut found = EncryptedExtensions::default();
    for (kind, data) in extensions(body) {
        match kind {
            extension::ALPN => found.alpn = protocol(data),
            extension::EARLY_DATA => found.early_data = true,
            _ => {}
        }
    }
    found
}

/// Parses the body of a NewSessionTicket before TLS 1.3 (RFC 5077 §3.3). Returns the ticket.
pub fn session_ticket(body: &[u8]) -> Option<&[u8]> {
    let (_, (_, ticket)) = (take::<_, _, ()>(4_usize), length_data(be_u16)).parse(body).ok()?;
    Some(ticket)
}

/// Returns the random of the ClientHello that the bytes of a connection begin with; `None` if they do not, or are too
/// short.
pub fn random_of(bytes: &[u8]) -> Option<Random> {
    const BEFORE: usize = HEADER + 4 + 2;
    if !is_client_hello(bytes) {
        return None;
    }
    let (_, (_, random)) = (take::<_, _, ()>(BEFORE), random).parse(bytes).ok()?;
    Some(random)
}

fn random(input: &[u8]) -> IResult<&[u8], Random, ()> {
    let (rest, bytes) = take(size_of::<Random>()).parse(input)?;
    Ok((rest, bytes.try_into().unwrap_or_default()))
}

/// Returns the types and contents of extensions, as far as they are well-formed.
fn extensions(input: &[u8]) -> Vec<(u16, &[u8])> {
    let all = length_data::<_, (), _>(be_u16).parse(input).map_or(&[][..], |(_, all)| all);
    many0((be_u16::<_, ()>, length_data(be_u16))).parse(all).map(|(_, found)| found).unwrap_or_default()
}

/// Returns the first host name of a list of server names (RFC 6066 §3).
fn server_name(data: &[u8]) -> Option<&[u8]> {
    let (_, list) = length_data::<_, (), _>(be_u16).parse(data).ok()?;
    let (_, (kind, name)) = (be_u8::<_, ()>, length_data(be_u16)).parse(list).ok()?;
    (kind == 0).then_some(name)
}

/// Returns the protocols of a list (RFC 7301 §3.1), as far as it is well-formed.
fn protocols(data: &[u8]) -> Vec<&[u8]> {
    let list = length_data::<_, (), _>(be_u16).parse(data).map_or(&[][..], |(_, list)| list);
    many0(length_data::<_, (), _>(be_u8)).parse(list).map(|(_, found)| found).unwrap_or_default()
}

/// Returns the first protocol of a list (RFC 7301 §3.1).
fn protocol(data: &[u8]) -> Option<&[u8]> {
    let (_, list) = length_data::<_, (), _>(be_u16).parse(data).ok()?;
    length_data::<_, (), _>(be_u8).parse(list).ok().map(|(_, protocol)| protocol)
}

/// Returns the versions that a client supports.
fn versions(data: &[u8]) -> impl Iterator<Item = Version> {
    let list = length_data::<_, (), _>(be_u8).parse(data).map_or(&[][..], |(_, list)| list);
    list.chunks_exact(2).filter_map(|pair| Some(Version(u16::from_be_bytes(pair.try_into().ok()?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_random_of_a_client_hello_that_is_cut() {
        let hello = [&[0x16, 3, 1, 0, 90, 1, 0, 0, 86, 3, 3][..], &[0xab; 32], &[9; 40]].concat();
        assert_eq!(random_of(&hello), Some([0xab; 32]));
        assert_eq!(random_of(&hello[..40]), None, "cut short");
        assert_eq!(random_of(&hello[1..]), None);
    }

    #[test]
    fn a_hello_cut_anywhere_is_read_as_far_as_it_goes() {
        let mut body = [&[3, 3][..], &[7; 32], &[2, 0xAA, 0xBB, 0, 2, 0x13, 1, 1, 0]].concat();
        let extensions = [
            &[0, 0, 0, 8, 0, 6, 0, 0, 3, b'a', b'.', b'b'][..],
            &[0, 16, 0, 5, 0, 3, 2, b'h', b'2'],
            &[0, 43, 0, 3, 2, 3, 4],
            &[0, 42, 0, 0],
            &[0xFE, 0x0D, 0, 1, 0],
        ]
        .concat();
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(&extensions);
        let expected = ClientHello {
            random: [7; 32],
            session_id: &[0xAA, 0xBB],
            server_name: Some(b"a.b"),
            alpn: Some(b"h2"),
            offers_other_than_http1: true,
            offers_tls13: true,
            early_data: true,
            encrypted_hello: true,
            ..ClientHello::default()
        };
        assert_eq!(client_hello(&body), Some(expected));
        for end in 0..body.len() {
            let cut = client_hello(&body[..end]);
            assert!(cut.is_none_or(|hello| hello.random == [7; 32] && hello.server_name.is_none()), "{end}");
        }
    }

    #[test]
    fn offers_are_those_of_websockets_or_of_others() {
        let offers = |extension: &[u8]| {
            let fixed = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
            let body = [&fixed, &(extension.len() as u16).to_be_bytes()[..], extension].concat();
            client_hello(&body).map(|hello| hello.offers_other_than_http1)
        };
        assert_eq!(offers(b""), Some(false));
        assert_eq!(offers(b"\x00\x10\x00\x0b\x00\x09\x08http/1.1"), Some(false));
        assert_eq!(offers(b"\x00\x10\x00\x0e\x00\x0c\x08http/1.1\x02h2"), Some(true));
    }
}
