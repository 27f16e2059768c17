//! Conversations as the segments of a capture: in the plainest form, or changed as TCP allows.

use whyclosed::side::PerSide;

use super::conversation::{Conversation, Turn, side};
use super::random::Random;
use super::wire::{ACK, Endpoint, FIN, RST, SYN, Segment};

/// The changes from the plain capture, which has one segment for each turn, in order, each once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// Cuts turns into segments of at most so many bytes.
    pub cut: Option<u64>,
    /// Lets segments of a turn overtake each other by up to [`PLACES`].
    pub shuffle: bool,
    /// Lets segments of different turns overtake each other, too, regardless of the other side's turns in between.
    pub shuffle_turns: bool,
    /// Repeats segments, at once or later.
    pub duplicate: bool,
    /// Makes segments of a turn overlap, and retransmits earlier bytes in other segments.
    pub overlap: bool,
    /// Makes sequence numbers wrap within the connection.
    pub wrap: bool,
    /// Repeats out-of-order bytes with other contents before the hole is filled.
    pub conflict: bool,
    pub seed: u64,
}

/// The maximal number of places by which a segment overtakes others.
const PLACES: u64 = 8;

/// The port that the server of every conversation listens on.
pub const SERVER_PORT: u16 = 9021;

/// The longest payload of a segment on Ethernet without options.
const LONGEST: u64 = 1460;

#[derive(Clone, Debug)]
struct Piece {
    from_server: bool,
    start: usize,
    bytes: Vec<u8>,
    flags: u8,
    /// The bytes of the other side acknowledged, not counting its SYN, but counting its FIN.
    acked: usize,
}

impl Piece {
    fn end(&self) -> usize {
        self.start + self.bytes.len() + usize::from(self.flags & FIN != 0)
    }
}

/// Returns the packets of all conversations, interleaved.
pub fn packets(conversations: &[Conversation], change: Change) -> Vec<Vec<u8>> {
    let mut random = Random::new(change.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut flows: Vec<_> = conversations
        .iter()
        .zip(0..)
        .map(|(conversation, index)| flow(&conversation.turns(index), index, change, &mut random).into_iter())
        .collect();
    let mut packets = Vec::new();
    // The first packets are in order, since connections are numbered by them.
    packets.extend(flows.iter_mut().filter_map(Iterator::next));
    while flows.iter().any(|flow| flow.len() > 0) {
        let index = random.between(0, flows.len() as u64) as usize;
        let run = random.between(1, 4) as usize;
        packets.extend(flows[index].by_ref().take(run));
    }
    packets
}

fn flow(turns: &[Turn], index: u16, change: Change, random: &mut Random) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let start = turns[..at].iter().filter(|t| t.from_server == turn.from_server).map(|t| t.bytes.len()).sum();
        let mut own = pieces_of(turn, start, change, random);
        // The receiver must not acknowledge more than its next turn does.
        let next = turns[at + 1..].iter().find(|next| next.from_server != turn.from_server);
        let most = next.map_or(usize::MAX, |next| next.acked + usize::from(next.fin_acked));
        let receiver_at: usize = turns[..at]
            .iter()
            .filter(|t| t.from_server != turn.from_server)
            .map(|t| t.bytes.len() + usize::from(t.fin))
            .sum();
        own = acknowledged(own, start, receiver_at, most, random);
        pieces.append(&mut own);
    }
    if change.shuffle_turns {
        shuffle_sides(&mut pieces, random);
    }
    if change.overlap {
        retransmit(&mut pieces, turns, random);
    }
    if change.duplicate {
        duplicate(&mut pieces, random);
    }
    let base = |stream: usize| {
        if change.wrap { 0u32.wrapping_sub(random.between(0, stream as u64 + 3) as u32) } else { 1_000_000 }
    };
    let len =
        |from_server| turns.iter().filter(|turn| turn.from_server == from_server).map(|turn| turn.bytes.len()).sum();
    let [client, server] = [len(false), len(true)].map(base);
    written(&pieces, PerSide { client, server }, index)
}

