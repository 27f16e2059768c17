//! The facts of a stream once no more bytes come, or as if none came.

use super::super::super::concluding::in_place;
use super::super::super::{Application, Context, Layers};
use super::super::Below;
use super::Channel;
use crate::facts::Facts;
use crate::seen::Seen;
use crate::side::Side;
use crate::sink::Sink;

impl Channel {
    /// Returns the final facts, if they are to be reported. No more bytes come.
    pub fn finish<S: Sink>(mut self, below: &Below<'_>, context: &mut Context<'_, S>) -> Option<Box<Facts>> {
        if !self.is_over() {
            Side::BOTH.into_iter().for_each(|side| self.layers.end_frames(side, false, context));
        }
        self.layers.facts.keep_previews(&context.scratch.frames.previews);
        let Self { layers, over_since, last, .. } = self;
        let Layers { application, facts, swapped, .. } = layers;
        facts.is_reportable().then(|| conclude(facts, &application, (swapped, over_since.is_some(), last), below))
    }

    /// Returns the facts as if no more bytes came; `None` if there is nothing to report.
    pub fn facts_so_far(&self, below: &Below<'_>) -> Option<Box<Facts>> {
        let Layers { application, facts, swapped, .. } = &self.layers;
        let ended = (*swapped, self.is_over(), self.last);
        facts.is_reportable().then(|| conclude(facts.clone(), application, ended, below))
    }
}

/// Adds to the facts what is known of them once no more bytes come.
fn conclude(
    mut facts: Box<Facts>,
    application: &Application,
    (swapped, is_over, last): (bool, bool, Seen),
    below: &Below<'_>,
) -> Box<Facts> {
    let tcp = in_place(swapped, Box::new(below.tcp.clone()));
    facts.last = if is_over { last } else { below.last.max(last) };
    facts.tcp = Some(tcp);
    facts.rare.session = below.session.map(|session| Box::new(session.clone()));
    facts.followed_to_end = below.followed_to_end && !is_over;
    application.stop(&mut facts);
    facts
}
