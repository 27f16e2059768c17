//! The call that ends a session, as a descriptor to wait for together with packets.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use signal_hook::low_level;

use super::ending::{self, IS_AWAITED};
use super::removed;

/// The call to end a session: the first signal, or whatever else is heard through a socket.
pub struct Stop(UnixStream);

impl Stop {
    /// Returns the call, and the socket to call through with any byte.
    pub fn called() -> io::Result<(Self, UnixStream)> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        Ok((Self(reader), writer))
    }

    /// Catches the signals from now on. The first one is the call; a second one ends the program at once. Also returns the socket
    /// to call through.
    pub fn at_signal() -> io::Result<(Self, UnixStream)> {
        let (stop, writer) = Self::called()?;
        IS_AWAITED.store(true, Ordering::Relaxed);
        for signal in ending::SIGNALS {
            low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        let mut removed = removed();
        ending::watch(ending::SIGNALS.to_vec())?;
        removed.is_watched = true;
        Ok((stop, writer))
    }

    /// Returns whether the call has come. It is not reported again.
    pub fn came(&mut self) -> bool {
        self.0.read(&mut [0]).is_ok_and(|read| read > 0)
    }

    /// Returns a descriptor that becomes readable when the call comes.
    pub fn waker(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