/// Returns the segments of a turn.
fn pieces_of(turn: &Turn, start: usize, change: Change, random: &mut Random) -> Vec<Piece> {
    let acked = turn.acked + usize::from(turn.fin_acked);
    let piece = |from: usize, to: usize| Piece {
        from_server: turn.from_server,
        start: start + from,
        bytes: turn.bytes[from..to].to_vec(),
        flags: ACK,
        acked,
    };
    let mut pieces = Vec::new();
    let most = change.cut.unwrap_or(LONGEST);
    let mut at = 0;
    while at < turn.bytes.len() {
        let len = if change.cut.is_some() { random.between(1, most + 1) } else { most } as usize;
        let to = (at + len).min(turn.bytes.len());
        pieces.push(piece(at, to));
        at = to;
    }
    if turn.fin && !pieces.is_empty() && random.chance(if change.cut.is_some() { 500 } else { 1000 }) {
        pieces.last_mut().unwrap().flags |= FIN;
    } else if turn.fin {
        let mut fin = piece(at, at);
        fin.flags |= FIN;
        pieces.push(fin);
    }
    if change.overlap {
        // A segment lost before it was captured is retransmitted as one that spans parts of its neighbours.
        let mut index = 1;
        while index + 1 < pieces.len() {
            if random.chance(300) && pieces[index].flags & FIN == 0 {
                let (before, own, after) = (&pieces[index - 1], &pieces[index], &pieces[index + 1]);
                let (from, to) = (own.start - start, own.start + own.bytes.len() - start);
                let from = random.between(from.min(before.start - start) as u64, from as u64 + 1) as usize;
                let last = to.max(after.start + after.bytes.len() - start);
                let to = random.between(to as u64, last as u64 + 1) as usize;
                pieces.remove(index);
                let at = index + random.between(0, 32) as usize;
                pieces.insert(at.min(pieces.len()), piece(from, to));
            }
            index += 1;
        }
    }
    if change.shuffle {
        shuffle(&mut pieces, random);
    }
    if change.conflict && (3..1000).contains(&pieces.len()) && pieces.iter().skip(1).any(|piece| piece.start > start) {
        // The first segment comes last; before it, some out-of-order segments are repeated with other contents.
        let first = pieces.iter().position(|piece| piece.start == start).unwrap();
        let first = pieces.remove(first);
        let held: Vec<_> =
            pieces.iter().filter(|piece| !piece.bytes.is_empty() && piece.start > start).cloned().collect();
        for mut copy in held.into_iter().filter(|_| random.chance(500)) {
            copy.flags = ACK;
            copy.bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
            pieces.push(copy);
        }
        pieces.push(first);
    }
    if turn.reset {
        pieces.push(Piece { flags: RST | ACK, ..piece(at, at) });
    }
    pieces
}

/// Inserts pure acknowledgements of the receiver between the segments of a turn.
fn acknowledged(own: Vec<Piece>, start: usize, receiver_at: usize, most: usize, random: &mut Random) -> Vec<Piece> {
    let (mut contiguous, mut seen, mut all) = (start, Vec::new(), Vec::new());
    for piece in own {
        let from_server = piece.from_server;
        seen.push((piece.start, piece.end()));
        let reset = piece.flags & RST != 0;
        all.push(piece);
        while let Some((_, end)) = seen.iter().find(|(from, end)| *from <= contiguous && *end > contiguous) {
            contiguous = *end;
        }
        if random.chance(300) && contiguous > start && contiguous <= most && !reset {
            all.push(Piece {
                from_server: !from_server,
                start: receiver_at,
                bytes: Vec::new(),
                flags: ACK,
                acked: contiguous,
            });
        }
    }
    all
}

