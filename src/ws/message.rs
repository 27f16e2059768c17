//! Messages from frames: joins fragments, validates text, inflates compressed bytes (RFC 6455 §5.4, RFC 7692 §6).

use arrayvec::ArrayVec;

use super::deflate::{Failure, Inflater};
use super::frame::{Opcode, unmasked};
use super::text::{Invalid, Text};
use super::violation::{Context, MessageState};
use super::{Header, Inflating, Preview, Previews, Scratch};
use crate::limits;
use crate::seen::Seen;

/// A complete text or binary message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Text or binary.
    pub opcode: Opcode,
    /// Whether permessage-deflate compressed it.
    pub compressed: bool,
    /// The packet with its first byte.
    pub start: Seen,
    /// The number of its frames.
    pub fragments: u32,
    /// Payload bytes on the wire.
    pub wire_len: u64,
    /// Bytes of the contents, inflated if need be; `None` if they are not known.
    pub plain_len: Option<u64>,
    /// The beginning of its contents.
    pub preview: Preview,
}

/// Fast path for a message in one legal frame that is not compressed, and has its payload at the beginning of `rest`.
/// Returns the preview of the message. Returns `None` if bytes are missing, or if text is not UTF-8: in these cases
/// state has to be kept, or a fault to be reported.
#[inline(always)]
pub(super) fn whole(header: &Header, rest: &[u8], scratch: &mut Scratch) -> Option<Preview> {
    let payload = rest.get(..usize::try_from(header.length).ok()?)?;
    let (room, Inflating { previews, .. }) = scratch.split();
    let is_sound = |plain: &[u8]| header.start.opcode != Opcode::TEXT || simdutf8::basic::from_utf8(plain).is_ok();
    let len = payload.len().min(limits::PREVIEW);
    let kept = previews.next(len);
    let is_sound = match header.key {
        // Most masked messages: unmask straight into the preview.
        Some(key) if len == payload.len() => is_sound(unmasked(payload, key, kept)),
        Some(key) => {
            let plain = unmasked(payload, key, room.get_mut(..payload.len())?);
            kept.copy_from_slice(plain.get(..len)?);
            is_sound(plain)
        }
        None => {
            kept.copy_from_slice(payload.get(..len)?);
            is_sound(payload)
        }
    };
    is_sound.then(|| previews.keep(len))
}

/// Returns the payload of a legal ping or pong, unmasked, if `rest` begins with all of it.
#[inline]
pub(super) fn whole_control<'s>(header: &Header, rest: &'s [u8], scratch: &'s mut Scratch) -> Option<&'s [u8]> {
    if !matches!(header.start.opcode, Opcode::PING | Opcode::PONG) {
        return None;
    }
    let payload = rest.get(..usize::try_from(header.length).ok()?)?;
    match header.key {
        Some(key) => Some(unmasked(payload, key, scratch.split().0.get_mut(..payload.len())?)),
        None => Some(payload),
    }
}

/// A fault in a message's contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Text that is not UTF-8.
    Utf8(Invalid),
    /// Bytes that do not inflate, with the beginning of the message on the wire.
    Deflate(Context),
}

/// The messages of one side.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Messages {
    /// The message that is open. It is boxed, because most come in one frame and are never open; and not serialized, because
    /// no message is open [at rest](Self::are_at_rest).
    #[serde(skip)]
    open: Option<Box<Open>>,
    /// Whether frames were missed that could have opened a message.
    unknown: bool,
    deflate: Deflate,
}

#[derive(Debug)]
struct Open {
    message: Message,
    /// The validation of its text, if it is text.
    text: Text,
    /// Its first bytes on the wire, if it is compressed.
    begins: ArrayVec<u8, { limits::CONTEXT }>,
    /// Whether the contents can still be read: no byte is missing, and no fault was found.
    readable: bool,
}

/// The state of a side's decompression.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
enum Deflate {
    /// The extension was not agreed: RSV1 has no meaning.
    NotAgreed,
    /// No compressed message has come yet.
    Fresh { no_context_takeover: bool },
    /// The window was lost, by a gap, a fault, or the bound on inflaters. With `no_context_takeover`, later messages
    /// can be read again.
    Lost { no_context_takeover: bool },
    /// The window of the messages before is in use. It is not serialized: [at rest](Messages::are_at_rest), no window is. It is
    /// the last variant, so that the numbers of the others are the same in both directions.
    #[serde(skip)]
    Active(Box<Inflater>),
}

