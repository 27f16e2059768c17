//! The timelines of connections, one line for each moment.

use std::time::Duration;

use super::{Block, Item, ItemKind, Writer};
use crate::catalog::Language;
use crate::report::Connection;
use crate::report::phrase;
use crate::report::timeline::{Moment, What};

impl Writer<'_> {
    /// Returns a section for each of the first connections.
    pub(super) fn timelines(&self, shown: &[&Connection]) -> Vec<Block> {
        let section = |connection: &&Connection| {
            let title = self.fill("section_timeline", &[("id", &connection.id.to_string())]);
            Block::Section(title, self.timeline(connection))
        };
        shown.iter().take(self.extent.timelines).map(section).collect()
    }

    pub(super) fn timeline(&self, connection: &Connection) -> Vec<Item> {
        let is_frame = |moment: &&Moment| moment.size.is_some() || moment.what == What::Close;
        let shown = connection.timeline.iter().filter(is_frame).count() as u64;
        let frames = connection.traffic.client.frames + connection.traffic.server.frames;
        let mut items: Vec<_> = connection.timeline.iter().map(|moment| self.moment(moment)).collect();
        if frames > shown {
            // The item goes after the opening handshake. Fragments are counted one by one.
            let opening = |moment: &Moment| matches!(moment.what, What::Request | What::Response);
            let at = connection.timeline.iter().take_while(|moment| opening(moment)).count();
            let earlier = phrase::counted("timeline_earlier", frames - shown, &[], self.language);
            items.insert(at, Item { label: "…".to_owned(), text: earlier, kind: ItemKind::Fact });
        }
        items
    }

    fn moment(&self, moment: &Moment) -> Item {
        let what = what(moment, self.language);
        let preview = moment
            .preview
            .as_deref()
            .map(|text| phrase::word("quoted", &[("text", text)], self.language))
            .unwrap_or_default();
        let side = phrase::side_of(moment.side, self.language);
        let values =
            [("side", side), ("what", &*what), ("packet", &*moment.packet.to_string()), ("preview", &*preview)];
        let after = phrase::duration(Duration::from_secs_f64(moment.after.abs()), self.language);
        Item {
            label: format!("{}{after}", if moment.after < 0.0 { "−" } else { "+" }),
            text: self.fill("timeline_moment", &values).trim_end().to_owned(),
            kind: ItemKind::Fact,
        }
    }
}

/// Describes a moment in a few words.
pub fn what(moment: &Moment, language: Language) -> String {
    let size = moment.size.map_or_else(String::new, |size| phrase::bytes_of(size, language));
    let code = moment.code.map_or_else(String::new, |code| code.to_string());
    let what = match (moment.what, moment.code) {
        (What::Close, Some(_)) => "timeline_close_code",
        (What::Request, _) => "timeline_request",
        (What::Response, _) => "timeline_response",
        (What::Text, _) => "timeline_text",
        (What::Binary, _) => "timeline_binary",
        (What::Continuation, _) => "timeline_continuation",
        (What::Ping, _) => "timeline_ping",
        (What::Pong, _) => "timeline_pong",
        (What::Reserved, _) => "timeline_reserved",
        (What::Close, None) => "timeline_close",
        (What::Gap, _) => "timeline_gap",
        (What::Fin, _) => "timeline_fin",
        (What::Reset, _) => "timeline_reset",
        (What::CloseNotify, _) => "timeline_close_notify",
        (What::EndStream, _) => "timeline_end_stream",
        (What::StreamReset, _) => "timeline_stream_reset",
        (What::Alert, _) => "timeline_alert",
    };
    phrase::word(what, &[("size", &size), ("code", &code)], language)
}
