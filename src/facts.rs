//! The facts of one WebSocket connection, or of an attempt at one: the fold of its events.

mod apply;
mod breach;
mod close;
mod continuity;
mod end;
mod flat;
mod http2;
mod join;
mod previewed;
mod processes;
mod rare;
mod recent;
mod sent;
mod sights;

use std::net::SocketAddr;
use std::sync::LazyLock;

use arrayvec::ArrayVec;
use thin_vec::ThinVec;

pub use breach::Breach;
pub use close::Close;
pub use continuity::Continuity;
pub use end::End;
pub use http2::{GoAway, Http2, Starved};
pub use previewed::Previewed;
pub use processes::Processes;
pub use rare::{OnDemand, Rare};
pub use recent::{Moment, Pace, Recent};
pub use sent::{Ping, Sent};

use crate::capture::Attribution;
use crate::event::EndKind;
use crate::http::Handshake;
use crate::limits;
use crate::seen::Seen;
use crate::side::{PerSide, Side};
use crate::tcp::{Analysis, Endpoints};
use crate::tls::Outside;
use crate::tls::outside::Ends;
use crate::ws::Previews;

/// The identity of a WebSocket connection, or of an attempt at one, within a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// The number of its TCP connection, as Wireshark's `tcp.stream` in the same capture.
    pub stream: u32,
    /// The number of its HTTP/2 stream, as Wireshark's `http2.streamid`; 0 if TCP or TLS carries it.
    pub http2_stream: u32,
    /// The number of attempts before it on the same TCP connection. All of those were refused.
    pub attempt: u32,
}

/// The facts of one connection.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Facts {
    /// The capture that it is in, as [`Summary::capture`](crate::capture::Summary::capture).
    pub capture: u32,
    /// The number of its TCP connection, as Wireshark's `tcp.stream` in the same capture.
    pub stream: u32,
    /// The number of attempts before it on the same TCP connection.
    pub attempt: u32,
    endpoints: Endpoints,
    /// Tells whether the client is the lower one of them.
    client_is_low: bool,
    /// The connection's first packet.
    pub first: Seen,
    /// Its last packet.
    pub last: Seen,
    /// The opening handshake.
    pub handshake: Handshake,
    /// The packet from which on both sides speak WebSocket, as far as captured; that of the handshake's end, if only
    /// records are seen.
    pub switched: Option<Seen>,
    /// Whether only frames show that they do: no response to an opening handshake was captured.
    pub joined: bool,
    /// Whether packets were dropped during the connection's time, while capturing.
    pub drops: bool,
    /// Whether it was followed to the end of the capture. Otherwise it was over before, another connection took its
    /// endpoints, or there was no room for it.
    pub followed_to_end: bool,
    /// The TCP analysis; `None` until the connection is over.
    pub tcp: Option<Box<Analysis>>,
    /// Counts of what each side sent.
    pub sent: PerSide<Sent>,
    /// The ends of both directions, in the order of their events: at most one of a kind for each side.
    pub ends: ThinVec<End>,
    /// Close frames, in the order in which they were captured.
    pub closes: ThinVec<Close>,
    /// The beginnings of the messages before the end.
    pub previews: Previewed,
    /// The facts that most connections do not have.
    pub rare: OnDemand,
}

/// An open connection takes few bytes, because there may be a million.
const _: () = assert!(size_of::<Facts>() <= 448);

impl Facts {
    /// Creates empty facts of the connection between these addresses.
    pub fn new(stream: u32, addresses: PerSide<SocketAddr>, first: Seen) -> Self {
        let (endpoints, client_is_low) = Endpoints::of(addresses.client, addresses.server);
        Self {
            capture: 0,
            stream,
            attempt: 0,
            endpoints,
            client_is_low,
            first,
            last: first,
            handshake: Handshake::default(),
            switched: None,
            joined: false,
            drops: false,
            followed_to_end: false,
            tcp: None,
            sent: PerSide::default(),
            ends: ThinVec::new(),
            closes: ThinVec::new(),
            previews: Previewed::default(),
            rare: OnDemand::default(),
        }
    }

    /// Creates empty facts of the next attempt on the same TCP connection, which begins in the packet `first`.
    pub fn of_next_attempt(&self, first: Seen) -> Self {
        let mut next = Self::new(self.stream, self.addresses(), first);
        next.attempt = self.attempt.saturating_add(1);
        if self.rare.processes.is_some() {
            next.rare.processes.clone_from(&self.rare.processes);
        }
        next
    }

    /// Returns the two endpoints, whichever is the client.
    pub const fn endpoints(&self) -> Endpoints {
        self.endpoints
    }

    /// Returns the two endpoints.
    pub fn addresses(&self) -> PerSide<SocketAddr> {
        self.by_side([self.endpoints.low(), self.endpoints.high()])
    }

    /// Returns the values of the lower and the higher endpoint by side.
    pub fn by_side<T>(&self, ends: [T; 2]) -> PerSide<T> {
        PerSide::of_ends(ends, self.client_is_low)
    }

