//! The clock of an interface's timestamps: if_tsresol and if_tsoffset.

use crate::seen::Timestamp;

const NANOS: u32 = 9;
const NANOS_PER_SECOND: u64 = 10_u64.pow(NANOS);

/// A conversion from units since an offset to nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    resolution: Resolution,
    /// The offset in nanoseconds.
    offset: i64,
}

/// The length of a unit, relative to a nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    /// A unit is this many nanoseconds.
    Longer(u64),
    /// A nanosecond is this many units.
    Shorter(u64),
    /// A unit is 2 to the power of minus this, in seconds.
    Binary(u8),
}

impl Clock {
    /// Returns the clock for if_tsresol (`None`: microseconds; the upper bit distinguishes powers of 2 from powers of
    /// 10) and if_tsoffset, in seconds.
    pub(super) fn new(resolution: Option<u8>, offset: i64) -> Self {
        let exponent = resolution.unwrap_or(6);
        let resolution = if exponent & 0x80 != 0 {
            Resolution::Binary(exponent & 0x7f)
        } else if let Some(longer) = NANOS.checked_sub(exponent.into()) {
            Resolution::Longer(10_u64.pow(longer))
        } else {
            // So short that 2^64 units are less than a nanosecond: any large divisor gives 0.
            let shorter = u32::from(exponent).saturating_sub(NANOS);
            Resolution::Shorter(10_u64.checked_pow(shorter).unwrap_or(u64::MAX))
        };
        Self { resolution, offset: offset.saturating_mul(NANOS_PER_SECOND as i64) }
    }

    /// Returns the time `units` after the offset, clamped to the range of a [`Timestamp`].
    #[inline]
    pub(super) fn time(self, units: u64) -> Timestamp {
        let nanos = match self.resolution {
            Resolution::Longer(nanos) => units.saturating_mul(nanos),
            Resolution::Shorter(per_nano) => units.checked_div(per_nano).unwrap_or(0),
            Resolution::Binary(bits) => {
                // 64 bits times 30 bits fit into 128.
                let nanos = u128::from(units).saturating_mul(NANOS_PER_SECOND.into()) >> bits;
                u64::try_from(nanos).unwrap_or(u64::MAX)
            }
        };
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Timestamp::from_nanos(nanos.saturating_add(self.offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(resolution: Option<u8>, offset: i64, units: u64, nanos: i64) {
        assert_eq!(Clock::new(resolution, offset).time(units).as_nanos(), nanos);
    }

    #[test]
    fn powers_of_ten() {
        is(None, 0, 1_500_000, 1_500_000_000);
        is(Some(0), 0, 3, 3_000_000_000);
        is(Some(3), 0, 3, 3_000_000);
        is(Some(9), 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789);
        is(Some(12), 0, 1_999, 1);
        is(Some(127), 0, u64::MAX - 1, 0);
    }

    #[test]
    fn powers_of_two() {
        is(Some(0x80), 0, 7, 7_000_000_000);
        is(Some(0x8a), 0, 5 * 1024 + 512, 5_500_000_000);
        is(Some(0x80 | 32), 0, (9 << 32) | (1 << 31), 9_500_000_000);
        is(Some(0xff), 0, u64::MAX, 0);
    }

    #[test]
    fn offsets_in_seconds_of_either_sign() {
        is(Some(6), 3600, 1, 3_600_000_001_000);
        is(Some(6), -2, 1_000_000, -1_000_000_000);
    }

    #[test]
    fn clamps_what_no_timestamp_holds() {
        is(Some(0), 0, u64::MAX, i64::MAX);
        is(Some(0x80), 0, u64::MAX, i64::MAX);
        is(Some(9), i64::MIN, 0, i64::MIN);
        is(Some(9), i64::MAX, 5, i64::MAX);
    }
}
