//! The thread that reads the captures, and tells the view of connections as soon as they are over.

use std::sync::PoisonError;
use std::sync::mpsc::Sender;

use whyclosed::analyzer::Analysed;
use whyclosed::error::Error;
use whyclosed::report::{Collection, Pending};
use whyclosed::view::Early;

use super::{Done, Message, Waiting};
use crate::commands::absent;
use crate::commands::read::Read;
use crate::commands::read::captures::in_order;
use crate::commands::stages::{Begun, Judged};
use crate::progress::Shown;

/// Reads all captures, and judges their connections. Those that are over are put to the `waiting` ones meanwhile.
pub(super) fn all(read: &Read, begun: Begun, waiting: &Waiting, to_view: &Sender<Message>) -> Result<Box<Done>, Error> {
    let Begun { registries, collection, with_keys, threads } = begun;
    let (language, privacy) = (read.reporting.texts.language(), read.reporting.privacy());
    // The view may be gone: then nobody waits for anything.
    let progress = to_view.clone();
    let shown = Shown::To(Box::new(move |text| drop(progress.send(Message::Progress(text)))));
    let tell = |one| waiting.lock().unwrap_or_else(PoisonError::into_inner).push(one);
    let mut early = Early::new(registries.clone(), privacy, language, tell);
    let results = read.read(&with_keys, collection, shown, &mut |source, mut analyzer, collection, progress| {
        drop(early.exchange(collection));
        let mut source = in_order(source, threads);
        let error = analyzer.read(&mut *source, &mut early, |packet| progress.packet(packet)).err();
        let collection = early.exchange(Collection::default());
        Ok((Analysed::new(&analyzer, collection, source.summaries(), error), None))
    })?;
    let files = results.files.clone();
    let Judged { material, mut faults, .. } = read.material(results, registries);
    let pending = Pending::on_threads(material, language, threads);
    let spill = pending.spill();
    faults.extend(absent(&read.reporting, pending.count()));
    let mut report = pending.finish();
    faults.extend(spill.take_error());
    report.times = read.reporting.time.clone();
    let selection = read.reporting.selection(report.start());
    Ok(Box::new(Done { report, selection, faults, files }))
}
