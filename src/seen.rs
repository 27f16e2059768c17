//! The time and the packet of an observation: every fact of a report carries the packet that proves it.

use std::fmt;
use std::time::Duration;

use jiff::fmt::StdFmtWrite;
use jiff::fmt::temporal::DateTimePrinter;
use serde_bytes::ByteArray;

/// A point in time as the capture recorded it: nanoseconds since 1970-01-01T00:00:00Z.
///
/// An `i64` of nanoseconds reaches from 1677 to 2262. Times outside are clamped by the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Returns the time `nanos` nanoseconds after the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Returns the time that is later by `time`.
    #[inline]
    pub const fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(time.as_nanos() as u64))
    }

    /// Returns the time since `earlier`; zero if the capture's clock went backwards.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// Writes the time by RFC 3339, in UTC, with no more fractional digits than needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All nanoseconds that fit into 64 bits are within its range.
        let time = jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or_default();
        const PRINTER: DateTimePrinter = DateTimePrinter::new();
        PRINTER.print_timestamp(&time, StdFmtWrite(f)).map_err(|_| fmt::Error)
    }
}

/// The packet in which something was seen, and its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(from = "ByteArray<16>", into = "ByteArray<16>")]
pub struct Seen {
    /// The number of the packet, from 1: Wireshark's `frame.number`.
    pub packet: u64,
    /// The packet's timestamp.
    pub time: Timestamp,
}

/// Reads the bytes that a connection is kept as: it has many of these, and fields of fixed size are read and written at once.
impl From<ByteArray<16>> for Seen {
    fn from(bytes: ByteArray<16>) -> Self {
        let both = u128::from_le_bytes(bytes.into_array());
        Self { packet: both as u64, time: Timestamp((both >> 64) as i64) }
    }
}

impl From<Seen> for ByteArray<16> {
    fn from(Seen { packet, time }: Seen) -> Self {
        let both = u128::from(packet) | u128::from(time.0.cast_unsigned()) << 64;
        Self::new(both.to_le_bytes())
    }
}

/// A value that names packets.
///
/// Implementations take a value apart field by field, so that a new field is not forgotten.
pub trait Sights {
    /// Calls `visit` with each packet in it.
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen));
}

impl Sights for Seen {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        visit(self);
    }
}

impl<T: Sights> Sights for Option<T> {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.iter_mut().for_each(|value| value.each_seen(visit));
    }
}

impl<T: Sights + ?Sized> Sights for Box<T> {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        (**self).each_seen(visit);
    }
}

impl<T: Sights> Sights for [T] {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.iter_mut().for_each(|value| value.each_seen(visit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_rfc_3339() {
        let time = Timestamp::from_nanos(1_700_000_000_123_456_789);
        assert_eq!(time.to_string(), "2023-11-14T22:13:20.123456789Z");
        assert_eq!(Timestamp::default().to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_clock_that_steps_back_gives_zero() {
        let (early, late) = (Timestamp::from_nanos(5), Timestamp::from_nanos(9));
        assert_eq!(late.since(early), Duration::from_nanos(4));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(
            Timestamp::from_nanos(i64::MAX).since(Timestamp::from_nanos(i64::MIN)),
            Duration::from_nanos(i64::MAX as u64)
        );
    }
}
