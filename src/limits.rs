//! All bounds of the program, with their reasons. A capture is hostile input: everything that it makes the program keep
//! is bounded here. Several threads that analyse a capture divide the bounds on the memory of all connections: only beyond
//! such a bound may a report depend on their number.

use std::time::Duration;

/// Bytes of a capture file read at once. A larger buffer gains nothing measurable, and a much larger one falls out of
/// the L2 cache.
pub const READ_BUFFER: usize = 256 * 1024;

/// Blocks of packets in memory if they are read ahead, beside one for each thread that analyses: what the fastest thread
/// may be ahead of the slowest, which is two turns of reading. Each holds as many bytes as are read at once, and one batch
/// more.
pub const BLOCKS: usize = 2 * BLOCKS_A_TURN;

/// Blocks that a thread reads in its turn, for all of them, before it goes on analysing. A thread that is done meanwhile
/// waits for the first of them, so two threads would wait for each other's reading the more often, the shorter the turns.
pub const BLOCKS_A_TURN: usize = 8;

/// Runs of packets of one file that are kept of a merge, so that packets can be named in their own files. Rotated files
/// have one or a few each; captures that were made at the same time have any number.
pub const RUNS: usize = 262_144;

/// Packets in a batch. The state of their connections is prefetched together: more than can be waited for at once, but
/// few enough for the first-level cache.
pub const BATCH: usize = 32;

/// Bytes read at once of a file when only the time of its first packet is needed.
pub const PEEK_BUFFER: usize = 16 * 1024;

/// The longest pcapng block accepted, as in libpcap. A longer one has a corrupt length.
pub const BLOCK: usize = 16 * 1024 * 1024;

/// Bytes of the key logs in a capture that wait to be read: those between two packets.
pub const SECRETS: usize = 16 << 20;

/// The most captured bytes accepted for one packet, as libpcap's `MAXIMUM_SNAPLEN`: more than any IP packet with its
/// headers. A larger count is corrupt.
pub const PACKET: usize = 256 * 1024;

/// Interface descriptions kept for one pcapng section; a capture of a large host has a few hundred.
pub const INTERFACES: usize = 65_536;

/// Bytes kept of an interface's name; Linux allows 15, Windows names devices by a GUID of 50.
pub const INTERFACE_NAME: usize = 128;

/// Notes kept on one capture file; further ones are counted. Reports are read by people.
pub const NOTES: usize = 32;

/// The most bytes of the system's buffer for one interface: nearly a second of a full 10 Gbit/s link.
pub const KERNEL_BUFFER: usize = 1 << 30;

/// Spans of time kept in which packets were dropped while capturing; after this number, the last one is extended.
pub const DROPS: usize = 1024;

/// Bytes of history that a zstd frame may refer back to: the default limit of `zstd -d`.
pub const ZSTD_WINDOW: u64 = 128 * 1024 * 1024;

/// Incomplete IP datagrams that wait for fragments at once.
pub const FRAGMENTED_DATAGRAMS: usize = 256;

/// Bytes kept of all those datagrams: enough for 64 of the largest possible, and for more than 256 of 10 kB.
pub const FRAGMENT_BYTES: usize = 4 * 1024 * 1024;

/// Runs of bytes, with holes between them, kept of one fragmented datagram. One fragment arriving out of order makes
/// one hole; 45 of 1480 bytes fill the largest datagram, so even the worst order makes only 23 runs.
pub const FRAGMENT_RUNS: usize = 64;

/// Packets recorded for a fragmented datagram, if the caller needs them: enough for the largest one in pieces of 8
/// bytes.
pub const FRAGMENT_PIECES: usize = 8192;

/// The time to wait for the rest of a fragmented datagram, as in Linux (`ipfrag_time`): IPv4 identifications are soon
/// reused, and fragments of two datagrams must not be mixed.
pub const FRAGMENT_WAIT: Duration = Duration::from_secs(30);

/// Headers of one packet that may contain another of their kind (VLAN tags, labels, tunnels), before the packet is
/// given up.
pub const HEADERS: usize = 16;

