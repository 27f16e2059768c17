//! The output of the report: standard output, or a file that is written completely or not at all.

mod distinct;
mod file;
mod spool;
mod tables;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use unicode_width::UnicodeWidthStr;
use whyclosed::error::Error;
use whyclosed::render::markdown::{self, Request};
use whyclosed::render::{self, csv, html, json, ndjson, terminal};
use whyclosed::report::document::{Block, document, is_limits, list};
use whyclosed::report::phrase;
use whyclosed::report::redact::Redactor;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Brief, Connection, Pending, Report};

pub use self::distinct::check;
#[cfg(all(feature = "live", unix))]
pub use self::file::can_write;
pub use self::file::to_file;
pub use self::spool::{Spool, Spooled, unspooled};
pub use self::tables::{Rows, check_format, files};
use crate::reporting::{ColorChoice, Format, Reporting};

/// The width without a terminal: for a report in a file or a ticket.
const DEFAULT_WIDTH: u16 = 100;

/// The least width at which a report can be laid out.
const LEAST_WIDTH: u16 = 32;

/// Writes the report in the chosen format. Returns whether it contains what `--fail-on` names.
pub fn write(reporting: &Reporting, mut report: Pending) -> Result<bool, Error> {
    // If the exit code depends on the report, judge everything first: the reader may close the pipe early. Connections in
    // another order must all be known, too.
    let selection = reporting.selection(report.report().start());
    if let Some(path) = reporting.tables.files() {
        to_file(path, |out| files(reporting, report.report(), out))?;
    }
    let is_of_files = reporting.tables.are_files();
    if is_of_files && !reporting.judges() {
        return emit(reporting, |out| files(reporting, report.report(), out)).map(|()| false);
    }
    let is_of_rows = !matches!(reporting.format(), Format::Terminal | Format::Markdown | Format::Html | Format::List);
    if !is_of_rows || is_of_files || reporting.judges() || !selection.is_in_order() {
        return write_judged(reporting, judged(report, &selection, reporting.format()));
    }
    if selection.is_narrow() {
        report.without_encrypted();
    }
    let wanted = |connection: &Connection| selection.matches(connection);
    emit(reporting, |out| match reporting.format() {
        Format::Ndjson => ndjson::render_pending(report, wanted, out),
        Format::Csv => csv::render_pending(report, wanted, out),
        Format::Arrow | Format::Parquet => tables::connections_pending(reporting, report, wanted, out),
        _ => json::render_pending(report, wanted, drop, drop, out).map(drop),
    })?;
    Ok(false)
}

/// Judges all connections. Of those of which a document shows only a row, no more than that is kept.
fn judged(report: Pending, selection: &Selection, format: Format) -> Report {
    if !matches!(format, Format::Terminal | Format::Markdown | Format::Html) {
        return report.finish();
    }
    let mut brief = Brief::new(selection);
    let report = report.for_each(|connection| brief.add(connection));
    Report { connections: brief.into_connections(), ..report }
}

fn write_judged(reporting: &Reporting, mut report: Report) -> Result<bool, Error> {
    report.times = reporting.time.clone();
    let fails = reporting.fails(&report);
    emit(reporting, |out| render(reporting, &mut report, out))?;
    Ok(fails)
}

/// Opens the output, and calls `render` with it.
pub fn emit(reporting: &Reporting, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    match reporting.output() {
        Some(path) => to_file(path, render),
        None if reporting.aside => to_stderr(render),
        None => to_stdout(render),
    }
}

