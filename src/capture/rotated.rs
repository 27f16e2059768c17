//! Rotated sets: files that one program wrote one after another, with connections that go on from one to the next.
//!
//! | written by | names |
//! |---|---|
//! | `dumpcap -b`, Wireshark, `editcap -c`, `-i` | `t_00001_20260101120000.pcapng`; the number last with `nametimenum` |
//! | `live --write-ring` | `t_00001.pcapng` |
//! | `tcpdump -C` | `t.pcap`, `t.pcap1`, `t.pcap2`; with `-W 10` `t.pcap0` to `t.pcap9`, over and over |
//! | `tcpdump -G` | any that `strftime` makes, recognised by a date or a Unix time: `t_%F_%H%M.pcap`, `t-%s.pcap` |
//!
//! Names alone [propose](sets) a set. Whether its files follow one another is [confirmed] by the times of
//! their packets, which are known when they have been read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use super::{Input, Summary};

/// The longest time by which files that follow one another overlap: the packets of several interfaces are not quite in
/// order.
pub(super) const OVERLAP: Duration = Duration::from_secs(1);

/// Endings that compression adds to a name.
const COMPRESSED: [&str; 3] = [".gz", ".zst", ".lz4"];

/// The forms of names. Their groups are the parts in which the files of a set differ.
const FORMS: [&str; 6] = [
    r"_(?<number>[0-9]{5})_(?<time>[0-9]{14})(?:\.[^.]*)?$",
    r"_(?<time>[0-9]{14})_(?<number>[0-9]{5})(?:\.[^.]*)?$",
    r"_(?<number>[0-9]{5})(?:\.[^.]*)?$",
    // A date, and perhaps an hour, a minute and a second, with any separators; `tcpdump -C` may add a number.
    r"(?:^|[^0-9])(?<time>(?:19|20)[0-9]{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12][0-9]|3[01])(?:[-_.T]?(?:[01][0-9]|2[0-3])(?:[-_.:]?[0-5][0-9]){0,2})?)(?:$|[^0-9].*?(?<count>[0-9]*)$)",
    r"(?:^|[^0-9])(?<time>[12][0-9]{9})(?:$|[^0-9].*?(?<count>[0-9]*)$)",
    r"\.(?:cap|dmp|pcap|pcapng)(?<number>[0-9]*)$",
];

/// The highest number of five digits; the next one is 0.
const HIGHEST: u64 = 99_999;

/// The place of a file among others of the same set.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// The folder, and the name without the parts in which the files of a set differ.
    set: (PathBuf, String),
    /// Its place among them.
    turn: Turn,
}

/// The place of a file in its set, as its name tells it. A time comes before a number, which begins anew with each run of
/// a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// The time beside a number, as in `20260101120000`; local, so it is not quite in order when summer time ends.
    time: Option<u64>,
    /// The running number; `None` if only a time tells the files apart.
    number: Option<u64>,
}

impl Place {
    /// Returns the place that a name shows; `None` for a name of no known form.
    fn of(path: &Path) -> Option<Self> {
        static REGEXES: LazyLock<Vec<Regex>> =
            LazyLock::new(|| FORMS.iter().filter_map(|form| Regex::new(form).ok()).collect());
        let name = path.file_name()?.to_str()?;
        let name = COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        let found = REGEXES.iter().find_map(|regex| regex.captures(name))?;
        let mut varying: Vec<_> =
            ["number", "time", "count"].into_iter().filter_map(|group| found.name(group)).collect();
        varying.sort_by_key(regex::Match::start);
        let (mut common, mut from) = (String::new(), 0);
        for part in varying {
            common.extend([name.get(from..part.start())?, "*"]);
            from = part.end();
        }
        common.push_str(name.get(from..)?);
        let value = |group| found.name(group).map(|digits| digits.as_str().parse().unwrap_or(0));
        let number = value("number");
        let turn = Turn { time: number.and_then(|_| value("time")), number };
        Some(Self { set: (path.parent()?.to_owned(), common), turn })
    }
}

