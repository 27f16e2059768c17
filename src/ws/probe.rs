//! The recognition of WebSocket on a connection without an opening handshake in the capture.
//!
//! Each side's segments are examined as frames ([`Run`]). The side that masks is the client, whatever the ports say.
//! The connection is decided when the frames prove enough ([`odds`](super::odds)). The chunks before that are kept,
//! within a bound, and decoded then.
//!
//! The odds: a run may begin at any segment. The k-th one of a side pays log2 k(k + 1) bits, which makes the chances of
//! all of them together 1; both sides' e-values are multiplied. Random bytes are then taken for frames with odds of 1
//! in 2^40 a connection: below 1 in 10^12. Other protocols are not random: each side has to contribute 2^10, and if one
//! side alone has to prove it, far more, partly from texts and close codes.

use super::run::Run;
use crate::chunk::{Chunk, Data, Kept};
use crate::limits;
use crate::side::{PerSide, Side};

/// The bits that are required: 1 in 1.1 · 10^12.
const ENOUGH: i32 = 40;

/// The bits that each side has to contribute.
const OF_EACH: i32 = 10;

/// The bits required of a side if the other side was not heard, and how many of them must come from texts and close
/// codes.
const ALONE: (i32, i32) = (64, 24);

/// The same if the other side was heard, but not with frames: it may be in the middle of a long one.
const AGAINST: (i32, i32) = (100, 60);

/// The bits that an opening handshake contributes if the response to it was lost: what follows is frames, unless it was
/// refused.
const ASKED: i32 = 28;

/// A search for frames in both directions.
#[derive(Debug)]
pub struct Probe {
    runs: PerSide<Run>,
    /// The number of runs that each side has begun.
    begun: PerSide<u16>,
    /// The bits before any frame, from an opening handshake.
    head_start: i32,
    sides_are_known: bool,
}

/// The result of a probe so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Undecided.
    Nothing,
    /// The connection is a WebSocket.
    Frames {
        /// Whether the side that was taken for the client is the server.
        swapped: bool,
    },
    /// The connection is not a WebSocket: too many segments have passed without frames.
    NoWebSocket,
}

impl Probe {
    /// Creates a probe for a connection about which nothing is known except, perhaps, the side of the client.
    pub fn new(sides_are_known: bool) -> Self {
        let run = |side| Run::new(sides_are_known.then_some(side == Side::Client), limits::PROBE_BYTES);
        Self {
            runs: PerSide { client: run(Side::Client), server: run(Side::Server) },
            begun: PerSide::default(),
            head_start: 0,
            sides_are_known,
        }
    }

    /// Creates a probe for a connection with an opening handshake, if the response was not captured.
    pub fn asked() -> Self {
        Self { head_start: ASKED, ..Self::new(true) }
    }

    /// Examines the next chunk of a side. Keeps it if the result is [`Found::Nothing`] and it may belong to frames.
    pub fn push(&mut self, side: Side, chunk: Chunk<'_>) -> Found {
        let other = self.runs[!side].code();
        let (run, begun) = (&mut self.runs[side], &mut self.begun[side]);
        if matches!(chunk.data, Data::Bytes(_)) && run.begins() {
            *begun += 1;
        }
        run.push(chunk.place.offset, chunk.data, trial(*begun), other);
        let found = self.found(side);
        if found == Found::Nothing {
            self.runs[side].keep(chunk);
        }
        found
    }

    /// Decides on the frames of `side`, with those of the other side.
    fn found(&self, side: Side) -> Found {
        let (run, other) = (&self.runs[side], &self.runs[!side]);
        let is_opposite = run.masked() != other.masked();
        // If the sides are known, the first mask bit of each run has been weighed already.
        let of_masks = i32::from(!self.sides_are_known);
        let together = other.has_frames()
            && run.bits().min(other.bits()) >= OF_EACH
            && run.bits() + other.bits() + of_masks + self.head_start >= ENOUGH;
        let (bits, content) = match self.head_start {
            0 if self.begun[!side] == 0 => ALONE,
            0 => AGAINST,
            head_start => (ENOUGH - head_start, 0),
        };
        let alone = run.bits() >= bits && run.content() >= content;
        let is_proved = run.has_frames() && is_opposite && (together || alone);
        if is_proved {
            Found::Frames { swapped: run.masked() != Some(side == Side::Client) }
        } else if self.begun.client.max(self.begun.server) > limits::PROBE_RUNS {
            Found::NoWebSocket
        } else {
            Found::Nothing
        }
    }

    /// Returns the stream offset at which frames begin in the last chunk of `side`, itself at `offset`; `None` if it
    /// only contains the rest of one.
    pub fn begins_at(&self, side: Side, offset: u64) -> Option<u64> {
        self.runs[side].begins_at(offset)
    }

    /// Returns whether the next chunk of a side continues frames that have been found.
    pub fn in_step(&self, side: Side) -> bool {
        self.runs[side].has_frames()
    }

    /// Returns whether there is no evidence for frames so far.
    pub const fn knows_nothing(&self) -> bool {
        self.head_start == 0 && !self.runs.client.has_frames() && !self.runs.server.has_frames()
    }

    /// Returns the number of bytes that the kept chunks take, with their overhead.
    pub const fn kept_bytes(&self) -> usize {
        self.runs.client.kept_bytes() + self.runs.server.kept_bytes()
    }

    /// Drops the kept chunks.
    pub fn let_go(&mut self) {
        self.runs.client.let_go();
        self.runs.server.let_go();
    }

    /// Returns the kept chunks of both sides, in the order of capture.
    pub fn into_chunks(self) -> Vec<(Side, Kept)> {
        let PerSide { client, server } = self.runs;
        let client = client.into_chunks().map(|chunk| (Side::Client, chunk));
        let mut chunks: Vec<_> = client.chain(server.into_chunks().map(|chunk| (Side::Server, chunk))).collect();
        chunks.sort_by_key(|(_, chunk)| chunk.carrier().seen.packet);
        chunks
    }
}

/// Returns the bits that the k-th run of a side pays: log2 k(k + 1), rounded up.
const fn trial(k: u16) -> i32 {
    let odds = k as u32 * (k as u32 + 1);
    (u32::BITS - odds.saturating_sub(1).leading_zeros()).cast_signed()
}
