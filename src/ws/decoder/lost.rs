//! The loss of the frames, and the search for them.

use super::{Decoder, State};
use crate::chunk::{Carrier, Chunk, Data, Place};
use crate::ws::frame::{START, start};
use crate::ws::resync::Search;
use crate::ws::violation::Context;
use crate::ws::{CloseCode, Event, Kind, Scratch};

/// Bytes of the longest control payload (RFC 6455 §5.5).
const MOST: u8 = 125;

impl Decoder {
    /// Stops following the frames, until a run of them is found.
    pub(super) fn lose(&mut self, place: Place<'_>, out: &mut impl FnMut(&Carrier, Event<'_>)) {
        self.text_before = None;
        self.messages.lose();
        if !matches!(std::mem::replace(&mut self.state, State::Lost(None)), State::Lost(_)) {
            out(place.carrier, Event::Lost);
        }
    }

    /// Searches for frames in the next bytes.
    #[cold]
    pub(super) fn search(
        &mut self,
        place: Place<'_>,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let rules = self.rules;
        let mut search = self.take_search().unwrap_or_else(|| Box::new(Search::new(rules)));
        if !search.push(Chunk { place, data: Data::Bytes(bytes) }) {
            self.state = State::Lost(Some(search));
            return;
        }
        let from = search.begins_at(place.offset);
        self.found(*search, place.carrier, scratch, out);
        if let Some(skipped) = from.and_then(|from| usize::try_from(from.saturating_sub(place.offset)).ok()) {
            let frames = bytes.get(skipped..).unwrap_or_default();
            self.bytes(place.after(skipped), frames, scratch, out);
        }
    }

    /// Takes the search for frames, if there is one.
    fn take_search(&mut self) -> Option<Box<Search>> {
        if let State::Lost(search) = &mut self.state { search.take() } else { None }
    }

    /// Decodes the frames that were found, and from now on those that follow.
    fn found(
        &mut self,
        search: Search,
        last: &Carrier,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        self.state = State::BETWEEN;
        let kept: Vec<_> = search.into_chunks().collect();
        out(kept.first().map_or(last, |chunk| chunk.carrier()), Event::Found);
        for chunk in kept {
            self.push(chunk.chunk(), scratch, out);
        }
    }

    /// Ends the decoding, because the stream `has_ended` or the capture has. `other` is the code of the other side's
    /// Close frame.
    pub fn end(
        &mut self,
        other: Option<CloseCode>,
        has_ended: bool,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        self.stop_waiting(scratch, out);
        if let State::Lost(search) = &mut self.state
            && let Some(search) = search.take_if(|search| search.end(other, has_ended))
        {
            self.found(*search, &Carrier::default(), scratch, out);
        }
        // The bytes with its length never came, but its second byte says that it is too long.
        if let State::Header(partial) = &mut self.state
            && let Some(partial) = partial.take()
            && let Ok((_, first)) = start(partial.bytes())
            && first.opcode.is_control()
            && first.length > MOST
        {
            let end = partial.place().after(START);
            let kind = Kind::OversizedControl(u64::from(MOST) + 1);
            let context = Context::beginning(partial.bytes());
            out(&partial.carrier, self.violation(kind, first.opcode, partial.carrier, end, context));
        }
    }

    /// Processes a gap that is not within a payload.
    pub(super) fn gap_between_frames(
        &mut self,
        gap: Chunk<'_>,
        scratch: &mut Scratch,
        out: &mut impl FnMut(&Carrier, Event<'_>),
    ) {
        let Some(mut search) = self.take_search() else {
            return self.lose(gap.place, out);
        };
        if search.push(gap) {
            self.found(*search, gap.place.carrier, scratch, out);
            self.push(gap, scratch, out);
        } else {
            self.state = State::Lost(Some(search));
        }
    }
}
