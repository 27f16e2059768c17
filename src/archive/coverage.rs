//! The files of a work item.

use serde::{Deserialize, Serialize};

use crate::capture::{Drops, Run, Summary};
use crate::seen::Timestamp;

/// The files that a work item has read, and the place of its packets in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The number of its packets, without those before it, and without those of the halo.
    pub packets: u64,
    /// The files.
    pub files: Vec<File>,
}

/// A file, and the packets of it that belong to the item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its format, as that of a [`Summary`].
    pub format: String,
    /// Its packets.
    pub packets: u64,
    /// Its uncompressed bytes.
    pub bytes: u64,
    /// The time of its earliest packet.
    pub first: Option<Timestamp>,
    /// The time of its latest packet.
    pub last: Option<Timestamp>,
    /// The times between which packets were dropped.
    pub drops: Vec<(Timestamp, Timestamp)>,
    /// The item's packets in it: the number of the first one in the item, from 1, that in the file, and how many follow one
    /// another.
    pub runs: Vec<(u64, u64, u64)>,
}

impl Coverage {
    /// Returns the coverage of an item that has read these files, as one capture, with so many packets before its own ones.
    pub fn new(summaries: &[Summary], (before, packets): (u64, u64)) -> Self {
        let file = |summary: &Summary| {
            let alone = Run { merged: 1, own: 1, count: summary.packets };
            let runs = if summary.runs.is_empty() { std::slice::from_ref(&alone) } else { &summary.runs };
            File {
                path: summary.path.clone(),
                format: summary.format.clone(),
                packets: summary.packets,
                bytes: summary.bytes,
                first: summary.first,
                last: summary.last,
                drops: summary.drops.iter().map(|drops| (drops.after, drops.until)).collect(),
                runs: runs.iter().filter_map(|run| within(run, before, packets)).collect(),
            }
        };
        Self { packets, files: summaries.iter().map(file).collect() }
    }
}

/// Returns the part of a run behind so many packets, of which so many are wanted.
fn within(run: &Run, before: u64, packets: u64) -> Option<(u64, u64, u64)> {
    let skipped = before.saturating_add(1).saturating_sub(run.merged);
    let first = run.merged.saturating_add(skipped).saturating_sub(before);
    let most = packets.saturating_add(1).saturating_sub(first);
    let count = run.count.saturating_sub(skipped).min(most);
    (count > 0).then_some((first, run.own.saturating_add(skipped), count))
}

impl File {
    /// Adds the file's packets to its summary, behind so many packets of earlier items.
    pub(super) fn add_to(&self, summary: &mut Summary, before: u64) {
        let Self { path, format, packets, bytes, first, last, drops, runs } = self;
        if summary.path.is_empty() {
            (summary.path, summary.format) = (path.clone(), format.clone());
        }
        summary.packets = summary.packets.max(*packets);
        summary.bytes = summary.bytes.max(*bytes);
        summary.first = [summary.first, *first].into_iter().flatten().min();
        summary.last = summary.last.max(*last);
        for (after, until) in drops {
            let drops = Drops { after: *after, until: *until };
            if !summary.drops.contains(&drops) {
                summary.drops.push(drops);
            }
        }
        let run = |(merged, own, count): &(u64, u64, u64)| Run {
            merged: merged.saturating_add(before),
            own: *own,
            count: *count,
        };
        for run in runs.iter().map(run) {
            match summary.runs.last_mut() {
                Some(last) if run.follows(last) => {
                    last.count = last.count.saturating_add(run.count);
                }
                _ => summary.runs.push(run),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_to_the_item() {
        let run = Run { merged: 10, own: 3, count: 5 };
        assert_eq!(within(&run, 0, 100), Some((10, 3, 5)));
        assert_eq!(within(&run, 9, 100), Some((1, 3, 5)));
        assert_eq!(within(&run, 11, 2), Some((1, 5, 2)));
        assert_eq!(within(&run, 5, 6), Some((5, 3, 2)));
        assert_eq!(within(&run, 14, 9), None);
        assert_eq!(within(&run, 0, 9), None);
    }
}
