//! The options for the order of connections.

use clap::{Args, ValueEnum};
use whyclosed::report::order::Order;

/// The order of connections, and how many are shown.
#[derive(Debug, Args)]
pub struct Sorting {
    /// Sort the connections [default: abnormal ends first; by their first packets in JSON, NDJSON, CSV and lists].
    #[arg(long, value_enum, value_name = "KEY")]
    sort: Option<Sort>,

    /// Show at most N connections, the first of their order [default: 50 in tables for people, all in other formats].
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
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

impl Sorting {
    /// Returns the order that was asked for.
    pub fn order(&self) -> Option<Order> {
        self.sort.map(Order::from)
    }
}
