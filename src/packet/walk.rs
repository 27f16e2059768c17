//! The walk from header to header: each header calls the next one, and this bounds the depth.

use super::Skipped;
use super::network::{Datagram, Fragment};
use crate::limits;

/// The depth of the walk so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Walk {
    /// The number of headers that contained another link, network or tunnel header.
    headers: usize,
}

impl Walk {
    /// Goes into a header that may contain the same kind of header again. Must be called wherever headers can nest;
    /// fails after [`limits::HEADERS`].
    pub fn deeper(self) -> Result<Self, Skipped> {
        match self.headers {
            limits::HEADERS.. => Err(Skipped::NestedHeaders),
            headers => Ok(Self { headers: headers + 1 }),
        }
    }
}

/// The result of a walk.
pub(super) type Found<'a> = Result<End<'a>, Skipped>;

/// The successful end of a walk.
pub(super) enum End<'a> {
    /// A TCP datagram.
    Tcp(Datagram<'a>),
    /// A fragment of a datagram, to be reassembled with others.
    Fragment(Fragment<'a>),
}
