//! Several captures merged into one by time, such as the files that `tcpdump -C`, `-G` and `dumpcap -b` write.
//!
//! The first packet of each file is read beforehand. A file is then open only from the moment the merge reaches that
//! packet's time until the file's end, so a thousand rotated files need one buffer, not a thousand.
//!
//! A file that cannot be read does not end the others: the errors of all such files come together, after the packets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use super::{Batch, Marks, Meter, Packet, Run, Source, Summary, file};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// Captures merged by time. Among packets of equal time, the file earlier in the list comes first.
pub(super) struct Merge {
    files: Vec<Member>,
    /// The next packet of each file except the current one.
    heads: BinaryHeap<Reverse<Key>>,
    /// The file of the current packet.
    current: Option<usize>,
    number: u64,
    /// The run of the current packet, and its file.
    run: Option<(usize, Run)>,
    /// The number of runs that are kept.
    runs: usize,
    /// The errors of files that could not be read, or not to their ends.
    faults: Vec<Error>,
    meter: Meter,
    /// True if any of the files [takes time](Source::takes_time).
    takes_time: bool,
}

/// The time of a file's next packet, and the file's index in the list.
type Key = (Timestamp, usize);

struct Member {
    path: PathBuf,
    state: State,
    /// The runs of its packets that are over.
    runs: Vec<Run>,
}

enum State {
    /// Not open: only the time of its first packet is known, and its summary before reading.
    Waiting(Summary),
    /// Open, at its next packet.
    Open(Box<dyn Source + Send>),
    /// Read to its end.
    Done(Vec<Summary>),
}

impl Merge {
    /// Reads the first packet of each file. Fails if none can be read.
    pub(super) fn new(paths: Vec<PathBuf>, meter: &Meter) -> Result<Self, Error> {
        let mut merge = Self {
            files: Vec::new(),
            heads: BinaryHeap::new(),
            current: None,
            number: 0,
            run: None,
            runs: 0,
            faults: Vec::new(),
            meter: meter.clone(),
            takes_time: false,
        };
        for path in paths {
            match merge.begin(&path) {
                Ok(state) => merge.files.push(Member { path, state, runs: Vec::new() }),
                Err(error) => merge.faults.push(error),
            }
        }
        if merge.files.is_empty() { merge.take_faults().map(|()| merge) } else { Ok(merge) }
    }

    /// Reads the first packet of the next file.
    fn begin(&mut self, path: &Path) -> Result<State, Error> {
        // A file that cannot be opened twice stays open.
        let again = !file::is_stdin(path) && path.is_file();
        let mut source =
            if again { file::open(path, limits::PEEK_BUFFER)? } else { file::open_metered(path, &self.meter)? };
        self.takes_time |= source.takes_time();
        if !source.advance()? {
            return Ok(State::Done(source.summaries()));
        }
        self.heads.push(Reverse((source.packet().time, self.files.len())));
        Ok(if again { State::Waiting(unread(source.summaries())) } else { State::Open(source) })
    }

    /// Moves a file to its next packet. Returns the packet's time; `None` at the end, and where it cannot be read.
    #[inline]
    fn advance_file(&mut self, index: usize) -> Option<Timestamp> {
        match self.files.get_mut(index)?.advance(&self.meter) {
            Ok(time) => time,
            Err(error) => {
                self.fail(index, error);
                None
            }
        }
    }

    /// Ends a file that cannot be read further.
    #[cold]
    fn fail(&mut self, index: usize, error: Error) {
        self.faults.push(error);
        if let Some(file) = self.files.get_mut(index) {
            file.state = State::Done(file.summaries());
        }
    }

    /// Fails with the errors of all files, if there are any, but only once.
    fn take_faults(&mut self) -> Result<(), Error> {
        let mut errors = std::mem::take(&mut self.faults);
        match errors.len() {
            0 | 1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Error::Several { errors }),
        }
    }
}

/// Returns a file's summary as it was before anything was read.
fn unread(summaries: Vec<Summary>) -> Summary {
    let Summary { path, format, .. } = summaries.into_iter().next().unwrap_or_default();
    Summary { path, format, ..Summary::default() }
}

