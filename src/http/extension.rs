//! The extensions that a handshake negotiates: the elements of Sec-WebSocket-Extensions (RFC 6455 §9.1).

use std::fmt;

/// The name of permessage-deflate in IANA's registry.
pub const DEFLATE: &str = "permessage-deflate";

/// One element of Sec-WebSocket-Extensions (RFC 6455 §9.1).
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    /// Its token.
    pub name: &'a str,
    parameters: &'a str,
}

impl fmt::Display for Extension<'_> {
    /// Writes the element as in the header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parameters.trim() {
            "" => f.write_str(self.name),
            parameters => write!(f, "{}; {parameters}", self.name),
        }
    }
}

impl<'a> Extension<'a> {
    /// Returns its parameters, each with its value if it has one, without quotes.
    pub fn parameters(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let parameters = self.parameters.split(';').map(str::trim).filter(|parameter| !parameter.is_empty());
        parameters.map(|parameter| match parameter.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim().trim_matches('"'))),
            None => (parameter, None),
        })
    }

    /// Returns the value of a parameter, empty if it has none; `None` if the parameter is not there.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut parameters = self.parameters();
        parameters.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.unwrap_or_default())
    }
}

/// Returns the elements of a Sec-WebSocket-Extensions value.
pub fn extensions(value: Option<&str>) -> impl Iterator<Item = Extension<'_>> {
    value.unwrap_or_default().split(',').map(str::trim).filter(|element| !element.is_empty()).map(|element| {
        let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
        Extension { name: name.trim(), parameters }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_extensions() {
        let all: Vec<_> =
            extensions(Some("permessage-deflate; server_no_context_takeover; client_max_window_bits=\"10\", x"))
                .collect();
        let [deflate, other] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((deflate.name, other.name), (DEFLATE, "x"));
        assert_eq!(deflate.parameter("server_no_context_takeover"), Some(""));
        assert_eq!(deflate.parameter("client_max_window_bits"), Some("10"));
        assert_eq!(deflate.parameter("client_no_context_takeover"), None);
    }
}
