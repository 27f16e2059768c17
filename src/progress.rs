//! Progress of a long read, on standard error, where that is a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whyclosed::capture::Packet;

/// Reads shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Packets between two looks at the clock.
const STRIDE: u64 = 1 << 16;

/// Shows how many packets have been read.
pub struct Progress {
    started: Instant,
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl Progress {
    /// Starts the clock.
    pub fn new(quiet: bool) -> Self {
        Self { started: Instant::now(), bar: None, quiet }
    }

    /// Takes the packets just read.
    pub fn packets(&mut self, packets: &[Packet<'_>]) {
        let looked = packets.iter().map(|packet| packet.number).find(|number| number.is_multiple_of(STRIDE));
        if let Some(number) = looked
            && !self.quiet
            && self.started.elapsed() > PATIENCE
        {
            self.bar.get_or_insert_with(bar).set_position(number);
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} packets, {per_sec}, {elapsed}") {
        bar.set_style(style);
    }
    bar
}
