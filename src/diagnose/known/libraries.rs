//! WebSocket libraries that can be recognised by a header.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::facts::Facts;
use crate::side::Side;

/// A library and its habits.
#[derive(Clone, Debug, Deserialize)]
pub struct Library {
    /// Its name.
    pub name: String,
    server: Option<String>,
    user_agent: Option<String>,
    has: Option<String>,
    exception: Option<String>,
    /// The code with which it answers every Close frame.
    pub replies: Option<u16>,
}

#[derive(Default, Deserialize)]
struct Table {
    library: Vec<Library>,
}

impl Library {
    /// Returns the library of a side, by its User-Agent or Server header.
    pub fn of(facts: &Facts, side: Side) -> Option<&'static Self> {
        static TABLE: LazyLock<Table> = LazyLock::new(|| super::table(include_str!("libraries.toml")));
        let header = match side {
            Side::Client => facts.handshake.request.as_ref()?.user_agent.as_deref()?,
            Side::Server => facts.handshake.response.as_ref()?.server.as_deref()?,
        };
        let lower = header.to_ascii_lowercase();
        TABLE.library.iter().find(|library| {
            let begins = match side {
                Side::Client => &library.user_agent,
                Side::Server => &library.server,
            };
            begins.as_ref().is_some_and(|begins| lower.starts_with(begins))
                && library.has.as_ref().is_none_or(|has| lower.contains(has))
        })
    }

    /// Returns whether it ends the connection without a Close frame when its handler fails.
    pub fn fails_bare(&self) -> bool {
        self.exception.as_deref() == Some("bare")
    }
}
