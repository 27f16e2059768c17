//! Where the report goes: standard output, or a file that is written whole or not at all.

mod distinct;
mod file;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use unicode_width::UnicodeWidthStr;
use whyclosed::error::Error;
use whyclosed::render::markdown::{self, Request};
use whyclosed::render::{self, csv, html, json, ndjson, terminal};
use whyclosed::report::document::document;
use whyclosed::report::pending::Streamed;
use whyclosed::report::redact::Redactor;
use whyclosed::report::{Connection, Pending, Report};

pub use self::distinct::check;
#[cfg(all(feature = "live", unix))]
pub use self::file::can_write;
pub use self::file::to_file;
use crate::reporting::{ColorChoice, Format, Reporting};

/// Columns where there is no terminal to ask: a report in a file or a ticket.
const DEFAULT_WIDTH: u16 = 100;

/// Narrower than this nothing can be laid out.
const LEAST_WIDTH: u16 = 60;

/// Writes the report as asked; whether it has what `--fail-on` names.
pub fn write(reporting: &Reporting, report: Pending) -> Result<bool, Error> {
    // Whether it fails is to be told even to those who close the pipe before its end.
    if reporting.format != Format::Json || !reporting.fail_on.is_empty() {
        return write_judged(reporting, report.finish());
    }
    let selection = reporting.selection();
    let report = Streamed::new(report, |connection: &Connection| selection.matches(connection));
    emit(reporting, |_, out| json::render(&report, out))?;
    Ok(false)
}

/// The same for a report that is wanted elsewhere, too.
pub fn write_judged(reporting: &Reporting, report: Report) -> Result<bool, Error> {
    let fails = reporting.fails(&report);
    emit(reporting, |to_terminal, out| render(reporting, report, to_terminal, out))?;
    Ok(fails)
}

/// Opens what the report goes to; whether that is a terminal is told.
fn emit(reporting: &Reporting, render: impl FnOnce(bool, &mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    match &reporting.output {
        Some(path) => to_file(path, |out| render(false, out)),
        None => to_stdout(|out| render(io::stdout().is_terminal(), out)),
    }
}

fn render(reporting: &Reporting, mut report: Report, to_terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    let selection = reporting.selection();
    match reporting.format {
        Format::Json => {
            selection.narrow(&mut report);
            json::render(&report, out)
        }
        Format::Ndjson => {
            selection.narrow(&mut report);
            ndjson::render(&report, out)
        }
        Format::Html => html::render(&report, &selection, reporting.texts.language(), out),
        Format::Markdown => {
            let request = Request {
                selection: &selection,
                command: &command(reporting),
                flavor: reporting.flavor(),
                language: reporting.texts.language(),
            };
            markdown::ticket(&report, request, out)
        }
        Format::Csv => {
            selection.narrow(&mut report);
            csv::render(&report, out)
        }
        Format::Terminal => {
            let mut blocks = document(&report, &selection, reporting.verbose, reporting.texts.language());
            let mut look = look(reporting.color, to_terminal);
            // One line for scripts; a terminal wraps it itself.
            if reporting.quiet {
                blocks.truncate(1);
                look.width = u16::MAX;
            }
            terminal::render(&blocks, look, out)
        }
    }
}

/// The command line, so that somebody else can repeat it; nothing where it would tell whose traffic it was.
pub fn command(reporting: &Reporting) -> String {
    let quoted =
        |argument: String| match argument.contains(|c: char| c.is_whitespace() || "'\"$&|;<>*?()\\`".contains(c)) {
            true => format!("'{}'", argument.replace('\'', r"'\''")),
            false => argument,
        };
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(argument.to_string_lossy().into_owned()));
    let line = std::iter::once("whyclosed".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ");
    if reporting.anonymize { String::new() } else { Redactor::default().text(&line) }
}

/// How to write on a terminal, or on what is none.
pub fn look(color: ColorChoice, to_terminal: bool) -> terminal::Look {
    terminal::Look { width: width(to_terminal), color: colors(color, to_terminal) }
}

fn width(to_terminal: bool) -> u16 {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || terminal_size::terminal_size().filter(|_| to_terminal).map(|(width, _)| width.0);
    columns.or_else(asked).unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH)
}

fn colors(choice: ColorChoice, to_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => to_terminal && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    }
}

/// Writes to standard output; whoever reads it may stop.
pub fn to_stdout(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = unless_left(render(&mut out).and_then(|()| out.flush()));
    written.map_err(|source| Error::Write { path: PathBuf::from("standard output"), source })
}

/// The result of writing to a reader, who may have seen enough.
fn unless_left(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Says what went wrong, on standard error.
#[expect(clippy::print_stderr, reason = "where errors go")]
pub fn print_error(error: &Error) {
    eprintln!("whyclosed: {}", render::sanitized(&error.to_string()));
    if let Error::Filter { expression, fault, .. } = error {
        let (before, at) = (expression.get(..fault.start), expression.get(fault.clone()));
        let columns = |text: Option<&str>| render::sanitized(text.unwrap_or_default()).width();
        eprintln!("  {}", render::sanitized(expression));
        eprintln!("  {}{}", " ".repeat(columns(before)), "^".repeat(columns(at).max(1)));
    }
}
