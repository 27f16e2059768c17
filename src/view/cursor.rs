//! A position in a list, and the part of the list that is on the screen.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The row that is marked, and the first one that is visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub at: usize,
    pub top: usize,
}

/// A movement in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Up(usize),
    Down(usize),
    First,
    Last,
}

impl Step {
    /// Returns the movement that a key stands for in a pane of `height` rows.
    pub(super) fn of(key: &KeyEvent, height: usize) -> Option<Self> {
        let half = (height / 2).max(1);
        Some(match key.code {
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => Self::Up(half),
            KeyCode::Char('d') if key.modifiers.contains(KeyModifiers::CONTROL) => Self::Down(half),
            _ if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => return None,
            KeyCode::Up | KeyCode::Char('k') => Self::Up(1),
            KeyCode::Down | KeyCode::Char('j') => Self::Down(1),
            KeyCode::PageUp => Self::Up(height.max(1)),
            KeyCode::PageDown => Self::Down(height.max(1)),
            KeyCode::Home | KeyCode::Char('g') => Self::First,
            KeyCode::End | KeyCode::Char('G') => Self::Last,
            _ => return None,
        })
    }

    /// Returns where the movement leads from `at`, if the last place is `last`.
    pub(super) fn from(self, at: usize, last: usize) -> usize {
        match self {
            Self::Up(rows) => at.saturating_sub(rows),
            Self::Down(rows) => at.saturating_add(rows).min(last),
            Self::First => 0,
            Self::Last => last,
        }
    }
}

impl Cursor {
    /// Moves in a list of `count` rows, of which `height` are visible.
    pub(super) fn go(&mut self, step: Step, count: usize, height: usize) {
        self.put(step.from(self.at, count.saturating_sub(1)), count, height);
    }

    /// Marks a row, or the last one if there are fewer, and scrolls as little as shows it.
    pub(super) fn put(&mut self, at: usize, count: usize, height: usize) {
        self.at = at.min(count.saturating_sub(1));
        let most = count.saturating_sub(height);
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height)).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marked_row_stays_visible() {
        let mut cursor = Cursor::default();
        let mut after = |step| {
            cursor.go(step, 100, 10);
            (cursor.at, cursor.top)
        };
        assert_eq!(after(Step::Down(9)), (9, 0));
        assert_eq!(after(Step::Down(1)), (10, 1));
        assert_eq!(after(Step::Up(5)), (5, 1));
        assert_eq!(after(Step::Last), (99, 90));
        assert_eq!(after(Step::Up(10)), (89, 89));
        assert_eq!(after(Step::First), (0, 0));
        cursor.put(50, 3, 10);
        assert_eq!(cursor, Cursor { at: 2, top: 0 });
        cursor.put(0, 0, 10);
        assert_eq!(cursor, Cursor::default());
    }
}
