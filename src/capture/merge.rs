//! Several captures merged into one by time, such as the files that `tcpdump -C`, `-G` and `dumpcap -b` write.
//!
//! The first packet of each file is read beforehand. A file is then open only from the moment the merge reaches that
//! packet's time until the file's end, so a thousand rotated files need one buffer, not a thousand.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use super::{Marks, Meter, Packet, Source, Summary, file};
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
    meter: Meter,
}

/// The time of a file's next packet, and the file's index in the list.
type Key = (Timestamp, usize);

struct Member {
    path: PathBuf,
    state: State,
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
    /// Reads the first packet of each file.
    pub(super) fn new(paths: Vec<PathBuf>, meter: &Meter) -> Result<Self, Error> {
        let (files, heads) = (Vec::new(), BinaryHeap::new());
        let mut merge = Self { files, heads, current: None, number: 0, meter: meter.clone() };
        for (index, path) in paths.into_iter().enumerate() {
            // A file that cannot be opened twice stays open.
            let again = !file::is_stdin(&path) && path.is_file();
            let mut source =
                if again { file::open(&path, limits::PEEK_BUFFER)? } else { file::open_metered(&path, meter)? };
            let state = if source.advance()? {
                merge.heads.push(Reverse((source.packet().time, index)));
                if again { State::Waiting(unread(source.summaries())) } else { State::Open(source) }
            } else {
                State::Done(source.summaries())
            };
            merge.files.push(Member { path, state });
        }
        Ok(merge)
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
}

impl Merge {
    /// Makes the file at `index` current.
    #[inline]
    fn settle(&mut self, index: usize) -> Result<bool, Error> {
        self.current = Some(index);
        self.number = self.number.saturating_add(1);
        Ok(true)
    }
}

impl Source for Merge {
    fn advance(&mut self) -> Result<bool, Error> {
        if let Some(index) = self.current.take()
            && let Some(file) = self.files.get_mut(index)
            && let Some(time) = file.advance(&self.meter)?
        {
            let head = Reverse((time, index));
            // Files of a rotated set hardly overlap, so the same file usually continues.
            if self.heads.peek().is_none_or(|other| *other < head) {
                return self.settle(index);
            }
            self.heads.push(head);
        }
        while let Some(Reverse((time, index))) = self.heads.pop() {
            let Some(file) = self.files.get_mut(index) else { continue };
            if let State::Waiting(_) = file.state {
                match file.advance(&self.meter)? {
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
        Ok(false)
    }

    #[inline]
    fn packet(&self) -> Packet<'_> {
        match self.current.and_then(|index| self.files.get(index)) {
            Some(Member { state: State::Open(source), .. }) => Packet { number: self.number, ..source.packet() },
            _ => Packet::NONE,
        }
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
        let of = |file: &Member| match &file.state {
            State::Waiting(summary) => vec![summary.clone()],
            State::Open(source) => source.summaries(),
            State::Done(summaries) => summaries.clone(),
        };
        self.files.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::capture::testing::build::{Order, Pcap};
    use crate::capture::testing::{Owned, drain};

    /// Writes files with packets at these seconds. The data of a packet is the index of its file and its index in the
    /// file.
    fn write(files: &[Vec<u32>]) -> (TempDir, Vec<PathBuf>) {
        let directory = tempfile::tempdir().unwrap();
        let paths = files.iter().enumerate().map(|(index, seconds)| {
            let mut file = Pcap::new(Order::Little, Pcap::MICROS, 1);
            for (place, second) in seconds.iter().enumerate() {
                file = file.record(*second, 0, &[index as u8, place as u8], 2);
            }
            let path = directory.path().join(format!("{index:04}"));
            fs::write(&path, file.bytes).unwrap();
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
        assert!(merge.advance().unwrap());
        let error = merge.advance().unwrap_err();
        assert!(matches!(&error, Error::Open { path, .. } if *path == paths[2]), "{error}");
    }
}
