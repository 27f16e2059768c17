//! Giving up privileges. They are needed only to open interfaces; packets, which anybody may have sent, are parsed
//! without them.

use std::path::PathBuf;

use nix::unistd::Uid;
use whyclosed::error::Error;

/// Gives up every privilege that opening took: root becomes the user who called `sudo`, or `nobody`, and no capability
/// is kept. Returns the name of that user, if the user changed.
///
/// Has to be called before a second thread is started, because capabilities belong to a thread.
#[cfg(target_os = "linux")]
pub fn give_up() -> Result<Option<String>, Error> {
    linux::give_up().map_err(|source| Error::Privileges { source })
}

/// Does nothing: elsewhere, capturing depends on who may read `/dev/bpf`, and there are no capabilities to give up.
#[cfg(not(target_os = "linux"))]
pub fn give_up() -> Result<Option<String>, Error> {
    Ok(None)
}

/// The user who called `sudo`.
#[derive(Debug)]
pub struct Caller {
    /// The name, or the id of a user without one.
    pub name: String,
    /// The home folder.
    pub home: Option<PathBuf>,
}

/// Makes root the user who called `sudo`, with all groups of that user, so that a command can run as that user. Returns `None`
/// and changes nothing if the program does not run as root, or not through `sudo`.
///
/// The processes that are started from now on have the rights of that user, who may gain others as always. To give that up for
/// this process, call [`seal`] after that.
#[cfg(target_os = "linux")]
pub fn become_caller() -> Result<Option<Caller>, Error> {
    linux::become_caller().map_err(|source| Error::Privileges { source })
}

/// Does nothing: see [`give_up`].
#[cfg(not(target_os = "linux"))]
pub fn become_caller() -> Result<Option<Caller>, Error> {
    Ok(None)
}

/// Returns whether the program runs as root.
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Gives up the capabilities of this process, and gaining others. Has to be called before a second thread is started.
#[cfg(target_os = "linux")]
pub fn seal() -> Result<(), Error> {
    linux::seal().map_err(|source| Error::Privileges { source })
}

/// Does nothing: there are no capabilities to give up.
#[cfg(not(target_os = "linux"))]
pub fn seal() -> Result<(), Error> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CString;
    use std::io;

    use caps::CapSet;
    use nix::unistd::{Gid, Uid, User, getuid, initgroups, setgid, setgroups, setuid};

    use crate::privileges::Caller;

    /// The user and group id of `nobody`, if the system does not define them.
    const NOBODY: u32 = 65_534;

    pub(super) fn give_up() -> io::Result<Option<String>> {
        let user = if Uid::effective().is_root() {
            // While this is still permitted. A container may forbid it. That changes little, since no new privileges can be
            // gained anyway.
            let _ = caps::clear(None, CapSet::Bounding);
            Some(become_user(caller().unwrap_or_else(nobody))?.name)
        } else {
            None
        };
        seal()?;
        Ok(user)
    }

    pub(super) fn become_caller() -> io::Result<Option<Caller>> {
        caller().filter(|_| Uid::effective().is_root()).map(become_user).transpose()
    }

    pub(super) fn seal() -> io::Result<()> {
        // CAP_NET_RAW from the file's capabilities is not needed any more, either.
        for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
            caps::clear(None, set).map_err(io::Error::other)?;
        }
        nix::sys::prctl::set_no_new_privs()?;
        Ok(())
    }

    /// The ids of a user, and what the system knows of that user.
    type Ids = (Uid, Gid, Option<User>);

    fn become_user((uid, gid, user): Ids) -> io::Result<Caller> {
        match user.as_ref().and_then(|user| CString::new(&*user.name).ok()) {
            Some(name) => initgroups(&name, gid)?,
            None => setgroups(&[gid])?,
        }
        setgid(gid)?;
        setuid(uid)?;
        if setuid(Uid::from_raw(0)).is_ok() || getuid().is_root() {
            return Err(io::Error::other("root could be had again"));
        }
        let home = user.as_ref().map(|user| user.dir.clone());
        Ok(Caller { name: user.map_or_else(|| uid.to_string(), |user| user.name), home })
    }

    /// Returns the user who called `sudo`, unless that was root.
    fn caller() -> Option<Ids> {
        let id = |name| std::env::var(name).ok()?.parse::<u32>().ok();
        let (uid, gid) = (Uid::from_raw(id("SUDO_UID")?), Gid::from_raw(id("SUDO_GID")?));
        (!uid.is_root()).then(|| (uid, gid, User::from_uid(uid).ok().flatten()))
    }

    fn nobody() -> Ids {
        match User::from_name("nobody") {
            Ok(Some(user)) => (user.uid, user.gid, Some(user)),
            _ => (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY), None),
        }
    }
}
