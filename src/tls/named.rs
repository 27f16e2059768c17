//! The servers that the user names as those of encrypted WebSockets.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A server, or all servers on a port: `chat.example.com`, `chat.example.com:8443`, `10.0.0.7`, `[::1]:8443`, `8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    host: Option<Host>,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    /// A name, which a ClientHello may ask for.
    Name(String),
}

impl Named {
    /// Returns whether it names the server at `address`, which the client asks for by `server_name`.
    pub fn names(&self, address: SocketAddr, server_name: Option<&str>) -> bool {
        let is_host = match &self.host {
            Some(Host::Address(host)) => *host == address.ip().to_canonical(),
            Some(Host::Name(host)) => server_name.is_some_and(|name| name.eq_ignore_ascii_case(host)),
            None => true,
        };
        is_host && self.port.is_none_or(|port| port == address.port())
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is not HOST, HOST:PORT or PORT");
        if let Ok(port) = text.parse() {
            return Ok(Self { host: None, port: Some(port) });
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: Some(Host::Address(address.ip().to_canonical())), port: Some(address.port()) });
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self { host: Some(Host::Address(address.to_canonical())), port: None });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| fault())?)),
            None => (text, None),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        // Digits alone were to be a port, and an address has been tried.
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if name.is_empty() || is_number || !name.bytes().all(is_name) {
            return Err(fault());
        }
        Ok(Self { host: Some(Host::Name(name.to_owned())), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_name_address_or_port() {
        let names = |text: &str, address: &str, name: Option<&str>| {
            text.parse::<Named>().unwrap().names(address.parse().unwrap(), name)
        };
        for (text, is_named) in [
            ("8443", true),
            ("443", false),
            ("Chat.example.com", true),
            ("chat.example.com:8443", true),
            ("chat.example.com:443", false),
            ("example.com", false),
            ("10.0.0.7", true),
            ("10.0.0.7:8443", true),
            ("10.0.0.8", false),
            ("[10.0.0.7]", true),
        ] {
            assert_eq!(names(text, "10.0.0.7:8443", Some("chat.example.com")), is_named, "{text}");
        }
        assert!(!names("chat.example.com", "10.0.0.7:8443", None), "not asked for by name");
        assert!(names("[::1]:8443", "[::1]:8443", None) && names("::1", "[::1]:8443", None));
        assert!(names("10.0.0.7", "[::ffff:10.0.0.7]:1", None), "the same address");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ":8443", "99999", "a:b", "a:99999", "wss://a", "a b", "1.2.3", "[a]", "é.example"] {
            assert!(text.parse::<Named>().is_err(), "{text}");
        }
    }
}
