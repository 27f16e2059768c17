//! The thread that ends the program at a signal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io, process, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::removed;

/// The signals that end the program.
pub(super) const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Whether the next signal ends a session, which then ends the program itself.
pub(super) static IS_AWAITED: AtomicBool = AtomicBool::new(false);

/// The signals that whoever started this program has not told it to ignore, as shells do with SIGINT in the background.
pub(super) fn heeded() -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let is_ignored = |signal: i32| mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1);
    SIGNALS.into_iter().filter(|signal| !is_ignored(*signal)).collect()
}

/// Starts the thread.
pub(super) fn watch(signals: Vec<i32>) -> io::Result<()> {
    let mut incoming = Signals::new(signals)?;
    let wait = move || {
        for signal in incoming.forever() {
            if IS_AWAITED.swap(false, Ordering::Relaxed) {
                continue;
            }
            // Locked until the end: nothing is created any more.
            let removed = removed();
            removed.paths.iter().for_each(|path| drop(fs::remove_file(path)));
            // As if nobody had waited for it: a shell sees which signal it was.
            let _ = low_level::emulate_default_handler(signal);
            process::exit(128 + signal);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}