/// Bytes held out of order for one direction of a TCP connection: twice the usual Linux receive window at start-up. If
/// more arrive, the first hole becomes a gap at once.
pub const OUT_OF_ORDER_BYTES: usize = 1024 * 1024;

/// Segments held out of order for one direction: small segments cost more than their bytes.
pub const OUT_OF_ORDER_SEGMENTS: usize = 2048;

/// Bytes held over all connections, either out of order or until it is known what they are, including the overhead of
/// holding them.
pub const OUT_OF_ORDER_TOTAL: usize = 24 * 1024 * 1024;

/// Segments of a connection that may pass after the receiver has acknowledged a hole, before the hole is given up.
/// Captures merged from several queues may contain an acknowledgement a few packets before the bytes it acknowledges.
pub const GAP_PATIENCE_SEGMENTS: u16 = 64;

/// The same patience in capture time.
pub const GAP_PATIENCE: Duration = Duration::from_secs(1);

/// The farthest distance ahead of the expected sequence number at which a segment is accepted: the largest scaled
/// window (RFC 7323 §2.3).
pub const WINDOW: u32 = 1 << 30;

/// Bytes of a request or response head. Servers refuse heads over 8–64 KiB.
pub const HEAD: usize = 64 * 1024;

/// Header lines of a head.
pub const HEADER_LINES: usize = 128;

/// Bytes kept of one header value, target or other text.
pub const TEXT: usize = 1024;

/// Bytes of the dynamic table of HPACK, in each direction: what browsers offer. Of a larger one, only the newest entries
/// are known.
pub const HPACK_TABLE: usize = 64 * 1024;

/// Bytes in which the first byte of an HTTP/2 frame is searched for: two of the longest frames that are sent unasked.
pub const HTTP2_RESYNC: usize = 2 * (16 * 1024 + 9);

/// Bytes kept of the first frames of a connection that began before the capture, until they prove that it is HTTP/2.
pub const HTTP2_PROBE: usize = 16 * 1024;

/// WebSockets and attempts followed at once on one HTTP/2 connection: ten times the streams that servers usually allow.
/// Beyond this number, the one that was heard least recently is judged early.
pub const HTTP2_STREAMS: usize = 1024;

/// WebSockets and attempts followed at once on the HTTP/2 connections of a thread. Beyond this number, a connection gives
/// up its own ones early.
pub const HTTP2_STREAMS_TOTAL: usize = 1 << 18;

/// Streams of one HTTP/2 connection, begun before the capture, in which frames are searched for at once.
pub const HTTP2_PROBES: usize = 64;

/// Bytes kept of the text in a GOAWAY frame.
pub const GOAWAY_TEXT: usize = 256;

/// Distinct texts kept for sharing, since many connections have them in common: hosts, origins, user agents, servers,
/// reasons.
pub const SHARED_TEXTS: usize = 4096;

/// Requests of one connection that wait for their answers (HTTP pipelining).
pub const PIPELINED_REQUESTS: usize = 32;

/// Bytes kept of those that a client sends after its opening handshake, before the answer has been seen.
pub const PIPELINED_BYTES: usize = 64 * 1024;

/// Segments in which those bytes are kept; the bytes of further ones are added to the last.
pub const PIPELINED_SEGMENTS: usize = 32;

/// Bytes kept of the body of a refusal: enough for the sentence in it.
pub const REFUSAL_BODY: usize = 256;

/// The last frames and messages kept of either side of a connection: enough to see what preceded its end.
pub const MOMENTS: usize = 6;

/// Bytes kept of the beginning of a message: enough for the sentence of a JSON error with its ids before it.
pub const PREVIEW: usize = 256;

/// Previews kept of a connection that is about to end: those of the last messages of both sides, and as many of
/// messages before them, in case the connection seems to end repeatedly.
pub const KEPT_PREVIEWS: usize = 4 * MOMENTS;

/// Packets of the capture, of all connections, for which a preview is kept: a second of a busy gateway. Counted in steps
/// of 512.
pub const PREVIEW_PACKETS: u64 = 16 * 1024;

/// Bytes of those packets; previews of a capture with larger packets than Ethernet's are kept for fewer.
pub const PREVIEW_BYTES: u64 = 1500 * PREVIEW_PACKETS;

