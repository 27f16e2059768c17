//! `whyclosed`: reads captures, says why each WebSocket connection closed.

mod cli;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture::{self, Source};
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::report::{Material, Report};

use crate::cli::Cli;
use crate::progress::Progress;

/// `--fail-on` has matched.
const MATCHED: u8 = 1;

/// There is something for the user to mend.
const MEND: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(MEND)
        }
    }
}

/// Reads, judges, writes. A fault in the middle of a capture costs nothing that was read before it.
fn run(cli: &Cli) -> Result<ExitCode, Error> {
    let mut source = open(cli)?;
    let (mut analyzer, mut facts) = (Analyzer::default(), Vec::new());
    let mut progress = Progress::new(cli.quiet);
    let fault = loop {
        match source.advance() {
            Ok(true) => {
                let packet = source.packet();
                analyzer.push(&packet, &mut facts);
                progress.packet(packet.number);
            }
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
    };
    analyzer.finish(&mut facts);
    progress.finish();
    let captures = source.summaries();
    let nothing_was_read = captures.iter().all(|capture| capture.packets == 0);
    let fault = match fault {
        Some(fault) if nothing_was_read || matches!(fault, Error::Filter { .. }) => return Err(fault),
        fault => fault,
    };
    let skipped = analyzer.decoder().skipped().collect();
    let material = Material { captures, facts, counts: analyzer.counts(), skipped };
    let report = Report::new(material, Language::English);
    let matched = cli.fails(&report);
    output::write(cli, report)?;
    if let Some(fault) = &fault {
        complain(fault);
    }
    Ok(match (fault, matched) {
        (Some(_), _) => ExitCode::from(MEND),
        (None, true) => ExitCode::from(MATCHED),
        (None, false) => ExitCode::SUCCESS,
    })
}

fn open(cli: &Cli) -> Result<Box<dyn Source>, Error> {
    let source = capture::open(&cli.captures)?;
    #[cfg(feature = "live")]
    if let Some(expression) = &cli.filter {
        let filter = capture::filter::Filter::new(expression);
        return Ok(Box::new(capture::filter::Filtered::new(source, filter)));
    }
    Ok(source)
}

#[expect(clippy::print_stderr, reason = "where errors go")]
fn complain(error: &Error) {
    eprintln!("whyclosed: {}", whyclosed::render::harmless(&error.to_string()));
}
