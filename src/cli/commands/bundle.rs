//! `--bundle`: one file with everything that a ticket needs: the report as Markdown, HTML and JSON, and the packets.
//!
//! ```text
//! captures ─┬─ report for the user: which connections, and the packets that it names of them
//!           ├─ numbers of these packets in the slice ─ report in the bundle
//!           └─ slice
//! ```
//!
//! The report in the bundle has the numbers of the slice in it. They are known only once all connections have been judged,
//! so the captures are analysed a second time: to keep all connections meanwhile would take twice the memory.

use std::io::{self, Seek, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use whyclosed::capture::Packet;
use whyclosed::error::Error;
use whyclosed::render::markdown::{self, Request};
use whyclosed::render::{html, json};
use whyclosed::report::phrase::first;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Brief, Collected, Collection, Connection, Material, Numbering, Pending, Report};
use whyclosed::slice::{Located, Origin, Survey};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::included::Included;
use super::prepared::{How, Prepared};
use crate::output::{self, Spool, Spooled};
use crate::reporting::{Format, Reporting};

/// The names of the entries, in the order in which a reader opens them.
const NAMES: [&str; 4] = ["report.md", "report.html", "report.json", "slice.pcapng"];

/// The most captures that the report names beside their numbers.
const CAPTURES: usize = 3;

/// A bundle to be written.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'b> {
    /// Its file.
    pub path: &'b Path,
    /// The captures.
    pub captures: &'b [PathBuf],
    /// The options of the report.
    pub reporting: &'b Reporting,
    /// The number of threads.
    pub threads: NonZero<usize>,
}

/// What is left to print once a bundle has been written.
pub struct Bundled {
    /// The report.
    pub own: Spooled,
    /// Whether it contains what `--fail-on` names.
    pub fails: bool,
    /// The number of its connections.
    pub count: usize,
    /// A sentence for each kind of loss.
    pub said: Vec<String>,
}