impl Member {
    /// Moves to the next packet, after opening the file if it was waiting. Returns the packet's time; `None` at the
    /// end.
    #[inline]
    fn advance(&mut self, meter: &Meter) -> Result<Option<Timestamp>, Error> {
        if let State::Waiting(_) = self.state {
            self.state = State::Open(file::open_metered(&self.path, meter)?);
        }
        let State::Open(source) = &mut self.state else { return Ok(None) };
        if source.advance()? {
            return Ok(Some(source.packet().time));
        }
        self.state = State::Done(source.summaries());
        Ok(None)
    }

    fn summaries(&self) -> Vec<Summary> {
        match &self.state {
            State::Waiting(summary) => vec![summary.clone()],
            State::Open(source) => source.summaries(),
            State::Done(summaries) => summaries.clone(),
        }
    }
}

impl Merge {
    /// Makes the file at `index` current.
    #[inline]
    fn settle(&mut self, index: usize) -> Result<bool, Error> {
        self.current = Some(index);
        self.number = self.number.saturating_add(1);
        if self.run.is_none_or(|(file, _)| file != index) {
            self.begin_run(index);
        }
        Ok(true)
    }

    /// Begins a run with the current packet, and keeps the one before it.
    fn begin_run(&mut self, index: usize) {
        let own = match self.files.get(index) {
            Some(Member { state: State::Open(source), .. }) => source.packet().number,
            _ => 0,
        };
        if let Some((before, run)) = self.run.replace((index, Run { merged: self.number, own, count: 0 }))
            && self.runs < limits::RUNS
            && let Some(file) = self.files.get_mut(before)
        {
            file.runs.push(Run { count: self.number - run.merged, ..run });
            self.runs += 1;
        }
    }
}

impl Source for Merge {
    fn advance(&mut self) -> Result<bool, Error> {
        if let Some(index) = self.current.take()
            && let Some(time) = self.advance_file(index)
        {
            let head = Reverse((time, index));
            // Files of a rotated set hardly overlap, so the same file usually continues.
            if self.heads.peek().is_none_or(|other| *other < head) {
                return self.settle(index);
            }
            self.heads.push(head);
        }
        while let Some(Reverse((time, index))) = self.heads.pop() {
            if self.files.get(index).is_some_and(|file| matches!(file.state, State::Waiting(_))) {
                match self.advance_file(index) {
                    Some(now) if now == time => {}
                    // The file has changed since its first packet was read.
                    Some(now) => {
                        self.heads.push(Reverse((now, index)));
                        continue;
                    }
                    None => continue,
                }
            }
            return self.settle(index);
        }
        self.take_faults().map(|()| false)
    }

