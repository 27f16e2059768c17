//! What is known of the marked connection, in tabs.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::look::Look;
use super::text::width;
use super::{bytes, timeline, titled};
use crate::report::document::{self, Block, Item};
use crate::report::phrase;
use crate::view::popup::lines;
use crate::view::state::State;
use crate::view::{Pane, Tab};

/// What separates two tabs.
const BETWEEN: &str = " · ";

/// Draws the tabs, and below them the one that is chosen.
pub(super) fn draw(state: &State, look: Look, area: Rect, frame: &mut Frame<'_>) {
    let has_focus = state.focus == Pane::Details;
    let mut spans = vec![Span::raw(" ")];
    for (at, (tab, label)) in labels(state).into_iter().enumerate() {
        spans.push(Span::raw(if at == 0 { "" } else { BETWEEN }));
        spans.push(Span::styled(label, if tab == state.tab { look.marked(true) } else { look.dim() }));
    }
    spans.push(Span::raw(" "));
    let inner = titled(Line::from(spans), has_focus, look, area, frame);
    let visible = state.details().into_iter().skip(state.scroll).take(inner.height.into());
    frame.render_widget(Paragraph::new(visible.collect::<Vec<_>>()), inner);
}

/// Returns the tabs with their labels.
fn labels(state: &State) -> Vec<(Tab, String)> {
    let label = |(number, tab): (usize, Tab)| (tab, format!("{number} {}", state.word(tab.word(), &[])));
    (1..).zip(Tab::ALL).map(label).collect()
}

/// Returns the tab whose label is at a column of the pane.
pub(in crate::view) fn tab_at(column: u16, state: &State) -> Option<Tab> {
    let mut end = 1;
    let of = |(tab, label): (Tab, String)| {
        let begin = end;
        end = begin + width(&label) + width(BETWEEN);
        (begin..end).contains(&usize::from(column)).then_some(tab)
    };
    labels(state).into_iter().find_map(of)
}

impl State {
    /// Returns the lines of the tab that is shown.
    pub(in crate::view) fn details(&self) -> Vec<Line<'static>> {
        let (Some(connection), Some(panes)) = (self.marked(), self.panes()) else { return Vec::new() };
        let (language, codes) = (self.language(), &*self.contents.report.codes);
        let (look, width) = (Look { color: self.options.color }, panes.details.width);
        let prose = |items: Vec<Item>| {
            let title = phrase::word("connection", &[("id", &connection.id.to_string())], language);
            let title =
                format!("{}  {} → {}", title.trim_end_matches([':', ' ']), connection.client, connection.server);
            let text = lines(&[Block::Section(title, items)], width);
            text.iter().map(|line| look.prose(line)).collect()
        };
        match self.tab {
            Tab::Why => match self.still_open(connection) {
                Some(open) => prose(document::why(&open, codes, language)),
                None => prose(document::why(connection, codes, language)),
            },
            Tab::Timeline => timeline::lines(self, connection, look, width),
            Tab::Bytes => bytes::lines(self, connection, look, width),
            Tab::Others => prose(document::others(connection, codes, language)),
        }
    }
}
