//! The way of a record: in the clear or protected, and what its contents are.

use super::{Context, Event, Framed, Half, Held, HeldRecord, Item, State};
use crate::chunk::{Carrier, Chunk, Data, Missing, Place, Wire};
use crate::limits;
use crate::side::Side;
use crate::tls::candidate::Candidate;
use crate::tls::direction::{Found, Stage};
use crate::tls::keylog::Label;
use crate::tls::record::{Alert, ContentType, Version};

/// Whether a record has been processed, or has to wait for its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Done,
    Waits,
}

impl State {
    /// Processes the next item of a side, or lets it wait behind others.
    pub(super) fn item<O: FnMut(Side, Event<'_>)>(
        &mut self,
        side: Side,
        item: Item<'_>,
        carrier: &Carrier,
        context: &mut Context<'_, O>,
    ) {
        match item {
            Item::Record(framed) => {
                if framed.is_certain {
                    let decision = self.outlook.record(side, framed.carrier, framed.record);
                    context.decide(decision);
                }
                if !self.waiting.is_empty() || self.record(side, &framed, context) == Progress::Waits {
                    self.wait(Held::Record(HeldRecord::new(side, &framed)));
                }
            }
            Item::Lost(loss) => {
                let decision = self.outlook.lost(side, carrier);
                context.decide(decision);
                match self.waiting.is_empty() {
                    true => self.halves[side].direction.lose(loss.len),
                    false => self.wait(Held::Lost(side, loss.len)),
                }
            }
        }
    }

    /// Processes what waits, if keys have come since the last time.
    pub(super) fn replay<O: FnMut(Side, Event<'_>)>(&mut self, context: &mut Context<'_, O>) {
        let generation = context.keys.generation();
        if self.waiting.is_empty() || self.tried_at == Some(generation) {
            return;
        }
        self.tried_at = Some(generation);
        while let Some(held) = self.waiting.pop() {
            match &held {
                Held::Lost(side, len) => self.halves[*side].direction.lose(*len),
                Held::Record(record) => {
                    if self.record(record.side(), &record.framed(), context) == Progress::Waits {
                        return self.waiting.put_back(held);
                    }
                }
            }
        }
    }

    fn wait(&mut self, held: Held) {
        self.unsettle();
        let Self { waiting, halves, .. } = self;
        waiting.push(held, &mut |side, len| halves[side].direction.lose(len));
    }

    fn record<O: FnMut(Side, Event<'_>)>(
        &mut self,
        side: Side,
        framed: &Framed<'_>,
        context: &mut Context<'_, O>,
    ) -> Progress {
        if self.is_protected(side, framed) {
            if self.protected(side, framed, context) == Progress::Waits {
                return Progress::Waits;
            }
        } else if framed.is_certain {
            self.clear(side, framed, context);
        }
        if let Some((is_accepted, records)) = self.early.settle() {
            if !is_accepted {
                self.halves.client.direction.drop_stage(Stage::Early);
            }
            for record in records.iter().filter(|_| is_accepted) {
                self.protected(Side::Client, &record.framed(), context);
            }
        }
        Progress::Done
    }

    fn is_protected(&self, side: Side, framed: &Framed<'_>) -> bool {
        let half = &self.halves[side];
        let kind = framed.record.header.content_type;
        match self.negotiation.version() {
            _ if kind == ContentType::APPLICATION_DATA => true,
            Some(Version::TLS13) => false,
            // Behind a gap, the change to encryption may be missing.
            Some(_) => half.has_changed || half.direction.has_lost(),
            None => half.has_changed && kind == ContentType::HANDSHAKE,
        }
    }

    /// Processes a record that is not encrypted.
    fn clear<O: FnMut(Side, Event<'_>)>(&mut self, side: Side, framed: &Framed<'_>, context: &mut Context<'_, O>) {
        let record = framed.record;
        match record.header.content_type {
            ContentType::HANDSHAKE => self.handshake(side, record.fragment, context.keys),
            ContentType::CHANGE_CIPHER_SPEC => self.halves[side].has_changed = true,
            ContentType::ALERT => alert(side, record.fragment, framed, false, context.out),
            _ => {}
        }
    }

