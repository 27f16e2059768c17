//! Is a connection whose opening handshake was not captured a WebSocket?
//!
//! Each side's segments are looked at as frames ([`Run`]). Who masks is the client, whatever the ports say. It is decided
//! when the frames prove enough ([`odds`](super::odds)); what was looked at before is kept, within a bound, and read then.
//!
//! Odds: a run may begin at any segment. The k-th one of a side pays log2 k(k + 1) bits, which makes the chances of all of
//! them together 1; both sides' e-values are multiplied. Random bytes are then taken for frames with odds of 1 in 2^40 a
//! connection: below 1 in 10^12. Other protocols are not random: either side has to bring 2^10, and where one side alone has
//! to prove it, far more, and in texts and close codes.

use super::run::Run;
use crate::chunk::{Carrier, Chunk, Kept};
use crate::limits;
use crate::side::{PerSide, Side};

/// Bits that are asked for: 1 in 1.1 · 10^12.
const ENOUGH: i32 = 40;

/// Bits that each side has to bring.
const OF_EACH: i32 = 10;

/// Bits asked of a side whose other side was not heard, and how many of them must be texts and close codes.
const ALONE: (i32, i32) = (64, 24);

/// The same where the other side was heard, but not with frames: it may be in the midst of a long one.
const AGAINST: (i32, i32) = (100, 60);

/// What an opening handshake proves whose answer was lost: what follows is frames, unless it was refused.
const ASKED: i32 = 28;

/// Looks for frames in both directions.
#[derive(Debug)]
pub struct Probe {
    runs: PerSide<Run>,
    /// Runs that each side has begun.
    begun: PerSide<u16>,
    /// Bits that are there before any frame: of an opening handshake.
    head_start: i32,
    sides_are_known: bool,
}

/// What a probe has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing that would decide it.
    Nothing,
    /// Frames; and whether the sides are the other way round than was thought.
    Frames {
        /// Whether who was taken for the client is the server.
        swapped: bool,
    },
    /// So many bytes without frames that it is none.
    NoWebSocket,
}

impl Probe {
    /// For a connection of which nothing is known but, perhaps, who is the client.
    pub fn new(sides_are_known: bool) -> Self {
        let run = |side| Run::new(sides_are_known.then_some(side == Side::Client), limits::PROBE_BYTES);
        Self {
            runs: PerSide { client: run(Side::Client), server: run(Side::Server) },
            begun: PerSide::default(),
            head_start: 0,
            sides_are_known,
        }
    }

    /// For a connection with an opening handshake whose answer was not captured.
    pub fn asked() -> Self {
        Self { head_start: ASKED, ..Self::new(true) }
    }

    /// Looks at the next chunk of a side. Unless frames were found, it is kept if need be.
    pub fn push(&mut self, side: Side, carrier: &Carrier, offset: u64, chunk: Chunk<'_>) -> Found {
        let other = self.runs[!side].code();
        let (run, begun) = (&mut self.runs[side], &mut self.begun[side]);
        if matches!(chunk, Chunk::Bytes(_)) && run.begins() {
            *begun += 1;
        }
        run.push(offset, chunk, trial(*begun), other);
        let found = self.found(side);
        if found == Found::Nothing {
            self.runs[side].keep(carrier, offset, chunk);
        }
        found
    }

    /// What `side`'s frames prove, with those of the other side.
    fn found(&self, side: Side) -> Found {
        let (run, other) = (&self.runs[side], &self.runs[!side]);
        let is_opposite = run.masked() != other.masked();
        // Where the sides are known, each run's first mask bit has been weighed.
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

    /// Where in the last chunk of `side`, which stands at `offset`, the frames begin; `None` if it only goes on with one.
    pub fn begins_at(&self, side: Side, offset: u64) -> Option<u64> {
        self.runs[side].begins_at(offset)
    }

    /// Whether a side's next chunk goes on where its frames have been found.
    pub fn in_step(&self, side: Side) -> bool {
        self.runs[side].has_frames()
    }

    /// Whether nothing speaks for frames so far.
    pub const fn knows_nothing(&self) -> bool {
        self.head_start == 0 && !self.runs.client.has_frames() && !self.runs.server.has_frames()
    }

    /// Bytes kept, and what it takes to keep them.
    pub const fn kept_bytes(&self) -> usize {
        self.runs.client.kept_bytes() + self.runs.server.kept_bytes()
    }

    /// Lets go what is kept.
    pub fn let_go(&mut self) {
        self.runs.client.let_go();
        self.runs.server.let_go();
    }

    /// What was kept of both sides, as it was captured.
    pub fn into_chunks(self) -> Vec<(Side, Kept)> {
        let PerSide { client, server } = self.runs;
        let client = client.into_chunks().map(|chunk| (Side::Client, chunk));
        let mut chunks: Vec<_> = client.chain(server.into_chunks().map(|chunk| (Side::Server, chunk))).collect();
        chunks.sort_by_key(|(_, chunk)| chunk.carrier.seen.packet);
        chunks
    }
}

/// What the k-th run of a side pays, in bits: log2 k(k + 1), rounded up.
const fn trial(k: u16) -> i32 {
    let odds = k as u32 * (k as u32 + 1);
    (u32::BITS - odds.saturating_sub(1).leading_zeros()).cast_signed()
}
