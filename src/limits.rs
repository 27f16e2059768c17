//! Every bound of the program, with its reason. A capture is hostile input: whatever it makes us keep is counted here.

use std::time::Duration;

/// Bytes of a capture file read at once. Larger gains nothing measurable, much larger falls out of the L2 cache.
pub const READ_BUFFER: usize = 256 * 1024;

/// Packets whose connections' state is asked for together: more than wait for memory at once, fewer than spill the first
/// cache.
pub const BATCH: usize = 32;

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

/// Bytes of the system's buffer of one interface, at most: more than a second of a full 10 Gbit/s link.
pub const KERNEL_BUFFER: usize = 1 << 30;

/// Spans of time kept in which packets were dropped while capturing; beyond it the last one grows.
pub const DROPS: usize = 1024;

/// Bytes of history a zstd frame may refer back to: what `zstd -d` grants without being asked for more.
pub const ZSTD_WINDOW: u64 = 128 * 1024 * 1024;

/// IP datagrams whose fragments are waited for at once.
pub const FRAGMENTED_DATAGRAMS: usize = 256;

/// Bytes kept of all those datagrams: 64 of the largest there can be, and more than 256 of 10 kB.
pub const FRAGMENT_BYTES: usize = 4 * 1024 * 1024;

/// Runs of bytes, with holes between them, kept of one fragmented datagram. One fragment arriving out of order makes one
/// hole; 45 of 1480 bytes fill the largest datagram, so that even in the worst order there are 23 runs.
pub const FRAGMENT_RUNS: usize = 64;

/// Packets remembered of a fragmented datagram, for those who ask for them: the largest one in pieces of 8 bytes.
pub const FRAGMENT_PIECES: usize = 8192;

/// How long the rest of a fragmented datagram is waited for, as Linux does (`ipfrag_time`): IPv4 identifications return
/// soon, and fragments of two datagrams must not meet.
pub const FRAGMENT_WAIT: Duration = Duration::from_secs(30);

/// Headers of one packet that may hold another of their kind (VLAN tags, labels, tunnels) before it is given up.
pub const HEADERS: usize = 16;

/// Bytes held out of order for one direction of a TCP connection. Twice the usual Linux receive window at start-up;
/// what does not fit is decided at once: the hole before it becomes a gap.
pub const OUT_OF_ORDER_BYTES: usize = 1024 * 1024;

/// Segments held out of order for one direction: small segments cost more than their bytes.
pub const OUT_OF_ORDER_SEGMENTS: usize = 2048;

/// Bytes held over all connections, out of order or until it is known what they are, and what it takes to hold them.
pub const OUT_OF_ORDER_TOTAL: usize = 24 * 1024 * 1024;

/// Segments of a connection that may pass after the receiver has acknowledged a hole before the hole is given up.
/// Captures merged from several queues put an acknowledgement a few packets before the bytes it acknowledges.
pub const GAP_PATIENCE_SEGMENTS: u16 = 64;

/// The same in capture time.
pub const GAP_PATIENCE: Duration = Duration::from_secs(1);

/// The farthest ahead of the expected sequence number that a segment is believed: the largest scaled window
/// (RFC 7323 §2.3).
pub const WINDOW: u32 = 1 << 30;

/// Bytes of a request or response head. Servers refuse heads over 8–64 KiB.
pub const HEAD: usize = 64 * 1024;

/// Header lines of a head.
pub const HEADER_LINES: usize = 128;

/// Bytes of one header value, target or other text that are kept.
pub const TEXT: usize = 1024;

/// Different header values kept for sharing: hosts, origins, user agents, servers.
pub const SHARED_TEXTS: usize = 4096;

/// Requests of one connection whose answer is awaited (HTTP pipelining).
pub const PIPELINED_REQUESTS: usize = 32;

/// Bytes a client may send behind its opening handshake before the answer has been seen.
pub const PIPELINED_BYTES: usize = 64 * 1024;

/// Segments that they are kept apart as; the bytes of further ones are counted to the last.
pub const PIPELINED_SEGMENTS: usize = 32;

/// Bytes of the body of a refusal that are kept: enough for the sentence in it.
pub const REFUSAL_BODY: usize = 256;

/// Frames and messages kept of either side of a connection, the last ones: enough to see what went before its end.
pub const MOMENTS: usize = 6;

/// Bytes kept of how a message begins: the sentence of a JSON error with its ids before it.
pub const PREVIEW: usize = 256;

