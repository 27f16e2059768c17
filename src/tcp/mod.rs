//! TCP: segments in, contiguous bytes out.
//!
//! ```text
//! Side, Segment ─ Tcp ─┬─ analysis   what Wireshark would note: retransmissions, zero windows, silence
//!                      └─ reassembly one Half for each direction, held what waits ─ Data::Bytes | Data::Gap, Fin
//! ```
//!
//! Bytes in order are borrowed straight from the packet. Only out-of-order bytes are copied.

pub mod analysis;
pub mod endpoints;
mod out_of_order;
pub mod reassembly;
pub mod segment;
pub mod sequence;
pub mod state;

pub use analysis::Analysis;
pub use endpoints::Endpoints;
pub use segment::{Flags, Segment};
pub use state::Tcp;

use crate::chunk::Data;

/// An event of [`Tcp`], for one side and in stream order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Bytes, or a gap, that begin `offset` bytes into the stream.
    Chunk {
        /// Position of the chunk's first byte in its stream, from 0.
        offset: u64,
        /// The bytes.
        data: Data<'a>,
    },
    /// The end of the stream: FIN, after all bytes.
    Fin {
        /// The number of bytes of the stream before it.
        offset: u64,
    },
    /// The connection was reset.
    Reset,
}
