//! The last events of a connection, in order, as a reader would look for them in the capture.

use std::time::Duration;

use serde::Serialize;

use super::redact::Redactor;
use crate::event::EndKind;
use crate::facts::Facts;
use crate::seen::{Seen, Timestamp};
use crate::side::Side;
use crate::ws::Opcode;

/// An event of a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Moment {
    /// The number of its packet, from 1.
    pub packet: u64,
    /// Seconds after the connection's `opened`; negative before it.
    pub after: f64,
    /// The side that caused it.
    pub side: Side,
    /// The kind of event.
    pub what: What,
    /// The payload in bytes; of a message all of it, after decompression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The code of a Close frame, or the status of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The beginning of a message; only if previews were requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Box<str>>,
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum What {
    /// The opening handshake.
    Request,
    /// The response to it.
    Response,
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// A fragment of a message whose beginning was not seen.
    Continuation,
    /// A ping.
    Ping,
    /// A pong.
    Pong,
    /// A frame with a reserved opcode.
    Reserved,
    /// A Close frame.
    Close,
    /// The side's frame boundaries are lost from here on: bytes are missing, or do not form frames.
    Gap,
    /// The side will send no more (FIN).
    Fin,
    /// The side reset the connection (RST).
    Reset,
    /// The side closed the TLS connection (close_notify).
    CloseNotify,
    /// The side sent another alert of TLS.
    Alert,
    /// The side will send no more on its HTTP/2 stream (END_STREAM).
    EndStream,
    /// The side reset its HTTP/2 stream (RST_STREAM).
    StreamReset,
}

impl From<Opcode> for What {
    fn from(opcode: Opcode) -> Self {
        match opcode {
            Opcode::TEXT => Self::Text,
            Opcode::BINARY => Self::Binary,
            Opcode::CONTINUATION => Self::Continuation,
            Opcode::PING => Self::Ping,
            Opcode::PONG => Self::Pong,
            _ => Self::Reserved,
        }
    }
}

/// Returns the last events of a connection.
pub fn timeline(facts: &Facts, opened: Timestamp, redactor: &mut Redactor) -> Box<[Moment]> {
    let moment = |seen: Seen, side, what| Moment {
        packet: seen.packet,
        after: seconds(opened, seen.time),
        side,
        what,
        size: None,
        code: None,
        preview: None,
    };
    // The exact capacity, since all connections of a report may be in memory at once.
    let frames: usize = Side::BOTH.iter().map(|side| facts.sent[*side].moments().count()).sum();
    let opening = usize::from(facts.handshake.request.is_some()) + usize::from(facts.handshake.response.is_some());
    let mut moments =
        Vec::with_capacity(opening + frames + facts.closes.len() + facts.rare.gaps.len() + facts.ends.len());
    if let Some(request) = &facts.handshake.request {
        moments.push(moment(request.seen, Side::Client, What::Request));
    }
    if let Some(response) = &facts.handshake.response {
        moments.push(Moment { code: Some(response.status), ..moment(response.seen, Side::Server, What::Response) });
    }
    for side in Side::BOTH {
        for frame in facts.sent[side].moments() {
            let message = facts.preview(side, frame).filter(|_| redactor.previews() > 0);
            let text = message.map(|message| redactor.preview(side, frame.header_end, message));
            let preview = text.map(|text| shortened(&text, redactor.previews()));
            let size = Some(frame.size);
            moments.push(Moment { size, preview, ..moment(frame.seen, side, frame.opcode.into()) });
        }
    }
    for close in &facts.closes {
        let code = close.code.map(|code| code.0);
        moments.push(Moment { code, ..moment(close.carrier.seen, close.side, What::Close) });
    }
    moments.extend(facts.rare.gaps.iter().map(|(side, seen)| moment(*seen, *side, What::Gap)));
    let of_end = |kind| match kind {
        EndKind::Fin => What::Fin,
        EndKind::CloseNotify => What::CloseNotify,
        EndKind::Alert(_) => What::Alert,
        EndKind::Reset => What::Reset,
        EndKind::EndStream => What::EndStream,
        EndKind::StreamReset(_) => What::StreamReset,
    };
    moments.extend(facts.ends.iter().map(|end| moment(end.carrier.seen, end.side, of_end(end.kind))));
    // The sort is stable: events of one packet stay in the order above.
    moments.sort_by_key(|moment| moment.packet);
    moments.into()
}

/// Returns the first `most` characters, with a mark if there are more.
fn shortened(text: &str, most: usize) -> Box<str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    // To the microsecond, the precision of captures.
    let micros = |span: Duration| span.as_micros() as u64 as f64 / 1e6;
    if to >= from { micros(to.since(from)) } else { -micros(from.since(to)) }
}