/// Bytes of all previews of a thread at once. As no preview is longer than its message, only compressed messages, and those
/// in very many pieces, can reach this: then the oldest previews go early.
pub const PREVIEWS: usize = 32 * 1024 * 1024;

/// Places kept of a connection where the position of its frames was lost; further ones are counted.
pub const GAPS: usize = 8;

/// Close frames kept of a connection: the first, the reply, and a few that should not be there.
pub const CLOSES: usize = 8;

/// Violations kept of a connection. The first ones matter; further ones are counted.
pub const VIOLATIONS: usize = 16;

/// Pings of one side that wait for their pong; older ones are dropped first.
pub const PINGS: usize = 8;

/// The number of times that a side's frames are searched for text that continues after a declared length. A sender that
/// counts characters shows at once. The search reads up to half a KiB each time, which a hostile capture must not
/// demand at will.
pub const OVERRUNS: u8 = 16;

/// Bytes kept after a text until it is known whether they continue it: the longest excess that is searched for, 512
/// bytes, and a short frame after it with the start of the next. Their carriers are kept, too: 40 bytes a segment.
pub const OVERRUN_BYTES: usize = 512 + 14 + 125 + 2;

/// Segments of one side that are searched for frames if no opening handshake was captured: a frame of 1.4 MiB in
/// Ethernet segments passes before the next one begins. A connection without frames in that many segments is not a
/// WebSocket.
pub const PROBE_RUNS: u16 = 1024;

/// Bytes kept of a side's frames until enough of them have arrived to be sure that they are frames. A dozen short
/// messages prove it; of long ones only the last are kept. Counted towards [`OUT_OF_ORDER_TOTAL`] over all connections.
pub const PROBE_BYTES: usize = 8 * 1024;

/// The same for a side with the position of its frames lost, in a connection that is known to be a WebSocket: as much
/// as the connection itself takes.
pub const RESYNC_BYTES: usize = 2 * 1024;

/// Frame headers that are tried inside one segment to find the frames again. Each byte could begin one, and each one a
/// run of others, so a hostile segment could demand millions of trials.
pub const RESYNC_HEADERS: u32 = 8 * 1024;

/// Bytes of payload shown around a violation.
pub const CONTEXT: usize = 16;

/// Bytes kept before and after those, and never shown: the bytes before a byte decide whether it belongs to a secret.
/// Enough for the name of a secret with its quotes and separator, and for more of its value than most passwords have.
pub const AROUND_CONTEXT: usize = 48;

/// Words of known secret values, which are searched for in every text: as many as fit into a table of a million places
/// (26 MiB), and those of more connections than anybody reports on at once. Beyond this number, no text of a redacted
/// slice can be called free of them, so all of it counts as secret.
pub const KNOWN_SECRETS: usize = 7 << 17;

/// Bytes kept of a connection's cookies, credentials and the like, to recognise them as secrets in other texts: enough
/// for the usual session and a token. Longer ones are recognised by their form.
pub const CREDENTIALS: usize = 256;

/// Bytes that one compressed message may inflate to before it is given up, together with its side's context.
pub const INFLATED_MESSAGE: u64 = 256 * 1024 * 1024;

/// Inflaters (about 48 KiB each) alive at once. The compressed messages of further connections are counted, not read.
pub const INFLATERS: usize = 512;

/// Bytes unmasked or inflated at once.
pub const SCRATCH: usize = 16 * 1024;

/// Bytes of the comments with which a slice marks packets, so that a slice takes little more than its packets.
pub const SLICE_COMMENTS: usize = 2048;

/// Processes that packets of one capture are said to belong to; those of further ones are not named.
pub const PROCESSES: usize = 1 << 16;

/// Bytes kept of the name of a process, a container or a pod. Kubernetes allows 253.
pub const PROCESS_NAME: usize = 253;

/// Bytes of the comments with which an annotated capture marks packets: those of about 300,000 connections.
pub const ANNOTATIONS: usize = 64 * 1024 * 1024;

