//! The lists of causes and of servers, with the number of their connections.

use ratatui::Frame;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::look::Look;
use super::text::{cut, fitted, width};
use super::titled;
use crate::render::sanitized;
use crate::report::document::Tone;
use crate::report::phrase::number;
use crate::view::Pane;
use crate::view::layout::Panes;
use crate::view::popup::title;
use crate::view::state::State;

/// Draws a list, if it is on the screen.
pub(super) fn draw(state: &State, pane: Pane, look: Look, panes: &Panes, frame: &mut Frame<'_>) {
    let Some(area) = panes.of(pane) else { return };
    let (groups, counted, other, cursor) = match pane {
        Pane::Causes => (&state.contents.causes, &state.list.causes, &state.list.servers, state.causes),
        _ => (&state.contents.servers, &state.list.servers, &state.list.causes, state.servers),
    };
    let has_focus = state.focus == pane;
    let heading = Line::raw(format!(" {} ", state.word(title(pane), &[])));
    let inner = titled(heading, has_focus, look, area, frame);
    let all: usize = counted.iter().map(|one| one.count).sum();
    let digits = counted.iter().chain(other).map(|one| one.count).max().unwrap_or_default().max(all);
    let digits = width(&number(digits as u64, state.language()));
    let first = (state.word("all", &[]), all, Tone::Neutral);
    let named = counted.iter().map(|one| {
        let group = groups.names.get(one.group as usize);
        let (name, tone) = group.map_or(("", Tone::Neutral), |group| (&*group.name, group.tone));
        // The connections of a cause end alike, those of a server do not.
        let tone = if pane == Pane::Causes { tone } else { Tone::Neutral };
        (sanitized(name), one.count, tone)
    });
    let rows = [first].into_iter().chain(named).enumerate().skip(cursor.top).take(inner.height.into());
    let lines = rows.map(|(at, (name, count, tone))| {
        let is_marked = at == cursor.at;
        let mark = if is_marked { "▸" } else { " " };
        let count = number(count as u64, state.language());
        let beside = format!("{mark} {}{count}  ", " ".repeat(digits.saturating_sub(width(&count))));
        let room = usize::from(inner.width).saturating_sub(width(&beside));
        let name = if is_marked { fitted(&name, room) } else { cut(&name, room) };
        let line = Line::from(vec![Span::raw(beside), Span::styled(name, look.tone(tone))]);
        if is_marked { line.patch_style(look.marked(has_focus)) } else { line }
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
}
