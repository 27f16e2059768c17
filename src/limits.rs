//! Every bound of the program, with its reason. A capture is hostile input: whatever it makes us keep is counted here.

use std::time::Duration;

/// Bytes of a capture file read at once. Larger gains nothing measurable, much larger falls out of the L2 cache.
pub const READ_BUFFER: usize = 256 * 1024;

/// The longest block or packet record taken for real, as libpcap (`MAXIMUM_SNAPLEN` 256 KiB, block 16 MiB).
/// A longer one is a corrupt length.
pub const BLOCK: usize = 16 * 1024 * 1024;

/// Interfaces of one pcapng section whose descriptions are kept; a capture of a large host has a few hundred.
pub const INTERFACES: usize = 65_536;

/// IP datagrams whose fragments are waited for at once.
pub const FRAGMENTED_DATAGRAMS: usize = 256;

/// Bytes kept of all those datagrams: 64 of the largest there can be, and more than 256 of 10 kB.
pub const FRAGMENT_BYTES: usize = 4 * 1024 * 1024;

/// Runs of bytes, with holes between them, kept of one fragmented datagram. One fragment arriving out of order makes one
/// hole; 45 of 1480 bytes fill the largest datagram, so that even in the worst order there are 23 runs.
pub const FRAGMENT_RUNS: usize = 64;

/// How long the rest of a fragmented datagram is waited for, as Linux does (`ipfrag_time`): IPv4 identifications return
/// soon, and fragments of two datagrams must not meet.
pub const FRAGMENT_WAIT: Duration = Duration::from_secs(30);

/// Headers of one packet that may hold another of their kind (VLAN tags, labels, tunnels) before it is given up.
pub const HEADERS: usize = 16;

/// Kinds of packets not understood that are counted one by one: a report has no room for more.
pub const SKIPPED_KINDS: usize = 64;
