//! Colours and emphasis. Without colour, everything that matters is told by emphasis and signs.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

use crate::report::document::Tone;

/// The appearance of texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub color: bool,
}

impl Look {
    fn of(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    pub(super) const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) const fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Returns the style of the pane that has the focus.
    pub(super) fn focus(self) -> Style {
        self.of(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub(super) fn bad(self) -> Style {
        self.of(Color::Red)
    }

    pub(super) fn good(self) -> Style {
        self.of(Color::Green)
    }

    pub(super) fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Good => self.good(),
            Tone::Neutral => Style::new(),
            Tone::Bad => self.bad(),
        }
    }

    /// Returns the style of what proves the verdict.
    pub(super) fn proof(self) -> Style {
        self.bad().add_modifier(Modifier::BOLD)
    }

    /// Returns the style of the byte at fault.
    pub(super) fn fault(self) -> Style {
        self.bad().add_modifier(Modifier::BOLD.union(Modifier::REVERSED))
    }

    /// Returns the style of the marked row: reversed in the pane that has the focus.
    pub(super) const fn marked(self, has_focus: bool) -> Style {
        let modifier = if has_focus { Modifier::REVERSED } else { Modifier::BOLD };
        Style::new().add_modifier(modifier)
    }

    /// Returns a line of a document: those that are not indented are headings.
    pub(super) fn prose(self, line: &str) -> Line<'static> {
        let style = if line.starts_with(' ') || line.is_empty() { Style::new() } else { self.focus() };
        Line::styled(line.to_owned(), style)
    }
}