/// Such beginnings kept of a connection that is about to end: those of the last messages of both sides, and as many that
/// others followed, for whoever closes again and again.
pub const KEPT_PREVIEWS: usize = 4 * MOMENTS;

/// Bytes of all such beginnings at once: those of the last 8,000 messages at least, of all connections.
pub const PREVIEWS: usize = 2 * 1024 * 1024;

/// Places kept of a connection where its frames were lost sight of; the others are counted.
pub const GAPS: usize = 8;

/// Close frames kept of a connection: first, reply, and a few that should not be there.
pub const CLOSES: usize = 8;

/// Violations kept of a connection; the first ones matter, the others are counted.
pub const VIOLATIONS: usize = 16;

/// Pings of one side that wait for their pong; older ones are forgotten first.
pub const PINGS: usize = 8;

/// How often a side's frames are searched for text that goes on behind a declared length. One writer that counts characters
/// shows at once; the search reads up to half a KiB again and again, which a hostile capture must not order at will.
pub const OVERRUNS: u8 = 16;

/// Bytes kept behind a text until it is known whether they go on with it: the longest excess that is looked for, of 512 bytes,
/// and a short frame behind it with the start of the next. What carried them is kept, too: 40 bytes a segment.
pub const OVERRUN_BYTES: usize = 512 + 14 + 125 + 2;

/// Segments of one side that frames are looked for in, where no opening handshake was captured: a frame of 1.4 MiB in
/// Ethernet segments goes by before the next one begins. A connection without frames in so many is none of ours.
pub const PROBE_RUNS: u16 = 1024;

/// Bytes kept of a side's frames until enough of them have come to be sure that they are frames. A dozen short messages
/// prove it; of long ones only the last are kept. Counted to [`OUT_OF_ORDER_TOTAL`] over all connections.
pub const PROBE_BYTES: usize = 8 * 1024;

/// The same of a side whose frames were lost sight of, in a connection that is known to be a WebSocket: as much as the
/// connection itself takes.
pub const RESYNC_BYTES: usize = 2 * 1024;

/// Headers that are looked at inside one segment, to find the frames again. Each of its bytes could begin one, and each
/// one a run of others: a hostile segment would have millions looked at.
pub const RESYNC_HEADERS: u32 = 8 * 1024;

/// Bytes of payload shown around a violation.
pub const CONTEXT: usize = 16;

/// Bytes kept before and behind those, and never shown: whether a byte belongs to a secret is told by what stands before
/// it. The name of a secret with its quotes and the sign behind it, and more of its value than passwords mostly have.
pub const AROUND_CONTEXT: usize = 48;

/// Words of values that are known to be secret and looked for in every text: as many as a table of a million places takes (26
/// MiB), those of more connections than anybody reports on at once. Beyond it no text of a redacted slice can be called free
/// of them: all of it counts as secret.
pub const KNOWN_SECRETS: usize = 7 << 17;

/// Bytes of a connection's cookies, credentials and the like that are kept, so that they are known as secret in other texts:
/// the usual session and a token. Longer ones are known by their form.
pub const CREDENTIALS: usize = 256;

/// Bytes that one compressed message may inflate to before it is given up, and its side's context with it.
pub const INFLATED_MESSAGE: u64 = 256 * 1024 * 1024;

/// Inflaters (about 48 KiB each) alive at once; a connection beyond that has its compressed messages counted, not read.
pub const INFLATERS: usize = 512;

/// Bytes unmasked or inflated at once.
pub const SCRATCH: usize = 16 * 1024;

/// Bytes of the comments in which a slice marks packets: a slice takes little more than its packets do.
pub const SLICE_COMMENTS: usize = 2048;

/// Packets of a slice that may be IP fragments (40 bytes each): each is remembered before it is copied. The others are left
/// out, and told.
pub const SLICED_FRAGMENTS: usize = 1 << 19;

/// Bytes held of all connections whose streams are rewritten or searched, and what it takes to hold them: payloads, and where
/// frames lie. What does not fit is zeros in a redacted slice. With what rewriting one message takes, and the reading of the
/// capture beside it, the program stays below 256 MiB.
pub const SLICED_TOTAL: usize = 96 * 1024 * 1024;

/// Bytes of one direction of a connection that a redacted slice rewrites; what lies beyond is zeros. A ticket takes no
/// attachment of that size.
pub const SLICED_STREAM: usize = 64 * 1024 * 1024;

/// Bytes of one message, as it was sent and inflated, that a redacted slice rewrites, or of a run without frames. Each is
/// copied three times for it. A larger one is zeros; one that inflates to more becomes empty.
pub const SLICED_MESSAGE: usize = 16 * 1024 * 1024;

