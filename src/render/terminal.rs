//! The report on a terminal: tables by comfy-table, within a width, with or without colour.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::harmless;
use crate::report::document::{Block, Item, ItemKind, Table, Tone};

/// From this width on every column of the table stands for itself.
const WIDE: u16 = 132;

/// Columns that labels are set off by.
const INDENT: usize = 2;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
}

/// Writes a document.
pub fn render(blocks: &[Block], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut between = "";
    for block in blocks {
        write!(out, "{between}")?;
        match block {
            Block::Headline(text) => paragraph(text, look, Style::new().bold(), out)?,
            Block::Remark(text) => paragraph(text, look, Style::new().dimmed(), out)?,
            Block::Table(table) => writeln!(out, "{}", connections(table, look))?,
            Block::Section(title, items) => section(title, items, look, out)?,
        }
        between = "\n";
    }
    Ok(())
}

fn paragraph(text: &str, look: Look, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING).set_width(look.width).set_content_arrangement(ContentArrangement::Dynamic);
    table.force_no_tty().add_row([Cell::new(harmless(text))]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
    }
    for line in table.lines() {
        styled(line.trim_end(), style, look, out)?;
    }
    Ok(())
}

fn styled(line: &str, style: Style, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if look.color { writeln!(out, "{style}{line}{style:#}") } else { writeln!(out, "{line}") }
}

fn connections(table: &Table, look: Look) -> comfy_table::Table {
    let is_wide = look.width >= WIDE;
    let groups = if is_wide { vec![1; table.header.len()] } else { table.groups.clone() };
    let mut drawn = comfy_table::Table::new();
    // Stacked rows need a line between them; single ones read better without.
    let style = presets::UTF8_HORIZONTAL_ONLY;
    drawn
        .load_style(if is_wide { style.row_separator(LineStyle::none()) } else { style })
        .set_width(look.width)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if look.color {
        drawn.enforce_styling();
    } else {
        drawn.force_no_tty();
    }
    drawn.set_header(
        stacked(&table.header, &groups).into_iter().map(|text| Cell::new(text).add_attribute(Attribute::Bold)),
    );
    for row in &table.rows {
        let color = match row.tone {
            Tone::Good => Some(Color::Green),
            Tone::Neutral => None,
            Tone::Bad => Some(Color::Red),
        };
        let cells = stacked(&row.cells, &groups);
        let last = cells.len().saturating_sub(2);
        drawn.add_row(cells.into_iter().enumerate().map(|(at, text)| match color {
            Some(color) if at >= last => Cell::new(text).fg(color),
            _ => Cell::new(text),
        }));
    }
    drawn
}

/// The cells of each group, one below the other.
fn stacked(cells: &[String], groups: &[usize]) -> Vec<String> {
    let mut cells = cells.iter().map(|cell| harmless(cell));
    groups
        .iter()
        .map(|size| cells.by_ref().take(*size).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("\n"))
        .collect()
}

fn section(title: &str, items: &[Item], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let heading = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
    styled(&harmless(title), heading, look, out)?;
    let labels = items.iter().map(|item| item.label.width()).max().unwrap_or_default();
    for item in items {
        let label =
            format!("{:INDENT$}{}{:fill$}", "", item.label, "", fill = labels.saturating_sub(item.label.width()));
        if item.kind == ItemKind::Code {
            // Not wrapped: it is there to be copied.
            writeln!(out, "{label}  {}", harmless(&item.text))?;
        } else {
            labelled(&label, &item.text, look, out)?;
        }
    }
    Ok(())
}

/// A text beside its label, wrapped within its own column.
fn labelled(label: &str, text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let width = u16::try_from(label.width() + 2).unwrap_or(u16::MAX);
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING).set_width(look.width).set_content_arrangement(ContentArrangement::Dynamic);
    table.force_no_tty().add_row([Cell::new(label), Cell::new(harmless(text))]);
    table.set_constraints([ColumnConstraint::Absolute(Width::Fixed(width))]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