/// Groups files into sets by their names, each in the order in which it was written. A file of no known form is a set of
/// its own. The sets are in the order of their first files among `files`.
pub(super) fn sets(files: Vec<Input>) -> Vec<Vec<PathBuf>> {
    if let [single] = &*files {
        return vec![vec![single.path.clone()]];
    }
    let (mut sets, mut places) = (Vec::<Vec<(Turn, Input)>>::new(), HashMap::new());
    for file in files {
        let place = Place::of(&file.path).filter(|_| file.is_file);
        let (set, turn) = place.map_or_else(Default::default, |place| (Some(place.set), place.turn));
        let at = set.map_or(sets.len(), |set| *places.entry(set).or_insert(sets.len()));
        match sets.get_mut(at) {
            Some(files) => files.push((turn, file)),
            None => sets.push(vec![(turn, file)]),
        }
    }
    sets.into_iter().map(in_order).collect()
}

/// Sorts files by the times of their first packets, or by the numbers in their names. After the highest number, a ring
/// begins with the lowest again.
fn in_order(mut files: Vec<(Turn, Input)>) -> Vec<PathBuf> {
    // A file without packets is the last that was begun.
    files.sort_by_key(|(turn, file)| (*turn, turn.number.is_none() && file.first.is_none(), file.first));
    if files.iter().any(|(turn, _)| turn.time.is_some()) {
        // The times of packets are not local. A file without packets stays behind the one before it.
        let mut before = None;
        for (_, file) in &mut files {
            file.first = file.first.or(before);
            before = file.first;
        }
        files.sort_by_key(|(_, file)| file.first);
    }
    let times: Vec<_> = files.iter().enumerate().filter_map(|(at, (_, file))| Some((at, file.first?))).collect();
    let mut pairs = times.iter().zip(times.iter().skip(1));
    if let Some((_, (oldest, _))) = pairs.find(|((_, before), (_, time))| time < before) {
        files.rotate_left(*oldest);
    }
    files.into_iter().map(|(_, file)| file.path).collect()
}

/// Splits a proposed set between files that do not follow one another: a number is missing or begins anew, they overlap,
/// or, where only a time is in their names, more time lies between them than either covers. `summaries` are those of the
/// files; if any is missing, nothing is split.
pub fn confirmed(files: &[PathBuf], summaries: &[Summary]) -> Vec<Vec<PathBuf>> {
    if files.len() < 2 || files.len() != summaries.len() {
        return vec![files.to_vec()];
    }
    let mut parts: Vec<Vec<PathBuf>> = Vec::new();
    let (mut number_before, mut earlier): (Option<u64>, Option<&Summary>) = (None, None);
    for (file, summary) in files.iter().zip(summaries) {
        let Turn { time, number } = Place::of(file).map_or_else(Turn::default, |place| place.turn);
        let is_next = match (number_before, number) {
            (Some(HIGHEST), Some(0)) => true,
            // Beside a time, 0 is the first number of another run.
            (Some(before), Some(0)) => before > 0 && time.is_none(),
            (Some(before), Some(number)) => number == before.saturating_add(1),
            _ => true,
        };
        let follows = earlier.is_none_or(|earlier| {
            summary.continues(earlier)
                && (number.is_some() || pause(earlier, summary) <= earlier.span().max(summary.span()))
        });
        match parts.last_mut() {
            Some(part) if is_next && follows => part.push(file.clone()),
            _ => parts.push(vec![file.clone()]),
        }
        number_before = number;
        // A file without packets says nothing about times.
        earlier = Some(summary).filter(|summary| summary.first.is_some()).or(earlier);
    }
    parts
}

