//! The mouse: it marks rows, chooses tabs, and scrolls what is below it.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::Pane;
use super::cursor::Step;
use super::draw::tab_at;
use super::state::{Mode, State};

/// The rows that a turn of the wheel scrolls.
const WHEEL: usize = 3;

impl State {
    /// Takes an event of the mouse.
    pub(super) fn point(&mut self, mouse: &MouseEvent) {
        let step = match mouse.kind {
            MouseEventKind::ScrollUp => Some(Step::Up(WHEEL)),
            MouseEventKind::ScrollDown => Some(Step::Down(WHEEL)),
            MouseEventKind::Down(MouseButton::Left) => None,
            _ => return,
        };
        if !matches!(self.mode, Mode::Browse) {
            return;
        }
        let Some((panes, (pane, row))) =
            self.panes().and_then(|panes| Some((panes, panes.at(mouse.column, mouse.row)?)))
        else {
            return;
        };
        if let Some(step) = step {
            return self.go(pane, step);
        }
        self.focus(pane);
        let below = row.checked_sub(pane.fixed_rows()).map(usize::from);
        let marked = match (pane, below) {
            (Pane::Details, None) => {
                let column = mouse.column.saturating_sub(panes.details.x);
                return tab_at(column, self).into_iter().for_each(|tab| self.show(tab));
            }
            (Pane::Details, _) | (_, None) => return,
            (Pane::Causes, Some(row)) => self.causes.top + row,
            (Pane::Servers, Some(row)) => self.servers.top + row,
            (Pane::Connections, Some(row)) => self.rows.top + row,
        };
        self.go(pane, Step::First);
        self.go(pane, Step::Down(marked));
    }
}
