//! Recording of packets into pcapng files as they arrive: one file, or the last few of many.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::Packet;
use super::pcapng::{Description, Statistics, Writer};
use crate::error::Error;
use crate::seen::Timestamp;
use crate::target::Target;

/// The number of files kept, and the limit at which the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The number of files kept; at least one.
    pub files: usize,
    /// The limit of each file.
    pub limit: Limit,
}

/// The limit at which the next file begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The next file begins before a packet with which the file would have more than this many bytes.
    Bytes(u64),
    /// The next file begins with a packet this long after the file's first one.
    Time(Duration),
}

impl FromStr for Ring {
    type Err = String;

    /// Parses a ring such as `10x64MB` or `24x1h`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (files, limit) = text.split_once('x')?;
            let digits = limit.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = limit.split_at_checked(digits)?;
            let number = number.parse::<u64>().ok().filter(|number| *number > 0)?;
            let limit = match unit {
                "kB" => Limit::Bytes(number.checked_mul(1000)?),
                "MB" => Limit::Bytes(number.checked_mul(1_000_000)?),
                "GB" => Limit::Bytes(number.checked_mul(1_000_000_000)?),
                "KiB" => Limit::Bytes(number.checked_mul(1 << 10)?),
                "MiB" => Limit::Bytes(number.checked_mul(1 << 20)?),
                "GiB" => Limit::Bytes(number.checked_mul(1 << 30)?),
                "s" => Limit::Time(Duration::from_secs(number)),
                "m" => Limit::Time(Duration::from_secs(number.checked_mul(60)?)),
                "h" => Limit::Time(Duration::from_secs(number.checked_mul(3600)?)),
                _ => return None,
            };
            Some(Self { files: files.parse().ok().filter(|files| *files > 0)?, limit })
        };
        parse().ok_or_else(|| format!("`{text}` is not a number of files and a size or time of each: 10x64MB, 24x1h"))
    }
}

/// A recording: the file being written, and the earlier files that are kept.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    ring: Option<Ring>,
    interfaces: Vec<Description>,
    file: Writer<BufWriter<File>>,
    /// The files of a ring, the oldest first.
    files: VecDeque<PathBuf>,
    begun: u32,
    /// The time of the file's first packet.
    first: Option<Timestamp>,
}

impl Recording {
    /// Begins the first file. The files of a ring are numbered: `trace.pcapng` becomes `trace_00001.pcapng`.
    pub fn create(path: &Path, ring: Option<Ring>, interfaces: Vec<Description>) -> Result<Self, Error> {
        let first = ring.map_or_else(|| path.to_owned(), |_| numbered(path, 1));
        let file = begin(&first, &interfaces).map_err(|source| Error::Write { path: first.clone(), source })?;
        let path = path.to_owned();
        Ok(Self { path, ring, interfaces, file, files: VecDeque::from([first]), begun: 1, first: None })
    }

    /// Writes a packet of an interface, which is an index into those given to [`create`](Self::create).
    pub fn packet(&mut self, interface: usize, packet: &Packet<'_>) -> Result<(), Error> {
        if self.is_full(packet) {
            self.next_file()?;
        }
        self.first.get_or_insert(packet.time);
        let interface = u32::try_from(interface).unwrap_or(u32::MAX);
        self.file.packet(interface, packet, 0, &[]).map_err(|source| self.failed(source))
    }

    /// Writes the counters of an interface, which is an index into those given to [`create`](Self::create).
    pub fn statistics(&mut self, interface: usize, statistics: &Statistics) -> Result<(), Error> {
        let interface = u32::try_from(interface).unwrap_or(u32::MAX);
        self.file.statistics(interface, statistics).map_err(|source| self.failed(source))
    }

    /// Flushes what was written to the system. A full disk may be noticed only here.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.file.flush().map_err(|source| self.failed(source))
    }

    fn is_full(&self, packet: &Packet<'_>) -> bool {
        /// Bytes of a packet's block besides its data.
        const AROUND: u64 = 36;
        match (self.ring.map(|ring| ring.limit), self.first) {
            (Some(Limit::Bytes(most)), Some(_)) => self.file.written() + packet.data.len() as u64 + AROUND > most,
            (Some(Limit::Time(most)), Some(first)) => packet.time.since(first) >= most,
            _ => false,
        }
    }

    fn next_file(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.begun = self.begun.saturating_add(1);
        let path = numbered(&self.path, self.begun);
        let failed = |path: &Path, source| Error::Write { path: path.to_owned(), source };
        self.file = begin(&path, &self.interfaces).map_err(|source| failed(&path, source))?;
        self.first = None;
        self.files.push_back(path);
        while self.files.len() > self.ring.map_or(1, |ring| ring.files)
            && let Some(oldest) = self.files.pop_front()
        {
            fs::remove_file(&oldest).map_err(|source| failed(&oldest, source))?;
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Write { path: self.files.back().unwrap_or(&self.path).clone(), source }
    }
}

