//! Size limits of receivers.

use std::sync::LazyLock;

use serde::Deserialize;

/// A limit.
#[derive(Clone, Debug, Deserialize)]
pub struct Limit {
    /// The largest size that is taken.
    pub bytes: u64,
    /// Who has it, and under which name.
    pub name: String,
    server: Option<String>,
}

#[derive(Default, Deserialize)]
struct Table {
    limit: Vec<Limit>,
}

impl Limit {
    /// The limit that a refused size and the largest accepted one leave: the largest below the one and not below the
    /// other. That of the server's own library comes first.
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
