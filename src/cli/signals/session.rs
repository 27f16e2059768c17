//! The signal that ends a session, as a descriptor to wait for together with packets.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use signal_hook::low_level;

use super::ending::{self, IS_AWAITED};
use super::removed;

/// The first signal, which ends a session. A second one ends the program at once.
pub struct Signals(UnixStream);

impl Signals {
    /// Catches the signals from now on.
    pub fn catch() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        IS_AWAITED.store(true, Ordering::Relaxed);
        for signal in ending::SIGNALS {
            low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        let mut removed = removed();
        ending::watch(ending::SIGNALS.to_vec())?;
        removed.is_watched = true;
        Ok(Self(reader))
    }

    /// Returns whether a signal has come. A later call does not report the same one again.
    pub fn came(&mut self) -> bool {
        self.0.read(&mut [0]).is_ok_and(|read| read > 0)
    }

    /// Returns a descriptor that becomes readable when a signal comes.
    pub fn waker(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
