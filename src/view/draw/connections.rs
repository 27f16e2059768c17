//! The list of connections: as many columns as there is room for, and the rows that are visible.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::look::Look;
use super::text::{fitted, width};
use super::titled;
use crate::diagnose::Confidence;
use crate::render::sanitized;
use crate::report::Connection;
use crate::report::document::{self, CLOSED_BY, COLUMNS, Clock, HOW, Tone, WHY, confidence};
use crate::report::phrase::number;
use crate::view::Pane;
use crate::view::layout::Panes;
use crate::view::popup::plain;
use crate::view::state::State;

/// The columns between two cells.
const GAP: usize = 2;

/// The column of the mark.
const MARK: usize = 2;

/// The most columns of a pair of endpoints: what two of IPv4 need.
const ENDS: usize = 45;

/// The place of the confidence, behind the cells of a row of the report.
const CONFIDENCE: usize = COLUMNS.len();

/// A column of the list.
#[derive(Clone, Copy, Debug)]
struct Column {
    /// Its place among the cells of a row of the report.
    cell: usize,
    /// Its place among the columns on the screen.
    place: usize,
    /// The columns that it needs, and those beyond which it needs no more.
    least: usize,
    most: usize,
}

/// Draws the list, if it is on the screen.
pub(super) fn draw(state: &State, look: Look, panes: &Panes, frame: &mut Frame<'_>) {
    let Some(area) = panes.connections else { return };
    let has_focus = state.focus == Pane::Connections;
    let inner = titled(title(state), has_focus, look, area, frame);
    let [head, body] = [Rect { height: 1, ..inner }, Rect { y: inner.y + 1, height: inner.height - 1, ..inner }];
    if state.list.shown.is_empty() {
        let name = if state.contents.report.connections.is_empty() { "none" } else { "none_fits" };
        let text = match name {
            "none" if state.live.is_some() => state.word("none_yet", &[]),
            "none" if state.is_reading() => String::new(),
            "none" if !state.contents.report.encrypted.is_empty() => state.word("none_read", &[]),
            _ => state.word(name, &[]),
        };
        let lines =
            plain(&text, body.width - MARK as u16).into_iter().map(|line| Line::raw(format!("{:MARK$}{line}", "")));
        return frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), body);
    }
    let clock = state.contents.report.clock().with(state.contents.precision);
    let columns = columns(state, clock, usize::from(inner.width).saturating_sub(MARK));
    let header = header(state, clock);
    let cell = |column: &(Column, usize), cells: &[String]| {
        let text = cells.get(column.0.cell).map_or("", String::as_str);
        fitted(text, column.1)
    };
    let gap = " ".repeat(GAP);
    let line = |cells: &[String]| columns.iter().map(|column| cell(column, cells)).collect::<Vec<_>>().join(&gap);
    frame.render_widget(Line::styled(format!("{:MARK$}{}", "", line(&header)), look.strong()), head);
    let visible = state.list.shown.iter().enumerate().skip(state.rows.top).take(body.height.into());
    let rows = visible.filter_map(|(at, place)| {
        let connection = state.contents.connection(*place)?;
        let is_marked = at == state.rows.at;
        let (tone, cells) = cells(state, connection, clock);
        let mark = if is_marked { "▸ " } else { "  " };
        let spans = columns.iter().enumerate().flat_map(|(at, column)| {
            let is_verdict = matches!(column.0.cell, HOW | WHY);
            let style = if is_verdict { look.tone(tone) } else { Default::default() };
            let gap = Span::raw(if at == 0 { "" } else { &*gap });
            [gap, Span::styled(cell(column, &cells), style)]
        });
        let line = Line::from([Span::raw(mark)].into_iter().chain(spans).map(owned).collect::<Vec<_>>());
        Some(if is_marked { line.patch_style(look.marked(has_focus)) } else { line })
    });
    frame.render_widget(Paragraph::new(rows.collect::<Vec<_>>()), body);
}

