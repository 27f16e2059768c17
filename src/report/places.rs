//! The files of a report: which of them a connection is in, and the numbers of merged packets in their own files.

use std::path::is_separator;
use std::sync::Arc;

use serde::Serialize;

use super::Finding;
use super::phrase::argument;
use super::redact::Redactor;
use crate::capture::{Run, Summary};
use crate::facts::Facts;
use crate::seen::Seen;

/// The paths of files, the first one first.
pub type Files = Arc<[Arc<str>]>;

/// A packet of a merge, in the file that it is in.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InFile {
    /// The path of the file.
    pub file: Arc<str>,
    /// The number of the packet in this file.
    pub packet: u64,
}

/// A capture that consists of several files, merged by time. Its packets and streams are numbered as in the file that
/// `mergecap` makes of them.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Merge {
    /// The number of the capture.
    pub capture: u32,
    /// The paths of its files, in the order in which they were merged: of packets with equal times, that of an earlier file
    /// comes first.
    pub files: Vec<Arc<str>>,
}

impl Merge {
    /// Returns the command that makes one file of them.
    pub fn command(&self) -> String {
        let files: Vec<_> = self.files.iter().map(|file| argument(file)).collect();
        format!("mergecap -w merged.pcapng {}", files.join(" "))
    }
}

/// The files of every capture.
#[derive(Debug)]
pub(super) struct Places {
    captures: Vec<Merged>,
    /// The folder that all files are in, as the beginning of their paths.
    folder: String,
}

/// The files of one capture.
#[derive(Debug, Default)]
struct Merged {
    /// The paths, in the order in which they were merged, and in that of their first packets.
    given: Vec<Arc<str>>,
    files: Vec<Arc<str>>,
    /// The runs of all files in the order of the merge, each with the index of its file.
    runs: Vec<(Run, usize)>,
    /// Whether each file begins where the one before it ends.
    in_sequence: bool,
    /// The files that were asked for last, by the indices of those with the first and the last packet, if these are known.
    latest: Option<(Option<(usize, usize)>, Files)>,
}

impl Places {
    /// Collects the files of captures, whose summaries are in the order of the captures.
    pub fn new(summaries: &[Summary], redactor: &Redactor) -> Self {
        let of_one = summaries.chunk_by(|one, other| one.capture == other.capture);
        let captures = of_one.map(|of_one| Merged::new(of_one, redactor)).collect();
        Self { captures, folder: folder(summaries, redactor) }
    }

    /// Returns the files of a connection ([`Connection::files`](super::Connection::files)), and their name in documents if
    /// there are several captures.
    pub fn of(&mut self, facts: &Facts) -> (Files, Option<Arc<str>>) {
        let Some(merged) = self.captures.get_mut(facts.capture as usize) else { return Default::default() };
        let files = merged.files(facts.first, facts.last);
        let name = self.are_several().then(|| self.short(&files).into());
        (files, name)
    }

    /// Names the packets of findings in the files that they are in, if these were merged.
    pub fn place<'f>(&self, facts: &Facts, findings: impl Iterator<Item = &'f mut Finding>) {
        let Some(merged) = self.captures.get(facts.capture as usize).filter(|merged| merged.files.len() > 1) else {
            return;
        };
        for finding in findings {
            finding.in_files = finding.packets.iter().filter_map(|packet| merged.in_file(*packet)).collect();
        }
    }

    /// Returns whether there are several captures, so that a reader has to be told which one is meant.
    pub const fn are_several(&self) -> bool {
        self.captures.len() > 1
    }

    /// Returns a capture as documents name it: by its file, or by the first and the last one.
    pub fn name(&self, capture: u32) -> String {
        self.captures.get(capture as usize).map_or_else(String::new, |merged| self.short(&merged.files))
    }

    /// Returns files as documents name them: without the folder that they have in common, and only the first and the last
    /// one; this without its folder, if that is the same.
    pub fn short(&self, files: &[Arc<str>]) -> String {
        let short = |path: &Arc<str>| path.strip_prefix(&self.folder).unwrap_or(path).to_owned();
        match files {
            [] => String::new(),
            [only] => short(only),
            [first, .., last] => {
                let folder = first.get(..first.rfind(is_separator).map_or(0, |at| at + 1)).unwrap_or_default();
                let name = last.strip_prefix(folder).filter(|name| !name.contains(is_separator));
                format!("{} … {}", short(first), name.map_or_else(|| short(last), str::to_owned))
            }
        }
    }

    /// Returns the captures that were merged.
    pub fn merges(&self) -> Vec<Merge> {
        let numbered = self.captures.iter().zip(1..).filter(|(merged, _)| merged.files.len() > 1);
        numbered.map(|(merged, capture)| Merge { capture, files: merged.given.clone() }).collect()
    }
}