impl Messages {
    /// Creates the state of a side. `no_context_takeover` is that of the side, or `None` if permessage-deflate was not
    /// agreed.
    pub const fn new(no_context_takeover: Option<bool>) -> Self {
        let deflate = match no_context_takeover {
            None => Deflate::NotAgreed,
            Some(no_context_takeover) => Deflate::Fresh { no_context_takeover },
        };
        Self { open: None, unknown: false, deflate }
    }

    /// Returns whether no message is open, and none before it is needed to inflate the next one.
    pub const fn are_at_rest(&self) -> bool {
        self.open.is_none() && !matches!(self.deflate, Deflate::Active(_))
    }

    /// Returns whether a message is open.
    pub const fn state(&self) -> MessageState {
        match (&self.open, self.unknown) {
            (Some(_), _) => MessageState::Open,
            (None, true) => MessageState::Unknown,
            (None, false) => MessageState::Closed,
        }
    }

    /// Begins a data frame, and its message unless it is a continuation.
    pub fn begin_frame(&mut self, header: &Header, start: Seen) {
        if header.start.opcode == Opcode::CONTINUATION {
            if let Some(open) = &mut self.open {
                open.message.fragments = open.message.fragments.saturating_add(1);
            }
            return;
        }
        self.unknown = false;
        let compressed = header.start.rsv & super::frame::RSV1 != 0;
        let message = Message {
            opcode: header.start.opcode,
            compressed,
            start,
            fragments: 1,
            wire_len: 0,
            plain_len: Some(0),
            preview: Preview::default(),
        };
        let readable = !compressed || !matches!(self.deflate, Deflate::NotAgreed);
        self.open = Some(Box::new(Open { message, text: Text::default(), begins: ArrayVec::new(), readable }));
    }

    /// Returns whether the contents of the open message have to be passed to [`Self::push`]. Otherwise its bytes are
    /// only counted.
    pub fn wants_bytes(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.readable && (open.is_text() || open.message.compressed))
    }

    /// Adds bytes of a frame's payload, still masked, to the preview of the open message, if its contents are only
    /// counted.
    pub fn preview(&mut self, masked: &[u8], key: Option<[u8; 4]>, phase: u64, previews: &mut Previews) {
        if let Some(open) = &mut self.open
            && open.readable
            && open.message.wire_len < limits::PREVIEW as u64
        {
            open.message.preview = previews.extend(open.message.preview, masked, key.map(|key| (key, phase)));
        }
    }

    /// Returns the preview of the open message if it is uncompressed text; an empty preview if the text could not be
    /// read.
    pub fn plain_text(&self) -> Option<Preview> {
        let open = self.open.as_ref().filter(|open| open.is_text() && !open.message.compressed)?;
        Some(if open.readable { open.message.preview } else { Preview::default() })
    }

    /// Returns the number of bytes of the open message's text before the last `len`; `None` if it is compressed, so
    /// that wire bytes and text bytes differ, or if its length is not known.
    pub fn text_before(&self, len: usize) -> Option<u64> {
        let message = &self.open.as_ref()?.message;
        message.plain_len.filter(|_| !message.compressed)?.checked_sub(len as u64)
    }

    /// Counts payload bytes on the wire.
    pub fn count(&mut self, len: u64) {
        if let Some(open) = &mut self.open {
            open.message.wire_len = open.message.wire_len.saturating_add(len);
        }
    }

    /// Processes unmasked payload bytes of the open message. After a fault, [`Self::wants_bytes`] returns `false` for
    /// the rest of it.
    pub fn push(&mut self, plain: &[u8], scratch: &mut Inflating<'_>) -> Result<(), Fault> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let result = if open.message.compressed {
            let room = open.begins.remaining_capacity();
            open.begins.extend(plain.iter().copied().take(room));
            inflate(&mut self.deflate, open, scratch, |inflater, buffer, out| inflater.push(plain, buffer, out))
        } else {
            open.take(plain, scratch.previews)
        };
        if result.is_err() {
            open.readable = false;
        }
        result
    }

    /// Notes that bytes of the open message are missing.
    pub fn gap(&mut self) {
        if let Some(open) = &mut self.open {
            open.readable = false;
            open.message.plain_len = None;
            if open.message.compressed {
                self.deflate.lose();
            }
        }
    }

    /// Notes that whole frames may be missing, which leaves any message unfinished and the window unknown.
    pub fn lose(&mut self) {
        self.gap();
        self.open = None;
        self.unknown = true;
        self.deflate.lose();
    }

    /// Ends a data frame. With `fin`, returns the message that it completes, and a fault at the message's end.
    pub fn end_frame(&mut self, fin: bool, scratch: &mut Inflating<'_>) -> (Option<Message>, Result<(), Fault>) {
        if !fin {
            return (None, Ok(()));
        }
        self.unknown = false;
        let Some(mut open) = self.open.take() else {
            return (None, Ok(()));
        };
        let mut result = Ok(());
        if open.readable && open.message.compressed {
            result =
                inflate(&mut self.deflate, &mut open, scratch, |inflater, buffer, out| inflater.finish(buffer, out));
        }
        if result.is_ok() && open.readable {
            result = open.text.finish().map_err(Fault::Utf8);
        }
        if !open.message.compressed {
            open.message.plain_len = Some(open.message.wire_len);
        } else if !open.readable || matches!(result, Err(Fault::Deflate(_))) {
            open.message.plain_len = None;
        }
        (Some(open.message), result)
    }
}

