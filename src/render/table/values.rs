//! Values of a report, in the types of columns.

use std::net::SocketAddr;

use serde::Serialize;

use super::Cell;
use crate::seen::Timestamp;

/// Returns the address of an endpoint.
pub(super) fn ip(endpoint: &str) -> Cell<'_> {
    endpoint.parse().ok().map(|endpoint: SocketAddr| endpoint.ip().to_string()).into()
}

/// Returns the port of an endpoint.
pub(super) fn port(endpoint: &str) -> Cell<'_> {
    endpoint.parse().ok().map(|endpoint: SocketAddr| endpoint.port()).into()
}

/// Returns a time of the report.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let nanos = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    Some(Timestamp::from_nanos(i64::try_from(nanos).ok()?))
}

/// Returns a time of the report in nanoseconds since 1970.
pub(super) fn nanos(text: &str) -> Cell<'_> {
    time(text).map(Timestamp::as_nanos).into()
}

/// Returns the name that a value has in the JSON report.
pub(super) fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}
