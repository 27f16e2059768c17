//! Progress of a long read, on standard error, if that is a terminal, or wherever it is wanted.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whyclosed::capture::Meter;
use whyclosed::catalog::Language;
use whyclosed::report::phrase::{duration, number, word};

/// The time before progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// Packets between two readings of the clock.
const STRIDE: u64 = 1 << 16;

/// A display of what has been read, and of what is left if the size is known.
pub struct Progress {
    started: Instant,
    /// The number of the packet at which to read the clock again.
    look_at: u64,
    shown: Shown,
    /// The bytes that have been read, and how many they were when the current capture was begun.
    meter: Meter,
    begun: u64,
    /// All bytes to be read, those that are read twice counted twice.
    size: Option<u64>,
    language: Language,
}

/// The place where progress is shown.
pub enum Shown {
    Nowhere,
    /// On standard error, once reading has taken a while.
    Bar(Option<ProgressBar>),
    /// Wherever this function does it.
    #[cfg(feature = "view")]
    To(Box<dyn FnMut(String) + Send>),
}

impl Progress {
    /// Starts the clock. `size` is the number of bytes that will have been read at the end.
    pub fn new(shown: Shown, (meter, size): (Meter, Option<u64>), language: Language) -> Self {
        Self { started: Instant::now(), look_at: STRIDE, shown, meter, begun: 0, size, language }
    }

    /// Begins the next capture, whose packets are numbered from 1 again.
    pub fn begin_capture(&mut self) {
        self.look_at = STRIDE;
        self.begun = self.meter.bytes();
    }

    /// Adds what was read of the current capture to what is left, because it is read again.
    pub fn repeat_capture(&mut self) {
        let read = self.meter.bytes().saturating_sub(self.begun);
        self.size = self.size.map(|size| size.saturating_add(read));
    }

    /// Takes the number of the last packet that was read, and updates the display now and then.
    pub fn packet(&mut self, number: u64) {
        if number < self.look_at {
            return;
        }
        self.look_at = number.saturating_add(STRIDE);
        let elapsed = self.started.elapsed();
        let text = self.text(number, elapsed);
        match &mut self.shown {
            Shown::Bar(shown) if elapsed > PATIENCE => shown.get_or_insert_with(bar).set_message(text),
            #[cfg(feature = "view")]
            Shown::To(show) => show(text),
            Shown::Nowhere | Shown::Bar(_) => {}
        }
    }

    fn text(&self, number: u64, elapsed: Duration) -> String {
        match self.size {
            Some(size) => of_size(self.meter.bytes(), size, elapsed, self.language),
            None => of_packets(number, elapsed, self.language),
        }
    }

    /// Removes the display.
    pub fn finish(self) {
        if let Shown::Bar(Some(bar)) = self.shown {
            bar.finish_and_clear();
        }
    }
}

/// Returns the text for `read` of `size` bytes: the share, the speed and the time that is left.
fn of_size(read: u64, size: u64, elapsed: Duration, language: Language) -> String {
    // A file may grow while it is read.
    let read = read.min(size);
    let (share, speed) = (read as f64 / size.max(1) as f64, read as f64 / elapsed.as_secs_f64());
    let left = Duration::try_from_secs_f64((size - read) as f64 / speed).unwrap_or_default();
    let values = [
        ("percent", &*((share * 100.0) as u64).to_string()),
        ("speed", &number((speed / 1e6).ceil() as u64, language)),
        ("left", &seconds(left, language)),
    ];
    word("progress_of_size", &values, language)
}

/// Returns the text for so many packets of a capture of unknown size.
fn of_packets(packets: u64, elapsed: Duration, language: Language) -> String {
    let rate = packets as f64 / elapsed.as_secs_f64();
    let values = [
        ("packets", &*number(packets, language)),
        ("rate", &number(rate as u64, language)),
        ("elapsed", &seconds(elapsed, language)),
    ];
    word("progress", &values, language)
}

/// Formats a time in whole seconds: a digit behind the point would only flicker.
fn seconds(time: Duration, language: Language) -> String {
    match time.as_secs_f64().round() as u64 {
        seconds @ ..120 => word("duration_seconds", &[("large", &seconds.to_string())], language),
        seconds => duration(Duration::from_secs(seconds), language),
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // What is wider than the terminal is cut off.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use unicode_width::UnicodeWidthStr;
    use whyclosed::capture;

    use super::*;

    #[test]
    fn share_speed_and_time_left() {
        let of = |read, seconds| of_size(read, 4_000_000_000, Duration::from_secs(seconds), Language::English);
        assert_eq!(of(1_000_000_000, 4), "25% · 250 MB/s · 12 s left");
        assert_eq!(of(1_000_000_000, 400), "25% · 3 MB/s · 20 min 00 s left");
        assert_eq!(of(5_000_000_000, 4), "100% · 1,000 MB/s · 0 s left");
        assert_eq!(of_size(0, 0, Duration::from_secs(1), Language::English), "0% · 0 MB/s · 0 s left");
        assert_eq!(
            of_packets(2_000_000, Duration::from_secs(4), Language::English),
            "2,000,000 packets · 500,000 packets/s · 4 s"
        );
    }

    #[test]
    fn a_capture_that_is_read_again_is_left_to_read() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/many/capture.pcapng");
        let (meter, size) = (Meter::default(), capture::size([&*path]));
        let mut progress = Progress::new(Shown::Nowhere, (meter.clone(), size.map(|size| 2 * size)), Language::English);
        let read = |progress: &mut Progress| {
            progress.begin_capture();
            let mut source = capture::open_files(vec![path.clone(), path.clone()], &meter).unwrap();
            while source.advance().unwrap() {}
            progress.text(1, Duration::from_secs(1)).split(' ').next().unwrap().to_owned()
        };
        assert_eq!(read(&mut progress), "100%");
        progress.repeat_capture();
        assert_eq!(progress.text(1, Duration::from_secs(1)).split(' ').next(), Some("50%"));
        assert_eq!(read(&mut progress), "100%");
    }

    #[test]
    fn a_narrow_terminal_has_room() {
        for language in Language::ALL {
            let text = of_size(1_000_000_000, 4_000_000_000, Duration::from_secs(400), language);
            assert!(text.width() <= 38, "{text}");
        }
    }
}
