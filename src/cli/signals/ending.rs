//! The thread that ends the program on a signal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io, process, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::removed;

/// The signals that end the program.
pub(super) const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Whether the next signal only ends a session, after which the program ends by itself.
pub(super) static IS_AWAITED: AtomicBool = AtomicBool::new(false);

/// Returns those of the signals that the program does not inherit as ignored: shells make background jobs ignore SIGINT.
pub(super) fn heeded(signals: &[i32]) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let is_ignored = |signal: i32| mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1);
    signals.iter().copied().filter(|signal| !is_ignored(*signal)).collect()
}

/// Starts the thread.
pub(super) fn watch(signals: Vec<i32>) -> io::Result<()> {
    let mut incoming = Signals::new(signals)?;
    let wait = move || {
        for signal in incoming.forever() {
            if IS_AWAITED.swap(false, Ordering::Relaxed) {
                continue;
            }
            end(signal);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

/// Removes the temporary files, and ends the program as the signal would have.
pub(super) fn end(signal: i32) -> ! {
    // The lock is held until the end, so that no further file is created.
    let removed = removed();
    removed.act();
    // As if the signal had not been caught, so that a shell sees which one it was.
    let _ = low_level::emulate_default_handler(signal);
    process::exit(128 + signal);
}
