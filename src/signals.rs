//! Ctrl-C and SIGTERM, as something that can be waited for beside packets.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// Exit code of the second one: 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: i32 = 130;

/// The first one is told here; a second one ends the program at once.
pub struct Signals(UnixStream);

impl Signals {
    /// From now on.
    pub fn catch() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first one finds the flag unset.
            flag::register_conditional_shutdown(signal, INTERRUPTED, again.clone())?;
            flag::register(signal, again.clone())?;
            low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(Self(reader))
    }

    /// Whether one has come.
    pub fn came(&mut self) -> bool {
        self.0.read(&mut [0]).is_ok_and(|read| read > 0)
    }

    /// Readable once one has come.
    pub fn waker(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
