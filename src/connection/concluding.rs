//! The facts of a connection once no more segments come, or as if none came.

use super::http2::Below;
use super::{Application, Connection, Context, Layers, Security, Shared};
use crate::facts::Facts;
use crate::limits;
use crate::seen::Timestamp;
use crate::side::Side;
use crate::sink::Sink;
use crate::tcp::Analysis;

impl Connection {
    /// Notes that the capture has ended, and the connection has been followed until then.
    pub fn follow_to_end(&mut self) {
        self.layers.facts.followed_to_end = true;
    }

    /// Ends the connection, because no segment of it comes any more, and hands its facts to the sink if they are to be
    /// reported.
    pub fn finish(mut self, shared: &mut Shared, sink: &mut impl Sink) {
        let Self { tcp, layers, .. } = &mut self;
        let Shared { secrets, scratch, .. } = shared;
        let mut context = Context { scratch, sink };
        tcp.finish(&mut |side, carrier, output| layers.output(side, carrier, output, secrets, &mut context));
        layers.finish_session(secrets, &mut context);
        if tcp.analysis().sent.server.segments == 0 {
            layers.probe_behind_requests(&mut context);
        }
        for side in Side::BOTH {
            layers.end_frames(side, false, &mut context);
        }
        if !self.layers.facts.is_reportable() {
            self.count(&mut shared.counts);
        }
        let Layers { application, outside, mut facts, swapped, .. } = self.layers;
        facts.keep_previews(&shared.scratch.frames.previews);
        facts.last = self.tcp.last();
        let analysis = in_place(swapped, self.tcp.into_analysis());
        application.stop(&mut facts);
        if let Application::Http2(http2) = application {
            let Facts { rare, followed_to_end, last, .. } = &*facts;
            let (session, followed_to_end, last) = (rare.session.as_deref(), *followed_to_end, *last);
            let below = Below { tcp: &analysis, last, session, followed_to_end };
            let context = &mut Context { scratch: &mut shared.scratch, sink };
            let channels: Vec<_> = http2.into_channels().collect();
            shared.http2_streams = shared.http2_streams.saturating_sub(channels.len());
            let facts = channels.into_iter().filter_map(|channel| channel.finish(&below, context)).collect::<Vec<_>>();
            facts.into_iter().for_each(|facts| sink.connection(facts));
        }
        facts.tcp = Some(analysis);
        if facts.is_reportable() {
            return sink.connection(facts);
        }
        if let Some(outside) = outside
            && facts.rare.session.as_ref().is_none_or(|session| !session.is_decrypted())
        {
            facts.see_from_outside(*outside);
        }
        if facts.rare.outside.is_some() {
            sink.outside(facts);
        }
    }

    /// Hands out the streams of HTTP/2 that have been over for a while.
    pub(super) fn hand_out_streams(&mut self, now: Timestamp, shared: &mut Shared, sink: &mut impl Sink) {
        let Layers { application: Application::Http2(http2), security, facts, swapped, .. } = &mut self.layers else {
            return;
        };
        shared.http2_streams += http2.new_channels();
        let room = limits::HTTP2_STREAMS_TOTAL.saturating_sub(shared.http2_streams);
        let due = http2.take_due(now, limits::HTTP2_STREAMS.min(room.max(1)));
        shared.http2_streams = shared.http2_streams.saturating_sub(due.len());
        if due.is_empty() {
            return;
        }
        let session = if let Security::Tls(session) = security { Some(shared.secrets.summary(session)) } else { None };
        let tcp = in_place(*swapped, Box::new(self.tcp.analysis().clone()));
        let (session, followed_to_end) = (session.as_ref(), facts.followed_to_end);
        let below = Below { tcp: &tcp, last: self.tcp.last(), session, followed_to_end };
        for channel in due {
            shared.counts.given_up += u64::from(!channel.is_over() && channel.facts().is_reportable());
            if let Some(facts) = channel.finish(&below, &mut Context { scratch: &mut shared.scratch, sink }) {
                sink.connection(facts);
            }
        }
    }

    /// Returns the facts as if no segment came any more, but without the bytes that wait behind a hole; `None` if there
    /// is nothing to report. Those of an HTTP/2 stream are asked for by its number.
    pub fn facts_so_far(&self, http2_stream: Option<u32>) -> Option<Box<Facts>> {
        let Layers { application, facts, swapped, .. } = &self.layers;
        let (last, tcp) = (self.tcp.last(), || in_place(*swapped, Box::new(self.tcp.analysis().clone())));
        if let (Application::Http2(http2), Some(stream)) = (application, http2_stream) {
            let channel = http2.channel(stream)?;
            return channel.facts_so_far(&Below { tcp: &tcp(), last, session: None, followed_to_end: false });
        }
        let mut facts = facts.is_reportable().then(|| facts.clone())?;
        facts.last = last;
        facts.tcp = Some(tcp());
        application.stop(&mut facts);
        Some(facts)
    }
}

impl Application {
    /// Notes in the facts what is unfinished in the frames, now that no more of them come.
    pub(super) fn stop(&self, facts: &mut Facts) {
        if let Self::WebSocket(decoders) = self {
            for side in Side::BOTH {
                facts.sent[side].stop(decoders[side].unfinished());
            }
        }
    }
}

/// Swaps the sides of the TCP analysis if TCP had them the wrong way round.
pub(super) fn in_place(swapped: bool, mut analysis: Box<Analysis>) -> Box<Analysis> {
    if swapped {
        analysis.sent.swap();
    }
    analysis
}
