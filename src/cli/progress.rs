//! Progress of a long read, on standard error, if that is a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whyclosed::catalog::Language;
use whyclosed::report::phrase;

/// The time before progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// Packets between two readings of the clock.
const STRIDE: u64 = 1 << 16;

/// A display of the number of packets read.
pub struct Progress {
    started: Instant,
    /// The number of the packet at which to read the clock again.
    look_at: u64,
    bar: Option<ProgressBar>,
    quiet: bool,
    language: Language,
}

impl Progress {
    /// Starts the clock.
    pub fn new(quiet: bool, language: Language) -> Self {
        Self { started: Instant::now(), look_at: STRIDE, bar: None, quiet, language }
    }

    /// Takes the number of the last packet that was read, and updates the display now and then.
    pub fn packet(&mut self, number: u64) {
        if number < self.look_at {
            return;
        }
        self.look_at = number.saturating_add(STRIDE);
        if !self.quiet && self.started.elapsed() > PATIENCE {
            let rate = number as f64 / self.started.elapsed().as_secs_f64();
            let of = |count| phrase::number(count, self.language);
            let values = [("packets", &*of(number)), ("rate", &of(rate as u64))];
            self.bar.get_or_insert_with(bar).set_message(phrase::word("progress", &values, self.language));
        }
    }

    /// Removes the display.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} · {elapsed}") {
        bar.set_style(style);
    }
    bar
}