    fn protected<O: FnMut(Side, Event<'_>)>(
        &mut self,
        side: Side,
        framed: &Framed<'_>,
        context: &mut Context<'_, O>,
    ) -> Progress {
        if side == Side::Client && self.early.is_open() {
            if !self.early.keep(framed) {
                self.halves.client.direction.lose(framed.record.header.wire_len());
            }
            return Progress::Done;
        }
        match (&self.negotiation.client, &self.negotiation.server) {
            (None, None) => return self.late(side, framed, context),
            (None, Some(_)) if self.has_begun_late(side) => return self.late(side, framed, context),
            (Some(_), None) if self.halves.server.has_gap => {
                self.negotiation.arm_without_server(context.keys, &mut self.halves);
            }
            _ => self.negotiation.arm(context.keys, &mut self.halves),
        }
        let handshake = self.negotiation.handshake();
        if !self.halves[side].direction.has_data_keys(handshake) {
            self.recognize(side, framed, context);
            if context.keys.may_grow()
                && (self.negotiation.suite().is_some() || self.negotiation.server.is_none())
                && !self.halves[side].direction.has_data_keys(handshake)
            {
                return Progress::Waits;
            }
        }
        let Half { direction, protected, .. } = &mut self.halves[side];
        *protected += 1;
        let opening = &mut *context.opening;
        let found = direction.open(framed.record, framed.is_certain, &mut opening.search, &mut **opening.plain);
        if let Some(found) = found {
            self.opened(side, framed, found, context);
        }
        Progress::Done
    }

    /// Returns whether no keys of a side follow from hellos.
    fn has_begun_late(&self, side: Side) -> bool {
        self.is_late && self.halves[side].direction.known().is_none()
    }

    /// Searches for the session of a record whose handshake was not captured.
    fn late<O: FnMut(Side, Event<'_>)>(
        &mut self,
        side: Side,
        framed: &Framed<'_>,
        context: &mut Context<'_, O>,
    ) -> Progress {
        let half = &mut self.halves[side];
        let random = self.negotiation.random();
        let Context { keys, opening, .. } = context;
        let is_data = framed.record.header.content_type == ContentType::APPLICATION_DATA;
        let found = is_data.then(|| {
            half.late.start(side, framed.record, random.as_ref(), keys, &mut opening.late, &mut **opening.plain)
        });
        let Some(start) = found.flatten() else {
            let may_come = is_data && keys.may_grow();
            if !may_come {
                half.protected += u64::from(framed.is_certain);
                half.direction.lose(framed.record.header.wire_len());
            }
            return if may_come { Progress::Waits } else { Progress::Done };
        };
        half.protected += 1;
        self.is_late = true;
        self.sides_are_swapped = start.side != side;
        keys.claim(&start.random);
        self.negotiation.found(start.random, start.candidate.suite().id);
        half.direction.adopt(self.negotiation.handshake(), start.candidate, start.sequence);
        let found = Found { opened: start.opened, stage: Stage::Data, is_searched: false, lost: 0 };
        self.opened(side, framed, found, context);
        Progress::Done
    }

    /// Finds the session of a connection of TLS 1.3 whose secrets are logged under another random than that of its
    /// ClientHello: one with an encrypted hello, or one whose ClientHello is missing. The first protected record of the
    /// server shows it.
    fn recognize<O>(&mut self, side: Side, framed: &Framed<'_>, context: &mut Context<'_, O>) {
        let may_differ = self.negotiation.client.as_ref().is_none_or(|client| client.encrypted_hello);
        let half = &self.halves[Side::Server];
        let Some(suite) = self.negotiation.suite().filter(|suite| suite.id.is_tls13()) else { return };
        if side != Side::Server || !may_differ || half.protected > 0 {
            return;
        }
        let secrets = context.keys.unclaimed(0).filter(|one| one.label == Label::ServerHandshake);
        let found = secrets.take(limits::TLS_LATE_SECRETS).find(|one| {
            let plain = &mut **context.opening.plain;
            Candidate::tls13(suite, one.known).is_some_and(|candidate| candidate.opens_first(framed.record, plain))
        });
        if let Some(random) = found.map(|one| one.random) {
            context.keys.claim(&random);
            self.negotiation.found(random, suite.id);
            self.negotiation.disarm();
            self.negotiation.arm(context.keys, &mut self.halves);
        }
    }

