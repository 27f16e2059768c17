//! Reports as marked-up text to be pasted into a ticket: Markdown for GitHub and GitLab, or Jira's wiki markup.

mod github;
mod jira;
mod mermaid;
mod ticket;

use std::io::{self, Write};

pub use ticket::{Request, ticket};

use crate::catalog::Language;
use crate::report::Connection;
use crate::report::document::{self, Block, Item, ItemKind, Row, Table};

/// A markup language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// GitHub Flavored Markdown, which GitLab accepts, too.
    #[default]
    Github,
    /// Jira's wiki markup.
    Jira,
}

/// Writes a document as Markdown.
pub fn render(blocks: &[Block], out: &mut dyn Write) -> io::Result<()> {
    Flavor::Github.blocks(blocks, out)
}

impl Flavor {
    fn blocks(self, blocks: &[Block], out: &mut dyn Write) -> io::Result<()> {
        let mut between = "";
        for block in blocks {
            write!(out, "{between}")?;
            match block {
                Block::Headline(text) => writeln!(out, "{}", self.strong(&self.escaped(text)))?,
                Block::Captured(text) | Block::Numbers(text) | Block::Remark(text) => {
                    writeln!(out, "{}", self.escaped(text))?
                }
                Block::Causes(table) | Block::Table(table) => self.table(table, out)?,
                Block::Section(title, items) => {
                    writeln!(out, "{}\n", self.heading(title))?;
                    self.items(items, out)?;
                }
                Block::Annex(annex) => {
                    writeln!(out, "{}\n\n{}\n", self.heading(&annex.title), self.escaped(&annex.remark))?;
                    self.table(&annex.table, out)?;
                    if !annex.items.is_empty() {
                        writeln!(out)?;
                        self.items(&annex.items, out)?;
                    }
                }
            }
            between = "\n";
        }
        Ok(())
    }

    fn items(self, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
        items.iter().try_for_each(|item| {
            let text = match item.kind {
                ItemKind::Code => self.code(&item.text),
                ItemKind::Link => self.linked(&item.text),
                ItemKind::Reference | ItemKind::Fact | ItemKind::Advice => self.escaped(&item.text),
            };
            let mark = self.bullet();
            match &*item.label {
                "" => writeln!(out, "{mark} {text}"),
                label => writeln!(out, "{mark} {}: {text}", self.strong(&self.escaped(label))),
            }
        })
    }

    /// Escapes a text, and turns addresses into links.
    fn linked(self, text: &str) -> String {
        let is_address = |word: &&str| {
            word.starts_with("https://")
                && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>|{}[]".contains(&byte))
        };
        let words = text.split(' ').map(|word| match self {
            Self::Github if is_address(&word) => format!("<{word}>"),
            Self::Jira if is_address(&word) => format!("[{word}]"),
            _ => self.escaped(word),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn table(self, table: &Table, out: &mut dyn Write) -> io::Result<()> {
        let cells = |cells: &[String]| cells.iter().map(|cell| self.cell(cell)).collect::<Vec<_>>();
        let header = cells(&table.header);
        match self {
            Self::Github => {
                writeln!(out, "| {} |", header.join(" | "))?;
                writeln!(out, "|{}", "---|".repeat(header.len()))?;
            }
            Self::Jira => writeln!(out, "|| {} ||", header.join(" || "))?,
        }
        table.rows.iter().try_for_each(|Row { cells: row, .. }| writeln!(out, "| {} |", cells(row).join(" | ")))
    }

    /// Escapes a cell. Jira would take an empty cell for a heading, so it becomes a space.
    fn cell(self, text: &str) -> String {
        let text = self.escaped(text);
        if self == Self::Jira && text.is_empty() { " ".to_owned() } else { text }
    }

    fn heading(self, title: &str) -> String {
        let title = self.escaped(title);
        match self {
            Self::Github => format!("### {title}"),
            Self::Jira => format!("h3. {title}"),
        }
    }

    const fn bullet(self) -> &'static str {
        match self {
            Self::Github => "-",
            Self::Jira => "*",
        }
    }

    fn strong(self, escaped: &str) -> String {
        match self {
            Self::Github => format!("**{escaped}**"),
            Self::Jira => format!("*{escaped}*"),
        }
    }

    fn escaped(self, text: &str) -> String {
        match self {
            Self::Github => github::escaped(text),
            Self::Jira => jira::escaped(text),
        }
    }

    /// Marks a text as code, to be copied.
    fn code(self, text: &str) -> String {
        match self {
            Self::Github => github::code(text),
            Self::Jira => format!("{{{{{}}}}}", jira::escaped(text)),
        }
    }

    /// Writes the last moments of a connection: as a diagram where the tracker draws one.
    fn timeline(self, connection: &Connection, language: Language) -> String {
        if self == Self::Github {
            return mermaid::diagram(connection, language);
        }
        let moments = document::moments(connection, language);
        let width = moments.iter().map(|item| item.label.chars().count()).max().unwrap_or_default();
        let lines: Vec<_> = moments.iter().map(|item| format!("{:>width$}  {}", item.label, item.text)).collect();
        jira::fenced(&lines)
    }
}
