//! The way from header to header: every header calls what comes next, and this keeps it from going on for ever.

use super::Skipped;
use super::network::Fragment;
use crate::limits;
use crate::seen::Seen;
use crate::tcp::Segment;

/// What is known of a packet on the way to its segment.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// The packet.
    pub seen: Seen,
    /// Headers in which there was another link, network or tunnel header.
    headers: usize,
}

impl Walk {
    /// Of a packet, before its first header.
    pub fn new(seen: Seen) -> Self {
        Self { seen, headers: 0 }
    }

    /// Into a header that may hold the same kind of header again. Whatever calls in a circle calls this.
    pub fn deeper(self) -> Result<Self, Skipped> {
        match self.headers {
            limits::HEADERS.. => Err(Skipped::NestedHeaders),
            headers => Ok(Self { headers: headers + 1, ..self }),
        }
    }
}

/// What a packet comes to.
pub(super) type Found<'a> = Result<End<'a>, Skipped>;

/// Where the way ends well.
pub(super) enum End<'a> {
    /// At a segment.
    Segment(Segment<'a>),
    /// At a part of a datagram, to be put together with others.
    Fragment(Fragment<'a>),
}
