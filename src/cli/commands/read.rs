//! `whyclosed CAPTURE…`: reads files, and writes the report.

pub(super) mod captures;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use clap::{Args, value_parser};
use whyclosed::analyzer::{Analysed, Analyzer};
use whyclosed::capture::{Packet, Summary};
use whyclosed::catalog::{Language, Registries};
use whyclosed::error::Error;
use whyclosed::render::sanitized;
use whyclosed::report::phrase::{bytes_of, word};
use whyclosed::report::{Collected, Collection, Material, Pending, Spill, Unread, redact};
use whyclosed::slice::Origin;

use super::bundle::{Bundle, Bundled};
use super::prepared::located;
use super::stages::{Begun, Judged, Results};
use super::{absent, conclude, exit_code};
use crate::exit;
use crate::inputs::InputArgs;
use crate::keys::KeyArgs;
use crate::output;
use crate::owning::OwnsArgs;
use crate::progress::Shown;
use crate::reporting::Reporting;
use crate::sandbox::Allowed;
use crate::tables::TableArgs;
use crate::timing::Ending;

/// The options for reading captures.
#[derive(Clone, Debug, Args)]
pub struct Read {
    #[command(flatten)]
    pub(super) inputs: InputArgs,

    /// Read only packets that match this pcap filter, as in tcpdump: 'port 8080'.
    #[cfg(feature = "live")]
    #[arg(long, value_name = "BPF")]
    pub(super) filter: Option<String>,

    /// Also write the report as Markdown, HTML and JSON, and the packets of the connections in it, to one ZIP file.
    ///
    /// Packets and streams have the numbers of that slice; those of the captures are beside them. Several captures are
    /// merged, as with --merge. They are read several times, so none of them may be a pipe.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["anonymize", "each"])]
    pub(super) bundle: Option<PathBuf>,

    /// Analyse packets on N threads [default: the cores available, at most 8].
    ///
    /// With more than one, another thread reads and decompresses captures, and connections are judged while the report is
    /// written. The report does not depend on N.
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    #[command(flatten)]
    pub(super) keys: KeyArgs,

    #[command(flatten)]
    pub(super) ending: Ending,

    #[command(flatten)]
    pub(super) owning: OwnsArgs,

    #[command(flatten)]
    tables: TableArgs,

    #[command(flatten)]
    pub(super) reporting: Reporting,
}

/// The most threads that analyse packets by default: one reads for all of them, and is no faster than eight.
const MOST_THREADS: NonZero<usize> = NonZero::new(8).unwrap();

impl Read {
    /// Returns whether there is nothing to read: no capture, and a person at standard input.
    pub fn has_no_input(&self) -> bool {
        self.inputs.are_missing()
    }

    /// Returns the first input if it is no file, but may be a word on the command line.
    pub fn word(&self) -> Option<&str> {
        self.inputs.word()
    }

    /// Returns the number of threads that analyse packets.
    pub(super) fn threads(&self) -> NonZero<usize> {
        let given = self.threads.and_then(|threads| NonZero::new(usize::from(threads)));
        let cores = || thread::available_parallelism().map_or(NonZero::<usize>::MIN, |cores| cores.min(MOST_THREADS));
        given.unwrap_or_else(cores)
    }

    /// Reads the captures, and writes the report. What cannot be read is named in the report and on standard error; it
    /// does not prevent the report on the rest. After a fault in the middle of a capture, the report covers everything
    /// before it.
    pub fn run(&mut self) -> Result<exit::Code, Error> {
        self.reporting.tables = self.tables.clone();
        output::check_format(&self.reporting)?;
        let begun = self.begin(Allowed::default())?;
        if self.is_item() {
            return self.run_item(begun);
        }
        let Begun { registries, collection, with_keys, threads } = begun;
        let shown = if self.reporting.quiet { Shown::Nowhere } else { Shown::Bar(None) };
        let results = self.read(&with_keys, collection, shown, &mut |source, analyzer, collection, progress| {
            self.analyse(source, analyzer, (collection, threads), progress)
        })?;
        if results.analysed.captures.is_empty() && !self.reporting.is_table() {
            results.faults.iter().for_each(output::print_error);
            return Ok(exit::ERROR);
        }
        let path = self.bundle.as_deref();
        let Some(path) = path else {
            return self.report(results, registries, threads);
        };
        let (Bundled { mut own, fails, count, said }, mut faults) =
            self.write_bundle(path, results, registries, (&with_keys, threads))?;
        said.iter().for_each(|sentence| output::print_remark(sentence));
        output::emit(&self.reporting, |out| own.copy(out))?;
        faults.extend(absent(&self.reporting, count));
        Ok(exit_code(fails, &faults))
    }

