//! `--bundle`: one file with everything that a ticket needs: the report as Markdown, HTML and JSON, and the packets.

use std::collections::HashSet;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use whyclosed::error::Error;
use whyclosed::render::markdown::{self, Request};
use whyclosed::render::{html, json};
use whyclosed::report::document::shown;
use whyclosed::report::{Connection, Report};
use whyclosed::slice::{Origin, Wanted};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::slice::{self, How, Number, Prepared};
use crate::output;
use crate::reporting::Reporting;

/// The names of the entries, in the order in which a reader opens them.
const NAMES: [&str; 4] = ["report.md", "report.html", "report.json", "slice.pcapng"];

/// Writes a bundle of the connections that the report shows. The packets contain secrets only if the report does.
pub fn bundle(
    path: &Path,
    captures: &[PathBuf],
    origins: &[Origin],
    reporting: &Reporting,
    report: &Report,
) -> Result<(), Error> {
    let (selection, language) = (reporting.selection(), reporting.texts.language());
    let connections = shown(report, &selection);
    let mut wanted = Wanted::default();
    connections.iter().for_each(|connection| slice::mark(&mut wanted, connection, language));
    let streams: HashSet<_> = connections.iter().map(|connection| connection.tcp_stream).collect();
    let shown = origins.iter().filter(|origin| streams.contains(&origin.stream));
    shown.for_each(|origin| wanted.add(origin.clone()));

    let how = How { redact: !reporting.show_secrets, with_keys: false, language };
    let number = |connection: &&Connection| Number { stream: connection.tcp_stream, id: connection.id };
    let numbers: Vec<_> = connections.iter().map(number).collect();
    let mut packets = Prepared::new(captures, (report, &numbers), &wanted, how)?;
    packets.tell(language);
    let command = output::command(reporting);
    let request = Request { selection: &selection, command: &command, flavor: reporting.flavor(), language };
    let [markdown, page, data, slice] = NAMES;
    output::to_file(path, |out| {
        // Streamed: the packets may not fit in memory.
        let mut zip = ZipWriter::new_stream(out);
        entry(&mut zip, markdown, |out| markdown::ticket(report, request, out))?;
        entry(&mut zip, page, |out| html::render(report, &selection, language, out))?;
        entry(&mut zip, data, |out| json::render(report, out))?;
        entry(&mut zip, slice, |out| packets.write(out))?;
        zip.finish()?.into_inner().flush()
    })
}

fn entry<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    zip.start_file(name, SimpleFileOptions::default())?;
    write(zip)
}