    /// Returns the side that is the lower endpoint, or the higher one.
    pub const fn side(&self, is_low: bool) -> Side {
        if is_low == self.client_is_low { Side::Client } else { Side::Server }
    }

    /// Returns its identity.
    pub fn id(&self) -> Id {
        Id { stream: self.stream, http2_stream: self.http2_stream().unwrap_or_default(), attempt: self.attempt }
    }

    /// Returns the number of its HTTP/2 stream, if it has one.
    pub fn http2_stream(&self) -> Option<u32> {
        self.rare.http2.as_ref().map(|http2| http2.stream)
    }

    /// Returns whether there is anything to report: an opening handshake, frames, or a TLS handshake that failed.
    pub fn is_reportable(&self) -> bool {
        let refused_tls = self.rare.client_hello.is_some() && self.rare.answered_with.is_some();
        let asked = self.handshake.request.is_some() || self.handshake.response.is_some();
        asked || self.joined || self.rare.tls.is_some() || refused_tls
    }

    /// Returns whether it shows by itself that it is a WebSocket, or was to become one.
    pub fn is_evident(&self) -> bool {
        let request = self.handshake.request.as_deref();
        let asked = request.is_some_and(|request| request.upgrade || request.extended || request.key.is_some());
        asked || self.joined || self.switched.is_some() || self.handshake.response.is_some()
    }

    /// Returns whether it is an attempt that nobody answered, as far as captured.
    pub fn is_unanswered(&self) -> bool {
        let has_begun =
            self.joined || self.switched.is_some() || self.rare.tls.is_some() || self.rare.answered_with.is_some();
        !has_begun && self.handshake.response.is_none()
    }

    /// Returns the TCP analysis; an empty one until the connection is over.
    pub fn tcp(&self) -> &Analysis {
        static NOTHING: LazyLock<Analysis> = LazyLock::new(Analysis::default);
        self.tcp.as_deref().unwrap_or(&NOTHING)
    }

    /// Returns a side's end of that kind.
    pub fn end(&self, side: Side, kind: EndKind) -> Option<&End> {
        self.ends.iter().find(|end| end.side == side && end.kind == kind)
    }

    /// Returns whether the connection has ended: an end of either side was seen.
    pub fn is_over(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Swaps the sides, before either has sent anything but its end: what was taken for the client is the server.
    pub fn swap(&mut self) {
        self.client_is_low = !self.client_is_low;
        self.ends.iter_mut().for_each(|end| end.side = !end.side);
        if let Some(processes) = self.rare.there_mut().and_then(|rare| rare.processes.as_mut()) {
            processes.swap();
        }
    }

    /// Takes the process that a packet of `side` is said to belong to.
    pub fn attribute(&mut self, side: Side, attribution: &Attribution) {
        self.rare.processes.get_or_insert_default().add(side, attribution);
    }

    /// Takes what the records have shown of a TLS connection that was not decrypted, as far as it is, or seems to be, a
    /// WebSocket. Has to be called once the connection is over, and its TCP analysis is there.
    pub fn see_from_outside(&mut self, outside: Outside) {
        let seen = |side, kind| self.end(side, kind).map(|end| end.carrier.seen);
        let of = |kind| PerSide { client: seen(Side::Client, kind), server: seen(Side::Server, kind) };
        let ends = Ends { fins: of(EndKind::Fin), resets: of(EndKind::Reset) };
        let Some(view) = outside.conclude(self.tcp().round_trip(), &ends) else { return };
        let notify = |side| {
            let mark = view.close_notify(side)?;
            Some(End { side, kind: EndKind::CloseNotify, carrier: mark.carrier, needed: mark.end })
        };
        let mut notified: Vec<_> = Side::BOTH.into_iter().filter_map(notify).collect();
        notified.sort_unstable_by_key(|end| end.carrier.seen);
        notified.into_iter().for_each(|end| self.note_end(end));
        self.switched = view.opened;
        self.rare.outside = Some(Box::new(view));
    }

    fn note_end(&mut self, end: End) {
        if self.end(end.side, end.kind).is_none() {
            // There are mostly two, and they are kept until the report is written.
            self.ends.reserve_exact(1);
            self.ends.push(end);
        }
    }

    /// Keeps the beginnings of the last messages, before they expire. Has to be called when the connection is about to end.
    pub fn keep_previews(&mut self, previews: &Previews) {
        let mut there = ArrayVec::<_, { 2 * limits::MOMENTS }>::new();
        for (side, sent) in [(Side::Client, &mut self.sent.client), (Side::Server, &mut self.sent.server)] {
            let waiting = sent.recent.take_previews();
            there.extend(waiting.filter_map(|(header_end, preview)| Some((side, header_end, previews.get(preview)?))));
        }
        if self.previews.len() + there.len() > limits::KEPT_PREVIEWS {
            let sent = &self.sent;
            self.previews.retain(|side, header_end| sent[side].moments().any(|last| last.header_end == header_end));
        }
        self.previews.extend(&there);
    }

    /// Returns the beginning of a side's message, if it was kept.
    pub fn preview(&self, side: Side, message: &Moment) -> Option<&[u8]> {
        self.previews.get(side, message.header_end)
    }
}
