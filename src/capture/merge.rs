//! Several captures as one, by time: what `tcpdump -C`, `-G` and `dumpcap -b` leave behind.
//!
//! Each file's first packet is looked at beforehand; then a file is open only from when the merge reaches that time to
//! the file's end, so a thousand rotated files need one buffer, not a thousand.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use super::{LinkType, Packet, Source, Summary, file};
use crate::error::Error;
use crate::limits;
use crate::seen::Timestamp;

/// Captures merged by time; of equal times the earlier in the list comes first.
pub(super) struct Merge {
    files: Vec<Member>,
    /// The next packet of each file but the current.
    heads: BinaryHeap<Reverse<Key>>,
    /// The file whose packet is lent.
    current: Option<usize>,
    number: u64,
}

/// Time of a file's next packet, and the file's place in the list.
type Key = (Timestamp, usize);

struct Member {
    path: PathBuf,
    state: State,
}

enum State {
    /// Only its first packet's time is known, and what a summary says before reading.
    Waiting(Summary),
    /// At its next packet.
    Open(Box<dyn Source + Send>),
    /// At its end.
    Done(Vec<Summary>),
}

impl Merge {
    /// Looks at the first packet of each file.
    pub(super) fn new(paths: Vec<PathBuf>) -> Result<Self, Error> {
        let mut merge = Self { files: Vec::new(), heads: BinaryHeap::new(), current: None, number: 0 };
        for (index, path) in paths.into_iter().enumerate() {
            // What cannot be opened twice stays open.
            let again = !file::is_stdin(&path) && path.is_file();
            let mut source = file::open(&path, if again { limits::PEEK_BUFFER } else { limits::READ_BUFFER })?;
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

/// A file's summary as it was before anything was read.
fn unread(summaries: Vec<Summary>) -> Summary {
    let Summary { path, format, .. } = summaries.into_iter().next().unwrap_or_default();
    Summary { path, format, ..Summary::default() }
}

impl Member {
    /// Moves to the next packet, for which a waiting file is opened. Its time; `None` at the end.
    #[inline]
    fn advance(&mut self) -> Result<Option<Timestamp>, Error> {
        if let State::Waiting(_) = self.state {
            self.state = State::Open(file::open(&self.path, limits::READ_BUFFER)?);
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
            && let Some(time) = file.advance()?
        {
            let head = Reverse((time, index));
            // Files of a rotated set hardly overlap: mostly the same file goes on.
            if self.heads.peek().is_none_or(|other| *other < head) {
                return self.settle(index);
            }
            self.heads.push(head);
        }
        while let Some(Reverse((time, index))) = self.heads.pop() {
            let Some(file) = self.files.get_mut(index) else { continue };
            if let State::Waiting(_) = file.state {
                match file.advance()? {
                    Some(now) if now == time => {}
                    // The file has changed since it was looked at.
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
            _ => Packet { number: 0, time: Timestamp::default(), link_type: LinkType::NULL, data: &[], length: 0 },
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
