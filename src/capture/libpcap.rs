//! The system's libpcap, which only live capture and filters need: captures are read without it.

use crate::error::Error;

/// Has the system's libpcap loaded; fails where there is none. Whatever calls libpcap asks for this first.
///
/// On Windows the program was linked with Npcap, and does not start without it.
pub(super) fn load() -> Result<(), Error> {
    #[cfg(unix)]
    whyclosed_libpcap::load().map_err(|message| Error::NoLibpcap { message })?;
    Ok(())
}
