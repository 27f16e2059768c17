//! `whyclosed slice`: the packets of a few connections, to be attached to a ticket.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture::pcapng::Writer;
use whyclosed::capture::{self, Source};
use whyclosed::catalog::{Language, Registries};
use whyclosed::error::Error;
use whyclosed::report::phrase::word;
use whyclosed::report::{Connection, Material, Report};
use whyclosed::slice::{Origin, Redaction, Wanted, cut};

use crate::output;
use crate::wording::Wording;

/// Copy the packets of some connections into a capture of their own, to attach it to a ticket.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub struct Slice {
    /// Capture files or directories; they are read several times, so that none may be a pipe.
    #[arg(required = true, value_name = "CAPTURE", value_parser = file)]
    captures: Vec<PathBuf>,

    /// These connections, by their numbers in the report.
    #[arg(long, value_delimiter = ',', value_name = "N", group = "which")]
    connection: Vec<usize>,

    /// Connections in which this close code occurred.
    #[arg(long, value_delimiter = ',', value_name = "N", group = "which")]
    code: Vec<u16>,

    /// Connections that did not end normally.
    #[arg(long, group = "which")]
    abnormal: bool,

    /// Also the other leg of each connection through a proxy: it has the same Sec-WebSocket-Key.
    #[arg(long)]
    with_legs: bool,

    /// Replace secrets in payloads; lengths, masks, opcodes and close codes stay.
    #[arg(long)]
    redact: bool,

    /// Write the slice to FILE, whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    #[command(flatten)]
    wording: Wording,
}

fn file(path: &str) -> Result<PathBuf, String> {
    if path == "-" { Err("a slice needs files: it reads them several times".to_owned()) } else { Ok(path.into()) }
}

impl Slice {
    /// Reads, chooses, copies.
    pub fn run(&self) -> Result<ExitCode, Error> {
        let language = self.wording.language();
        let (report, origins) = read(&self.captures, self.wording.registries()?, language)?;
        let wanted = self.wanted(&report, &origins, language);
        write(&self.captures, &report, &wanted, self.redact, &self.output, language)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The connections asked for, with a comment on each packet that explains an end.
    fn wanted(&self, report: &Report, origins: &[Origin], language: Language) -> Wanted {
        let mut wanted = Wanted::default();
        let chosen: Vec<_> = report
            .connections
            .iter()
            .map(AsRef::as_ref)
            .filter(|connection: &&Connection| {
                self.connection.contains(&connection.id)
                    || self.code.iter().any(|code| connection.has_code(*code))
                    || (self.abnormal && connection.is_abnormal())
            })
            .collect();
        mark(&mut wanted, &chosen, language);
        let is_chosen = |origin: &&Origin| chosen.iter().any(|connection| connection.tcp_stream == origin.stream);
        let keys: Vec<_> = origins.iter().filter(is_chosen).filter_map(|origin| origin.key.as_deref()).collect();
        let is_leg = |origin: &&Origin| self.with_legs && origin.key.as_deref().is_some_and(|key| keys.contains(&key));
        origins
            .iter()
            .filter(|origin| is_chosen(origin) || is_leg(origin))
            .for_each(|origin| wanted.add(origin.clone()));
        wanted
    }
}

/// Comments on the packets that explain an end.
pub fn mark(wanted: &mut Wanted, connections: &[&Connection], language: Language) {
    for connection in connections {
        for packet in &connection.verdict.packets {
            let values = [("id", &*connection.id.to_string()), ("summary", &*connection.verdict.summary)];
            wanted.comment(*packet, word("slice_mark", &values, language));
        }
    }
}

/// The report on a capture, and where each of its connections lies.
pub fn read(captures: &[PathBuf], registries: Registries, language: Language) -> Result<(Report, Vec<Origin>), Error> {
    let mut source = capture::open(captures)?;
    let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
    while source.advance()? {
        analyzer.push(&source.packet(), &mut facts);
    }
    analyzer.finish(&mut facts);
    let origins = facts.iter().map(|facts| Origin::new(facts)).collect();
    let material = Material { captures: source.summaries(), facts, registries, ..Material::default() };
    Ok((Report::new(material, language), origins))
}

/// Writes the packets of the wanted connections to a file.
pub fn write(
    captures: &[PathBuf],
    report: &Report,
    wanted: &Wanted,
    redact: bool,
    path: &std::path::Path,
    language: Language,
) -> Result<(), Error> {
    let mut redaction = redact.then(|| gather(captures, wanted)).transpose()?;
    let losses = redaction.as_ref().map(Redaction::losses).unwrap_or_default();
    let paths: Vec<_> = report.captures.iter().map(|capture| capture.path.as_str()).collect();
    let ids: Vec<_> = report
        .connections
        .iter()
        .filter(|connection| wanted.connections().iter().any(|origin| origin.stream == connection.tcp_stream))
        .map(|connection| connection.id.to_string())
        .collect();
    let values = [
        ("program", report.generator.as_str()),
        ("captures", &paths.join(", ")),
        ("ids", &ids.join(", ")),
        ("blotted", &losses.blotted.to_string()),
        ("shortened", &losses.shortened.to_string()),
    ];
    let changes = if redact { "slice_redacted" } else { "slice_unchanged" };
    let comment = format!("{} {}", word("slice_section", &values, language), word(changes, &values, language));
    let mut source = capture::open(captures)?;
    let mut fault = None;
    output::to_file(path, |out| {
        let mut writer = Writer::commented(out, &comment)?;
        match cut(&mut *source, wanted, redaction.as_mut(), &mut writer) {
            Ok(written) => written.map(drop),
            Err(error) => {
                fault = Some(error);
                Ok(())
            }
        }
    })?;
    fault.map_or(Ok(()), Err)
}

/// The streams of the wanted connections, rewritten.
pub fn gather(captures: &[PathBuf], wanted: &Wanted) -> Result<Redaction, Error> {
    let mut source = capture::open(captures)?;
    let mut redaction = Redaction::new(wanted);
    while source.advance()? {
        redaction.gather(&source.packet(), wanted);
    }
    redaction.rewrite(wanted);
    Ok(redaction)
}
