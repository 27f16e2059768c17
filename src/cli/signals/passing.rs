//! Signals that are passed on to a command.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;

use super::{ending, removed};

/// The signals that are passed on. The others that may end or stop a program are left to the system: what a terminal sends, it
/// sends to the command as well.
const PASSED: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// The signals that have come and are to be passed on.
pub struct Passing(SignalsInfo<WithOrigin>);

impl Passing {
    /// Catches the signals from now on, except those that the program was told to ignore; the command inherits that. Temporary
    /// files are removed by [`end`](Self::end) alone.
    pub fn catch() -> io::Result<Self> {
        let signals = SignalsInfo::new(ending::heeded(&PASSED))?;
        removed().is_watched = true;
        Ok(Self(signals))
    }

    /// Returns the signals that have come since the last call, and whether the command has got each of them by itself: a
    /// terminal sends its signals to all processes in the foreground.
    pub fn came(&mut self) -> impl Iterator<Item = (i32, bool)> {
        self.0.pending().map(|origin| (origin.signal, origin.process.is_none()))
    }

    /// Removes the temporary files, and ends the program as the signal would have.
    pub fn end(signal: i32) -> ! {
        ending::end(signal)
    }
}
