//! Every bound of the program, with its reason. A capture is hostile input: whatever it makes us keep is counted here.

/// Bytes of a capture file read at once. Larger gains nothing measurable, much larger falls out of the L2 cache.
pub const READ_BUFFER: usize = 256 * 1024;

/// Bytes read at once of a file of which only the first packet's time is wanted.
pub const PEEK_BUFFER: usize = 16 * 1024;

/// The longest pcapng block taken for real, as libpcap. A longer one is a corrupt length.
pub const BLOCK: usize = 16 * 1024 * 1024;

/// The most captured bytes of one packet taken for real, as libpcap's `MAXIMUM_SNAPLEN`: more than any IP packet with
/// its headers. A larger count is corrupt.
pub const PACKET: usize = 256 * 1024;

/// Interfaces of one pcapng section whose descriptions are kept; a capture of a large host has a few hundred.
pub const INTERFACES: usize = 65_536;

/// Bytes kept of an interface's name; Linux allows 15, Windows names devices by a GUID of 50.
pub const INTERFACE_NAME: usize = 128;

/// Notes kept on one capture file; the rest is counted. A report is read by people.
pub const NOTES: usize = 32;

/// Bytes of history a zstd frame may refer back to: what `zstd -d` grants without being asked for more.
pub const ZSTD_WINDOW: u64 = 128 * 1024 * 1024;

/// IP datagrams whose fragments are waited for at once.
pub const FRAGMENTED_DATAGRAMS: usize = 256;

/// Headers peeled off one packet (VLAN tags, tunnels, extension headers) before it is given up.
pub const HEADERS: usize = 16;