    fn batch(&mut self) -> Result<Batch<'_>, Error> {
        let Some(index) = self.advance()?.then_some(self.current).flatten() else { return Ok(Batch::new()) };
        let Self { files, heads, number, current, .. } = self;
        let Some(Member { state: State::Open(source), .. }) = files.get_mut(index) else { return Ok(Batch::new()) };
        // Until the first packet of another file; of packets with equal times, that of the earlier file comes first.
        let until = match heads.peek() {
            Some(Reverse((time, other))) if index < *other => *time,
            Some(Reverse((time, _))) => Timestamp::from_nanos(time.as_nanos().saturating_sub(1)),
            None => Timestamp::from_nanos(i64::MAX),
        };
        let (mut batch, later) = source.batch_until(until);
        batch.iter_mut().zip(*number..).for_each(|(packet, number)| packet.number = number);
        *number += batch.len().saturating_sub(1) as u64;
        if let Some(time) = later {
            *current = None;
            heads.push(Reverse((time, index)));
        }
        Ok(batch)
    }

    #[inline]
    fn packet(&self) -> Packet<'_> {
        match self.current.and_then(|index| self.files.get(index)) {
            Some(Member { state: State::Open(source), .. }) => Packet { number: self.number, ..source.packet() },
            _ => Packet::NONE,
        }
    }

    fn takes_time(&self) -> bool {
        self.takes_time
    }

    fn marks(&self) -> Marks {
        match self.current.and_then(|index| self.files.get(index)) {
            Some(Member { state: State::Open(source), .. }) => source.marks(),
            _ => Marks::default(),
        }
    }

    fn take_secrets(&mut self) -> Vec<u8> {
        match self.current.and_then(|index| self.files.get_mut(index)) {
            Some(Member { state: State::Open(source), .. }) => source.take_secrets(),
            _ => Vec::new(),
        }
    }

    fn summaries(&self) -> Vec<Summary> {
        let last = self.run.filter(|_| self.runs < limits::RUNS);
        let of = |(at, file): (usize, &Member)| {
            let last = last.filter(|(index, _)| *index == at).map(|(_, run)| run);
            let last = last.map(|run| Run { count: self.number + 1 - run.merged, ..run });
            let runs: Vec<_> = file.runs.iter().copied().chain(last).collect();
            file.summaries().into_iter().map(move |summary| Summary { runs: runs.clone(), ..summary })
        };
        self.files.iter().enumerate().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::capture::testing::build::{Order, Pcap, Pcapng};
    use crate::capture::testing::{Owned, drain, drain_batches};

    /// Writes files with packets at these seconds, in turn as pcap and as pcapng. The data of a packet is the index of its
    /// file and its index in the file.
    fn write(files: &[Vec<u32>]) -> (TempDir, Vec<PathBuf>) {
        let directory = tempfile::tempdir().unwrap();
        let paths = files.iter().enumerate().map(|(index, seconds)| {
            let (mut pcap, mut pcapng) =
                (Pcap::new(Order::Little, Pcap::MICROS, 1), Pcapng::new(Order::Little).interface(1, 0, &[]));
            for (place, second) in seconds.iter().enumerate() {
                let data = [index as u8, place as u8];
                pcap = pcap.record(*second, 0, &data, 2);
                pcapng = pcapng.enhanced(0, u64::from(*second) * 1_000_000, &data, 2);
            }
            let path = directory.path().join(format!("{index:04}"));
            fs::write(&path, if index % 2 == 0 { pcap.bytes } else { pcapng.bytes }).unwrap();
            path
        });
        let paths = paths.collect();
        (directory, paths)
    }

    fn order(packets: &[Owned]) -> Vec<(u8, u8)> {
        packets.iter().map(|packet| (packet.data[0], packet.data[1])).collect()
    }

    fn merged(files: &[Vec<u32>]) -> Vec<(u8, u8)> {
        let (_directory, paths) = write(files);
        let (packets, summaries) = drain(&mut Merge::new(paths, &Meter::default()).unwrap()).unwrap();
        let counts: Vec<usize> = summaries.iter().map(|summary| summary.packets as usize).collect();
        assert_eq!(counts, files.iter().map(Vec::len).collect::<Vec<_>>());
        order(&packets)
    }

    #[test]
    fn by_time_and_of_equal_times_the_earlier_file() {
        assert_eq!(
            merged(&[vec![3, 5, 5, 9], vec![], vec![1, 5, 6]]),
            [(2, 0), (0, 0), (0, 1), (0, 2), (2, 1), (2, 2), (0, 3)]
        );
        assert_eq!(merged(&[]), []);
    }

    #[test]
    fn a_clock_that_steps_back_keeps_the_order_of_its_file() {
        assert_eq!(merged(&[vec![5, 1, 7], vec![4, 6]]), [(1, 0), (0, 0), (0, 1), (1, 1), (0, 2)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// If each file is in order, the result is that of a stable sort by time.
        #[test]
        fn as_a_stable_sort(mut files in prop::collection::vec(prop::collection::vec(0..20_u32, 0..8), 0..8)) {
            let mut expected = Vec::new();
            for (index, seconds) in files.iter_mut().enumerate() {
                seconds.sort();
                let places = seconds.iter().enumerate();
                expected.extend(places.map(|(place, second)| (*second, (index as u8, place as u8))));
            }
            expected.sort_by_key(|(second, _)| *second);
            let expected: Vec<(u8, u8)> = expected.into_iter().map(|(_, key)| key).collect();
            prop_assert_eq!(merged(&files), expected);
        }

        /// Batches hold the packets that come one by one, also if clocks step back.
        #[test]
        fn batches_are_the_same_packets(files in prop::collection::vec(prop::collection::vec(0..20_u32, 0..100), 0..5)) {
            let (_directory, paths) = write(&files);
            let merge = || Merge::new(paths.clone(), &Meter::default()).unwrap();
            let (one_by_one, summaries) = drain(&mut merge()).unwrap();
            let batches = drain_batches(&mut merge()).unwrap();
            prop_assert_eq!(batches, (one_by_one, summaries));
        }
    }

    #[test]
    fn a_rotated_set_has_one_file_open_at_a_time() {
        let files: Vec<Vec<u32>> = (0..100).map(|index| vec![index * 2, index * 2 + 1]).collect();
        let (_directory, paths) = write(&files);
        let mut merge = Merge::new(paths, &Meter::default()).unwrap();
        let open = |merge: &Merge| merge.files.iter().filter(|file| matches!(file.state, State::Open(_))).count();
        assert_eq!(open(&merge), 0);
        assert_eq!(merge.summaries().len(), 100);
        while merge.advance().unwrap() {
            assert_eq!(open(&merge), 1);
        }
        assert_eq!((open(&merge), merge.number), (0, 200));
    }

    #[test]
    fn a_file_that_grew_or_vanished_meanwhile() {
        let (_directory, paths) = write(&[vec![1, 9], vec![5], vec![6]]);
        let mut merge = Merge::new(paths.clone(), &Meter::default()).unwrap();
        let later = Pcap::new(Order::Little, Pcap::MICROS, 1).record(20, 0, &[1, 0], 2);
        fs::write(&paths[1], later.bytes).unwrap();
        let (packets, _) = drain(&mut merge).unwrap();
        assert_eq!(order(&packets), [(0, 0), (2, 0), (0, 1), (1, 0)]);

        let mut merge = Merge::new(paths.clone(), &Meter::default()).unwrap();
        fs::remove_file(&paths[2]).unwrap();
        // The error comes after the packets of the others.
        for number in 1..=3 {
            assert!(merge.advance().unwrap());
            assert_eq!(merge.packet().number, number);
        }
        let error = merge.advance().unwrap_err();
        assert!(matches!(&error, Error::Open { path, .. } if *path == paths[2]), "{error}");
        assert!(!merge.advance().unwrap());
        assert_eq!(merge.summaries().iter().map(|summary| summary.packets).collect::<Vec<_>>(), [2, 1, 0]);
    }

    #[test]
    fn a_file_that_cannot_be_read_does_not_end_the_others() {
        let (_directory, paths) = write(&[vec![1], vec![2]]);
        let missing = paths[0].with_file_name("missing");
        let mut merge =
            Merge::new(vec![paths[0].clone(), missing.clone(), paths[1].clone()], &Meter::default()).unwrap();
        assert!(merge.advance().unwrap() && merge.advance().unwrap());
        assert!(matches!(merge.advance().unwrap_err(), Error::Open { path, .. } if path == missing));
        assert!(Merge::new(vec![missing], &Meter::default()).is_err());
    }

    #[test]
    fn every_file_that_cannot_be_read_is_named() {
        let (_directory, paths) = write(&[vec![1], vec![2], vec![3]]);
        let missing = ["m", "n"].map(|name| paths[0].with_file_name(name));
        let mut merge = Merge::new([&missing[..], &paths].concat(), &Meter::default()).unwrap();
        fs::remove_file(&paths[1]).unwrap();
        let named = |error: Error| -> Vec<PathBuf> {
            let path = |error| if let Error::Open { path, .. } = error { path } else { panic!("{error}") };
            error.into_each().into_iter().map(path).collect()
        };
        assert!(merge.advance().unwrap() && merge.advance().unwrap());
        assert_eq!(named(merge.advance().unwrap_err()), [&missing[..], &paths[1..2]].concat());
        assert!(!merge.advance().unwrap());
        assert_eq!(named(Merge::new(missing.to_vec(), &Meter::default()).err().unwrap()), missing);
    }

    #[test]
    fn packets_have_a_place_in_their_own_file() {
        let files = [vec![1, 2, 6, 7], vec![3, 4, 8], vec![], vec![5]];
        let (_directory, paths) = write(&files);
        let mut merge = Merge::new(paths, &Meter::default()).unwrap();
        let mut taken = Vec::new();
        while merge.advance().unwrap() {
            taken.push((merge.packet().data[0], u64::from(merge.packet().data[1]) + 1));
        }
        let summaries = merge.summaries();
        let place = |number: u64| {
            let runs = summaries.iter().enumerate().flat_map(|(at, file)| file.runs.iter().map(move |run| (at, run)));
            let mut fitting = runs.filter(|(_, run)| (run.merged..run.merged + run.count).contains(&number));
            let (file, run) = fitting.next().unwrap();
            assert!(fitting.next().is_none(), "packet {number}");
            (file as u8, run.own + number - run.merged)
        };
        assert_eq!((1..=8).map(place).collect::<Vec<_>>(), taken);
        assert_eq!(summaries.iter().map(|file| file.runs.len()).collect::<Vec<_>>(), [2, 2, 0, 1]);
    }
}
