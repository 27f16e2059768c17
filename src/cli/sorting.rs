//! The options for the order of connections.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use whyclosed::report::order::Order;

/// The order of connections, and how many are shown.
#[derive(Clone, Debug, Default, Args)]
pub struct Sorting {
    /// Sort the connections [default: abnormal ends first; by their first packets in JSON, NDJSON, CSV and lists].
    #[arg(long = "sort", value_name = "KEY", value_parser = orders())]
    pub order: Option<Order>,

    /// Show at most N connections, the first of their order [default: 50 in tables for people, all in other formats].
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
}

/// The orders, with their names and descriptions.
const ORDERS: [(&str, &str, Order); 10] = [
    ("severity", "Abnormal ends first, then open connections", Order::Severity),
    ("opened", "The time they were opened", Order::Opened),
    ("ended", "The time they ended", Order::Ended),
    ("lifetime", "The longest first", Order::Lifetime),
    ("bytes", "Payload bytes, the most first", Order::Bytes),
    ("code", "The close code, as in --code", Order::Code),
    ("rule", "The rule that explains the end", Order::Rule),
    ("server", "The server's address and port", Order::Server),
    ("client", "The client's address and port", Order::Client),
    ("target", "The path and query of the request", Order::Target),
];

/// Returns the parser of the names of orders.
fn orders() -> impl TypedValueParser<Value = Order> {
    let values = ORDERS.map(|(name, help, _)| PossibleValue::new(name).help(help));
    let order = |given: String| ORDERS.iter().find(|(name, ..)| *name == given).map(|(.., order)| *order);
    PossibleValuesParser::new(values).map(move |given| order(given).unwrap_or(Order::Severity))
}
