//! The rewriting of single payloads, independent of the frames that they came in.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::blotter::Blotter;
use crate::limits;
use crate::ws::deflate::{Failure, Inflater};

/// Replaces a binary message by zeros, except for what says why a peer ends the connection. A Kubernetes status is
/// redacted as text after its channel. Of MQTT's DISCONNECT and CONNACK, the type, the length and the reason are kept
/// (MQTT 5.0 §3.14, §3.2).
pub fn binary(message: &mut [u8], blotter: &mut Blotter<'_>) {
    if let [3, status @ ..] = message
        && status.starts_with(b"{")
        && std::str::from_utf8(status).is_ok()
    {
        return blotter.text(status, false);
    }
    let kept = match *message {
        [0xE0, length, ..] if message.len() == usize::from(length) + 2 => 3,
        [0x20, length, ..] if message.len() == usize::from(length) + 2 => 4,
        _ => 0,
    };
    blotter.look(message);
    message.get_mut(kept..).unwrap_or_default().fill(0);
}

/// Inflates a message. Returns `None` if it is too large to be looked at.
pub fn inflate(inflater: &mut Inflater, payload: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let (mut scratch, mut plain, mut fits) = (vec![0; limits::SCRATCH], Vec::new(), true);
    let mut out = |bytes: &[u8]| {
        fits &= plain.len() + bytes.len() <= limits::SLICED_MESSAGE;
        if fits {
            plain.extend_from_slice(bytes);
        }
    };
    inflater.push(payload, &mut scratch, &mut out)?;
    inflater.finish(&mut scratch, &mut out)?;
    Ok(fits.then_some(plain))
}

/// Replaces a payload by other bytes, equal payloads by equal ones. They are letters, so that a text stays a text.
pub fn replace(payload: &mut [u8]) {
    let seed = FixedState::default().hash_one(&*payload);
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte = b'a' + (FixedState::default().hash_one((seed, at)) % 26) as u8;
    }
}