fn begin(path: &Path, interfaces: &[Description]) -> io::Result<Writer<BufWriter<File>>> {
    let mut file = Writer::new(BufWriter::new(Target::resolve(path)?.create()?))?;
    interfaces.iter().try_for_each(|interface| file.interface(interface).map(drop))?;
    // From the start, the file is a readable capture.
    file.flush()?;
    Ok(file)
}

/// Returns the name of a numbered file: `trace.pcapng` and 7 give `trace_00007.pcapng`. The names sort in the order of
/// the files.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("_{number:05}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{LinkType, open};

    fn description() -> Description {
        Description { link_type: LinkType::ETHERNET, snaplen: 0, name: "lo".to_owned(), filter: String::new() }
    }

    fn record(recording: &mut Recording, seconds: impl Iterator<Item = i64>) {
        for second in seconds {
            let time = Timestamp::from_nanos(second * 1_000_000_000);
            let packet =
                Packet { number: 1, time, link_type: LinkType::ETHERNET, data: &[0; 100], length: 100, process: None };
            recording.packet(0, &packet).unwrap();
        }
        recording.flush().unwrap();
    }

    /// Returns the names of the files in a folder, and the seconds of the packets in them.
    fn files(folder: &Path) -> Vec<(String, Vec<i64>)> {
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let seconds = |path: &PathBuf| {
            let mut source = open(std::slice::from_ref(path)).unwrap();
            let mut seconds = Vec::new();
            while source.advance().unwrap() {
                seconds.push(source.packet().time.as_nanos() / 1_000_000_000);
            }
            seconds
        };
        paths.iter().map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), seconds(path))).collect()
    }

    #[test]
    fn one_file_holds_everything() {
        let folder = tempfile::tempdir().unwrap();
        let mut recording = Recording::create(&folder.path().join("a.pcapng"), None, vec![description()]).unwrap();
        record(&mut recording, 1..=100);
        assert_eq!(files(folder.path()), [("a.pcapng".to_owned(), (1..=100).collect())]);
    }

    #[test]
    fn a_ring_keeps_the_last_files_by_time_and_by_size() {
        let last = [("a_00003.pcapng".to_owned(), vec![21, 22, 23, 24, 25, 26, 27, 28, 29, 30])];
        let newest = ("a_00004.pcapng".to_owned(), vec![31, 32, 33, 34, 35]);
        for ring in ["2x10s", "2x1500kB"] {
            let folder = tempfile::tempdir().unwrap();
            let mut ring: Ring = ring.parse().unwrap();
            if let Limit::Bytes(bytes) = &mut ring.limit {
                // Room for ten packets of 132 bytes after the headers.
                *bytes = 1500;
            }
            let path = folder.path().join("a.pcapng");
            let mut recording = Recording::create(&path, Some(ring), vec![description()]).unwrap();
            record(&mut recording, 1..=35);
            assert_eq!(files(folder.path()), [last[0].clone(), newest.clone()], "{ring:?}");
        }
    }

    #[test]
    fn rings_are_parsed() {
        let of = |files, limit| Ok(Ring { files, limit });
        assert_eq!("10x64MB".parse(), of(10, Limit::Bytes(64_000_000)));
        assert_eq!("2x1GiB".parse(), of(2, Limit::Bytes(1 << 30)));
        assert_eq!("24x1h".parse(), of(24, Limit::Time(Duration::from_secs(3600))));
        for wrong in ["", "10", "0x1s", "1x0s", "x", "1x1", "1x1mb", "-1x1s", "1x99999999999999999999GB", "1x1é"] {
            assert!(wrong.parse::<Ring>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_full_disk_is_told() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            return;
        }
        let error = Recording::create(full, None, vec![description()]).unwrap_err();
        assert!(
            matches!(&error, Error::Write { path, source } if path == full && source.kind() == io::ErrorKind::StorageFull)
        );
    }
}