/// Packets of a slice that may be IP fragments (40 bytes each): each is recorded before it is copied. Further ones are
/// left out, which is reported.
pub const SLICED_FRAGMENTS: usize = 1 << 19;

/// Bytes held of all connections with streams to rewrite or search, including the overhead of holding them: payloads,
/// and the positions of frames. What does not fit becomes zeros in a redacted slice. Together with the memory for
/// rewriting one message and for reading the capture, the program stays below 256 MiB.
pub const SLICED_TOTAL: usize = 96 * 1024 * 1024;

/// Bytes of one direction of a connection that a redacted slice rewrites; later ones become zeros. Issue trackers do
/// not accept attachments of that size.
pub const SLICED_STREAM: usize = 64 * 1024 * 1024;

/// Bytes of one message, as sent and inflated, or of a run without frames, that a redacted slice rewrites. Each byte is
/// copied three times. A larger message becomes zeros; one that inflates to more becomes empty.
pub const SLICED_MESSAGE: usize = 16 * 1024 * 1024;

/// Bytes of a text that are searched for secrets at once. The results may take 50 times as much memory.
pub const SEARCHED: usize = 256 * 1024;

/// Bytes before and after those that the search looks at as well, for secrets that begin or end in another part.
pub const SEARCHED_AROUND: usize = 64 * 1024;

/// The most bytes that are searched at once for the end of a secret. If it has none there, the rest of the text counts
/// as part of it.
pub const SEARCHED_ONE: usize = 1024 * 1024;

/// Questions of one server that are kept to recognise its client's answers, each with the last 256 bytes of its
/// message. After them, everything that the client says counts as an answer.
pub const QUESTIONS: usize = 16 * 1024;

/// Bytes of the secrets that cannot be found by a word, such as those without an ASCII letter or digit. They are
/// searched for by an automaton of 160 times their size.
pub const ODD_SECRETS: usize = 64 * 1024;

/// Sought values of different lengths that may begin with the same word: each length is tried.
pub const SOUGHT_LENGTHS: usize = 64;

/// Bytes of the values that `verify-redaction` searches for, including 128 bytes of overhead each: this much for those
/// that the redactor finds, and as much for others. Further ones are not searched for, which is reported.
pub const SOUGHT_TOTAL: usize = 16 * 1024 * 1024;

/// Bytes of one such value that are searched for; only this many of a longer one.
pub const SOUGHT_VALUE: usize = 4 * 1024;

/// Bytes of a part of a bundle that wait in memory until they are written; longer parts wait in a temporary file. This is
/// the size of a report on a few hundred connections.
pub const SPOOLED: usize = 1024 * 1024;

/// Bytes of such a part that are written at once.
pub const SPOOL_PIECE: usize = 64 * 1024;

/// Bytes that all entries of a bundle may unpack to together, for `verify-redaction`: several times what an issue
/// tracker accepts as an attachment, and what fits in memory while it is searched.
pub const BUNDLE: u64 = 256 * 1024 * 1024;

/// The factor by which a bundle may be larger when unpacked. Reports shrink to a twentieth; deflate could reach 1032.
pub const BUNDLE_RATIO: u64 = 100;

/// Bytes that a bundle of any size may unpack to: the zeros that replace the payloads of TLS shrink more than reports
/// do.
pub const BUNDLE_SMALL: u64 = 32 * 1024 * 1024;

/// Entries of a bundle. Bundles have four, and people add some.
pub const BUNDLE_ENTRIES: usize = 256;

/// Bytes read of a ZIP file to find its entries: enough for the largest comment, and for a directory with that many
/// entries and the longest names that people give. The directory of a hostile file would take far more memory than its
/// size in bytes.
pub const BUNDLE_DIRECTORY: u64 = 1024 * 1024;

/// The last records kept of either side of an encrypted connection that is not decrypted: a Close frame, its alert, and
/// what came before. 48 bytes each, so that such a connection takes half a KiB more.
pub const OUTSIDE_RECORDS: usize = 4;

/// Encrypted connections in a report; further ones are counted.
pub const OUTSIDE_CONNECTIONS: usize = 1 << 16;

/// WebSocket connections open at once (about 2 KiB each). Beyond this number, the longest idle ones are judged early.
pub const CONNECTIONS: usize = 1 << 20;

