//! Options that select connections, for a report or a slice.

use std::time::Duration;

use clap::Args;
use whyclosed::diagnose::RULES;
use whyclosed::report::selection::Selection;
pub use whyclosed::report::selection::lifetime as duration;

use crate::nearest::nearest;

/// The options that select connections. A connection is taken if it matches all that are given, and one value of each.
#[derive(Clone, Debug, Default, Args)]
pub struct Selecting {
    /// Take only this connection, by its number in the report (repeatable).
    #[arg(long, value_delimiter = ',', value_name = "N")]
    connection: Vec<usize>,

    /// Take only connections closed with this code (repeatable): that of the first Close frame, 1005 if it has none, 1006
    /// without a Close frame.
    #[arg(long, value_delimiter = ',', value_name = "N")]
    code: Vec<u16>,

    /// Take only connections of which the API of an endpoint reports this code (repeatable).
    #[arg(long, value_delimiter = ',', value_name = "N")]
    reported_code: Vec<u16>,

    /// Take only connections whose end this rule explains (repeatable); `whyclosed rules` lists them.
    #[arg(long, value_name = "NAME", value_parser = rule)]
    rule: Vec<String>,

    /// Take only connections to this server (repeatable): its name in the request or in TLS, or its address; * stands for
    /// any characters.
    #[arg(long, value_name = "HOST[:PORT]")]
    host: Vec<String>,

    /// Take only connections with this path in their request (repeatable); * stands for any characters.
    #[arg(long, value_name = "PATH")]
    path: Vec<String>,

    /// Take only connections that were open for at least this time: 500ms, 30s, 5m, 1h.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    min_lifetime: Option<Duration>,
}

impl Selecting {
    /// Returns the options that select one connection.
    #[cfg(feature = "view")]
    pub fn only(id: usize) -> Self {
        Self { connection: vec![id], ..Self::default() }
    }

    /// Returns the selection of connections; `all` includes those that ended normally even if nothing else selects them.
    pub fn selection(&self, all: bool) -> Selection {
        Selection {
            all,
            ids: self.connection.iter().copied().collect(),
            codes: self.code.clone(),
            reported: self.reported_code.clone(),
            rules: self.rule.clone(),
            hosts: self.host.clone(),
            paths: self.path.clone(),
            min_lifetime: self.min_lifetime,
            ..Selection::default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_rule_is_proposed() {
        assert!(rule("idle_timeout").is_ok());
        assert!(rule("idle_timeuot").unwrap_err().contains("Did you mean `idle_timeout`?"));
        assert!(!rule("nonsense").unwrap_err().contains("Did you mean"));
    }
}
