//! The two ends of a connection, and a pair of anything indexed by them.

use std::ops::{Index, IndexMut, Not};

/// An end of a WebSocket connection (RFC 6455 §1.3).
///
/// `Client` is the end that sent the opening handshake, `Server` the end that answered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The end that sent the opening handshake.
    Client,
    /// The end that answered it.
    Server,
}

impl Side {
    /// Both ends, client first.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];
}

impl Not for Side {
    type Output = Self;

    /// Returns the other end.
    fn not(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One `T` for each end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PerSide<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> PerSide<T> {
    /// Returns the values of the lower and the higher endpoint by side, given which of them is the client.
    pub fn of_ends([low, high]: [T; 2], client_is_low: bool) -> Self {
        if client_is_low { Self { client: low, server: high } } else { Self { client: high, server: low } }
    }

    /// Returns the value of `side`, and that of the other side.
    #[inline]
    pub const fn own_and_other(&mut self, side: Side) -> (&mut T, &mut T) {
        match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }

    /// Returns what `change` makes of each value.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> PerSide<U> {
        PerSide { client: change(self.client), server: change(self.server) }
    }

    /// Exchanges the values of client and server.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
    }
}

impl<T> Index<Side> for PerSide<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl<T> IndexMut<Side> for PerSide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_is_its_own_inverse() {
        for side in Side::BOTH {
            assert_ne!(!side, side);
            assert_eq!(!!side, side);
        }
    }

    #[test]
    fn swap_exchanges_the_ends() {
        let mut pair = PerSide { client: 1, server: 2 };
        pair.swap();
        assert_eq!((pair[Side::Client], pair[Side::Server]), (2, 1));
    }
}
