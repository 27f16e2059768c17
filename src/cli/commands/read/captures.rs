//! Reading captures: once for the report, and again for the packets in a bundle.

use std::collections::VecDeque;
use std::io;
use std::num::NonZero;
use std::path::PathBuf;

use whyclosed::analyzer::{Analysed, Analyzer};
#[cfg(feature = "live")]
use whyclosed::capture::filter::{Filter, Filtered};
use whyclosed::capture::{self, Meter, Packet, Source, Watched, read_ahead};
use whyclosed::error::Error;
use whyclosed::report::Collection;
use whyclosed::slice::Locating;

use super::Read;
use crate::commands::stages::{Analyse, Results};
use crate::inputs::tell_passed_over;
use crate::keys::KeyLogs;
use crate::output::Spool;
use crate::progress::{Progress, Shown};

impl Read {
    /// Creates an analyzer that has the given keys. The key logs are read here alone, since they may be pipes.
    pub(in crate::commands) fn with_keys(&self) -> Result<Analyzer, Error> {
        let mut analyzer = Analyzer::default();
        analyzer.name(self.reporting.wss.clone());
        // Before the first packet, no connection is handed out.
        self.keys.open()?.read_to_end(&mut analyzer, &mut Collection::default())?;
        Ok(analyzer)
    }

    /// Reads the captures one after another, each with `analyse`, and shows how far that is.
    pub(in crate::commands) fn read(
        &self,
        with_keys: &Analyzer,
        collection: Collection,
        shown: Shown,
        analyse: &mut Analyse<'_>,
    ) -> Result<Results, Error> {
        let mut inputs = self.inputs.find();
        if self.reporting.verbose {
            tell_passed_over(&inputs, self.reporting.texts.language());
        }
        let analysed = Analysed { collection, ..Analysed::default() };
        let faults = std::mem::take(&mut inputs.faults);
        let mut results = Results { analysed, faults, ..Results::default() };
        // A bundle has the packets of a single capture, and so has a work item.
        let as_one = self.bundle.is_some() || self.is_item();
        let (meter, size) = (Meter::default(), capture::size(inputs.files.iter().map(|input| &*input.path)));
        let mut progress = Progress::new(shown, (meter.clone(), size), self.reporting.texts.language());
        let mut groups: VecDeque<_> = self.inputs.groups(inputs, as_one).into();
        while let Some(files) = groups.pop_front() {
            let mut analyzer = with_keys.for_another();
            KeyLogs::ask_captures(&mut analyzer, &files);
            let (mut analysed, written) = match self.open(&files, &meter) {
                Ok(source) => {
                    progress.begin_capture();
                    analyse(source, analyzer, results.analysed.collection.beside(), &mut progress)?
                }
                Err(fault) => {
                    results.faults.extend(fault.into_each());
                    continue;
                }
            };
            if self.inputs.is_proposed(as_one) {
                let parts = capture::confirmed(&files, &analysed.captures);
                if parts.len() > 1 {
                    progress.repeat_capture();
                    // Their packets have different numbers then.
                    parts.into_iter().rev().for_each(|part| groups.push_front(part));
                    continue;
                }
            }
            let nothing_was_read = analysed.captures.iter().all(|capture| capture.packets == 0);
            let fault = analysed.error.take();
            let is_lost = fault.is_some() && nothing_was_read;
            results.faults.extend(fault.into_iter().flat_map(Error::into_each));
            if !is_lost {
                results.analysed.append(analysed);
                results.files.push(files);
                results.written = written;
            }
        }
        progress.finish();
        Ok(results)
    }

    /// Opens the files of one capture; the bytes that are read are counted on `meter`.
    fn open(&self, files: &[PathBuf], meter: &Meter) -> Result<Box<dyn Source + Send>, Error> {
        let source = capture::open_files(files.to_vec(), meter)?;
        #[cfg(feature = "live")]
        if let Some(filter) = self.filter()? {
            return Ok(Box::new(Filtered::new(source, filter)));
        }
        Ok(source)
    }

    /// Returns the filter, if there is one.
    #[cfg(feature = "live")]
    pub(super) fn filter(&self) -> Result<Option<Filter>, Error> {
        self.filter.as_deref().map(Filter::new).transpose()
    }

    /// Reads a capture to its end, or to an error. Also returns the places of all frames, if a bundle needs them. Fails if
    /// the filter does not fit the capture.
    pub(in crate::commands) fn analyse(
        &self,
        source: Box<dyn Source + Send>,
        mut analyzer: Analyzer,
        (collection, threads): (Collection, NonZero<usize>),
        progress: &mut Progress,
    ) -> Result<(Analysed, Option<io::Result<Spool>>), Error> {
        let count = |packet| progress.packet(packet);
        let results = if self.bundle.is_some() && !self.reporting.show_secrets {
            // Events come in the order of the capture only from a single analyzer.
            let mut source = in_order(source, threads);
            let mut sink = Locating::new(collection, Spool::new());
            let error = analyzer.read(&mut *source, &mut sink, count).err();
            let (collection, written) = sink.finish();
            (Analysed::new(&analyzer, collection, source.summaries(), error), Some(written))
        } else {
            (analyzer.read_in_parallel(source, threads, collection, count), None)
        };
        match results {
            (Analysed { error: Some(error @ Error::Filter { .. }), .. }, _) => Err(error),
            results => Ok(results),
        }
    }

    /// Reads the captures again, at most so many packets, into an empty collection, and shows each packet to the observer,
    /// whether it matches the filter or not.
    pub(super) fn again(
        &self,
        with_keys: &Analyzer,
        (captures, most): (&[PathBuf], u64),
        (mut collection, threads): (Collection, NonZero<usize>),
        watch: &mut dyn FnMut(&Packet<'_>),
    ) -> Result<Collection, Error> {
        let mut analyzer = with_keys.for_another();
        KeyLogs::ask_captures(&mut analyzer, captures);
        let source = capture::open_files(captures.to_vec(), &Meter::default())?;
        let mut source = Watched::new(in_order(source, threads), most, watch);
        #[cfg(feature = "live")]
        if let Some(filter) = self.filter()? {
            analyzer.read(&mut Filtered::new(source, filter), &mut collection, |_| {})?;
            return Ok(collection);
        }
        analyzer.read(&mut source, &mut collection, |_| {})?;
        Ok(collection)
    }
}

/// Returns the source for a single analyzer, read on a thread of its own if there are several.
pub(in crate::commands) fn in_order(source: Box<dyn Source + Send>, threads: NonZero<usize>) -> Box<dyn Source> {
    if threads.get() > 1 { read_ahead(source) } else { source }
}
