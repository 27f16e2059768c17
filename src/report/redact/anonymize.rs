//! Other addresses and host names in place of the real ones, one to one, so that a report can be shared.
//!
//! Addresses keep their structure: two that share their first n bits share exactly n bits afterwards (the scheme of
//! Crypto-PAn, Xu et al. 2002). The key is random for each report, so that two reports cannot be joined.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The domain of replacement host names, which is reserved (RFC 2606 §2).
const DOMAIN: &str = "example";

/// A mapping of addresses and host names.
#[derive(Debug, Default)]
pub struct Anonymizer {
    /// SipHash with a random key, which decides whether the bit after a prefix is flipped.
    key: RandomState,
    hosts: HashMap<Box<str>, usize>,
}

impl Anonymizer {
    /// Returns the replacement of an endpoint: another address with the same port.
    pub fn endpoint(&self, endpoint: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.address(endpoint.ip()), endpoint.port())
    }

    fn address(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) => {
                let bits = self.bits(u128::from(address.to_bits()) << 96, 32, 4);
                Ipv4Addr::from_bits(u32::try_from(bits >> 96).unwrap_or_default()).into()
            }
            IpAddr::V6(address) => Ipv6Addr::from_bits(self.bits(address.to_bits(), 128, 6)).into(),
        }
    }

    /// Flips or keeps each of the first `count` bits, depending on the bits before it.
    fn bits(&self, address: u128, count: u32, version: u8) -> u128 {
        (0..count).fold(0, |mapped, at| {
            let bit = 1 << (127 - at);
            // The bits before this one; none before the first.
            let prefix = address.checked_shr(128 - at).unwrap_or_default();
            let is_turned = self.key.hash_one((version, at, prefix)) & 1 == 1;
            mapped | if is_turned { !address & bit } else { address & bit }
        })
    }

    /// Returns the replacement of a host, which may have a port. The port is kept.
    pub fn host(&mut self, host: &str) -> String {
        if let Ok(endpoint) = host.parse() {
            return self.endpoint(endpoint).to_string();
        }
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return self.address(address).to_string();
        }
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, Some(port)),
            _ => (host, None),
        };
        // `localhost` identifies nobody, and shows that a service is local.
        if name.is_empty() || name.eq_ignore_ascii_case("localhost") {
            return host.to_owned();
        }
        let next = self.hosts.len() + 1;
        let number = *self.hosts.entry(name.to_ascii_lowercase().into()).or_insert(next);
        port.map_or_else(|| format!("host-{number}.{DOMAIN}"), |port| format!("host-{number}.{DOMAIN}:{port}"))
    }

    /// Replaces addresses, the hosts of URLs, and the host names met so far, wherever they occur in a text.
    pub fn text(&mut self, text: &str) -> String {
        let text =
            replace(&URL_HOST, text, |captures| format!("{}{}", &captures["before"], self.host(&captures["host"])));
        let text = replace(&ADDRESS, &text, |captures| {
            let found = &captures[0];
            found.parse().map_or_else(|_| found.to_owned(), |address| self.address(address).to_string())
        });
        self.names(&text)
    }

    /// Replaces the host names met so far, in any case, also as a part of a longer name or word: `db1-restarted`.
    fn names(&self, text: &str) -> String {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
        let (mut replaced, mut at) = (String::with_capacity(text.len()), 0);
        for run in text.as_bytes().chunk_by(|a, b| is_name(a) == is_name(b)) {
            let part = text.get(at..at + run.len()).unwrap_or_default();
            at += run.len();
            let is_ours = part.starts_with("host-") && part.ends_with(DOMAIN);
            match self.known(part).filter(|_| !is_ours) {
                Some((before, number, behind)) => {
                    replaced.extend([before, "host-", &number.to_string(), ".", DOMAIN, behind]);
                }
                None => replaced.push_str(part),
            }
        }
        replaced
    }

    /// Finds a known host name in a run of characters that names are made of: the longest at the earliest place.
    /// Returns the text before it, its number and the text after it.
    fn known<'t>(&self, run: &'t str) -> Option<(&'t str, usize, &'t str)> {
        // Only the first labels of a longer run are checked.
        const LABELS: usize = 16;
        if self.hosts.is_empty() || run.len() < SHORTEST {
            return None;
        }
        let lower = run.to_ascii_lowercase();
        let ends: Vec<_> =
            lower.match_indices(['.', '-', '_']).map(|(at, _)| at).take(LABELS).chain([run.len()]).collect();
        let starts = std::iter::once(0).chain(ends.iter().map(|end| end + 1));
        let spans = starts.flat_map(|start| ends.iter().rev().map(move |end| (start, *end)));
        let mut found = spans.filter_map(|(start, end)| {
            let name = lower.get(start..end).filter(|name| name.len() >= SHORTEST)?;
            Some((run.get(..start)?, *self.hosts.get(name)?, run.get(end..)?))
        });
        found.next()
    }
}