/// Bytes of a text that are searched for secrets at once, and how far the search looks before and behind them. What it finds
/// may take 50 times as much.
pub const SEARCHED: usize = 256 * 1024;

/// The same for what begins or ends in another part. A secret that one place of a capture tells is looked for in all others
/// up to this length; of a longer one so much.
pub const SEARCHED_AROUND: usize = 64 * 1024;

/// The most bytes that are searched at once for the end of a secret. The rest of the text belongs to one that has none there.
pub const SEARCHED_ONE: usize = 1024 * 1024;

/// Questions of one server that are kept for its client's answers, each with the last 256 bytes of its message. Behind them all
/// that the client says counts as an answer.
pub const QUESTIONS: usize = 16 * 1024;

/// Bytes of those secrets that have no letter or digit of ASCII, and are searched for by an automaton of 160 times their size.
pub const ODD_SECRETS: usize = 64 * 1024;

/// Values of different lengths that may begin with the same word, of those that are looked for: each length is tried.
pub const SOUGHT_LENGTHS: usize = 64;

/// Bytes of the values that `verify-redaction` looks for, and what it takes to hold them (128 bytes each): of those that the
/// redactor finds, and as many of others. Further ones are not looked for, which is told.
pub const SOUGHT_TOTAL: usize = 24 * 1024 * 1024;

/// Bytes of one such value; of a longer one so much is looked for.
pub const SOUGHT_VALUE: usize = 4 * 1024;

/// Bytes that all entries of a bundle may unpack to together, for `verify-redaction`: several times what a tracker takes as
/// an attachment, and what fits in memory while it is searched.
pub const BUNDLE: u64 = 256 * 1024 * 1024;

/// How many times its own size a bundle may unpack to. Reports shrink to a twentieth; deflate could promise 1032 times.
pub const BUNDLE_RATIO: u64 = 100;

/// Bytes that a bundle of any size may unpack to: the zeros that stand for the payloads of TLS shrink more than reports do.
pub const BUNDLE_SMALL: u64 = 32 * 1024 * 1024;

/// Entries of a bundle. There are four; people add some.
pub const BUNDLE_ENTRIES: usize = 256;

/// Bytes read of a ZIP file to find its entries: those of the largest comment, and of a directory with so many entries and
/// the longest names that people give. The directory of a hostile file would take far more memory than it has bytes.
pub const BUNDLE_DIRECTORY: u64 = 1024 * 1024;

/// WebSocket connections open at once (about 2 KiB each). Beyond it the longest idle ones are judged early.
pub const CONNECTIONS: usize = 1 << 20;

/// Attempts at a WebSocket that nobody answers, kept of a capture; the others are counted by their servers. Each says the same,
/// and a host that is down gets one a second from every client that it has.
pub const UNANSWERED: usize = 16 * 1024;

/// Servers that those are counted by.
pub const UNANSWERED_SERVERS: usize = 1024;

/// Attempts at once that wait for an answer (about 2 KiB each). Beyond it the longest idle ones are judged early.
pub const WAITING: usize = 1 << 15;

/// Connections at once of which it is not known yet what they are: a port scan has millions of a single SYN. Beyond it the
/// longest idle ones are forgotten.
pub const UNKNOWN_CONNECTIONS: usize = 1 << 16;

/// Connections (about 4 KiB each) that a live capture keeps for the report at its end: those that ended last.
pub const LIVE_CONNECTIONS: usize = 8192;

/// Bytes held of a connection's first packets until it is judged, where only those of abnormal ends are written: the opening
/// handshake and what follows it.
pub const HELD_FIRST: usize = 64 * 1024;

/// Bytes held of its last packets: what led to its end.
pub const HELD_LAST: usize = 1024 * 1024;

/// Bytes held of all connections; beyond it the largest lose half of their last packets.
pub const HELD_TOTAL: usize = 48 * 1024 * 1024;

/// Streams that are over but whose number is remembered, so that a late segment does not count as a new stream.
pub const CLOSED_STREAMS: usize = 1 << 18;

/// A connection that both ends have finished is judged this long after its last segment (capture time).
pub const LINGER: Duration = Duration::from_secs(30);

/// A connection in which nothing was recognised is forgotten after this silence (capture time).
pub const IDLE_UNKNOWN: Duration = Duration::from_secs(600);

/// Kinds of packets not understood that are counted one by one: a report has no room for more.
pub const SKIPPED_KINDS: usize = 64;