fn owned(span: Span<'_>) -> Span<'static> {
    Span::styled(span.content.into_owned(), span.style)
}

/// Returns the title: how many connections are shown, of how many, and in which order.
fn title(state: &State) -> Line<'static> {
    let count = |count: usize| number(count as u64, state.language());
    let (shown, all) = (state.list.shown.len(), state.contents.report.connections.len());
    let (order, is_reversed) = state.list.order();
    let arrow = if is_reversed { "↑" } else { "↓" };
    let name = if shown == all { "title_all" } else { "title_some" };
    let values =
        [("shown", &*count(shown)), ("all", &*count(all)), ("order", &*format!("{} {arrow}", state.word(order, &[])))];
    let mut title = state.word(name, &values);
    if !state.filter.is_empty() {
        title = format!("{title} · /{}", sanitized(&state.filter));
    }
    Line::raw(format!(" {title} "))
}

/// Returns the headings of all cells.
fn header(state: &State, clock: Clock<'_>) -> Vec<String> {
    let own = state.word("column_confidence", &[]);
    document::header(clock, state.language()).into_iter().chain([own]).collect()
}

/// Returns the cells of a connection: those of its row in the report, and the confidence.
fn cells(state: &State, connection: &Connection, clock: Clock<'_>) -> (Tone, Vec<String>) {
    let language = state.language();
    let row = document::row(connection, &state.contents.report.codes, clock, language);
    let own = confidence(connection.verdict.confidence, language).to_owned();
    let mut cells: Vec<_> = row.cells.iter().map(|cell| sanitized(cell)).chain([own]).collect();
    if let Some(waiting) = state.waiting(connection) {
        for (at, text) in [HOW, WHY].into_iter().zip(waiting) {
            cells.get_mut(at).into_iter().for_each(|cell| cell.clone_from(&text));
        }
    }
    if let Some(id) = cells.first_mut().filter(|_| state.is_reading()) {
        // The report gives other numbers.
        id.insert(0, '~');
    }
    (row.tone, cells)
}

/// Chooses the columns that fit into `room`, the most telling ones first, and their widths.
fn columns(state: &State, clock: Clock<'_>, room: usize) -> Vec<(Column, usize)> {
    let language = state.language();
    let header = header(state, clock);
    let heading = |cell: usize| header.get(cell).map_or(0, |text| width(text));
    let widest = |words: &[String]| words.iter().map(|word| width(word)).max().unwrap_or_default();
    let connections = &state.contents.report.connections;
    let id = connections.len().to_string().len() + usize::from(state.is_reading());
    let time = connections.first().map_or(0, |first| width(&clock.write(&first.opened)));
    let sides = ["client", "server"].map(|side| crate::report::phrase::word(side, &[], language));
    let sure = [Confidence::Certain, Confidence::High, Confidence::Medium, Confidence::Low];
    let sure = sure.map(|one| confidence(one, language).to_owned());
    let place = |name: &str| COLUMNS.iter().position(|column| *column == name).unwrap_or_default();
    let (why, ends) =
        (state.contents.widest_cause, state.contents.widest_ends.clamp(heading(place("endpoints")), ENDS));
    let column = |cell: usize, place, least: usize, most: usize| Column { cell, place, least, most };
    let fixed = |cell: usize, place, least: usize| {
        let least = least.max(heading(cell));
        column(cell, place, least, least)
    };
    let by_rank = [
        column(place("id"), 0, id, id),
        column(WHY, 7, 16, why.clamp(16, 44)),
        column(HOW, 6, 11, 26),
        fixed(CLOSED_BY, 5, widest(&sides)),
        fixed(place("time"), 1, time),
        column(place("endpoints"), 3, ends, ends),
        fixed(CONFIDENCE, 8, widest(&sure)),
        column(place("request"), 4, 12, 60),
        fixed(place("lifetime"), 2, 12),
    ];
    let mut left = room;
    let mut chosen: Vec<(Column, usize)> = Vec::new();
    for (rank, column) in by_rank.into_iter().enumerate() {
        let needed = column.least + if rank == 0 { 0 } else { GAP };
        if needed > left {
            break;
        }
        left -= needed;
        chosen.push((column, column.least));
    }
    // The first ones are widened first.
    for (column, width) in &mut chosen {
        let more = left.min(column.most.saturating_sub(*width));
        *width += more;
        left -= more;
    }
    chosen.sort_by_key(|(column, _)| column.place);
    chosen
}