impl Merged {
    fn new(summaries: &[Summary], redactor: &Redactor) -> Self {
        let mut by_time: Vec<_> = summaries.iter().collect();
        by_time.sort_by_key(|summary| (summary.first.is_none(), summary.first));
        let path = |summary: &Summary| redactor.path(summary.path.clone()).into();
        let given = summaries.iter().map(path).collect();
        let files = by_time.iter().map(|summary| path(summary)).collect();
        let mut runs: Vec<_> =
            by_time.iter().enumerate().flat_map(|(at, file)| file.runs.iter().map(move |run| (*run, at))).collect();
        runs.sort_by_key(|(run, _)| run.merged);
        let in_sequence = by_time.iter().zip(by_time.iter().skip(1)).all(|(one, next)| next.continues(one));
        Self { given, files, runs, in_sequence, latest: None }
    }

    /// Returns the index of the file that a packet is in, and its number there.
    fn place(&self, packet: u64) -> Option<(usize, u64)> {
        let at = self.runs.partition_point(|(run, _)| run.merged <= packet).checked_sub(1)?;
        let (run, file) = self.runs.get(at)?;
        let into = packet.checked_sub(run.merged).filter(|into| *into < run.count)?;
        Some((*file, run.own + into))
    }

    fn in_file(&self, packet: u64) -> Option<InFile> {
        let (file, packet) = self.place(packet)?;
        Some(InFile { file: Arc::clone(self.files.get(file)?), packet })
    }

    fn files(&mut self, first: Seen, last: Seen) -> Files {
        let known = self.place(first.packet).zip(self.place(last.packet)).filter(|_| self.files.len() > 1);
        let known = known.map(|((from, _), (to, _))| (from, to));
        if let Some((latest, files)) = &self.latest
            && *latest == known
        {
            return Arc::clone(files);
        }
        let files: Files = match known {
            Some((from, to)) if !self.in_sequence && from != to => {
                [from, to].into_iter().filter_map(|at| self.files.get(at).cloned()).collect()
            }
            Some((from, to)) => self.files.get(from.min(to)..=to.max(from)).unwrap_or_default().into(),
            None => self.files.as_slice().into(),
        };
        self.latest = Some((known, Arc::clone(&files)));
        files
    }
}

/// Returns the beginning of all paths up to the last separator that they have in common.
fn folder(summaries: &[Summary], redactor: &Redactor) -> String {
    let mut paths = summaries.iter().map(|summary| redactor.path(summary.path.clone()));
    let mut common = paths.next().unwrap_or_default();
    for path in paths {
        let same = common.char_indices().zip(path.chars()).find(|((_, one), other)| one != other);
        let length = same.map_or(common.len().min(path.len()), |((at, _), _)| at);
        common.truncate(length);
    }
    common.truncate(common.rfind(is_separator).map_or(0, |at| at + 1));
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_nanos(second * 1_000_000_000)
    }

    /// Returns the summary of a file with packets from one second to another, which are those of these runs.
    fn file(path: &str, (first, last): (i64, i64), runs: &[(u64, u64, u64)]) -> Summary {
        let run = |&(merged, own, count): &(u64, u64, u64)| Run { merged, own, count };
        let (first, last) = (Some(at(first)), Some(at(last)));
        Summary { path: path.to_owned(), first, last, runs: runs.iter().map(run).collect(), ..Summary::default() }
    }

    fn files(places: &mut Places, first: u64, last: u64) -> Vec<String> {
        let seen = |packet| Seen { packet, ..Seen::default() };
        places.captures[0].files(seen(first), seen(last)).iter().map(|file| (**file).to_owned()).collect()
    }

    #[test]
    fn a_connection_is_in_all_files_of_a_set_from_its_first_packet_to_its_last() {
        let files_of_set = [
            file("d/t_1", (0, 10), &[(1, 1, 10)]),
            file("d/t_2", (10, 20), &[(11, 1, 5)]),
            file("d/t_3", (20, 30), &[(16, 1, 5)]),
        ];
        let mut places = Places::new(&files_of_set, &Redactor::default());
        assert_eq!(files(&mut places, 3, 9), ["d/t_1"]);
        assert_eq!(files(&mut places, 3, 16), ["d/t_1", "d/t_2", "d/t_3"]);
        assert_eq!(files(&mut places, 15, 16), ["d/t_2", "d/t_3"]);
        let in_file = places.captures[0].in_file(16).unwrap();
        assert_eq!((&*in_file.file, in_file.packet), ("d/t_3", 1));
        assert!(places.captures[0].in_file(21).is_none());
        assert_eq!(places.name(0), "t_1 … t_3");
        assert!(!places.are_several());
    }

    #[test]
    fn of_captures_made_at_the_same_time_only_two_files_are_known() {
        let overlapping = [
            file("a", (0, 100), &[(1, 1, 2), (6, 3, 1)]),
            file("b", (1, 90), &[(3, 1, 1)]),
            file("c", (2, 95), &[(4, 1, 2)]),
        ];
        let mut places = Places::new(&overlapping, &Redactor::default());
        assert_eq!(files(&mut places, 1, 5), ["a", "c"]);
        assert_eq!(files(&mut places, 2, 6), ["a"]);
        // It is no longer known where the last packet is.
        assert_eq!(files(&mut places, 2, 7), ["a", "b", "c"]);
        assert_eq!(files(&mut places, 1, 5), ["a", "c"]);
        assert_eq!(files(&mut places, 2, 7), ["a", "b", "c"]);
    }
}
