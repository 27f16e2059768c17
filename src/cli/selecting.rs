//! Options that select the connections of a report.

use std::time::Duration;

use clap::{Args, ValueEnum};
use whyclosed::diagnose::RULES;
use whyclosed::report::order::Order;
use whyclosed::report::selection::{Period, Selection};

use crate::nearest::nearest;

/// The options that select connections. A connection is reported if it matches all that are given, and one value of each.
#[derive(Debug, Args)]
pub struct Selecting {
    /// Also show connections that ended normally.
    #[arg(long)]
    all: bool,

    /// Report only this connection (repeatable).
    #[arg(long, value_name = "N")]
    connection: Vec<usize>,

    /// Report only connections closed with this code (repeatable): that of the first Close frame, 1005 if it has none, 1006
    /// without a Close frame.
    #[arg(long, value_name = "N")]
    code: Vec<u16>,

    /// Report only connections of which the API of an endpoint reports this code (repeatable).
    #[arg(long, value_name = "N")]
    reported_code: Vec<u16>,

    /// Report only connections whose end this rule explains (repeatable); `whyclosed rules` lists them.
    #[arg(long, value_name = "NAME", value_parser = rule)]
    rule: Vec<String>,

    /// Report only connections to this server (repeatable): its name in the request or in TLS, or its address; * stands for
    /// any characters.
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "anonymize")]
    host: Vec<String>,

    /// Report only connections with this path in their request (repeatable); * stands for any characters.
    #[arg(long, value_name = "PATH")]
    path: Vec<String>,

    /// Report only connections that were open for at least this time: 500ms, 30s, 5m, 1h.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    min_lifetime: Option<Duration>,

    /// Sort the connections [default: abnormal ends first; by their first packets in JSON, NDJSON, CSV and lists].
    #[arg(long, value_enum, value_name = "KEY")]
    sort: Option<Sort>,

    /// Show at most N connections, the first of their order [default: 50 in tables for people, all in other formats].
    #[arg(long, value_name = "N")]
    top: Option<usize>,
}

/// What connections are sorted by.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sort {
    /// Abnormal ends first, then open connections.
    Severity,
    /// The time they were opened.
    Opened,
    /// The time they ended.
    Ended,
    /// The longest first.
    Lifetime,
    /// Payload bytes, the most first.
    Bytes,
    /// The close code, as in --code.
    Code,
    /// The rule that explains the end.
    Rule,
    /// The server's address and port.
    Server,
    /// The client's address and port.
    Client,
    /// The path and query of the request.
    Target,
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Severity => Self::Severity,
            Sort::Opened => Self::Opened,
            Sort::Ended => Self::Ended,
            Sort::Lifetime => Self::Lifetime,
            Sort::Bytes => Self::Bytes,
            Sort::Code => Self::Code,
            Sort::Rule => Self::Rule,
            Sort::Server => Self::Server,
            Sort::Client => Self::Client,
            Sort::Target => Self::Target,
        }
    }
}

impl Selecting {
    /// Returns the selection of connections that ended in a period.
    pub fn selection(&self, period: Period) -> Selection {
        Selection {
            all: self.all,
            ids: self.connection.iter().copied().collect(),
            codes: self.code.clone(),
            reported: self.reported_code.clone(),
            rules: self.rule.clone(),
            hosts: self.host.clone(),
            paths: self.path.clone(),
            min_lifetime: self.min_lifetime,
            period,
            order: self.sort.map(Order::from),
            top: self.top,
        }
    }
}

/// Parses the name of a rule.
fn rule(text: &str) -> Result<String, String> {
    let names = || RULES.iter().map(|rule| rule.name);
    if names().any(|name| name == text) {
        return Ok(text.to_owned());
    }
    let similar = nearest(text, names()).map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
    Err(format!("there is no such rule.{similar} `whyclosed rules` lists them"))
}

/// Parses a time: `500ms`, `30s`, `5m`, `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        let millis = |text| duration(text).ok().map(|time| time.as_millis());
        assert_eq!(["500ms", "30s", "5m", "1h"].map(millis), [500, 30_000, 300_000, 3_600_000].map(Some));
        for wrong in ["", "s", "30", "1d", "-1s", "1.5s", "99999999999999999999h", "9999999999999999999s", "1 s"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_mistyped_rule_is_proposed() {
        assert!(rule("idle_timeout").is_ok());
        assert!(rule("idle_timeuot").unwrap_err().contains("Did you mean `idle_timeout`?"));
        assert!(!rule("nonsense").unwrap_err().contains("Did you mean"));
    }
}
