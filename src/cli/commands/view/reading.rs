//! The thread that reads the captures, and tells the view of connections as soon as they are over.

use std::cell::RefCell;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use whyclosed::analyzer::Analysed;
use whyclosed::error::Error;
use whyclosed::report::{Collection, Pending};
use whyclosed::view::Early;

use super::{Done, Message};
use crate::commands::absent;
use crate::commands::read::{Begun, Judged, Read, in_order};
use crate::progress::Shown;

/// The least time between two messages about connections.
const BETWEEN: Duration = Duration::from_millis(100);

/// Reads all captures, and judges their connections.
pub(super) fn all(read: &Read, begun: Begun, to_view: &Sender<Message>) -> Result<Box<Done>, Error> {
    let Begun { registries, collection, with_keys, threads } = begun;
    let (language, privacy) = (read.reporting.texts.language(), read.reporting.privacy());
    // The view may be gone: then nobody waits for anything.
    let progress = to_view.clone();
    let shown = Shown::To(Box::new(move |text| drop(progress.send(Message::Progress(text)))));
    let (waiting, mut told) = (RefCell::new(Vec::new()), Instant::now());
    let mut early = Early::new(registries.clone(), privacy, language, |one| waiting.borrow_mut().push(one));
    let results = read.read(&with_keys, collection, shown, &mut |source, mut analyzer, collection, progress| {
        drop(early.exchange(collection));
        let mut source = in_order(source, threads);
        let count = |packet| {
            progress.packet(packet);
            if told.elapsed() >= BETWEEN && !waiting.borrow().is_empty() {
                drop(to_view.send(Message::Early(waiting.take())));
                told = Instant::now();
            }
        };
        let error = analyzer.read(&mut *source, &mut early, count).err();
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