/// Lets items overtake others, each by at most [`PLACES`].
fn shuffle<T>(items: &mut Vec<T>, random: &mut Random) {
    let mut keyed: Vec<_> =
        items.drain(..).zip(0..).map(|(item, index)| (index + random.between(0, PLACES + 1), item)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    items.extend(keyed.into_iter().map(|(_, item)| item));
}

/// Lets segments of one side overtake each other, regardless of the other side's segments in between.
fn shuffle_sides(pieces: &mut [Piece], random: &mut Random) {
    for from_server in [false, true] {
        let slots: Vec<_> = (0..pieces.len()).filter(|at| pieces[*at].from_server == from_server).collect();
        let mut order: Vec<_> =
            slots.iter().map(|at| (*at as u64 + random.between(0, PLACES + 1), pieces[*at].clone())).collect();
        order.sort_by_key(|(key, _)| *key);
        for (slot, (_, piece)) in slots.into_iter().zip(order) {
            pieces[slot] = piece;
        }
    }
}

/// Retransmits earlier bytes, cut differently.
fn retransmit(pieces: &mut Vec<Piece>, turns: &[Turn], random: &mut Random) {
    for _ in 0..random.between(0, 6) {
        let at = random.between(0, pieces.len() as u64 + 1) as usize;
        let from_server = random.chance(500);
        let stream: Vec<u8> =
            turns.iter().filter(|t| t.from_server == from_server).flat_map(|t| t.bytes.iter().copied()).collect();
        let before: Vec<_> = pieces[..at].iter().filter(|piece| piece.from_server == from_server).collect();
        let mut contiguous = 0;
        while let Some(piece) =
            before.iter().find(|piece| piece.start <= contiguous && piece.start + piece.bytes.len() > contiguous)
        {
            contiguous = piece.start + piece.bytes.len();
        }
        if contiguous == 0 {
            continue;
        }
        let from = random.between(0, contiguous as u64) as usize;
        let to = (from + random.between(1, LONGEST + 1) as usize).min(contiguous);
        let acked = before.iter().map(|piece| piece.acked).max().unwrap_or(0);
        pieces.insert(at, Piece { from_server, start: from, bytes: stream[from..to].to_vec(), flags: ACK, acked });
    }
}

fn duplicate(pieces: &mut Vec<Piece>, random: &mut Random) {
    for _ in 0..random.between(1, 12) {
        let of = random.between(0, pieces.len() as u64) as usize;
        let later = if random.chance(500) { of as u64 + 1 } else { random.between(of as u64, pieces.len() as u64) + 1 };
        pieces.insert(later as usize, pieces[of].clone());
    }
}

/// Returns the packets of a flow after its three-way handshake. `base` is the sequence number of each side's SYN.
fn written(pieces: &[Piece], base: PerSide<u32>, index: u16) -> Vec<Vec<u8>> {
    let client = Endpoint { address: [10, 0, 0, 1], port: 40_000 + index };
    let server = Endpoint { address: [10, 0, 0, 2], port: SERVER_PORT };
    let mut ident = 0;
    let mut segment = |from_server: bool, seq: u32, ack: u32, flags: u8, payload: &[u8]| {
        let (from, to) = if from_server { (server, client) } else { (client, server) };
        ident += 1;
        Segment { from, to, ident, seq, ack, flags, window: 0xFFFF, options: &[], payload }.packet()
    };
    let first = PerSide { client: base.client.wrapping_add(1), server: base.server.wrapping_add(1) };
    let mut packets = vec![
        segment(false, base.client, 0, SYN, &[]),
        segment(true, base.server, first.client, SYN | ACK, &[]),
        segment(false, first.client, first.server, ACK, &[]),
    ];
    packets.extend(pieces.iter().map(|piece| {
        let own = side(piece.from_server);
        let seq = first[own].wrapping_add(piece.start as u32);
        let ack = first[!own].wrapping_add(piece.acked as u32);
        segment(piece.from_server, seq, ack, piece.flags, &piece.bytes)
    }));
    packets
}
