//! The last moments of a connection as a sequence diagram: arrows between the lifelines of the two ends.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::look::Look;
use super::text::{cut, fitted, width};
use crate::catalog::Language;
use crate::render::sanitized;
use crate::report::document::{self, Item};
use crate::report::phrase::word;
use crate::report::{Connection, Moment, What};
use crate::side::Side;
use crate::view::popup::plain;
use crate::view::state::State;

/// The columns of the times at least, and those between the parts of a line.
const TIME: usize = 8;
const GAP: usize = 2;

/// The most columns of an arrow.
const ARROW: usize = 72;

/// The widths of the parts of a line.
#[derive(Clone, Copy)]
struct Widths {
    time: usize,
    arrow: usize,
}

/// Returns the lines of the tab.
pub(super) fn lines(state: &State, connection: &Connection, look: Look, columns: u16) -> Vec<Line<'static>> {
    let language = state.language();
    let items = document::moments(connection, language);
    let moments = &connection.timeline;
    if moments.is_empty() {
        return plain(&state.word("no_timeline", &[]), columns).into_iter().map(Line::raw).collect();
    }
    let packet = |moment: &Moment| word("proof_one", &[("packets", &moment.packet.to_string())], language);
    let time = items.iter().map(|item| width(&item.label)).max().unwrap_or_default().max(TIME);
    let packets = moments.iter().map(|moment| width(&packet(moment))).max().unwrap_or_default();
    // The lifelines, and the sign of a proof.
    let beside = time + GAP + 2 + GAP + packets + 2;
    let arrow = usize::from(columns).saturating_sub(beside).clamp(12, ARROW);
    let widths = Widths { time, arrow };
    let mut lines = vec![ends(connection, widths, look, language)];
    // If moments were left out, there is one more item than moments.
    let omitted = if items.len() > moments.len() { items.iter().position(|item| item.label == "…") } else { None };
    let mut next = moments.iter();
    for (at, item) in items.iter().enumerate() {
        if Some(at) == omitted {
            let text = fitted(&format!(" {}", item.text), arrow);
            lines.push(Line::raw(format!("{}{:GAP$}│{text}│", fitted(&item.label, time), "")));
        } else if let Some(moment) = next.next() {
            let is_proof = connection.verdict.packets.contains(&moment.packet);
            let mut what = document::what(moment, language);
            if let Some(preview) = &moment.preview {
                what = format!("{what} {}", word("quoted", &[("text", preview)], language));
            }
            lines.push(rung(moment, item, &what, (&packet(moment), is_proof), widths, look));
        }
    }
    lines
}

/// Returns the line with the names of both ends above their lifelines.
fn ends(connection: &Connection, widths: Widths, look: Look, language: Language) -> Line<'static> {
    let room = widths.arrow + 2;
    // With little room, the place of the address says which side it is.
    let name = |side: &str, address: &str| {
        let whole = format!("{} {}", word(side, &[], language), sanitized(address));
        let half = room / 2 - 1;
        if width(&whole) <= half { whole } else { cut(&sanitized(address), half) }
    };
    let (client, server) = (name("client", &connection.client), name("server", &connection.server));
    let between = room.saturating_sub(width(&client) + width(&server));
    Line::styled(format!("{:fill$}{client}{:between$}{server}", "", "", fill = widths.time + GAP), look.strong())
}

/// Returns a moment: its time, the arrow from the side that acted, and the packet; a proof is marked.
fn rung(
    moment: &Moment,
    item: &Item,
    what: &str,
    (packet, is_proof): (&str, bool),
    widths: Widths,
    look: Look,
) -> Line<'static> {
    let shaft = if matches!(moment.what, What::Fin | What::CloseNotify) { "╌" } else { "─" };
    let has_head = !matches!(moment.what, What::Reset | What::Gap);
    let text = cut(&format!(" {} ", sanitized(what)), widths.arrow - 4);
    let rest = widths.arrow - 1 - width(&text);
    let (before, behind) = (shaft.repeat(rest / 2), shaft.repeat(rest - rest / 2));
    let arrow = match moment.side {
        Side::Client => format!("{before}{text}{behind}{}", if has_head { "▶" } else { "✗" }),
        Side::Server => format!("{}{before}{text}{behind}", if has_head { "◀" } else { "✗" }),
    };
    let style = if is_proof { look.proof() } else { Style::new() };
    let sign = if is_proof { " ◆" } else { "" };
    Line::from(vec![
        Span::raw(format!("{}{:GAP$}│", fitted(&item.label, widths.time), "")),
        Span::styled(arrow, style),
        Span::raw(format!("│{:GAP$}{packet}", "")),
        Span::styled(sign, style),
    ])
}
