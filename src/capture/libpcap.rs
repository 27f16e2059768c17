//! The system's libpcap, which only live capture and filters need: captures are read without it.

use crate::error::Error;

/// Loads the system's libpcap; fails if there is none. Must be called before any function of libpcap.
///
/// A static program cannot load libraries: on Linux with musl, `dlopen` always fails in it. On Windows the program is
/// linked with Npcap, and does not start without it.
pub(super) fn load() -> Result<(), Error> {
    #[cfg(unix)]
    if cfg!(target_feature = "crt-static") {
        return Err(Error::StaticBuild);
    }
    #[cfg(unix)]
    whyclosed_libpcap::load().map_err(|message| Error::NoLibpcap { message })?;
    Ok(())
}
