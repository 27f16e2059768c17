//! Opening handshakes over HTTP/2: extended CONNECT and its answer (RFC 8441 §4, §5).

use super::super::{Context, Layers};
use super::Streams;
use super::channel::Channel;
use crate::chunk::Carrier;
use crate::http::{self, Request, Response};
use crate::http2::{Fields, WEBSOCKET};
use crate::side::Side;
use crate::sink::Sink;

impl Streams {
    /// Reads a list of header fields.
    pub(super) fn headers<S: Sink>(
        &mut self,
        parent: &Layers,
        side: Side,
        (stream, fields): (u32, &Fields),
        start: &Carrier,
        context: &mut Context<'_, S>,
    ) {
        if side == Side::Client && stream > self.highest {
            if self.unseen.end == u32::MAX && !self.unseen.is_empty() {
                self.unseen.end = stream;
            }
            self.highest = stream;
        }
        let all: Vec<_> = fields.iter().filter_map(as_header).collect();
        let head = http::Fields::new(&all);
        match self.channels.get(stream) {
            Some(channel) if side == Side::Server && channel.is_asked() => {
                let status = head.first(":status").and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
                // Others are to come behind an interim response. Without a status, the frames have to show what it was.
                let Some(status) = status.filter(|status: &u16| status / 100 != 1) else { return };
                self.channels.change(stream, |channel| {
                    if fields.is_incomplete() {
                        channel.note_cut(start, context);
                    }
                    channel.answer(start, Box::new(Response::of_fields(start, status, "", head)), context);
                });
            }
            Some(_) => {}
            None if side == Side::Client => {
                let (method, protocol) = (head.first(":method"), head.first(":protocol"));
                let of = self.begun(stream);
                let is_late = stream <= self.answered;
                let channel = match (method, protocol) {
                    // Its answer has passed unread.
                    (Some(b"CONNECT"), Some(WEBSOCKET)) if is_late => {
                        let request = Box::new(Request::extended(start, head));
                        Channel::probed(parent, of, start.seen).with_parts(request)
                    }
                    (Some(b"CONNECT"), Some(WEBSOCKET)) => {
                        let request = Box::new(Request::extended(start, head));
                        let mut channel = Channel::asked(parent, of, start, request, context);
                        if fields.is_incomplete() {
                            channel.note_cut(start, context);
                        }
                        channel
                    }
                    (None, Some(WEBSOCKET)) | (None | Some(b"CONNECT"), None) if fields.is_incomplete() => {
                        let request = Box::new(Request::extended(start, head));
                        let mut channel = Channel::probed(parent, of, start.seen).with_parts(request);
                        channel.note_cut(start, context);
                        channel
                    }
                    _ => return,
                };
                self.channels.insert(stream, channel);
            }
            None => self.pass(side, stream),
        }
    }
}

/// Returns a field as HTTP/1 has it; `None` if its name is not text.
fn as_header<'f>((name, value): (&'f [u8], &'f [u8])) -> Option<http::Header<'f>> {
    Some(http::Header { name: std::str::from_utf8(name).ok()?, value })
}
