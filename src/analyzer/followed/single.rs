//! What a work item asks of one connection: whether it is followed, and its facts before the capture ends.

use super::Followed;
use crate::connection::Connection;
use crate::sink::Sink;
use crate::tcp::Endpoints;

impl Followed {
    /// Returns the number of TCP connections so far, which is that of the next one.
    pub const fn streams(&self) -> u32 {
        self.streams
    }

    /// Returns whether the connection between two endpoints is still followed, and has this stream number.
    pub fn follows(&self, key: &Endpoints, stream: u32) -> bool {
        self.flows.get(key).is_some_and(|flow| flow.stream == stream && flow.is_followed())
    }

    /// Returns whether the connection between two endpoints only waits for late segments.
    pub fn is_over(&self, key: &Endpoints) -> bool {
        self.ask(key, Connection::over).unwrap_or(true)
    }

    /// Finishes the connection between two endpoints as if the capture ended here. Nothing of it is followed from then on.
    pub fn finish_one(&mut self, key: &Endpoints, sink: &mut impl Sink) {
        if let Some(mut connection) = self.take(key) {
            connection.follow_to_end();
            connection.finish(&mut self.shared, sink);
        }
    }

    /// Drops the connection between two endpoints.
    pub fn forget(&mut self, key: &Endpoints) {
        self.take(key);
    }

    fn take(&mut self, key: &Endpoints) -> Option<Box<Connection>> {
        let flow = self.flows.get_mut(key)?;
        let connection = self.parking.take(flow, &mut self.shared.counts)?;
        self.held_bytes -= connection.held_bytes();
        Some(connection)
    }
}