impl Bundle<'_> {
    /// Writes the bundle of the connections that the report shows, redacted if their frames are `located`. `again` analyses
    /// the captures a second time, up to a number of packets, and calls its observer with each packet.
    pub fn write(
        self,
        (origins, located): (Vec<Origin>, Option<Located>),
        material: Material,
        again: impl FnOnce(u64, &mut dyn FnMut(&Packet<'_>)) -> Result<Collection, Error>,
    ) -> Result<Bundled, Error> {
        let Self { path, captures, reporting, threads } = self;
        let language = reporting.texts.language();
        let (rest, has_outside) = (without_connections(&material), !material.outside.is_empty());
        let pending = Pending::on_threads(material, language, threads).judged_in_place();
        let (selection, count) = (reporting.selection(pending.report().start()), pending.count());
        let mut included = Included::new(&selection, has_outside, language);
        let (report, own, fails) = judged(pending, reporting, &selection, &mut included)?;
        let Included { mut wanted, verdicts, named, numbers, .. } = included.with_origins(origins);

        let mut survey = Survey::new(&wanted, None).counting(named);
        let packets = report.read.packets;
        let collected = again(packets, &mut |packet| survey.push(packet, &wanted))?.finish();
        let Collected { facts, secrets, outside, unanswered } = collected;
        survey.finish(&wanted).map_err(output::unspooled)?;
        let numbering = Some(Numbering {
            slice: NAMES[3].to_owned(),
            captures: file_names(captures).into(),
            ..survey.numbering(&wanted)
        });
        drop(survey);
        let material = Material { facts, secrets: Some(secrets), outside, unanswered, numbering, ..rest };
        let pending = Pending::on_threads(material, language, threads).judged_in_place();
        let mut reports = self.reports(pending, &selection)?;

        let how = How { redact: located.is_some(), with_keys: None, language };
        let mut packets = Prepared::new(captures, (&report, &numbers), (&mut wanted, verdicts), located, how)?;
        let said = packets.losses(language);
        output::to_file(path, |out| {
            // Streamed: the packets may not fit in memory.
            let mut zip = ZipWriter::new_stream(out);
            for (name, report) in NAMES.iter().zip(&mut reports) {
                entry(&mut zip, name, |out| report.copy(out))?;
            }
            entry(&mut zip, NAMES[3], |out| packets.write(out))?;
            zip.finish()?.into_inner().flush()
        })?;
        Ok(Bundled { own, fails, count, said })
    }

    /// Writes the report in the bundle in each of its formats.
    fn reports(self, pending: Pending, selection: &Selection) -> Result<[Spooled; 3], Error> {
        let (reporting, language) = (self.reporting, self.reporting.texts.language());
        let mut brief = Brief::new(selection);
        let is_included = |connection: &Connection| connection.original.is_some();
        let (report, data) = streamed(pending, is_included, |connection| brief.add(connection))?;
        let report = Report { connections: brief.into_connections(), times: reporting.time.clone(), ..report };
        let command = output::command(reporting);
        let (flavor, most) = (reporting.flavor(), reporting.max_chars());
        let request = Request { selection, command: &command, flavor, most, language };
        let ticket = spooled(|out| markdown::ticket(&report, request, out))?;
        let page = spooled(|out| html::render(&report, selection, language, out))?;
        Ok([ticket, page, data])
    }
}

/// Judges all connections, and writes the report in the chosen format. Returns it without its connections, as written, and
/// whether it contains what `--fail-on` names.
fn judged(
    mut pending: Pending,
    reporting: &Reporting,
    selection: &Selection,
    included: &mut Included<'_>,
) -> Result<(Report, Spooled, bool), Error> {
    let is_streamed = reporting.format() == Format::Json && selection.is_in_order();
    let is_of_all = !matches!(reporting.format(), Format::Terminal | Format::Markdown | Format::Html);
    let is_whole = is_of_all && !is_streamed;
    let (mut whole, mut brief) = (Vec::new(), Brief::new(selection));
    let keep = |mut connection: Box<Connection>| {
        included.add(&mut connection);
        if is_whole { whole.push(connection) } else { brief.add(connection) }
    };
    let (mut report, data) = if is_streamed {
        if selection.is_narrow() {
            pending.without_encrypted();
        }
        let (report, data) = streamed(pending, |connection| selection.matches(connection), keep)?;
        (report, Some(data))
    } else {
        (pending.for_each(keep), None)
    };
    report.connections = if is_whole { whole } else { brief.into_connections() };
    included.add_encrypted(&mut report.encrypted);
    report.times = reporting.time.clone();
    let fails = reporting.fails(&report);
    let written = match data {
        Some(data) => data,
        None => spooled(|out| output::render(reporting, &mut report, out))?,
    };
    // Frees memory for the second analysis.
    report.connections = Vec::new();
    Ok((report, written, fails))
}

/// Returns everything but the connections.
fn without_connections(material: &Material) -> Material {
    let Material { captures, unread, until, counts, skipped, privacy, registries, .. } = material;
    Material {
        captures: captures.clone(),
        unread: unread.clone(),
        until: *until,
        counts: *counts,
        skipped: skipped.clone(),
        privacy: *privacy,
        registries: registries.clone(),
        ..Material::default()
    }
}

/// Returns the names of the captures, without their folders.
fn file_names(captures: &[PathBuf]) -> String {
    let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    first(captures.iter().map(name), CAPTURES)
}

/// Judges the connections, and gives each to `take`. Returns the report without them, and, to be copied later, the report in
/// JSON with those that are `wanted`.
fn streamed(
    pending: Pending,
    wanted: impl Fn(&Connection) -> bool + Sync,
    take: impl FnMut(Box<Connection>),
) -> Result<(Report, Spooled), Error> {
    let mut data = Spool::new();
    let report = json::render_pending(pending, wanted, |connection| connection, take, &mut data);
    let spooled = report.and_then(|report| Ok((report, data.finish()?)));
    spooled.map_err(output::unspooled)
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
