//! `--bundle`: one file with everything that a ticket needs: the report as Markdown, HTML and JSON, and the packets.

use std::collections::HashSet;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use whyclosed::error::Error;
use whyclosed::facts::Id;
use whyclosed::render::markdown::{self, Request};
use whyclosed::render::{html, json};
use whyclosed::report::Brief;
use whyclosed::report::Streamed;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Connection, Pending, Report};
use whyclosed::slice::{Located, Origin, Wanted};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::slice::{self, How, Number, Prepared};
use crate::output::{self, Spool, Spooled};
use crate::reporting::{Format, Reporting};

/// The names of the entries, in the order in which a reader opens them.
const NAMES: [&str; 4] = ["report.md", "report.html", "report.json", "slice.pcapng"];

/// Writes the bundle of the connections that the report shows, redacted if their frames are `located`, and then the
/// report itself. Returns whether the report contains what `--fail-on` names.
pub fn bundle(
    path: &Path,
    captures: &[PathBuf],
    (origins, located): (Vec<Origin>, Option<Located>),
    reporting: &Reporting,
    report: Pending,
) -> Result<bool, Error> {
    let (selection, language) = (reporting.selection(report.start()), reporting.texts.language());
    let mut shown = Shown::default();
    let (mut report, mut data) = judged(report, reporting, &selection, |connection| {
        slice::mark(&mut shown.wanted, connection, language);
        shown.chosen.insert(connection.identity());
        shown.numbers.push(Number { of: connection.identity(), id: connection.id });
    })?;
    let Shown { mut wanted, chosen, numbers } = shown;
    let origins = origins.into_iter().filter(|origin| chosen.contains(&origin.id));
    origins.for_each(|origin| wanted.add(origin));

    report.times = reporting.time.clone();
    let fails = reporting.fails(&report);
    let command = output::command(reporting);
    let (flavor, most) = (reporting.flavor(), reporting.max_chars());
    let request = Request { selection: &selection, command: &command, flavor, most, language };
    let mut ticket = spooled(|out| markdown::ticket(&report, request, out))?;
    let mut page = spooled(|out| html::render(&report, &selection, language, out))?;
    let is_data = reporting.format() == Format::Json && !selection.is_narrow();
    let mut own = if is_data { None } else { Some(spooled(|out| output::render(reporting, &mut report, out))?) };
    // Frees memory for the packets.
    report.connections = Vec::new();

    let how = How { redact: located.is_some(), with_keys: None, language };
    let mut packets = Prepared::new(captures, (&report, &numbers), &wanted, located, how)?;
    packets.tell(language);
    output::to_file(path, |out| {
        // Streamed: the packets may not fit in memory.
        let mut zip = ZipWriter::new_stream(out);
        let [of_ticket, of_page, of_data, of_packets] = NAMES;
        entry(&mut zip, of_ticket, |out| ticket.copy(out))?;
        entry(&mut zip, of_page, |out| page.copy(out))?;
        entry(&mut zip, of_data, |out| data.copy(out))?;
        entry(&mut zip, of_packets, |out| packets.write(out))?;
        zip.finish()?.into_inner().flush()
    })?;
    output::emit(reporting, |out| own.as_mut().unwrap_or(&mut data).copy(out))?;
    Ok(fails)
}

/// The connections that the report shows, as they are known once all are judged.
#[derive(Default)]
struct Shown {
    wanted: Wanted,
    chosen: HashSet<Id>,
    numbers: Vec<Number>,
}

/// Judges all connections, and calls `shown` with each one that the report shows. Returns the report, with its
/// connections shortened to what documents show if that is enough for the format, and the whole report as JSON.
fn judged(
    report: Pending,
    reporting: &Reporting,
    selection: &Selection,
    mut shown: impl FnMut(&Connection),
) -> Result<(Report, Spooled), Error> {
    let is_whole = match reporting.format() {
        Format::List | Format::Csv | Format::Ndjson => true,
        Format::Json => selection.is_narrow(),
        // Another order may put the last connection first.
        Format::Terminal | Format::Markdown | Format::Html => !selection.is_in_order(),
    };
    let (mut whole, mut brief) = (Vec::new(), Brief::new(selection));
    let streamed = Streamed::new(
        report,
        |_: &Connection| true,
        |connection: Box<Connection>| {
            if selection.shows(&connection) {
                shown(&connection);
            }
            if is_whole { whole.push(connection) } else { brief.add(connection) }
        },
    );
    let data = spooled(|out| json::render(&streamed, out))?;
    let mut report = streamed.into_report();
    report.connections = if is_whole { whole } else { brief.into_connections() };
    Ok((report, data))
}

/// Returns what `write` writes, to be copied later.
fn spooled(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Spooled, Error> {
    let mut spool = Spool::new();
    write(&mut spool).and_then(|()| spool.finish()).map_err(output::unspooled)
}

fn entry<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    zip.start_file(name, SimpleFileOptions::default())?;
    write(zip)
}
