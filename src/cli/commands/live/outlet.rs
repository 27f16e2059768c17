//! Where the updates of a session go: lines on the screen, or a view.

use std::io;

use whyclosed::analyzer::Analyzer;
use whyclosed::catalog::Language;
use whyclosed::live::{Update, Watch};
use whyclosed::report::phrase::{number, word};

/// A receiver of updates.
pub trait Outlet {
    /// Returns the language of its texts.
    fn language(&self) -> Language;

    /// Takes an update. An error means that nobody receives updates any more.
    fn tell(&mut self, update: Update) -> io::Result<()>;

    /// Takes the counts of the last second, and may look at the connections that are open.
    fn beat(&mut self, status: Status, watch: &mut Watch, analyzer: &Analyzer);

    /// Ends the updates.
    fn finish(&mut self);
}

/// The counts of a running capture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Status {
    /// Packets in the last second.
    pub packets_per_second: u64,
    /// Packets so far.
    pub packets: u64,
    /// WebSocket connections that are open.
    pub open: usize,
    /// Packets dropped so far.
    pub dropped: u64,
}

impl Status {
    /// Returns the counts as a text.
    pub fn text(self, language: Language) -> String {
        let number = |count| number(count, language);
        let values = [
            ("rate", &*number(self.packets_per_second)),
            ("packets", &number(self.packets)),
            ("open", &number(self.open as u64)),
            ("dropped", &number(self.dropped)),
        ];
        word("live_status", &values, language)
    }
}
