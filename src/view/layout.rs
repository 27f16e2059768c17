//! The places of the panes on the screen.

use ratatui::layout::{Constraint, Layout, Rect};

use super::Pane;

/// The least columns and rows that the view needs.
pub(super) const LEAST: (u16, u16) = (60, 10);

/// The columns from which causes and servers stand beside the connections. With fewer, they take their place while they are
/// used.
const BESIDE: u16 = 100;

/// The share of the columns that causes and servers have, and the least of them.
const LEFT: (u16, u16) = (5, 28);

/// The places of the panes. Each has its title in its first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panes {
    pub header: Rect,
    pub causes: Option<Rect>,
    pub servers: Option<Rect>,
    pub connections: Option<Rect>,
    pub details: Rect,
    pub status: Rect,
}

impl Panes {
    /// Divides a screen; `upper` is the list that was used last. Returns `None` if the screen is too small.
    pub(super) fn new(screen: Rect, upper: Pane) -> Option<Self> {
        if screen.width < LEAST.0 || screen.height < LEAST.1 {
            return None;
        }
        let rows = [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)];
        let [header, main, status] = Layout::vertical(rows).areas(screen);
        let stacked = Layout::vertical([Constraint::Fill(9), Constraint::Fill(11)]);
        if screen.width < BESIDE {
            let [above, details] = stacked.areas(main);
            let of = |pane| (upper == pane).then_some(above);
            let (causes, servers) = (of(Pane::Causes), of(Pane::Servers));
            return Some(Self { header, causes, servers, connections: of(Pane::Connections), details, status });
        }
        let columns =
            Layout::horizontal([Constraint::Length((screen.width / LEFT.0).max(LEFT.1)), Constraint::Fill(1)])
                .spacing(1);
        let [left, right] = columns.areas(main);
        let [causes, servers] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(left);
        let [connections, details] = stacked.areas(right);
        let (causes, servers, connections) = (Some(causes), Some(servers), Some(connections));
        Some(Self { header, causes, servers, connections, details, status })
    }

    /// Returns the place of a pane, if it is on the screen.
    pub(super) fn of(&self, pane: Pane) -> Option<Rect> {
        match pane {
            Pane::Causes => self.causes,
            Pane::Servers => self.servers,
            Pane::Connections => self.connections,
            Pane::Details => Some(self.details),
        }
    }

    /// Returns the pane at a place of the screen, and the row in it.
    pub(super) fn at(&self, column: u16, row: u16) -> Option<(Pane, u16)> {
        let place = (column, row).into();
        let hit = |pane: &Pane| self.of(*pane).filter(|area| area.contains(place));
        let pane = Pane::ALL.into_iter().find(|pane| hit(pane).is_some())?;
        Some((pane, row - hit(&pane)?.y))
    }

    /// Returns the rows of a pane that scroll.
    pub(super) fn height(&self, pane: Pane) -> usize {
        let rows = self.of(pane).map_or(0, |area| area.height);
        usize::from(rows.saturating_sub(pane.fixed_rows()))
    }
}

impl Pane {
    /// Returns the number of rows above those that scroll: the title, and the headings of columns.
    pub(super) const fn fixed_rows(self) -> u16 {
        if matches!(self, Self::Connections) { 2 } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_cover_the_screen_and_never_each_other() {
        for (width, height) in [(60, 10), (80, 24), (99, 50), (100, 10), (160, 50), (500, 200)] {
            let screen = Rect::new(0, 0, width, height);
            let panes = Panes::new(screen, Pane::Connections).unwrap();
            let areas: Vec<_> = Pane::ALL.into_iter().filter_map(|pane| panes.of(pane)).collect();
            for (at, area) in areas.iter().enumerate() {
                assert!(screen.contains(area.as_position()) && area.height >= 3, "{width}×{height}: {area:?}");
                assert!(areas.iter().skip(at + 1).all(|other| !area.intersects(*other)), "{width}×{height}");
            }
            assert_eq!(areas.len(), if width < BESIDE { 2 } else { 4 });
        }
        assert_eq!(Panes::new(Rect::new(0, 0, 59, 24), Pane::Connections), None);
        assert_eq!(Panes::new(Rect::new(0, 0, 60, 9), Pane::Connections), None);
    }
}
