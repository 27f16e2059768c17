//! Every bound of the program, with its reason. A capture is hostile input: whatever it makes us keep is counted here.

/// Bytes of a capture file read at once. Larger gains nothing measurable, much larger falls out of the L2 cache.
pub const READ_BUFFER: usize = 256 * 1024;

/// The longest block or packet record taken for real, as libpcap (`MAXIMUM_SNAPLEN` 256 KiB, block 16 MiB).
/// A longer one is a corrupt length.
pub const BLOCK: usize = 16 * 1024 * 1024;

/// Interfaces of one pcapng section whose descriptions are kept; a capture of a large host has a few hundred.
pub const INTERFACES: usize = 65_536;

/// IP datagrams whose fragments are waited for at once.
pub const FRAGMENTED_DATAGRAMS: usize = 256;

/// Headers peeled off one packet (VLAN tags, tunnels, extension headers) before it is given up.
pub const HEADERS: usize = 16;