/// The minimum length, in bytes, of a host name that is searched for in texts. Shorter ones are ordinary words.
const SHORTEST: usize = 2;

static URL_HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let user = r#"(?:[^ /?#"'<>@]*@)?"#;
    let host = r"\[[0-9A-Fa-f:.]+\](?::[0-9]+)?|[A-Za-z0-9._-]+(?::[0-9]+)?";
    Regex::new(&format!("(?<before>[A-Za-z][A-Za-z0-9+.-]*://{user})(?<host>{host})")).ok()
});

/// The pattern of possible addresses: four numbers, or groups with at least two colons.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let four = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}";
    Regex::new(&format!(r"(?-u:\b){four}(?-u:\b)|(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}(?:{four}|[0-9A-Fa-f]{{1,4}})?")).ok()
});

fn replace<'t>(regex: &Option<Regex>, text: &'t str, by: impl FnMut(&Captures<'_>) -> String) -> Cow<'t, str> {
    regex.as_ref().map_or(Cow::Borrowed(text), |regex| regex.replace_all(text, by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(a: u32, b: u32) -> u32 {
        (a ^ b).leading_zeros()
    }

    #[test]
    fn addresses_keep_their_prefixes() {
        let anonymizer = Anonymizer::default();
        let map = |address: u32| match anonymizer.address(Ipv4Addr::from_bits(address).into()) {
            IpAddr::V4(address) => address.to_bits(),
            IpAddr::V6(_) => unreachable!(),
        };
        let addresses = [0x0A00_0001, 0x0A00_0002, 0x0A00_0101, 0x0A01_0001, 0xC0A8_0101, 0xC0A8_01FF, 0];
        for a in addresses {
            for b in addresses {
                assert_eq!(shared(map(a), map(b)), shared(a, b), "{a:08x} {b:08x}");
            }
        }
        let six = |text: &str| anonymizer.address(text.parse().unwrap());
        assert_ne!(six("2001:db8::1"), six("2001:db8::2"));
        assert!(six("::1").is_ipv6());
    }

    #[test]
    fn two_reports_cannot_be_joined() {
        let of = || Anonymizer::default().address("192.0.2.77".parse().unwrap());
        assert!((0..8).any(|_| of() != of()));
    }

    #[test]
    fn hosts_are_found_in_any_case_and_without_a_domain() {
        let mut anonymizer = Anonymizer::default();
        anonymizer.host("Chat.Corp.Test");
        anonymizer.host("db1");
        assert_eq!(
            anonymizer.text("CHAT.corp.TEST. said no; eu.chat.corp.test/db1/x, DB1-restarted, adb1 stays"),
            "host-1.example. said no; eu.host-1.example/host-2.example/x, host-2.example-restarted, adb1 stays"
        );
    }

    #[test]
    fn hosts_are_one_name_everywhere() {
        let mut anonymizer = Anonymizer::default();
        assert_eq!(anonymizer.host("chat.corp.test:8080"), "host-1.example:8080");
        assert_eq!(anonymizer.host("localhost:3000"), "localhost:3000");
        assert_eq!(
            anonymizer.text("moved to wss://b.corp.test/x; ask chat.corp.test at 12:30:45"),
            "moved to wss://host-2.example/x; ask host-1.example at 12:30:45"
        );
        let address = anonymizer.host("10.1.2.3");
        assert_eq!(
            anonymizer.text("10.1.2.3 is banned, 999.1.1.1 is none"),
            format!("{address} is banned, 999.1.1.1 is none")
        );
        let six = anonymizer.host("2001:db8::7");
        assert_ne!(six, "2001:db8::7");
        assert_eq!(anonymizer.text("from 2001:db8::7"), format!("from {six}"));
    }
}