/// Returns the time between the last packet of a file and the first one of the next.
fn pause(earlier: &Summary, later: &Summary) -> Duration {
    earlier.last.zip(later.first).map_or(Duration::ZERO, |(last, next)| next.since(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Timestamp;

    fn at(second: u32) -> Timestamp {
        Timestamp::from_nanos(i64::from(second) * 1_000_000_000)
    }

    /// Returns the sets of files with these names and first packets.
    fn names(files: &[(&str, Option<u32>)]) -> Vec<Vec<String>> {
        let input = |(name, first): &(&str, Option<u32>)| Input {
            path: PathBuf::from("folder").join(name),
            is_file: true,
            first: first.map(at),
        };
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let sets = sets(files.iter().map(input).collect());
        sets.iter().map(|set| set.iter().map(name).collect()).collect()
    }

    #[test]
    fn names_of_one_form_are_proposed_as_a_set() {
        for set in [
            ["t_00001_20260101120000.pcapng", "t_00002_20260101130000.pcapng"],
            ["t_20260101120000_00009.pcapng", "t_20260101130000_00010.pcapng"],
            ["t_99999_20260101120000", "t_00000_20260101130000"],
            ["t_00009.pcapng", "t_00010.pcapng"],
            ["t.pcap", "t.pcap1"],
            ["t.pcap9", "t.pcap10"],
            ["t.pcap0.gz", "t.pcap1"],
            ["t.pcap9", "t.pcap0"],
            ["t-20260101.pcap", "t-20260102.pcap"],
            ["t_2026-01-01T10:00:00+0100.pcap", "t_2026-01-01T11:00:00+0100.pcap"],
            ["2026-01-01_10.00.cap", "2026-01-01_11.00.cap"],
            ["t_20260101-1000.pcap", "t_20260101-1000.pcap1"],
            ["t-1767265200.pcap", "t-1767268800.pcap"],
        ] {
            let files = [(set[0], Some(10)), (set[1], Some(20))];
            assert_eq!(names(&files), [set], "{set:?}");
            // The order on the command line does not matter.
            assert_eq!(names(&[files[1], files[0]]), [set], "{set:?}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for (one, other) in [
            ("a.pcap", "b.pcap"),
            ("a_00001.pcapng", "b_00002.pcapng"),
            ("client1.pcap", "client2.pcap"),
            ("run-1.pcap", "run-2.pcap"),
            ("t_1.pcapng", "t_2.pcapng"),
            ("t_00001.pcapng", "t_00002.pcap"),
            ("t1", "t2"),
            ("t_20269901.pcap", "t_20269902.pcap"),
            ("t_120202601011.pcap", "t_120202601012.pcap"),
        ] {
            assert_eq!(names(&[(one, Some(10)), (other, Some(20))]).len(), 2, "{one} {other}");
        }
    }

    #[test]
    fn a_set_is_in_the_order_in_which_it_was_written() {
        let ring = [("t.pcap0", Some(50)), ("t.pcap1", Some(60)), ("t.pcap2", Some(30)), ("t.pcap3", Some(40))];
        assert_eq!(names(&ring), [["t.pcap2", "t.pcap3", "t.pcap0", "t.pcap1"]]);
        // Equal times do not say anything, and neither does a file without packets.
        let many = [("t.pcap10", Some(9)), ("t.pcap8", Some(9)), ("t.pcap9", None)];
        assert_eq!(names(&many), [["t.pcap8", "t.pcap9", "t.pcap10"]]);
        let days = [("t-01-02-2026.pcap", Some(9)), ("t-2026-02-01.pcap", Some(9)), ("t-2026-01-31.pcap", Some(8))];
        assert_eq!(names(&days), [vec!["t-01-02-2026.pcap"], vec!["t-2026-01-31.pcap", "t-2026-02-01.pcap"]]);
    }

    #[test]
    fn runs_with_the_same_name_are_told_apart_by_their_times() {
        let (one, two) = ("t_00001_20260101120000.pcapng", "t_00002_20260101130000.pcapng");
        let (next_one, next_two) = ("t_00001_20260102120000.pcapng", "t_00002_20260102130000.pcapng");
        let runs = [one, two, next_one, next_two];
        let files = |times: [Option<u32>; 4]| names(&runs.into_iter().zip(times).rev().collect::<Vec<_>>());
        assert_eq!(files([Some(10), Some(20), Some(30), Some(40)]), [runs]);
        // Only the names say when the files without packets were begun.
        assert_eq!(files([Some(10), None, Some(30), None]), [runs]);
        assert_eq!(files([None, None, None, None]), [runs]);
        assert_eq!(
            parts(&runs.into_iter().zip([(10, 20), (20, 30), (100, 110), (110, 120)].map(Some)).collect::<Vec<_>>()),
            [2, 2]
        );
        // Counted from 0, as by editcap: only 99999 is followed by 0.
        let from_zero = ["t_00000_20260101120000", "t_00001_20260101120010", "t_00000_20260102120000"];
        assert_eq!(
            parts(&from_zero.into_iter().zip([(0, 9), (10, 19), (90, 99)].map(Some)).collect::<Vec<_>>()),
            [2, 1]
        );
        let around = ["t_99999_20260101120000", "t_00000_20260101120010"];
        assert_eq!(parts(&around.into_iter().zip([(0, 9), (10, 19)].map(Some)).collect::<Vec<_>>()), [2]);
    }

    #[test]
    fn the_hour_that_clocks_repeat_is_in_the_order_of_its_packets() {
        // Summer time ends: the names have the local time.
        let files = [
            ("t_00001_20261025023000.pcapng", Some(10)),
            ("t_00002_20261025025000.pcapng", Some(20)),
            ("t_00003_20261025021000.pcapng", Some(30)),
            ("t_00004_20261025024000.pcapng", Some(40)),
        ];
        assert_eq!(names(&files), [files.map(|(name, _)| name)]);
    }

    /// Returns the number of files in each part of a set of files with these names and times.
    fn parts(files: &[(&str, Option<(u32, u32)>)]) -> Vec<usize> {
        let summary = |times: &Option<(u32, u32)>| Summary {
            first: times.map(|(first, _)| at(first)),
            last: times.map(|(_, last)| at(last)),
            ..Summary::default()
        };
        let paths: Vec<_> = files.iter().map(|(name, _)| PathBuf::from(name)).collect();
        let summaries: Vec<_> = files.iter().map(|(_, times)| summary(times)).collect();
        confirmed(&paths, &summaries).iter().map(Vec::len).collect()
    }

    #[test]
    fn files_of_a_set_follow_one_another() {
        let numbered = |times: &[Option<(u32, u32)>], numbers: &[u32]| {
            let names: Vec<_> = numbers.iter().map(|number| format!("t_{number:05}.pcapng")).collect();
            parts(&names.iter().map(String::as_str).zip(times.iter().copied()).collect::<Vec<_>>())
        };
        // A ring that is silent at night.
        let apart = [Some((0, 10)), Some((10, 20)), Some((4000, 4010))];
        assert_eq!(numbered(&apart, &[1, 2, 3]), [3]);
        assert_eq!(numbered(&apart, &[99_998, 99_999, 0]), [3]);
        assert_eq!(numbered(&apart, &[1, 2, 4]), [2, 1]);
        // Two captures at the same time.
        assert_eq!(numbered(&[Some((0, 100)), Some((50, 150))], &[1, 2]), [1, 1]);
        assert_eq!(numbered(&[Some((0, 100)), None, Some((100, 150))], &[1, 2, 3]), [3]);
        assert_eq!(numbered(&[Some((0, 100)), None, Some((50, 150))], &[1, 2, 3]), [2, 1]);
        assert_eq!(numbered(&[None, None], &[1, 2]), [2]);
    }

    #[test]
    fn dates_alone_show_a_set_only_if_little_time_is_missing() {
        let dated = |times: [(u32, u32); 3]| {
            let names = ["t_20260101-1000.pcap", "t_20260101-1100.pcap", "t_20260101-1200.pcap"];
            parts(&names.into_iter().zip(times.map(Some)).collect::<Vec<_>>())
        };
        assert_eq!(dated([(0, 3600), (3605, 7000), (7900, 8000)]), [3]);
        // Somebody has captured for a minute now and then.
        assert_eq!(dated([(0, 60), (3600, 3660), (3700, 3760)]), [1, 2]);
    }
}
