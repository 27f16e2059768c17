//! `--owns` and `--members`: reads captures as a work item of an archive.

use std::io::{self, Write};

use whyclosed::analyzer::{Analysed, Analyzer, Item, Members, Owned, Part};
use whyclosed::archive::{Coverage, Member};
use whyclosed::capture::Source;
use whyclosed::error::Error;
use whyclosed::report::{Collection, Report};
use whyclosed::seen::Timestamp;
use whyclosed::sink::Sink as _;

use super::exit_code;
use super::read::Read;
use super::stages::{Begun, Judged, Results};
use crate::exit;
use crate::output;
use crate::output::Rows;
use crate::progress::{Progress, Shown};

/// The receiver of what an item sees: a report and, perhaps, a table of members.
struct Seen<'s, 'r, 'o> {
    collection: Collection,
    sensor: Option<&'s str>,
    from: Option<Timestamp>,
    rows: Option<&'r mut Rows<'o>>,
    error: io::Result<()>,
    /// Whether there is a report, too.
    keeps: bool,
}

impl Seen<'_, '_, '_> {
    fn write(&mut self, member: impl FnOnce(Option<&str>, Option<Timestamp>) -> Member) {
        if let (Some(rows), Ok(())) = (&mut self.rows, &self.error) {
            self.error = rows.push(&member(self.sensor, self.from));
        }
    }

    fn keep(&mut self, Owned { facts, is_outside }: Owned) {
        match (self.keeps, is_outside) {
            (true, true) => self.collection.outside(facts),
            (true, false) => self.collection.connection(facts),
            (false, _) => {}
        }
    }
}

impl Members for Seen<'_, '_, '_> {
    fn whole(&mut self, owned: Owned) {
        if self.keeps {
            self.keep(owned.clone());
        }
        self.write(|sensor, from| Member::of_whole(sensor, from, owned));
    }

    fn part(&mut self, part: Part, facts: Vec<Owned>) {
        self.write(|sensor, from| Member::of_part(sensor, from, part, &facts));
        facts.into_iter().for_each(|owned| self.keep(owned));
    }
}

impl Read {
    /// Reads the captures as a work item, and writes the report or the members, or both.
    pub(super) fn run_item(&self, begun: Begun) -> Result<exit::Code, Error> {
        let Begun { registries, collection, with_keys, threads } = begun;
        let tables = &self.reporting.tables;
        let results = if tables.want_members() {
            let (mut collection, mut results) = (Some(collection), Results::default());
            let write = |out: &mut dyn Write| {
                let mut rows = Rows::new(out)?;
                let collection = collection.take().unwrap_or_default();
                results = self.read_item(&with_keys, collection, Some(&mut rows)).map_err(io::Error::other)?;
                rows.finish()
            };
            match tables.members() {
                Some(path) => output::to_file(path, write)?,
                None => output::emit(&self.reporting, write)?,
            }
            results
        } else {
            self.read_item(&with_keys, collection, None)?
        };
        let is_empty = results.analysed.captures.is_empty();
        if tables.are_members() || (is_empty && !self.reporting.is_table()) {
            let Judged { material, faults, .. } = self.material(results, registries);
            if let Some(path) = tables.files() {
                let report = Report::new(material, self.reporting.texts.language());
                output::to_file(path, |out| output::files(&self.reporting, &report, out))?;
            }
            let code = exit_code(false, &faults);
            return Ok(if is_empty { exit::ERROR } else { code });
        }
        self.report(results, registries, threads)
    }

    /// Reads all captures as a work item.
    fn read_item(
        &self,
        with_keys: &Analyzer,
        collection: Collection,
        mut rows: Option<&mut Rows<'_>>,
    ) -> Result<Results, Error> {
        let shown = if self.reporting.quiet { Shown::Nowhere } else { Shown::Bar(None) };
        self.read(with_keys, collection, shown, &mut |source, analyzer, collection, progress| {
            let analysed = self.item(source, analyzer, collection, (rows.as_deref_mut(), progress))?;
            Ok((analysed, None))
        })
    }

    /// Reads a capture as a work item.
    fn item(
        &self,
        mut source: Box<dyn Source + Send>,
        analyzer: Analyzer,
        collection: Collection,
        (rows, progress): (Option<&mut Rows<'_>>, &mut Progress),
    ) -> Result<Analysed, Error> {
        let period = self.owning.owns.unwrap_or_default();
        let sensor = self.reporting.tables.sensor.as_deref();
        let keeps = !self.reporting.tables.are_members();
        let mut item = Item::new(analyzer, period.from, period.to);
        let mut seen = Seen { collection, sensor, from: period.from, rows, error: Ok(()), keeps };
        let error = item.read(&mut *source, &mut seen, |packet| progress.packet(packet)).err();
        let summaries = source.summaries();
        let coverage = Coverage::new(&summaries, item.packets());
        seen.write(|sensor, from| Member::of_coverage(sensor, from, coverage));
        seen.error.map_err(|source| Error::Write { path: "members".into(), source })?;
        Ok(Analysed::new(item.analyzer(), seen.collection, summaries, error))
    }
}
