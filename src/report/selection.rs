//! Selects the connections of a report that are shown.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::order::Order;
use super::{Connection, Report};

/// The connections that the user asked for: those that match every list that is not empty.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Also shows connections that ended as they should.
    pub all: bool,
    /// Numbers.
    pub ids: BTreeSet<usize>,
    /// Codes on the wire ([`Connection::code`]).
    pub codes: Vec<u16>,
    /// Codes that an endpoint's API reports.
    pub reported: Vec<u16>,
    /// Names of the rules that explain the end.
    pub rules: Vec<String>,
    /// Patterns of the server's name or address, with its port or without, in any case.
    pub hosts: Vec<String>,
    /// Patterns of the request's path.
    pub paths: Vec<String>,
    /// The least time that a connection was open.
    pub min_lifetime: Option<Duration>,
    /// The period in which they ended.
    pub period: Period,
    /// The order in which they are listed; by default that of the format.
    pub order: Option<Order>,
    /// The number of connections that are listed.
    pub top: Option<usize>,
}

/// A period; without limits, it is all of the capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Its beginning.
    pub since: Option<Timestamp>,
    /// The first moment after it.
    pub until: Option<Timestamp>,
}

impl Period {
    /// Returns whether a connection ended in the period. One that is still open ended after the capture.
    fn contains(self, connection: &Connection) -> bool {
        let ended = connection.ended.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
        let ended = ended.unwrap_or(Timestamp::MAX);
        self.since.is_none_or(|since| since <= ended) && self.until.is_none_or(|until| ended < until)
    }
}

impl Selection {
    /// Returns whether a connection is among those asked for.
    pub fn matches(&self, connection: &Connection) -> bool {
        (self.ids.is_empty() || self.ids.contains(&connection.id))
            && (self.codes.is_empty() || connection.code().is_some_and(|code| self.codes.contains(&code)))
            && (self.reported.is_empty() || self.reported.iter().any(|code| connection.is_reported(*code)))
            && (self.rules.is_empty() || self.rules.iter().any(|rule| connection.verdict.rule.name == rule))
            && (self.hosts.is_empty() || self.hosts.iter().any(|host| is_to(connection, host)))
            && (self.paths.is_empty() || self.paths.iter().any(|path| has_path(connection, path)))
            && self.min_lifetime.is_none_or(|least| connection.lifetime >= least.as_secs_f64())
            && (self.period == Period::default() || self.period.contains(connection))
    }

    /// Returns the numbers asked for that no connection has, if there are `count` connections.
    pub fn absent(&self, count: usize) -> impl Iterator<Item = usize> {
        self.ids.iter().copied().filter(move |id| *id == 0 || *id > count)
    }

    /// Returns whether only some connections were asked for.
    pub fn is_narrow(&self) -> bool {
        let Self { all: _, ids, codes, reported, rules, hosts, paths, min_lifetime, period, order: _, top: _ } = self;
        let has_codes = !codes.is_empty() || !reported.is_empty();
        let has_texts = !rules.is_empty() || !hosts.is_empty() || !paths.is_empty();
        let has_times = min_lifetime.is_some() || *period != Period::default();
        !ids.is_empty() || has_codes || has_texts || has_times
    }

    /// Returns whether a connection is shown to a reader: those that ended as they should only when asked for.
    pub fn shows(&self, connection: &Connection) -> bool {
        self.matches(connection) && (self.all || self.is_narrow() || !connection.is_normal())
    }

    /// Returns the connections that are shown to a reader, in the order that was asked for, else in the `usual` one, else in
    /// that of their first packets.
    pub fn shown<'r>(&self, report: &'r Report, usual: Option<Order>) -> Vec<&'r Connection> {
        let connections = report.connections.iter().map(AsRef::as_ref);
        let mut shown: Vec<&Connection> = connections.filter(|connection| self.shows(connection)).collect();
        if let Some(order) = self.order.or(usual) {
            order.sort(&mut shown, |connection| connection);
        }
        shown
    }

    /// Returns whether the connections are those that match, in order of their first packets.
    pub const fn is_in_order(&self) -> bool {
        self.order.is_none() && self.top.is_none()
    }

    /// Removes the connections that were not asked for, and sorts the others if an order was. Encrypted ones, which have
    /// neither numbers nor codes, are left only if all were.
    pub fn narrow(&self, report: &mut Report) {
        report.connections.retain(|connection| self.matches(connection));
        if let Some(order) = self.order {
            order.sort(&mut report.connections, |connection| connection);
        }
        report.connections.truncate(self.top.unwrap_or(usize::MAX));
        if self.is_narrow() {
            report.encrypted.clear();
        }
    }
}

/// Returns whether a connection is to a server whose name or address fits a pattern.
fn is_to(connection: &Connection, pattern: &str) -> bool {
    let sni = connection.tls.as_ref().and_then(|tls| tls.sni.as_deref());
    let names = [connection.handshake.host.as_deref(), sni, Some(&*connection.server)];
    let pattern = pattern.to_ascii_lowercase();
    names
        .into_iter()
        .flatten()
        .map(str::to_ascii_lowercase)
        .any(|name| fits(&pattern, &name) || fits(&pattern, without_port(&name)))
}

/// Returns whether the path of a connection's request fits a pattern.
fn has_path(connection: &Connection, pattern: &str) -> bool {
    connection.handshake.path.as_deref().is_some_and(|path| fits(pattern, path))
}

/// Returns the host of an authority (RFC 3986 §3.2), without the brackets of an IPv6 address.
pub(super) fn without_port(authority: &str) -> &str {
    let is_port = |(host, port): &(&str, &str)| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && (host.ends_with(']') || !host.contains(':'))
    };
    let host = authority.rsplit_once(':').filter(is_port).map_or(authority, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Parses a time: `500ms`, `30s`, `5m`, `1h`. The error says so.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    let parse = || {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
    };
    parse().ok_or_else(|| "a time is a number and ms, s, m or h: 500ms, 30s, 5m, 1h".to_owned())
}

/// Returns whether a text fits a pattern, in which `*` stands for any characters.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, more)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let (middle, last) = more.rsplit_once('*').unwrap_or(("", more));
    for part in middle.split('*') {
        // An empty part is found at once.
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        let millis = |text| lifetime(text).ok().map(|time| time.as_millis());
        assert_eq!(["500ms", "30s", "5m", "1h"].map(millis), [500, 30_000, 300_000, 3_600_000].map(Some));
        for wrong in ["", "s", "30", "1d", "-1s", "1.5s", "99999999999999999999h", "9999999999999999999s", "1 s"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn patterns_have_wildcards() {
        for (pattern, text) in [
            ("/chat", "/chat"),
            ("*", ""),
            ("*", "/chat"),
            ("/chat*", "/chat"),
            ("/chat*", "/chat/7"),
            ("*.example.com", "ws.example.com"),
            ("/rooms/*/events", "/rooms/7/events"),
            ("/*/a*b*", "/x/aab"),
            ("a**b", "a-b"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("/chat", "/chat/7"),
            ("", "/"),
            ("/chat*", "/cha"),
            ("*.example.com", "example.com"),
            ("a*a", "a"),
            ("/*/a*b*", "/x/ba"),
            ("*x*y", "yx"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn an_authority_is_known_without_its_port() {
        for (authority, host) in [
            ("example.com", "example.com"),
            ("example.com:8080", "example.com"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("[::1]", "::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(without_port(authority), host);
        }
    }
}
