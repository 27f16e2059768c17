//! The report on a terminal: tables by comfy-table, within a width, with or without colour.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ContentArrangement, LineStyle, presets};
use unicode_width::UnicodeWidthStr;

use super::wrap::{Breaking, lines, words};
use super::{columns, sanitized};
use crate::report::document::{Annex, Block, Item, ItemKind, Table, Tone};

/// The width from which every column of the table is shown separately.
const WIDE: u16 = 132;

/// The indentation of labels.
const INDENT: usize = 2;

/// Columns between a label and its text.
const GAP: &str = "  ";

/// Columns beside the text of a cell.
const PADDING: usize = 2;

/// Columns between two cells, in place of a border.
const BORDER: usize = 1;

/// The options of the output.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to use colours.
    pub color: bool,
}

/// Writes a document.
pub fn render(blocks: &[Block], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut between = "";
    for block in blocks {
        write!(out, "{between}")?;
        match block {
            Block::Headline(text) => paragraph(text, look, Style::new().bold(), out)?,
            Block::Captured(text) | Block::Remark(text) => paragraph(text, look, Style::new().dimmed(), out)?,
            Block::Causes(table) | Block::Table(table) => writeln!(out, "{}", connections(table, look))?,
            Block::Section(title, items) => section(title, items, look, out)?,
            Block::Annex(annex) => beside(annex, look, out)?,
        }
        between = "\n";
    }
    Ok(())
}

fn paragraph(text: &str, look: Look, style: Style, out: &mut dyn Write) -> io::Result<()> {
    lines(&sanitized(text), usize::from(look.width)).iter().try_for_each(|line| styled(line, style, look, out))
}

fn styled(line: &str, style: Style, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if look.color { writeln!(out, "{style}{line}{style:#}") } else { writeln!(out, "{line}") }
}

fn connections(table: &Table, look: Look) -> comfy_table::Table {
    let is_wide = look.width >= WIDE;
    let groups = if is_wide { vec![1; table.header.len()] } else { table.groups.clone() };
    let header = stacked(&table.header, &groups);
    let rows: Vec<_> = table.rows.iter().map(|row| (row.tone, stacked(&row.cells, &groups))).collect();
    let room = (usize::from(look.width) + BORDER).saturating_sub((PADDING + BORDER) * header.len());
    let all: Vec<_> = [&header].into_iter().chain(rows.iter().map(|(_, cells)| cells)).cloned().collect();
    let widths = columns::widths(&all, room);
    // Rows of several lines need a rule between them; single lines read better without.
    let is_ruled = all.iter().any(|cells| cells.iter().zip(&widths).any(|(text, width)| lines(text, *width).len() > 1));
    let mut drawn = comfy_table::Table::new();
    let style = presets::UTF8_HORIZONTAL_ONLY;
    drawn
        .load_style(if is_ruled { style } else { style.row_separator(LineStyle::none()) })
        .set_content_arrangement(ContentArrangement::Disabled);
    if look.color {
        drawn.enforce_styling();
    } else {
        drawn.force_no_tty();
    }
    let wrapped = |cells: Vec<String>| {
        let broken = cells.into_iter().zip(&widths).map(|(text, width)| lines(&text, *width).join("\n"));
        broken.collect::<Vec<_>>()
    };
    drawn.set_header(wrapped(header).into_iter().map(|text| Cell::new(text).add_attribute(Attribute::Bold)));
    for (tone, cells) in rows {
        let color = match tone {
            Tone::Good => Some(Color::Green),
            Tone::Neutral => None,
            Tone::Bad => Some(Color::Red),
        };
        let cells = wrapped(cells);
        let last = cells.len().saturating_sub(2);
        drawn.add_row(cells.into_iter().enumerate().map(|(at, text)| match color {
            Some(color) if at >= last => Cell::new(text).fg(color),
            _ => Cell::new(text),
        }));
    }
    drawn
}

/// Joins the cells of each group, one below the other.
fn stacked(cells: &[String], groups: &[usize]) -> Vec<String> {
    let mut cells = cells.iter().map(|cell| sanitized(cell));
    groups
        .iter()
        .map(|size| cells.by_ref().take(*size).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("\n"))
        .collect()
}

/// Writes a table of its own, under its heading.
fn beside(annex: &Annex, look: Look, out: &mut dyn Write) -> io::Result<()> {
    heading(&annex.title, look, out)?;
    paragraph(&annex.remark, look, Style::new().dimmed(), out)?;
    writeln!(out, "{}", connections(&annex.table, look))?;
    items(&annex.items, look, out)
}

fn heading(title: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    styled(&sanitized(title), Style::new().bold().fg_color(Some(AnsiColor::Cyan.into())), look, out)
}

fn section(title: &str, items: &[Item], look: Look, out: &mut dyn Write) -> io::Result<()> {
    heading(title, look, out)?;
    self::items(items, look, out)
}

fn items(items: &[Item], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let labels = items.iter().map(|item| item.label.width()).max().unwrap_or_default();
    let gap = if labels == 0 { "" } else { GAP };
    for item in items {
        let label =
            format!("{:INDENT$}{}{:fill$}{gap}", "", item.label, "", fill = labels.saturating_sub(item.label.width()));
        if item.kind == ItemKind::Code {
            // Not wrapped, since it is there to be copied.
            writeln!(out, "{label}{}", sanitized(&item.text))?;
        } else {
            let breaking = if item.kind == ItemKind::Link { words } else { lines };
            labelled(&label, &item.text, breaking, look, out)?;
        }
    }
    Ok(())
}

/// Writes a text beside its label, wrapped within its own column.
fn labelled(label: &str, text: &str, breaking: Breaking, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let indent = label.width();
    let mut beside = label;
    for line in breaking(&sanitized(text), usize::from(look.width).saturating_sub(indent)) {
        let fill = indent.saturating_sub(beside.width());
        writeln!(out, "{}", format!("{beside}{:fill$}{line}", "").trim_end())?;
        beside = "";
    }
    Ok(())
}