impl Open {
    fn is_text(&self) -> bool {
        self.message.opcode == Opcode::TEXT
    }

    fn take(&mut self, plain: &[u8], previews: &mut Previews) -> Result<(), Fault> {
        if self.message.preview.len() < limits::PREVIEW {
            self.message.preview = previews.extend(self.message.preview, plain, None);
        }
        self.message.plain_len = self.message.plain_len.map(|len| len.saturating_add(plain.len() as u64));
        if !self.is_text() {
            return Ok(());
        }
        self.text.push(plain).map_err(|invalid| {
            // The beginning of the text shows best whether the bytes to be shown belong to a secret.
            let proof = usize::try_from(invalid.place.proof).unwrap_or(usize::MAX);
            let begun = previews.get(self.message.preview).and_then(|begun| begun.get(..=proof));
            let context = begun.and_then(Context::ending).map(|context| context.with_fault(invalid.place.offset));
            let context = context.unwrap_or(invalid.context);
            Fault::Utf8(Invalid { context, ..invalid })
        })
    }
}

/// Runs one step of the side's inflater over an open message.
fn inflate(
    deflate: &mut Deflate,
    open: &mut Open,
    scratch: &mut Inflating<'_>,
    step: impl FnOnce(&mut Inflater, &mut [u8], &mut dyn FnMut(&[u8])) -> Result<(), Failure>,
) -> Result<(), Fault> {
    let Some(inflater) = deflate.inflater(scratch) else {
        open.readable = false;
        return Ok(());
    };
    let Inflating { inflated, previews, .. } = scratch;
    let mut text = Ok(());
    let outcome = step(inflater, inflated, &mut |plain| {
        if text.is_ok() {
            text = open.take(plain, previews);
        }
    });
    if outcome.is_err() || text.is_err() {
        // The rest of the message is not read, so later ones cannot be read with the window that it leaves.
        deflate.lose();
        open.readable = false;
    }
    // A fault of the text comes before one of the compressed bytes after it.
    text?;
    match outcome {
        Err(Failure::Corrupt) => Err(Fault::Deflate(Context::beginning(&open.begins))),
        _ => Ok(()),
    }
}

impl Deflate {
    fn inflater(&mut self, scratch: &Inflating<'_>) -> Option<&mut Inflater> {
        let no_context_takeover = match self {
            Self::Fresh { no_context_takeover } | Self::Lost { no_context_takeover: no_context_takeover @ true } => {
                Some(*no_context_takeover)
            }
            Self::NotAgreed | Self::Active(_) | Self::Lost { .. } => None,
        };
        if let Some(no_context_takeover) = no_context_takeover {
            *self = Inflater::new(no_context_takeover, scratch.permits)
                .map_or(Self::Lost { no_context_takeover }, |inflater| Self::Active(Box::new(inflater)));
        }
        match self {
            Self::Active(inflater) => Some(inflater),
            _ => None,
        }
    }

    fn lose(&mut self) {
        let no_context_takeover = match self {
            Self::NotAgreed => return,
            Self::Fresh { no_context_takeover } | Self::Lost { no_context_takeover } => *no_context_takeover,
            Self::Active(inflater) => inflater.no_context_takeover(),
        };
        *self = Self::Lost { no_context_takeover };
    }
}
