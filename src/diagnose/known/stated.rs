//! The limit that the reason of a Close 1009 states.

/// The least number of bytes that is read as a limit.
const LEAST: u64 = 64;

/// The length of the longest frame header, which some implementations add to the size.
const HEADER: u64 = 14;

/// A limit that a reason states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The most bytes that are accepted.
    pub limit: u64,
    /// Whether it limits the bytes on the wire, not those after inflating.
    pub of_wire: bool,
}

impl Stated {
    /// Returns the limit in reasons such as "frame with 2097152 bytes exceeds limit of 4096 bytes" or "read limited at 32769
    /// bytes": the last number below the refused size. If the message was compressed, the refused size is the one that the
    /// reason names; if it names neither, it is the size after inflating, since a
    /// limit above the bytes on the wire can only be one of those.
    pub fn in_reason(reason: &str, wire_size: u64, size: u64) -> Option<Self> {
        let digits = reason.split(|character: char| !character.is_ascii_digit());
        let numbers: Vec<u64> = digits.filter_map(|digits| digits.parse().ok()).collect();
        let names = |size: u64| numbers.iter().any(|number| (size..=size.saturating_add(HEADER)).contains(number));
        let of_wire = names(wire_size) && (wire_size == size || !names(size));
        let refused = if of_wire { wire_size } else { size };
        let limit = numbers.iter().copied().rfind(|number| (LEAST..refused).contains(number))?;
        Some(Self { limit, of_wire })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_state_limits() {
        let of = |reason| Stated::in_reason(reason, 2_097_152, 2_097_152).map(|stated| stated.limit);
        assert_eq!(of("frame with 2097152 bytes exceeds limit of 4096 bytes"), Some(4096));
        assert_eq!(of("read limited at 32769 bytes"), Some(32_769));
        assert_eq!(of("Max frame length of 65536 has been exceeded."), Some(65_536));
        assert_eq!(of("message too big"), None);
        assert_eq!(of("error 17"), None);
    }

    #[test]
    fn a_reason_says_which_size_it_means() {
        let of = |reason| Stated::in_reason(reason, 112_480, 200_000).map(|stated| (stated.limit, stated.of_wire));
        assert_eq!(of("Payload too large: 112480 of 65536 bytes"), Some((65_536, true)));
        assert_eq!(of("message of 200000 bytes, limit 65536"), Some((65_536, false)));
        assert_eq!(of("limit is 150000"), Some((150_000, false)));
        assert_eq!(of("frame of 112488 bytes over 65536"), Some((65_536, true)), "counted with its header");
    }
}