    /// Processes the contents of a record that has been authenticated.
    fn opened<O: FnMut(Side, Event<'_>)>(
        &mut self,
        side: Side,
        framed: &Framed<'_>,
        found: Found,
        context: &mut Context<'_, O>,
    ) {
        let half = &mut self.halves[side];
        let Context { keys, opening, out } = context;
        let plain = opening.plain.get(..found.opened.len).unwrap_or_default();
        self.searched += u64::from(found.is_searched);
        if self.keys_from.is_none()
            && let Some(known) = half.direction.known()
        {
            self.keys_from = Some(known.origin);
            self.negotiation.remember(known, None, keys);
        }
        if self.negotiation.server.is_none()
            && let Some((random, suite)) = self.negotiation.random().zip(half.direction.suite())
        {
            self.negotiation.found(random, suite.id);
        }
        // The server's word has passed unread.
        if side == Side::Server && found.stage == Stage::Data {
            self.early.decide(false);
        }
        if found.stage == Stage::Data && found.lost > 0 {
            let before = framed.end.saturating_sub(framed.record.header.wire_len());
            gap(side, &mut half.offset, found.lost, framed.carrier, before, out);
        }
        match found.opened.content_type {
            ContentType::APPLICATION_DATA if found.stage != Stage::Handshake && !plain.is_empty() => {
                let place = Place { carrier: framed.carrier, offset: half.offset, wire: Wire::record(framed.end) };
                half.offset = half.offset.saturating_add(plain.len() as u64);
                out(side, Event::Data(Chunk { place, data: Data::Bytes(plain) }));
                if found.stage == Stage::Data {
                    self.note_data(side);
                }
            }
            ContentType::ALERT => alert(side, plain, framed, true, out),
            ContentType::HANDSHAKE => self.handshake(side, plain, keys),
            _ => {}
        }
        self.remember_ticket(keys);
    }

    /// Ends the contents of a side with a gap, if records are missing at their end. The last record read ended at `end`.
    pub(super) fn lose_at_end<O: FnMut(Side, Event<'_>)>(
        &mut self,
        side: Side,
        carrier: &Carrier,
        end: Option<u64>,
        context: &mut Context<'_, O>,
    ) {
        let half = &mut self.halves[side];
        if half.direction.reads_data(self.negotiation.handshake()) {
            let lost = half.direction.lost_at_end();
            if lost > 0 {
                gap(side, &mut half.offset, lost, carrier, end.unwrap_or(u64::MAX), context.out);
            }
        }
    }
}

/// Reports a gap in the contents of a side, whose bytes need the TCP bytes up to `end`.
fn gap(side: Side, offset: &mut u64, len: u64, carrier: &Carrier, end: u64, out: &mut impl FnMut(Side, Event<'_>)) {
    let place = Place { carrier, offset: *offset, wire: Wire::record(end) };
    *offset = offset.saturating_add(len);
    out(side, Event::Data(Chunk { place, data: Data::Gap { len, missing: Missing::Undecrypted } }));
}

/// Reports an alert.
fn alert(side: Side, contents: &[u8], framed: &Framed<'_>, is_encrypted: bool, out: &mut impl FnMut(Side, Event<'_>)) {
    if let [_, description] = *contents {
        let (alert, carrier, end) = (Alert(description), framed.carrier, framed.end);
        out(side, Event::Alert { alert, is_encrypted, carrier, end });
    }
}
