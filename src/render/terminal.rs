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

/// The width below which the cells of a row stand one below the other, if its columns do not fit without breaking words.
const NARROW: u16 = 80;

/// The width below which texts stand below their labels, and not beside them.
const SLIM: u16 = 60;

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
            Block::Captured(text) | Block::Numbers(text) | Block::Remark(text) => {
                paragraph(text, look, Style::new().dimmed(), out)?
            }
            Block::Causes(table) | Block::Table(table) => rows(table, look, out)?,
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

/// Writes a table; on a terminal that is too narrow for its words, each row as a list.
fn rows(table: &Table, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let is_wide = look.width >= WIDE;
    let groups = if is_wide { vec![1; table.header.len()] } else { table.groups.clone() };
    let header = stacked(&table.header, &groups);
    let rows = table.rows.iter().map(|row| stacked(&row.cells, &groups));
    let all: Vec<_> = std::iter::once(header).chain(rows).collect();
    let room = (usize::from(look.width) + BORDER).saturating_sub((PADDING + BORDER) * groups.len());
    if look.width < NARROW && !columns::fit(&all, room) {
        return lists(table, look, out);
    }
    writeln!(out, "{}", drawn(table, &all, &columns::widths(&all, room), look))
}

/// Draws the rows of a table, with its header as the first, in columns of these widths.
fn drawn(table: &Table, rows: &[Vec<String>], widths: &[usize], look: Look) -> comfy_table::Table {
    let wrapped = |cells: &Vec<String>| {
        let broken = cells.iter().zip(widths).map(|(text, width)| lines(text, *width).join("\n"));
        broken.collect::<Vec<_>>()
    };
    let mut rows = rows.iter().map(wrapped).collect::<Vec<_>>().into_iter();
    // Rows of several lines need a rule between them; single lines read better without.
    let is_ruled = rows.as_slice().iter().flatten().any(|text| text.contains('\n'));
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
    let header = rows.next().unwrap_or_default();
    drawn.set_header(header.into_iter().map(|text| Cell::new(text).add_attribute(Attribute::Bold)));
    for (row, cells) in table.rows.iter().zip(rows) {
        let color = match row.tone {
            Tone::Good => Some(Color::Green),
            Tone::Neutral => None,
            Tone::Bad => Some(Color::Red),
        };
        let last = cells.len().saturating_sub(2);
        drawn.add_row(cells.into_iter().enumerate().map(|(at, text)| match color {
            Some(color) if at >= last => Cell::new(text).fg(color),
            _ => Cell::new(text),
        }));
    }
    drawn
}

/// Writes each row as a list of its cells, each with the name of its column. The first cell is the heading.
fn lists(table: &Table, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut between = "";
    for row in &table.rows {
        write!(out, "{between}")?;
        let toned = match row.tone {
            Tone::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Tone::Neutral => Style::new(),
            Tone::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())),
        };
        let last = row.cells.len().saturating_sub(1);
        for (at, (name, cell)) in
            table.header.iter().zip(&row.cells).enumerate().filter(|(_, (_, cell))| !cell.is_empty())
        {
            let (indent, style) = match at {
                0 => (0, Style::new().bold()),
                _ if at == last => (INDENT, toned),
                _ => (INDENT, Style::new()),
            };
            let label = format!("{:indent$}{}", "", sanitized(name));
            below(&label, cell, lines, (look, style), out)?;
        }
        between = "\n";
    }
    Ok(())
}

/// Writes a text behind its label if there is room for both on a line, else below it.
fn below(
    label: &str,
    text: &str,
    breaking: Breaking,
    (look, style): (Look, Style),
    out: &mut dyn Write,
) -> io::Result<()> {
    let (text, width) = (sanitized(text), usize::from(look.width));
    let line = format!("{label}{GAP}{text}");
    if line.width() <= width && !text.contains('\n') {
        return styled(&line, style, look, out);
    }
    styled(label.trim_end(), style, look, out)?;
    let indent = label.width() - label.trim_start().width() + INDENT;
    let broken = breaking(&text, width.saturating_sub(indent));
    broken.iter().try_for_each(|line| styled(&format!("{:indent$}{line}", ""), style, look, out))
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
    rows(&annex.table, look, out)?;
    items(&annex.items, look, out)
}

fn heading(title: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    paragraph(title, look, Style::new().bold().fg_color(Some(AnsiColor::Cyan.into())), out)
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
        let breaking = if item.kind == ItemKind::Link { words } else { lines };
        if item.kind == ItemKind::Code {
            // Not wrapped, since it is there to be copied.
            let label =
                if look.width < SLIM { format!("{}\n{:INDENT$}{:INDENT$}", label.trim_end(), "", "") } else { label };
            writeln!(out, "{label}{}", sanitized(&item.text))?;
        } else if look.width < SLIM {
            below(label.trim_end(), &item.text, breaking, (look, Style::new()), out)?;
        } else {
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
