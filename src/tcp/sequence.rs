//! Sequence numbers: 32 bits that wrap (RFC 9293 §3.4).

/// Returns the distance from `from` to `to`; negative if `to` lies before `from`. Correct for distances under 2³¹.
pub const fn distance(from: u32, to: u32) -> i64 {
    to.wrapping_sub(from).cast_signed() as i64
}

/// Returns the later of two sequence numbers.
pub const fn later(a: u32, b: u32) -> u32 {
    if distance(a, b) > 0 { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_wrap() {
        assert_eq!(distance(u32::MAX, 1), 2);
        assert_eq!(distance(1, u32::MAX), -2);
        assert_eq!(later(u32::MAX - 1, 3), 3);
        assert_eq!(later(5, 3), 5);
    }
}
