//! Connections without segments for a while, as bytes.
//!
//! ```text
//! Connection ── tcp ┬ layers ┬ decoders, facts ── request, response, moments, …    1.5 KiB
//!
//! Parked     ── tcp ┬ decoders ┬ facts, … as bytes                                 a half of that
//! ```

use serde::{Deserialize, Serialize};

use super::protocol::Protocol;
use super::{Application, Connection, Layers, Security, Standing};
use crate::facts::Facts;
use crate::side::PerSide;
use crate::tcp::Tcp;
use crate::ws::Decoder;

/// An open WebSocket connection that waits for its next segment.
#[derive(Debug)]
pub struct Parked(Box<[u8]>);

/// The most bytes of a connection that is parked: nearly all have less than a thousand.
const MOST: usize = 4096;

/// The parts of a connection, by reference or by value.
#[derive(Serialize, Deserialize)]
struct Parts<T, D, F> {
    tcp: T,
    decoders: D,
    facts: F,
    protocol: Protocol,
    client_is_low: bool,
    sides_are_known: bool,
    began_before: bool,
    swapped: bool,
}

impl Connection {
    /// Returns the connection as bytes; `None` if it is not a WebSocket over bare TCP, or in the middle of something, or has
    /// too many facts: few are silent then.
    pub fn park(&self) -> Option<Parked> {
        let Self { tcp, layers } = self;
        let Layers { security, application, protocol, outside, facts, .. } = layers;
        let Layers { client_is_low, sides_are_known, began_before, swapped, .. } = *layers;
        let (Application::WebSocket(decoders), Security::None, None) = (application, security, outside) else {
            return None;
        };
        let is_at_rest = tcp.is_at_rest() && decoders.client.is_at_rest() && decoders.server.is_at_rest();
        if !is_at_rest || self.standing() != Standing::Open {
            return None;
        }
        let protocol = *protocol;
        let parts = Parts { tcp, decoders, facts, protocol, client_is_low, sides_are_known, began_before, swapped };
        let mut buffer = [0; MOST];
        let bytes: &[u8] = postcard::to_slice(&parts, &mut buffer).ok()?;
        Some(Parked(bytes.into()))
    }
}

impl Parked {
    /// Returns the connection as it was; `None` if it cannot be read, which does not happen as long as all that is written
    /// can be read.
    pub fn restore(&self) -> Option<Box<Connection>> {
        let parts: Parts<Tcp, Box<PerSide<Decoder>>, Box<Facts>> = postcard::from_bytes(&self.0).ok()?;
        let Parts { tcp, decoders, facts, protocol, client_is_low, sides_are_known, began_before, swapped } = parts;
        let layers = Layers {
            security: Security::None,
            application: Application::WebSocket(decoders),
            protocol,
            outside: None,
            facts,
            client_is_low,
            sides_are_known,
            began_before,
            swapped,
        };
        Some(Box::new(Connection { tcp, layers }))
    }
}
