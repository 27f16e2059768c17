//! The table of capture files: a row for each one that was read, or could not be.

use std::collections::{HashMap, HashSet};

use super::Kind::{Int64, List, Text, Time};
use super::values::{nanos, time};
use super::{Column, Table};
use crate::report::{Capture, NotRead, Report};

/// The table of capture files.
pub enum Files {}

/// A capture file, as a row is made of it.
pub struct Row<'r> {
    sensor: Option<&'r str>,
    path: &'r str,
    /// The file; `None` if nothing of it could be read.
    read: Option<&'r Capture>,
    error: Option<&'r str>,
}

type Of = Column<Files>;

impl Table for Files {
    type Row<'r> = Row<'r>;

    const NAME: &'static str = "files";

    const ABOUT: &'static str = "A row for each capture file, those that could not be read included.";

    const COLUMNS: &'static [Of] = &[
        Of::new("sensor", Text, "The name given with --sensor.", |row| row.sensor.into()).or_null().also_csv(),
        Of::new("path", Text, "Its path; - is standard input.", |row| row.path.into()).also_csv(),
        Of::new("format", Text, "Its format, such as pcapng+gzip; null if it is not a capture.", |row| {
            row.read.map(|file| &*file.format).into()
        })
        .or_null()
        .also_csv(),
        Of::new(
            "capture",
            Int64,
            "The number of the capture that it belongs to, from 1: files with the same number were merged by time.",
            |row| row.read.map(|file| file.capture).into(),
        )
        .or_null()
        .also_csv(),
        Of::new("packets", Int64, "The number of packets read.", |row| row.read.map_or(0, |file| file.packets).into())
            .also_csv(),
        Of::new("bytes", Int64, "The number of bytes read, uncompressed.", |row| {
            row.read.map_or(0, |file| file.bytes).into()
        })
        .also_csv(),
        Of::new("first", Time, "The time of its first packet.", |row| row.first().and_then(time).into())
            .or_null()
            .also_csv(),
        Of::new("first_ns", Int64, "The same in nanoseconds since 1970.", |row| row.first().map(nanos).into())
            .or_null(),
        Of::new("last", Time, "The time of its last packet.", |row| row.last().and_then(time).into())
            .or_null()
            .also_csv(),
        Of::new("last_ns", Int64, "The same in nanoseconds since 1970.", |row| row.last().map(nanos).into()).or_null(),
        Of::new("drops", Int64, "Packets that were dropped while capturing, as far as the file says so.", |row| {
            row.read.map_or(0, |file| file.dropped).into()
        })
        .also_csv(),
        Of::new("notes", List(&Text), "Remarks on the file.", |row| {
            row.read.map(|file| file.notes.as_slice()).unwrap_or_default().iter().map(|note| &**note).collect()
        })
        .also_csv(),
        Of::new("error", Text, "The reason why it could not be read, or not to its end.", |row| row.error.into())
            .or_null()
            .also_csv(),
    ];
}

impl<'r> Row<'r> {
    /// Returns the rows of a report: the files that were read, and then those of which nothing could be.
    pub fn of(report: &'r Report, sensor: Option<&'r str>) -> impl Iterator<Item = Self> {
        let errors: HashMap<_, _> = report.not_read.iter().map(|NotRead { path, error }| (&**path, &**error)).collect();
        let known: HashSet<_> = report.captures.iter().map(|capture| &*capture.path).collect();
        let read = report.captures.iter().map(move |capture| {
            let error = errors.get(&*capture.path).copied().or(capture.damage.as_deref());
            Self { sensor, path: &capture.path, read: Some(capture), error }
        });
        let lost = report.not_read.iter().filter(move |fault| !known.contains(&*fault.path));
        read.chain(lost.map(move |NotRead { path, error }| Self { sensor, path, read: None, error: Some(error) }))
    }

    fn first(&self) -> Option<&'r str> {
        self.read?.first.as_deref()
    }

    fn last(&self) -> Option<&'r str> {
        self.read?.last.as_deref()
    }
}
