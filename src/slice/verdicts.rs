//! The verdicts that a slice carries as comments on the packets that prove them.

use super::cut::Wanted;
use crate::catalog::Language;
use crate::limits;
use crate::report::phrase::word;
use crate::report::{Connection, Finding, NamesPackets, Numbering};

/// The verdicts on wanted connections. They are kept until the numbers of packets in the slice are known, as far as there
/// is room for the comments.
#[derive(Debug, Default)]
pub struct Verdicts {
    kept: Vec<Kept>,
    bytes: usize,
    unmarked: u64,
}

#[derive(Debug)]
struct Kept {
    /// The number of the connection in the report.
    id: usize,
    /// Its stream in the capture.
    stream: (u32, Option<u32>),
    finding: Finding,
    /// The packets of the capture that are marked.
    marked: Vec<u64>,
}

impl Verdicts {
    /// Adds the verdict on a connection, which has the numbers of the capture. Comments beyond what a slice has room for
    /// are counted.
    pub fn add(&mut self, connection: &Connection, language: Language) {
        let (id, finding) = (connection.id, &*connection.verdict);
        // No number of a packet is larger in the slice.
        let bytes = bytes_of(&comment(("slice_mark", id), finding, language));
        let mut marked = finding.packets.clone();
        let room = limits::SLICE_COMMENTS.saturating_sub(self.bytes) / bytes;
        self.unmarked += marked.len().saturating_sub(room) as u64;
        marked.truncate(room);
        self.bytes += bytes * marked.len();
        if !marked.is_empty() {
            // Of the words, a comment has the summary alone.
            let mut finding = finding.clone();
            (finding.filter, finding.title, finding.cause, finding.fix) = Default::default();
            self.kept.push(Kept { id, stream: (connection.tcp_stream, connection.http2_stream), finding, marked });
        }
    }

    /// Returns the number of comments without room.
    pub const fn unmarked(&self) -> u64 {
        self.unmarked
    }

    /// Returns the packets that the comments name.
    pub fn packets(&mut self) -> Vec<u64> {
        let mut packets = Vec::new();
        self.kept.iter_mut().for_each(|kept| kept.finding.each_packet(&mut |packet| packets.push(*packet)));
        packets
    }

    /// Writes the comments, with the numbers of the slice.
    pub fn mark(&mut self, numbering: &Numbering, language: Language, wanted: &mut Wanted) {
        for Kept { id, stream, mut finding, marked } in self.kept.drain(..) {
            numbering.apply_to_finding(&mut finding, stream);
            wanted.comments.add(&marked, comment(("slice_mark", id), &finding, language));
        }
        wanted.comments.sort();
    }
}

/// Returns the comment on the packets of a verdict. It names the rule and the confidence as JSON does, so that a display
/// filter finds all packets of a cause, whatever the language.
pub(super) fn comment((name, id): (&str, usize), finding: &Finding, language: Language) -> String {
    let values = [
        ("id", &*id.to_string()),
        ("summary", &*finding.summary),
        ("rule", finding.rule.name),
        ("confidence", finding.confidence.name()),
    ];
    word(name, &values, language)
}

/// Returns the bytes that a comment takes: its option's header and padding, and the end of the options.
pub(super) const fn bytes_of(comment: &str) -> usize {
    comment.len().next_multiple_of(4) + 8
}