    /// Writes the report on what was read.
    pub(super) fn report(
        &self,
        results: Results,
        registries: Registries,
        threads: NonZero<usize>,
    ) -> Result<exit::Code, Error> {
        let Judged { material, mut faults, .. } = self.material(results, registries);
        let report = Pending::on_threads(material, self.reporting.texts.language(), threads);
        faults.extend(absent(&self.reporting, report.count()));
        conclude(&self.reporting, report, faults)
    }

    /// Returns whether the captures are a work item of an archive.
    fn is_item(&self) -> bool {
        self.owning.owns.is_some() || self.tables.want_members()
    }

    /// Checks the options, and enters the sandbox, in which `also` is allowed. Returns what cannot be made inside.
    pub(super) fn begin(&mut self, also: Allowed) -> Result<Begun, Error> {
        self.reporting.ending = self.ending.clone();
        let paths = &*self.inputs.paths();
        let tables = &self.reporting.tables;
        let outputs = [self.reporting.output(), tables.files(), tables.members(), self.bundle.as_deref()];
        let others = [self.keys.files(), &self.reporting.texts.files()?].concat();
        output::check((paths, self.inputs.is_recursive()), &others, &outputs)?;
        let registries = self.reporting.texts.registries(None)?;
        // This loads libpcap, and its file cannot be read inside the sandbox.
        #[cfg(feature = "live")]
        self.filter()?;
        // No file can be created inside the sandbox.
        let collection = Collection::prepared(redact::Secrets::new(self.reporting.privacy()));
        // The quota of a container is in a file that cannot be read inside the sandbox, either.
        let threads = self.threads();
        self.reporting.enter_sandbox(self.allowed(also, paths));
        Ok(Begun { registries, collection, with_keys: self.with_keys()?, threads })
    }

    /// Returns the material of the report on what was read, and the faults of the captures.
    pub(super) fn material(&self, results: Results, registries: Registries) -> Judged {
        let Results { analysed, mut faults, files, written, .. } = results;
        let Analysed { collection, counts, skipped, captures, .. } = analysed;
        let for_again = collection.beside();
        let Collected { facts, secrets, outside, unanswered } = collection.finish();
        let unread = faults.iter().filter_map(Unread::of).collect();
        faults.extend(captures.iter().filter_map(Summary::damage));
        if self.reporting.verbose {
            tell_spilled(&facts.spill(), self.reporting.texts.language());
        }
        let privacy = self.reporting.privacy();
        let material = Material {
            captures,
            unread,
            facts,
            secrets: Some(secrets),
            outside,
            counts,
            unanswered,
            skipped,
            privacy,
            registries,
            ..Material::default()
        };
        Judged { material, faults, files: files.concat(), written, for_again }
    }

    /// Writes the bundle of what was read. Returns what is left to print, and the faults.
    pub(super) fn write_bundle(
        &self,
        path: &Path,
        results: Results,
        registries: Registries,
        (with_keys, threads): (&Analyzer, NonZero<usize>),
    ) -> Result<(Bundled, Vec<Error>), Error> {
        let Judged { material, mut faults, files, written, for_again } = self.material(results, registries);
        let spill = material.facts.spill();
        let (inside, outside) = (material.facts.iter(), material.outside.iter());
        let origins = inside.map(|facts| Origin::new(&facts)).chain(outside.map(|facts| Origin::new(facts))).collect();
        let parts = (origins, written.map(located).transpose()?);
        let again = |most, watch: &mut dyn FnMut(&Packet<'_>)| {
            self.again(with_keys, (&files, most), (for_again, threads), watch)
        };
        let bundle = Bundle { path, captures: &files, reporting: &self.reporting, threads };
        let bundled = bundle.write(parts, material, again)?;
        faults.extend(spill.take_error());
        Ok((bundled, faults))
    }

    /// Adds the files that are read, and those that are written besides the report.
    fn allowed(&self, allowed: Allowed, captures: &[PathBuf]) -> Allowed {
        let allowed = allowed.captures(captures, self.inputs.is_recursive()).files(self.keys.files());
        let allowed = allowed.output(self.bundle.as_deref());
        // Parts of a bundle are kept there until they are written.
        let allowed = if self.bundle.is_some() { allowed.temporary_files() } else { allowed };
        #[cfg(feature = "live")]
        let allowed = if self.filter.is_some() { allowed.name_services() } else { allowed };
        allowed
    }
}

/// Prints on standard error how many bytes wait in a temporary file, if any.
#[expect(clippy::print_stderr, reason = "it is not part of the report")]
fn tell_spilled(spill: &Spill, language: Language) {
    if spill.size() > 0 {
        let folder = spill.folder().display().to_string();
        let values = [("bytes", &*bytes_of(spill.size(), language)), ("folder", &*folder)];
        eprintln!("{}", sanitized(&word("spilled", &values, language)));
    }
}
