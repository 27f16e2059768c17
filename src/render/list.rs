//! A line for each connection, to be searched with grep.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::sanitized;
use crate::report::document::{Row, Tone};

/// Writes a line for each row: its cells, with two spaces between them. With `color`, the line of an abnormal end is red, and
/// that of a normal one green.
pub fn render(rows: &[Row], color: bool, out: &mut dyn Write) -> io::Result<()> {
    for Row { tone, cells } in rows {
        let line = sanitized(&cells.join("  "));
        let painted = match tone {
            Tone::Good => Some(AnsiColor::Green),
            Tone::Bad => Some(AnsiColor::Red),
            _ => None,
        };
        let style = Style::new().fg_color(painted.filter(|_| color).map(Into::into));
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}
