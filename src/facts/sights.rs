//! The packets that facts name: their numbers change when the files before them become known.

use super::{Breach, Close, End, Facts, Http2, Moment, Ping, Rare, Recent, Sent};
use crate::seen::{Seen, Sights};

impl Sights for Facts {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self {
            capture: _,
            stream: _,
            attempt: _,
            endpoints: _,
            client_is_low: _,
            first,
            last,
            handshake,
            switched,
            joined: _,
            drops: _,
            followed_to_end: _,
            tcp,
            sent,
            ends,
            closes,
            previews: _,
            rare,
        } = self;
        if let Some(http2) = rare.there_mut().and_then(|rare| rare.http2.as_mut()) {
            let mut begun = Seen { packet: http2.begun, ..*first };
            visit(&mut begun);
            http2.begun = begun.packet;
        }
        visit(first);
        visit(last);
        handshake.each_seen(visit);
        switched.each_seen(visit);
        tcp.each_seen(visit);
        sent.each_seen(visit);
        ends.each_seen(visit);
        closes.each_seen(visit);
        rare.there_mut().into_iter().for_each(|rare| rare.each_seen(visit));
    }
}

impl Sights for Rare {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self {
            http2,
            answered_with,
            client_hello,
            session: _,
            tls,
            outside,
            breaches,
            more_breaches: _,
            gaps,
            processes: _,
            continuity: _,
        } = self;
        // The packet that its connection began with has no time of its own: that of the stream stands in for it, in `Facts`.
        if let Some(Http2 { stream: _, begun: _, offered: _, goaway, starved }) = http2.as_deref_mut() {
            goaway.iter_mut().for_each(|goaway| visit(&mut goaway.seen));
            starved.iter_mut().for_each(|starved| visit(&mut starved.since));
        }
        answered_with.iter_mut().for_each(|with| visit(&mut with.0));
        client_hello.each_seen(visit);
        tls.iter_mut().for_each(|tls| visit(&mut tls.1));
        outside.each_seen(visit);
        breaches.each_seen(visit);
        gaps.iter_mut().for_each(|(_, seen)| visit(seen));
    }
}

impl Sights for Sent {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        let Self {
            frames: _,
            texts: _,
            binaries: _,
            payload_bytes: _,
            pings: _,
            pongs: _,
            recent,
            largest_before: _,
            pace: _,
            unanswered_pings,
            answered_pings: _,
            is_watched: _,
            unfinished: _,
            lost: _,
            is_lost: _,
        } = self;
        recent.each_seen(visit);
        unanswered_pings.each_seen(visit);
    }
}

impl Sights for Recent {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.iter_mut().for_each(|moment| moment.each_seen(visit));
    }
}

impl Sights for Moment {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        visit(&mut self.seen);
    }
}

impl Sights for Ping {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        visit(&mut self.seen);
    }
}

impl Sights for End {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.carrier.each_seen(visit);
    }
}

impl Sights for Close {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.carrier.each_seen(visit);
    }
}

impl Sights for Breach {
    fn each_seen(&mut self, visit: &mut dyn FnMut(&mut Seen)) {
        self.violation.each_seen(visit);
    }
}
