//! The role of an event in the end of its connection.

use crate::event::{EndKind, Event, What};
use crate::facts::Facts;
use crate::side::{PerSide, Side};
use crate::{http, ws};

/// The role of an event in an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Begins,
    Completes,
}

/// Returns the role of an event in the end of its connection; `None` if it has none.
pub(super) fn step(facts: &Facts, event: &Event<'_>, fins: PerSide<bool>) -> Option<Step> {
    let by_both =
        |has: &dyn Fn(Side) -> bool| Some(if Side::BOTH.into_iter().all(has) { Step::Completes } else { Step::Begins });
    match event.what {
        What::Ws(ws::Event::Close(_)) => by_both(&|side| facts.closes.iter().any(|close| close.side == side)),
        What::End { kind: EndKind::CloseNotify, .. } => Some(Step::Begins),
        What::End { kind: EndKind::Fin | EndKind::EndStream, .. } => by_both(&|side| fins[side]),
        What::End { kind: EndKind::Reset | EndKind::StreamReset(_) | EndKind::Alert(_), .. } | What::Tls(_) => {
            Some(Step::Completes)
        }
        What::Http(http::Event::Response(response)) => {
            (!response.accepts(facts.rare.http2.is_some())).then_some(Step::Begins)
        }
        What::Http(http::Event::NotHttp { .. }) | What::NotTls { .. } => Some(Step::Begins),
        What::Http(_) | What::Ws(_) | What::Joined => None,
    }
}

/// Returns whether an event expects an answer.
pub(super) fn waits(event: &Event<'_>) -> bool {
    matches!(event.what, What::Http(http::Event::Request(_)) | What::Ws(ws::Event::Ping { .. }))
}
