//! Size limits of receivers.

use std::sync::LazyLock;

use serde::Deserialize;

/// A limit.
#[derive(Clone, Debug, Deserialize)]
pub struct Limit {
    /// The largest size that is accepted.
    pub bytes: u64,
    /// The implementation that has it, and the name of its setting.
    pub name: String,
    server: Option<String>,
}

#[derive(Default, Deserialize)]
struct Table {
    limit: Vec<Limit>,
}

impl Limit {
    /// Returns the largest known limit that is below a refused size and not below the largest accepted one. A limit of the
    /// server that the Server header names is preferred.
    pub fn between(accepted: u64, refused: u64, server: Option<&str>) -> Option<&'static Self> {
        let fits = |limit: &&Limit| (accepted..refused).contains(&limit.bytes);
        let is_named = |limit: &&Limit| limit.server.as_deref().is_some_and(|name| super::begins(server, name));
        let all = &table().limit;
        all.iter().filter(fits).rfind(is_named).or_else(|| all.iter().rfind(fits))
    }
}

fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| super::table(include_str!("limits.toml")));
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_lies_between_what_was_taken_and_what_was_refused() {
        let between = |accepted, refused, server| Limit::between(accepted, refused, server).map(|limit| limit.bytes);
        assert_eq!(between(0, 70_000, None), Some(65_536));
        assert_eq!(between(66_000, 70_000, None), None);
        assert_eq!(between(0, 17_000_000, Some("TornadoServer/6.6.1")), Some(10_485_760));
        assert!(table().limit.is_sorted_by_key(|limit| limit.bytes));
    }
}