/// Rows of a table that are encoded at once in Arrow and Parquet. Each column has its own memory until then.
pub const TABLE_ROWS: usize = 1024;

/// Bytes of such rows, about: those of hostile captures may be long.
pub const TABLE_BYTES: usize = 1 << 22;

/// Rows of a row group in Parquet, which is in memory, encoded, until it is complete. Readers skip whole groups, and more
/// rows would hardly be smaller.
pub const ROW_GROUP: usize = 1 << 16;

/// Bytes of a row group, about: those of hostile captures may be large.
pub const ROW_GROUP_BYTES: usize = 1 << 25;

/// Bytes of ended connections that are written to memory, or to the temporary file, at once.
pub const ENDED_CHUNK: usize = 64 * 1024;

/// Bytes of ended connections that wait in memory for the report, enough for five thousand ordinary ones. Further ones
/// wait in a temporary file.
pub const ENDED_IN_MEMORY: usize = 4 * 1024 * 1024;

/// Unanswered attempts at a WebSocket kept of a capture; further ones are counted by server. They are all alike, and a
/// host that is down gets one a second from each of its clients.
pub const UNANSWERED: usize = 16 * 1024;

/// Servers for which those are counted.
pub const UNANSWERED_SERVERS: usize = 1024;

/// Attempts that wait for an answer at once (about 2 KiB each). Beyond this number, the longest idle ones are judged
/// early.
pub const WAITING: usize = 1 << 15;

/// Connections at once that are not recognised yet: a port scan has millions with a single SYN. Beyond this number, the
/// longest idle ones are dropped.
pub const UNKNOWN_CONNECTIONS: usize = 1 << 16;

/// Connections (about 4 KiB each) that a live capture keeps for the report at its end: the last ones to end. Its view shows as
/// many.
pub const LIVE_CONNECTIONS: usize = 8192;

/// Connections (about 4 KiB each) that the terminal view shows before the whole capture has been read: more than anybody looks
/// at meanwhile.
#[cfg(feature = "view")]
pub const EARLY_CONNECTIONS: usize = 8192;

/// Bytes held of a connection's first packets until it is judged, if only connections with abnormal ends are written:
/// the opening handshake and what follows it.
pub const HELD_FIRST: usize = 64 * 1024;

/// Bytes held of its last packets: those that led to its end.
pub const HELD_LAST: usize = 1024 * 1024;

/// Bytes held of all connections; beyond that, the largest ones lose half of their last packets.
pub const HELD_TOTAL: usize = 48 * 1024 * 1024;

/// Streams that are over but have their numbers kept, so that a late segment does not count as a new stream.
pub const CLOSED_STREAMS: usize = 1 << 18;

/// The time after its last segment when a connection that both ends have finished is judged (capture time).
pub const LINGER: Duration = Duration::from_secs(30);

/// Connections that are followed and not parked, however long they are silent: those of most captures, which are not slowed
/// down.
pub const UNPARKED: usize = 32_768;

/// Packets of the capture without one of a connection's, after which it is silent and may be parked. A busy gateway takes
/// less than a second for them: connections that are not silent for longer are not parked all the time.
pub const SILENT: u64 = 32 * 1024;

/// The same for a connection that is over: hardly any has a late segment.
pub const SILENT_AT_END: u64 = 1024;

/// Kinds of packets that are not understood and are counted separately: a report does not have room for more.
pub const SKIPPED_KINDS: usize = 64;

/// Segments whose places are kept while the boundaries of TLS records are searched for: those of the longest record in
/// Ethernet segments, three times. The bytes of further ones count as those of the last.
pub const TLS_RESYNC_SEGMENTS: usize = 40;

/// Bytes of a line of a key log. The longest that is read has 193; writers that run lines together are granted more.
pub const KEY_LINE: usize = 1024;

/// Secrets of key logs kept (100 to 150 bytes each). Beyond this number, the older half is dropped: 26,000 sessions of
/// TLS 1.3 remain, or 130,000 of TLS 1.2.
pub const KEYS: usize = 1 << 18;

