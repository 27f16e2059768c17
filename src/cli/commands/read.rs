//! `whyclosed CAPTURE…`: reads files, and writes the report.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::{Args, value_parser};
use whyclosed::analyzer::{Analysed, Analyzer};
#[cfg(feature = "live")]
use whyclosed::capture::filter::{Filter, Filtered};
use whyclosed::capture::{self, Meter, Source, Summary, read_ahead};
use whyclosed::error::Error;
use whyclosed::report::{Material, Pending};
use whyclosed::sink::Collection;
use whyclosed::slice::{Locating, Origin};

use super::bundle::bundle;
use super::slice::located;
use super::{absent, conclude, exit_code};
use crate::keys::KeyArgs;
use crate::output::{self, Spool};
use crate::progress::Progress;
use crate::reporting::Reporting;
use crate::sandbox::Allowed;
use crate::timing::Ending;

/// The options for reading captures.
#[derive(Debug, Args)]
pub struct Read {
    /// Capture files (pcap, pcapng; gzip, zstd, lz4), directories of them, or - for standard input.
    ///
    /// Several are merged by time into one capture, as `tcpdump -C` and `dumpcap -b` leave them. Without any, standard input
    /// is read if it is no terminal.
    #[arg(value_name = "CAPTURE")]
    captures: Vec<PathBuf>,

    /// Read only packets that match this pcap filter, as in tcpdump: 'port 8080'.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "BPF")]
    filter: Option<String>,

    /// Also write the report as Markdown, HTML and JSON, and the packets of the connections in it, to one ZIP file.
    ///
    /// The captures are read twice, so none of them may be a pipe.
    #[arg(long, value_name = "FILE", conflicts_with = "anonymize")]
    bundle: Option<PathBuf>,

    /// Analyse packets on N threads [default: the cores available, at most 8].
    ///
    /// With more than one, another thread reads and decompresses captures, and connections are judged while the report is
    /// written. The report does not depend on N.
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    ending: Ending,

    #[command(flatten)]
    reporting: Reporting,
}

/// The most threads that analyse packets by default: one reads for all of them, and is no faster than eight.
const MOST_THREADS: NonZero<usize> = NonZero::new(8).unwrap();

impl Read {
    /// Returns whether there is nothing to read: no capture, and a person at standard input.
    pub fn has_no_input(&self) -> bool {
        self.captures.is_empty() && io::stdin().is_terminal()
    }

    /// Returns the captures; without any, standard input.
    fn inputs(&self) -> Cow<'_, [PathBuf]> {
        if self.captures.is_empty() { vec![PathBuf::from("-")].into() } else { self.captures.as_slice().into() }
    }

    /// Returns the first input if it is no file, but may be a word on the command line.
    pub fn word(&self) -> Option<&str> {
        self.captures.first().filter(|path| !path.exists())?.to_str()
    }

    /// Returns the number of threads that analyse packets.
    fn threads(&self) -> NonZero<usize> {
        let given = self.threads.and_then(|threads| NonZero::new(usize::from(threads)));
        let cores = || thread::available_parallelism().map_or(NonZero::<usize>::MIN, |cores| cores.min(MOST_THREADS));
        given.unwrap_or_else(cores)
    }

    /// Reads the captures, and writes the report. After a fault in the middle of a capture, the report covers
    /// everything before it.
    pub fn run(&mut self) -> Result<ExitCode, Error> {
        self.reporting.ending = self.ending.clone();
        let paths = &*self.inputs();
        let outputs = [self.reporting.output(), self.bundle.as_deref()];
        output::check(&[paths, self.keys.files()].concat(), &self.reporting.texts.files()?, &outputs)?;
        let registries = self.reporting.texts.registries(None)?;
        // This loads libpcap, and its file cannot be read inside the sandbox.
        #[cfg(feature = "live")]
        let filter = self.filter.as_deref().map(Filter::new).transpose()?;
        // The quota of a container is in a file that cannot be read inside the sandbox, either.
        let threads = self.threads();
        self.reporting.enter_sandbox(self.allowed(paths));
        let mut keys = self.keys.open()?;
        let meter = Meter::default();
        let source = capture::open_metered(paths, &meter)?;
        let progress =
            Progress::new(self.reporting.quiet, (meter, capture::size(paths)), self.reporting.texts.language());
        #[cfg(feature = "live")]
        let source: Box<dyn Source + Send> = match filter {
            Some(filter) => Box::new(Filtered::new(source, filter)),
            None => source,
        };
        let mut analyzer = Analyzer::default();
        analyzer.name(self.reporting.wss.clone());
        // Before the first packet, no connection is handed out.
        keys.read_all(&mut analyzer, paths, &mut Collection::default())?;
        let (analysed, written) = self.analyse(source, analyzer, threads, progress);
        let Analysed { collection, counts, skipped, captures, error } = analysed;
        let Collection { facts, outside, unanswered, .. } = collection;
        let nothing_was_read = captures.iter().all(|capture| capture.packets == 0);
        let fault = match error {
            Some(fault) if nothing_was_read || matches!(fault, Error::Filter { .. }) => return Err(fault),
            fault => fault,
        };
        let faults: Vec<_> = fault.into_iter().chain(captures.iter().filter_map(Summary::damage)).collect();
        let privacy = self.reporting.privacy();
        let origins: Vec<_> = match self.bundle {
            Some(_) => facts.iter().map(|facts| Origin::new(facts)).collect(),
            None => Vec::new(),
        };
        let material =
            Material { captures, until: None, facts, outside, counts, unanswered, skipped, privacy, registries };
        let report = Pending::on_threads(material, self.reporting.texts.language(), threads);
        let absent = absent(&self.reporting, report.remaining());
        let faults: Vec<_> = faults.into_iter().chain(absent).collect();
        let Some(path) = &self.bundle else {
            return conclude(&self.reporting, report, &faults);
        };
        let located = written.map(located).transpose()?;
        let matched = bundle(path, paths, (origins, located), &self.reporting, report)?;
        Ok(exit_code(matched, &faults))
    }

    /// Reads a capture to its end, or to an error. Also returns the places of all frames, if a bundle needs them.
    fn analyse(
        &self,
        source: Box<dyn Source + Send>,
        mut analyzer: Analyzer,
        threads: NonZero<usize>,
        mut progress: Progress,
    ) -> (Analysed, Option<io::Result<Spool>>) {
        let count = |packet| progress.packet(packet);
        let results = if self.bundle.is_some() && !self.reporting.show_secrets {
            // Events come in the order of the capture only from a single analyzer.
            let mut source: Box<dyn Source> = if threads.get() > 1 { read_ahead(source) } else { source };
            let mut sink = Locating::new(Collection::default(), Spool::new());
            let error = analyzer.read(&mut *source, &mut sink, count).err();
            let (collection, written) = sink.finish();
            (Analysed::new(&analyzer, collection, source.summaries(), error), Some(written))
        } else {
            (analyzer.read_in_parallel(source, threads, count), None)
        };
        progress.finish();
        results
    }

    /// Returns the files that are read, and those that are written besides the report.
    fn allowed(&self, captures: &[PathBuf]) -> Allowed {
        let allowed = Allowed::default().captures(captures).captures(self.keys.files());
        let allowed = allowed.output(self.bundle.as_deref());
        // Parts of a bundle are kept there until they are written.
        let allowed = if self.bundle.is_some() { allowed.temporary_files() } else { allowed };
        #[cfg(feature = "live")]
        let allowed = if self.filter.is_some() { allowed.name_services() } else { allowed };
        allowed
    }
}