/// Writes the report in the chosen format, for the chosen output.
pub fn render(reporting: &Reporting, report: &mut Report, out: &mut dyn Write) -> io::Result<()> {
    let selection = reporting.selection(report.start());
    let to_terminal = reporting.output().is_none() && is_terminal(reporting.aside);
    if reporting.tables.are_files() {
        return files(reporting, report, out);
    }
    match reporting.format() {
        Format::Json => {
            selection.narrow(report);
            json::render(report, out)
        }
        Format::Ndjson => {
            selection.narrow(report);
            ndjson::render(report, out)
        }
        Format::Html => html::render(report, &selection, reporting.texts.language(), out),
        Format::Markdown => {
            let request = Request {
                selection: &selection,
                command: &command(reporting),
                flavor: reporting.flavor(),
                most: reporting.max_chars(),
                language: reporting.texts.language(),
            };
            markdown::ticket(report, request, out)
        }
        Format::Csv => {
            selection.narrow(report);
            csv::render(report, out)
        }
        Format::Arrow | Format::Parquet => {
            selection.narrow(report);
            tables::connections(reporting, report, out)
        }
        Format::List => {
            let rows = list(report, &selection, reporting.texts.language());
            render::list::render(&rows, look_of(reporting, to_terminal).color, out)
        }
        Format::Terminal => {
            let mut blocks = document(report, &selection, reporting.verbose, reporting.texts.language());
            let mut look = look_of(reporting, to_terminal);
            // One line for scripts; a terminal would break it in the middle of words. If there is no answer, what was not read
            // is part of it.
            if reporting.quiet {
                let (has_none, language) = (report.connections.is_empty(), reporting.texts.language());
                blocks.retain(|block| match block {
                    Block::Headline(_) => true,
                    Block::Remark(_) => has_none,
                    other => has_none && is_limits(other, language),
                });
                look.width = if to_terminal { look.width } else { u16::MAX };
            }
            terminal::render(&blocks, look, out)
        }
    }
}

/// Returns the command line, redacted, so that somebody else can repeat it; empty with `--anonymize`, because it could
/// reveal the owner of the traffic.
pub fn command(reporting: &Reporting) -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| phrase::argument(&argument.to_string_lossy()));
    let line = std::iter::once("whyclosed".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ");
    if reporting.anonymize { String::new() } else { Redactor::default().text(&line) }
}

/// Returns the width and colouring for standard output if that is a terminal, or for another output.
pub fn look(color: ColorChoice, to_terminal: bool) -> terminal::Look {
    terminal::Look { width: width(to_terminal), color: colors(color, to_terminal, false) }
}

/// Returns the same for the stream that a report goes to.
fn look_of(reporting: &Reporting, to_terminal: bool) -> terminal::Look {
    terminal::Look { width: width(to_terminal), color: colors(reporting.color, to_terminal, reporting.aside) }
}

/// Returns whether standard output or, `aside`, standard error is a terminal.
fn is_terminal(aside: bool) -> bool {
    if aside { io::stderr().is_terminal() } else { io::stdout().is_terminal() }
}

fn width(to_terminal: bool) -> u16 {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || terminal_size::terminal_size().filter(|_| to_terminal).map(|(width, _)| width.0);
    columns.or_else(asked).unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH)
}

fn colors(choice: ColorChoice, to_terminal: bool, aside: bool) -> bool {
    let suited = || match aside {
        true => anstream::AutoStream::choice(&io::stderr()),
        false => anstream::AutoStream::choice(&io::stdout()),
    };
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => to_terminal && suited() != anstream::ColorChoice::Never,
    }
}

/// Writes to standard output. If the reader closes the pipe, that is not an error.
pub fn to_stdout(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = unless_left(render(&mut out).and_then(|()| out.flush()));
    written.map_err(|source| Error::Write { path: PathBuf::from("standard output"), source })
}

/// Writes to standard error. If its reader is gone, that is not an error.
fn to_stderr(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stderr().lock());
    let written = unless_left(render(&mut out).and_then(|()| out.flush()));
    written.map_err(|source| Error::Write { path: PathBuf::from("standard error"), source })
}

/// Ignores the error of a reader who has closed the pipe.
fn unless_left(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Prints a remark on standard error: it is not part of the output.
#[expect(clippy::print_stderr, reason = "it is not part of the output")]
pub fn print_remark(text: &str) {
    eprintln!("{}", render::sanitized(text));
}

/// Prints an error on standard error; for a filter, with a mark below the fault.
#[expect(clippy::print_stderr, reason = "errors go to standard error")]
pub fn print_error(error: &Error) {
    eprintln!("whyclosed: {}", render::sanitized(&error.to_string()));
    if let Error::Filter { expression, fault, .. } = error {
        let (before, at) = (expression.get(..fault.start), expression.get(fault.clone()));
        let columns = |text: Option<&str>| render::sanitized(text.unwrap_or_default()).width();
        eprintln!("  {}", render::sanitized(expression));
        eprintln!("  {}{}", " ".repeat(columns(before)), "^".repeat(columns(at).max(1)));
    }
}