/// Secrets looked at of one session. It has five; a key log that contradicts itself may have more.
pub const KEYS_OF_SESSION: usize = 64;

/// Bytes kept of one handshake message, of those that are read. ClientHellos with post-quantum keys have 2 KiB; tickets
/// that contain a client's certificates may have more than this, and do not resume anything then.
pub const TLS_MESSAGE: usize = 16 * 1024;

/// Secrets tried for one purpose, if a key log contradicts itself. The latest come first.
pub const TLS_CANDIDATES: usize = 4;

/// Bytes of records of one connection that wait for their keys, including the overhead of holding them: some seconds of
/// chat. Beyond that, the oldest count as lost. Counted towards [`OUT_OF_ORDER_TOTAL`] over all connections.
pub const TLS_WAITING: usize = 256 * 1024;

/// Bytes of early data of one connection that wait until the server accepts them. Servers accept 16 KiB.
pub const TLS_EARLY: usize = 64 * 1024;

/// The longest run of missing records behind which the sequence number is searched for: a gap of 23 MB at least.
pub const TLS_SEARCH_RECORDS: u64 = 1 << 20;

/// The same behind captured records that could not be opened, by keys that have opened others. Such a record is damaged,
/// and so alone.
pub const TLS_SEARCH_UNOPENED: u64 = 64;

/// Work that one direction may spend on such searches before it opens a record, in blocks of AES (7 ns): a fifth of a
/// second.
pub const TLS_SEARCH_WORK: u64 = 1 << 25;

/// The same over all connections of a thread: eight seconds.
pub const TLS_SEARCH_TOTAL: u64 = 1 << 30;

/// Sequence numbers that are tried of every secret when a connection began before the capture, with AES-GCM (half a
/// millisecond), and with ChaCha20 (13 ms).
pub const TLS_LATE_NEAR: u64 = 1 << 16;

/// The same with ciphers that need a whole decryption for each number.
pub const TLS_LATE_NEAR_SLOW: u64 = 1 << 13;

/// Sequence numbers that are tried if only a few secrets are unclaimed: an eighth of a second each.
pub const TLS_LATE_FAR: u64 = 1 << 24;

/// The same with ciphers that need a whole decryption for each number: 1.7 seconds each.
pub const TLS_LATE_FAR_SLOW: u64 = 1 << 20;

/// The number of secrets that are few: those of four sessions.
pub const TLS_LATE_FEW: usize = 8;

/// Secrets that are tried on one record, the latest first.
pub const TLS_LATE_SECRETS: usize = 4096;

/// Bytes of a record that is short enough to be tried with such ciphers, and the number of longer records that are
/// passed over before.
pub const TLS_LATE_RECORD: usize = 1024;

/// Long records that are passed over before one is tried nevertheless.
pub const TLS_LATE_POSTPONED: u32 = 16;

/// Work on the lower numbers over all connections of a thread, in blocks of AES: four seconds. Beyond it, connections that
/// began before the capture are not decrypted.
pub const TLS_LATE_NEAR_WORK: u64 = 1 << 29;

/// Work on the higher numbers over all connections of a thread: eight seconds.
pub const TLS_LATE_FAR_WORK: u64 = 1 << 30;

/// Encrypted records of a side behind which a TLS connection is given up, if none of them could be decrypted. The first
/// ones may be too long to be tried with each key, or belong to early data.
pub const TLS_UNREADABLE: u64 = 64;

/// Bytes recorded of the segments of a connection that a work item may have to leave to the next one: an hour of a chat, or of
/// notifications. What two items see of a longer one is put together without them.
pub const RECORDED: usize = 256 * 1024;

/// Bytes recorded of a connection that was met in its middle, once it is known that no WebSocket can be recognised in it. A
/// part before it may show that it is one; but most such connections are none, and there are many of them.
pub const RECORDED_UNKNOWN: usize = 16 * 1024;

/// Bytes of memory for the recorded segments of all connections of a work item.
pub const RECORDED_TOTAL: usize = 256 << 20;

/// Processes that are recorded of a connection: one at each end, and some containers between them.
pub const RECORDED_PROCESSES: usize = 8;
