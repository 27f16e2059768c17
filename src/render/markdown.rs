//! A document as Markdown (GitHub's, with tables), to be pasted into a ticket.

use std::io::{self, Write};

use super::harmless;
use crate::report::document::{Block, Item, ItemKind, Table};

/// Writes a document.
pub fn render(blocks: &[Block], out: &mut dyn Write) -> io::Result<()> {
    let mut between = "";
    for block in blocks {
        write!(out, "{between}")?;
        match block {
            Block::Headline(text) => writeln!(out, "**{}**", escaped(text))?,
            Block::Remark(text) => writeln!(out, "{}", escaped(text))?,
            Block::Table(table) => rows(table, out)?,
            Block::Section(title, items) => section(title, items, out)?,
        }
        between = "\n";
    }
    Ok(())
}

fn rows(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let row =
        |cells: &[String]| format!("| {} |", cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join(" | "));
    writeln!(out, "{}", row(&table.header))?;
    writeln!(out, "|{}", "---|".repeat(table.header.len()))?;
    table.rows.iter().try_for_each(|cells| writeln!(out, "{}", row(&cells.cells)))
}

fn section(title: &str, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### {}\n", escaped(title))?;
    for item in items {
        let text = if item.kind == ItemKind::Code { code(&item.text) } else { escaped(&item.text) };
        match &*item.label {
            "" => writeln!(out, "- {text}")?,
            label => writeln!(out, "- **{}**: {text}", escaped(label))?,
        }
    }
    Ok(())
}

/// Text in which nothing means anything to Markdown, on one line.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    for character in harmless(text).chars() {
        match character {
            // HTML is not always switched off, and entities never are.
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' | '!' => safe.extend(['\\', character]),
            _ => safe.push(character),
        }
    }
    // What would begin a list or a line under a heading.
    match safe.strip_prefix(['-', '+', '=']) {
        Some(_) => format!("\\{safe}"),
        None => safe,
    }
}

/// Text to be copied, between more backticks than it has in a row.
fn code(text: &str) -> String {
    let text = harmless(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_wire_means_anything() {
        assert_eq!(escaped("a|b <i>*x*</i> [y](z)\n# h"), r"a\|b &lt;i&gt;\*x\*&lt;/i&gt; \[y\](z)\\n\# h");
        assert_eq!(escaped("- x"), r"\- x");
        assert_eq!(code("a `` b"), "```a `` b```");
        assert_eq!(code("`"), "`` ` ``");
    }
}
