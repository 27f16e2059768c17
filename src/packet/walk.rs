//! The way from header to header: every header calls what comes next, and this keeps it from going on for ever.

use super::Skipped;
use super::network::{Datagram, Fragment};
use crate::limits;

/// How far the way has gone.
#[derive(Clone, Copy, Default)]
pub(super) struct Walk {
    /// Headers in which there was another link, network or tunnel header.
    headers: usize,
}

impl Walk {
    /// Into a header that may hold the same kind of header again. Whatever calls in a circle calls this.
    pub fn deeper(self) -> Result<Self, Skipped> {
        match self.headers {
            limits::HEADERS.. => Err(Skipped::NestedHeaders),
            headers => Ok(Self { headers: headers + 1 }),
        }
    }
}

/// What a packet comes to.
pub(super) type Found<'a> = Result<End<'a>, Skipped>;

/// Where the way ends well.
pub(super) enum End<'a> {
    /// At a datagram whose protocol is TCP.
    Tcp(Datagram<'a>),
    /// At a part of a datagram, to be put together with others.
    Fragment(Fragment<'a>),
}
