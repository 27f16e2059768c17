//! From a captured packet to the TCP segment in it, or why there is none.
//!
//! ```text
//! Packet ─ link ─ ethernet · ppp · ieee80211 ─ network ─ transport ─ Segment
//!            ↑            ↑                       │  ↑          │
//!            │            │              fragments┘──┘          │
//!            └────────────┴───────────── tunnel ────────────────┘
//! ```
//!
//! Headers are functions without state, each of which takes one off the front of a [`body::Body`] and calls what comes
//! next; [`walk::Walk`] bounds how deep. Fragments are the only thing that is kept.

mod body;
mod ethernet;
mod fragments;
mod ieee80211;
mod link;
mod network;
mod ppp;
mod skipped;
mod transport;
mod tunnel;
mod walk;

pub use skipped::Skipped;

use self::body::Body;
use self::fragments::{Fragments, Whole};
use self::network::{Datagram, Fragment};
use self::skipped::Tally;
use self::walk::{End, Found, Walk};
use crate::capture::Packet;
use crate::limits;
use crate::seen::Seen;
use crate::tcp::Segment;

/// Finds the TCP segments in packets.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Fragments,
    /// The last datagram put together: the segment that was in it is lent from here.
    whole: Option<Whole>,
    tally: Tally,
}

impl Decoder {
    /// The segment in `packet`, or that its last fragment was missing of. `None` is counted in
    /// [`skipped`](Self::skipped), unless the packet is a fragment of a datagram that others complete.
    pub fn decode<'a>(&'a mut self, packet: &Packet<'a>) -> Option<Segment<'a>> {
        let seen = Seen { packet: packet.number, time: packet.time };
        let length = usize::try_from(packet.length).unwrap_or(usize::MAX);
        match link::header(Walk::default(), packet.link_type, Body::new(packet.data, length)) {
            Ok(End::Tcp(datagram)) => segment(datagram, seen, &mut self.tally),
            Ok(End::Fragment(fragment)) => self.reassemble(&fragment, seen),
            Err(skipped) => skip(&mut self.tally, skipped),
        }
    }

    /// What gave no segment, and how many packets of each kind, in the order they were first met.
    pub fn skipped(&self) -> impl Iterator<Item = (Skipped, u64)> {
        let incomplete = (Skipped::IncompleteFragments, self.fragments.incomplete());
        self.tally.iter().chain(Some(incomplete).filter(|(_, fragments)| *fragments > 0))
    }

    /// Keeps a fragment; if it completes a datagram, that is decoded in its place. What is put together may be a tunnel
    /// in which there are fragments again.
    #[cold]
    fn reassemble(&mut self, fragment: &Fragment<'_>, seen: Seen) -> Option<Segment<'_>> {
        let mut whole = self.fragments.add(fragment, seen.time, &mut self.tally)?;
        for _ in 0..limits::HEADERS {
            let Ok(End::Fragment(inner)) = peel(&whole) else { break };
            whole = self.fragments.add(&inner, seen.time, &mut self.tally)?;
        }
        match peel(self.whole.insert(whole)) {
            Ok(End::Tcp(datagram)) => segment(datagram, seen, &mut self.tally),
            Ok(End::Fragment(_)) => skip(&mut self.tally, Skipped::NestedHeaders),
            Err(skipped) => skip(&mut self.tally, skipped),
        }
    }
}

/// Reads the segment, once what is around it is off.
#[inline(always)]
fn segment<'a>(datagram: Datagram<'a>, seen: Seen, tally: &mut Tally) -> Option<Segment<'a>> {
    match transport::tcp(datagram, seen) {
        Ok(segment) => Some(segment),
        Err(skipped) => skip(tally, skipped),
    }
}

#[cold]
fn skip<'a>(tally: &mut Tally, skipped: Skipped) -> Option<Segment<'a>> {
    tally.count(skipped, 1);
    None
}

/// What is in a datagram put together.
fn peel(whole: &Whole) -> Found<'_> {
    network::extended(Walk::default(), whole.datagram())
}
