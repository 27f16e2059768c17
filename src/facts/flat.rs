//! A moment as bytes, in which it is kept once its connection is over: a connection has a dozen, and one copy of 64 bytes
//! takes less time than a dozen fields.
//!
//! ```text
//! packet  time  begun  header_end  size  preview  wire_size, needed_low  acked_low, opcode, flags
//! └──8──┘└──8─┘└──8──┘└────8─────┘└──8─┘└───8───┘└────4─────────4─────┘└────4────────1──────1───┘
//! ```

use serde_bytes::ByteArray;

use super::Moment;
use crate::seen::{Seen, Timestamp};
use crate::ws::{Opcode, Preview};

/// The bytes of a moment.
pub(super) type Flat = ByteArray<64>;

const INFLATED: u64 = 1;
const COMPLETE: u64 = 2;
const FRAGMENTED: u64 = 4;

impl From<Moment> for Flat {
    fn from(moment: Moment) -> Self {
        let Moment { seen, begun, header_end, size, preview, wire_size, needed_low, acked_low, .. } = moment;
        let flags = [(moment.inflated, INFLATED), (moment.complete, COMPLETE), (moment.fragmented, FRAGMENTED)];
        let flags: u64 = flags.iter().map(|(is_set, flag)| if *is_set { *flag } else { 0 }).sum();
        let words = [
            seen.packet,
            seen.time.as_nanos().cast_unsigned(),
            begun,
            header_end,
            size,
            preview.into_bits(),
            u64::from(wire_size) | u64::from(needed_low) << 32,
            u64::from(acked_low) | u64::from(moment.opcode.0) << 32 | flags << 40,
        ];
        let mut bytes = [0; 64];
        bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(to, word)| *to = word.to_le_bytes());
        Self::new(bytes)
    }
}

impl From<Flat> for Moment {
    fn from(bytes: Flat) -> Self {
        let mut words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
        let mut next = || words.next().unwrap_or_default();
        let [packet, time, begun, header_end, size, preview, sizes, rest] = std::array::from_fn(|_| next());
        Self {
            seen: Seen { packet, time: Timestamp::from_nanos(time.cast_signed()) },
            begun,
            header_end,
            size,
            preview: Preview::from_bits(preview),
            wire_size: sizes as u32,
            needed_low: (sizes >> 32) as u32,
            acked_low: rest as u32,
            opcode: Opcode((rest >> 32) as u8),
            inflated: rest >> 40 & INFLATED != 0,
            complete: rest >> 40 & COMPLETE != 0,
            fragmented: rest >> 40 & FRAGMENTED != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_back_as_it_was() {
        for at in 0..64_u64 {
            let [one, other] = [1 << at, u64::MAX >> at];
            let moment = Moment {
                seen: Seen { packet: one, time: Timestamp::from_nanos(other.cast_signed()) },
                begun: other,
                header_end: one | 1,
                size: other / 3,
                preview: Preview::from_bits(one),
                wire_size: one as u32,
                needed_low: other as u32,
                acked_low: (one >> 32) as u32,
                opcode: Opcode(at as u8),
                inflated: at % 2 == 0,
                complete: at % 3 == 0,
                fragmented: at % 5 == 0,
            };
            assert_eq!(Moment::from(Flat::from(moment)), moment);
        }
    }
}
