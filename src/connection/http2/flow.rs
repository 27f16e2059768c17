//! Flow control (RFC 9113 §5.2): the bytes of DATA that each side may still send, on a stream and on all of them.
//!
//! ```text
//! sender    ├ DATA 16384 ┼ DATA 16384 ┼ DATA 16384 ┼ DATA 16383 ┤ waits …
//! window  65535        49151        32767        16383          0
//! receiver                                                        WINDOW_UPDATE, or never
//! ```

use crate::facts::Starved;
use crate::seen::Seen;
use crate::side::{PerSide, Side};

/// The bytes that a side may send until the other one sends its settings (RFC 9113 §6.9.2).
const INITIAL: i64 = 65_535;

/// The windows of a connection.
#[derive(Debug)]
pub(in crate::connection) struct Flow {
    /// Whether every frame since the beginning was seen.
    is_known: bool,
    /// What each side may send on all streams together.
    connection: PerSide<Window>,
    /// What each side may send on a new stream.
    initial: PerSide<i64>,
}

/// What a side may still send.
#[derive(Clone, Copy, Debug)]
pub(in crate::connection) struct Window {
    left: i64,
    /// The packet that took the last of it.
    used_up: Option<Seen>,
}

impl Window {
    const fn new(left: i64) -> Self {
        Self { left, used_up: None }
    }

    /// Takes the bytes of a frame from it.
    pub fn spend(&mut self, bytes: u32, seen: Seen) {
        self.left = self.left.saturating_sub(i64::from(bytes));
        if self.left <= 0 {
            self.used_up.get_or_insert(seen);
        }
    }

    /// Adds bytes to it.
    pub fn grant(&mut self, bytes: i64) {
        self.left = self.left.saturating_add(bytes);
        if self.left > 0 {
            self.used_up = None;
        }
    }
}

impl Flow {
    /// Returns the windows of a connection that is read from its beginning.
    pub fn new() -> Self {
        let each = |value| PerSide { client: value, server: value };
        let connection = PerSide { client: Window::new(INITIAL), server: Window::new(INITIAL) };
        Self { is_known: true, connection, initial: each(INITIAL) }
    }

    /// Notes that frames are missing: from here on, the windows are not known.
    pub const fn lose(&mut self) {
        self.is_known = false;
    }

    /// Returns the windows of a new stream.
    pub fn of_new_stream(&self) -> PerSide<Window> {
        PerSide { client: Window::new(self.initial.client), server: Window::new(self.initial.server) }
    }

    /// Applies the setting of `side`. Returns the bytes by which the windows of the other side grow, on every stream.
    pub fn set(&mut self, side: Side, initial: u32) -> i64 {
        let initial = i64::from(initial);
        let more = initial - self.initial[!side];
        if more < 0 {
            // Its sender may use the old size until it has received this.
            self.lose();
        }
        self.initial[!side] = initial;
        more
    }

    /// Takes the bytes of a frame that `side` sends from the connection's window.
    pub fn spend(&mut self, side: Side, bytes: u32, seen: Seen) {
        self.connection[side].spend(bytes, seen);
    }

    /// Adds the bytes that `side` grants the other one to the connection's window.
    pub fn grant(&mut self, side: Side, bytes: u32) {
        self.connection[!side].grant(i64::from(bytes));
    }

    /// Returns the side that can send no more on a stream with these windows; the one that has waited longer, if neither can.
    pub fn starved(&self, stream: &PerSide<Window>) -> Option<Starved> {
        let waits = |side: Side| {
            let of_stream = stream[side].used_up.map(|since| Starved { side, since, of_connection: false });
            let of_all = self.connection[side].used_up.map(|since| Starved { side, since, of_connection: true });
            of_stream.or(of_all)
        };
        Side::BOTH.into_iter().filter(|_| self.is_known).filter_map(waits).min_by_key(|starved| starved.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Timestamp;

    fn at(packet: u64) -> Seen {
        Seen { packet, time: Timestamp::from_nanos(packet as i64) }
    }

    #[test]
    fn a_window_is_used_up_until_more_is_granted() {
        let mut flow = Flow::new();
        let mut stream = flow.of_new_stream();
        stream.server.spend(65_534, at(1));
        assert_eq!(flow.starved(&stream), None, "one byte is left");
        stream.server.spend(1, at(2));
        stream.server.spend(0, at(3));
        let waits = Starved { side: Side::Server, since: at(2), of_connection: false };
        assert_eq!(flow.starved(&stream), Some(waits));
        stream.server.grant(1);
        assert_eq!(flow.starved(&stream), None);
        stream.server.spend(1, at(4));
        assert_eq!(flow.starved(&stream), Some(Starved { since: at(4), ..waits }));
        flow.lose();
        assert_eq!(flow.starved(&stream), None, "an update may have been lost");
    }

    #[test]
    fn the_window_of_the_connection_holds_up_every_stream() {
        let mut flow = Flow::new();
        let stream = flow.of_new_stream();
        flow.spend(Side::Client, 65_535, at(7));
        assert_eq!(
            flow.starved(&stream),
            Some(Starved { side: Side::Client, since: at(7), of_connection: true }),
            "what other streams take counts, too"
        );
        flow.grant(Side::Server, 100);
        assert_eq!(flow.starved(&stream), None);
    }

    #[test]
    fn a_setting_is_that_of_the_other_side() {
        let mut flow = Flow::new();
        assert_eq!(flow.set(Side::Client, 65_635), 100);
        let mut stream = flow.of_new_stream();
        stream.client.spend(65_535, at(1));
        assert!(flow.starved(&stream).is_some_and(|starved| starved.side == Side::Client));
        stream.client.grant(1);
        stream.server.spend(65_634, at(2));
        assert_eq!(flow.starved(&stream), None);
        flow.set(Side::Client, 10);
        stream.server.spend(1, at(3));
        assert_eq!(flow.starved(&stream), None, "it is not known when a smaller window applies");
    }
}
