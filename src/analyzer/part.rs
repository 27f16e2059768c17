//! A part of a connection: what one work item has seen of it, while others have seen the rest.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::capture::Attribution;
use crate::facts::{Continuity, Facts};
use crate::seen::{Seen, Sights};
use crate::side::PerSide;

/// A part of a connection. Its packets are numbered from the first one of its work item.
///
/// A recorded part can be analysed behind the parts before it, with the same results as in one run. Of one that was too long
/// to be recorded, there are only the facts of the part by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The endpoints of the TCP connection, the lower one first.
    pub endpoints: [SocketAddr; 2],
    /// Whether it begins with the connection's SYN.
    pub begins: bool,
    /// Whether the connection was still open behind it.
    pub continues: bool,
    /// Its first packet.
    pub first: Seen,
    /// Its last packet.
    pub last: Seen,
    /// The first sequence numbers of the lower and the higher endpoint.
    pub first_seq: [Option<u32>; 2],
    /// The sequence numbers behind their last bytes.
    pub next_seq: [Option<u32>; 2],
    /// The segments, if they were recorded.
    pub recording: Option<serde_bytes::ByteBuf>,
    /// The processes that the capture names, each with whether the lower endpoint sent the packet.
    pub processes: Vec<(bool, Attribution)>,
    /// The ends that TCP shows.
    pub ends: Vec<PartEnd>,
    /// The facts of the part by itself, if it was not recorded: of the WebSocket, or of each one of HTTP/2.
    pub facts: Vec<Facts>,
    /// The facts of TLS connections that were not decrypted, if it was not recorded.
    pub outside: Vec<Facts>,
}

/// The end of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartEnd {
    /// Whether the lower endpoint sent it.
    pub from_low: bool,
    /// Whether it is a reset, and not a FIN.
    pub is_reset: bool,
    /// Its packet.
    pub seen: Seen,
    /// The time to live of this packet.
    pub ttl: u8,
}

impl Part {
    /// Returns its place in the connection, whose client is one of the endpoints.
    pub fn continuity(&self, client: SocketAddr) -> Continuity {
        let sides = |ends| PerSide::of_ends(ends, self.endpoints.first() == Some(&client));
        Continuity {
            before: !self.begins,
            after: self.continues,
            first: sides(self.first_seq),
            next: sides(self.next_seq),
            last: self.last.time,
            joints: 0,
        }
    }
}

impl Sights for Part {
    /// Visits all packets but those of the recording, which has its own numbers.
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self {
            endpoints: _,
            begins: _,
            continues: _,
            first,
            last,
            first_seq: _,
            next_seq: _,
            recording: _,
            processes: _,
            ends,
            facts,
            outside,
        } = self;
        visit(first);
        visit(last);
        ends.iter_mut().for_each(|end| visit(&mut end.seen));
        facts.each_seen(visit);
        outside.each_seen(visit);
    }
}
