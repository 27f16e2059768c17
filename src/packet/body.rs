//! The bytes of a packet from some header on, with their length on the wire.

use nom::Parser;
use nom::bytes::complete::take;

use super::Skipped;

/// The rest of a packet after its outer headers are peeled off.
///
/// ```text
///  peeled headers │ bytes: what was captured │ cut by the snaplen │ padding, checksums: limited away
///                 └─ length: what was on the wire ────────────────┘
/// ```
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    /// The captured bytes; never more than `length`.
    pub bytes: &'a [u8],
    /// Bytes on the wire.
    pub length: usize,
}

impl<'a> Body<'a> {
    /// Creates a body of `bytes`, which had `length` on the wire. A `length` below that of the captured bytes is not
    /// believed.
    #[inline]
    pub fn new(bytes: &'a [u8], length: usize) -> Self {
        Self { bytes, length: length.max(bytes.len()) }
    }

    /// Peels a header off the front. If it does not fit, the error reports it as `name`.
    #[inline]
    pub fn peel<T>(
        self,
        name: &'static str,
        mut header: impl Parser<&'a [u8], Output = T, Error = ()>,
    ) -> Result<(T, Self), Skipped> {
        match header.parse(self.bytes) {
            Ok((bytes, value)) => {
                let peeled = self.bytes.len().saturating_sub(bytes.len());
                Ok((value, Self { bytes, length: self.length.saturating_sub(peeled) }))
            }
            Err(_) => Err(self.too_short(name)),
        }
    }

    /// Peels `length` bytes of a header off the front.
    #[inline]
    pub fn skip(self, name: &'static str, length: usize) -> Result<Self, Skipped> {
        self.peel(name, take(length)).map(|(_, rest)| rest)
    }

    /// Limits the body to the `length` that a header gives. The bytes after it are padding or a checksum.
    #[inline]
    pub fn limit(self, length: usize) -> Self {
        self.resize(length.min(self.length))
    }

    /// Sets the length to that of the IP header, even if the capture claims less: some tools that shorten packets
    /// overwrite the length on the wire.
    #[inline]
    pub fn resize(self, length: usize) -> Self {
        Self { bytes: self.bytes.get(..length).unwrap_or(self.bytes), length }
    }

    /// Returns the reason that a header did not fit: the capture cut it, or the sender broke it.
    pub fn too_short(self, header: &'static str) -> Skipped {
        if self.bytes.len() < self.length { Skipped::Truncated(header) } else { Skipped::Broken(header) }
    }
}

#[cfg(test)]
mod tests {
    use nom::number::complete::be_u16;

    use super::*;

    #[test]
    fn peeling_shortens_both_lengths() {
        let (value, rest) = Body::new(&[1, 2, 3, 4], 100).peel("test", be_u16).unwrap();
        assert_eq!((value, rest.bytes, rest.length), (0x0102, &[3, 4][..], 98));
        assert_eq!(rest.limit(3).bytes, &[3, 4]);
        assert_eq!(rest.limit(1).bytes, &[3]);
        assert_eq!((rest.limit(999).length, rest.resize(999).length), (98, 999));
    }

    #[test]
    fn says_who_made_it_short() {
        assert_eq!(Body::new(&[1], 2).skip("test", 2).err(), Some(Skipped::Truncated("test")));
        assert_eq!(Body::new(&[1], 1).skip("test", 2).err(), Some(Skipped::Broken("test")));
        assert_eq!(Body::new(&[1], 0).skip("test", 2).err(), Some(Skipped::Broken("test")));
    }
}
